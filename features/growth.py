"""How baskets grow: what is bought in the end against the first product that was looked at."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from features.basket import Basket
from features.events import Event, Item

MAX_CATEGORIES = 64  # names come from outside; later ones share what all baskets tell
PRIOR_ORDERS_COUNT = 10  # of a category, before its own orders weigh as much as everybody's
MOST_RATIO = 6.0
_ALL = ""


class BasketGrowth:
    """Exact sums by category: orders, the guesses before them, and what was bought.

    A visit's first product is a poor guess of its basket, and poor in another way in each category:
    groceries come by the dozen, televisions alone. Sums are whole numbers, so the order of what was
    observed leaves no trace. At most `MAX_CATEGORIES` categories are kept, some 60 bytes each.

    Examples
    --------
    >>> growth = BasketGrowth()
    >>> for _ in range(1_000):
    ...     growth.observe("grocery", 900, 2_700)
    >>> round(growth.ratio("grocery"), 2), round(growth.ratio("toys"), 2)
    (3.0, 2.98)
    """

    __slots__ = ("_sums",)

    def __init__(self) -> None:
        self._sums: dict[str, list[int]] = {}

    def observe(self, category: str, guess_minor: int, bought_minor: int) -> None:
        """Take an order into account that followed a guess; either of 0 tells nothing."""
        if guess_minor <= 0 or bought_minor <= 0:
            return
        for name in (_ALL, category) if category else (_ALL,):
            sums = self._sums.get(name)
            if sums is None:
                if len(self._sums) > MAX_CATEGORIES:
                    continue
                sums = self._sums[name] = [0, 0, 0]
            sums[0] += 1
            sums[1] += guess_minor
            sums[2] += bought_minor

    def ratio(self, category: str) -> float:
        """Tell by how much a basket of a category outgrows its first product, 1..6.

        Everybody's ratio counts like `PRIOR_ORDERS_COUNT` orders of the category, and 1 like as
        many of everybody's. Never below 1: the product itself is what is looked at.
        """
        whole = _ratio(self._sums.get(_ALL), 1.0)
        return _ratio(self._sums.get(category), whole) if category else whole

    def dump(self) -> dict[str, list[int]]:
        """Give the sums as plain JSON."""
        return {name: list(sums) for name, sums in sorted(self._sums.items())}

    @classmethod
    def load(cls, dumped: Mapping[str, Any]) -> "BasketGrowth":
        """Build it from what `dump` gave."""
        growth = cls()
        growth._sums = {name: [int(part) for part in sums] for name, sums in dumped.items()}
        return growth


def _ratio(sums: list[int] | None, prior: float) -> float:
    if sums is None:
        return prior
    count, guess_minor, bought_minor = sums
    weight_minor = PRIOR_ORDERS_COUNT * guess_minor / count
    ratio = (bought_minor + prior * weight_minor) / (guess_minor + weight_minor)
    return min(MOST_RATIO, max(1.0, ratio))


def grown(basket: Basket, growth: BasketGrowth) -> Basket:
    """Give a basket that is guessed from one product with what will probably join it.

    What joins is a line of no product in the same category; all other baskets stay as they are.

    Examples
    --------
    >>> growth = BasketGrowth()
    >>> for _ in range(10):
    ...     growth.observe("grocery", 900, 2_700)
    >>> bread = Basket.guessed(Item(product_id="bread", price_minor=300, category="grocery"))
    >>> grown(bread, growth).goods_minor
    750
    """
    if not basket.seed_minor:
        return basket
    first = basket.items[0]
    rest_minor = round(basket.seed_minor * (growth.ratio(first.category or "") - 1.0))
    if rest_minor <= 0:
        return basket
    rest = Item(product_id="", price_minor=rest_minor, category=first.category, brand=first.brand)
    goods_minor = basket.goods_minor + rest_minor
    return replace(basket, items=(*basket.items, rest), goods_minor=goods_minor)


def guess_of(basket: Basket) -> tuple[str, int] | None:
    """Give category and price of the product that a basket was guessed from, if it was."""
    return (basket.items[0].category or "", basket.seed_minor) if basket.seed_minor else None


def bought_minor(event: Event, category: str) -> int:
    """Give what an order has of a category ("" for any), before any discount."""
    return sum(
        [
            (item.price_minor or 0) * item.quantity
            for item in event.items
            if not category or item.category == category
        ]
    )
