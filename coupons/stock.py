"""What is sold out, so that no coupon invites to buy what nobody can have."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import NamedTuple

from coupons.catalogue import Coupon
from coupons.scopes import upward
from features.basket import Basket
from features.events import Item

# A product takes about 120 bytes in memory, so all of them about 60 MB.
MAX_PRODUCTS = 500_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Stock:
    """What was sold out when so much of the stock topic had been read.

    Attributes
    ----------
    version
        The place in the topic up to which it was read; 0 where nothing was.
    sold_out
        Ids of products of which none is left. A product that nobody told of is there.
    empty
        `category:x` and `brand:x` of which every product that was told of is sold out; a category
        stands for all below it.
    """

    version: int = 0
    sold_out: frozenset[str] = frozenset()
    empty: frozenset[str] = frozenset()

    def lacks(self, coupon: Coupon) -> bool:
        """Tell whether a coupon is good for nothing that is there.

        Examples
        --------
        >>> from coupons.catalogue import Scope
        >>> tents = Scope(of="product", names=frozenset({"tent-1", "tent-2"}))
        >>> ten = Coupon(coupon_id="c", campaign_id="k", kind="amount_off", scope=tents)
        >>> Stock(sold_out=frozenset({"tent-1"})).lacks(ten)
        False
        >>> Stock(sold_out=frozenset({"tent-1", "tent-2"})).lacks(ten)
        True
        """
        if not self.sold_out.isdisjoint(coupon.bundle_products):
            return True
        scope = coupon.scope
        if scope.of == "shop":
            return False
        if scope.of == "product":
            return scope.names <= self.sold_out
        return all(f"{scope.of}:{name}" in self.empty for name in scope.names)

    def left(self, basket: Basket) -> Basket:
        """Give what of a basket can be had; its other lines stand in `Basket.sold_out`.

        Examples
        --------
        >>> basket = Basket.of((Item(product_id="tent", price_minor=90_00),))
        >>> Stock(sold_out=frozenset({"tent"})).left(basket).goods_minor
        0
        """
        gone = tuple([item for item in basket.items if item.product_id in self.sold_out])
        if not gone:
            return basket
        kept = tuple([item for item in basket.items if item.product_id not in self.sold_out])
        return replace(Basket.of(kept, basket.shipping_minor), sold_out=gone)


EVERYTHING_THERE = Stock()


class _Told(NamedTuple):
    is_left: bool
    names: tuple[str, ...]


class Inventory:
    """What the stock topic told so far, product by product."""

    def __init__(self) -> None:
        self._told: dict[str, _Told] = {}
        self._shared: dict[_Told, _Told] = {}  # one record for all products that are told alike
        self._counts: dict[str, int] = {}  # products of a category or brand
        self._left_counts: dict[str, int] = {}  # those that are left
        self._sold_out: set[str] = set()
        self._empty: set[str] = set()
        self._made = EVERYTHING_THERE
        self._changed = False

    def put(self, item: Item, available_count: int) -> None:
        """Take in how many pieces of a product are left.

        Raises
        ------
        ValueError
            There are more products than are kept; this one is not.

        Examples
        --------
        >>> inventory = Inventory()
        >>> inventory.put(Item(product_id="tent", category="camp"), 0)
        >>> sorted(inventory.at(1).empty)
        ['category:camp']
        """
        known = self._told.get(item.product_id)
        if known is None and len(self._told) >= MAX_PRODUCTS:
            msg = f"products must be at most {MAX_PRODUCTS}, was one more"
            raise ValueError(msg)
        told = _Told(available_count > 0, _names(item))
        if told == known:
            return
        self._forget(item.product_id, known)
        self._told[item.product_id] = told = self._shared.setdefault(told, told)
        for name in told.names:
            self._counts[name] = self._counts.get(name, 0) + 1
            self._left_counts[name] = self._left_counts.get(name, 0) + told.is_left
        if not told.is_left:
            self._sold_out.add(item.product_id)
        self._settle((*told.names, *(known.names if known is not None else ())))

    def drop(self, product_id: str) -> None:
        """Forget a product: it counts as there again."""
        known = self._told.pop(product_id, None)
        if known is not None:
            self._forget(product_id, known)
            self._settle(known.names)

    def at(self, version: int) -> Stock:
        """Give what is sold out now, under the place in the topic that was read up to."""
        if self._changed:
            sold_out, empty = frozenset(self._sold_out), frozenset(self._empty)
            self._made = Stock(version=version, sold_out=sold_out, empty=empty)
            self._changed = False
        elif self._made.version != version:
            self._made = replace(self._made, version=version)
        return self._made

    def _forget(self, product_id: str, known: _Told | None) -> None:
        if known is None:
            return
        for name in known.names:
            self._counts[name] -= 1
            self._left_counts[name] -= known.is_left
        self._sold_out.discard(product_id)

    def _settle(self, names: Iterable[str]) -> None:
        self._changed = True
        for name in names:
            if self._counts[name] and not self._left_counts[name]:
                self._empty.add(name)
            else:
                self._empty.discard(name)


def _names(item: Item) -> tuple[str, ...]:
    """Name what a product belongs to; the names of one category are the same object each time."""
    names = [] if item.category is None else _above(item.category)
    return (*names, f"brand:{item.brand}") if item.brand is not None else tuple(names)


def _above(category: str) -> list[str]:
    return sorted([f"category:{name}" for name in upward(category)])
