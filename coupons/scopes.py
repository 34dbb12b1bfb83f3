"""Which goods a coupon counts for."""

from collections.abc import Iterable
from functools import lru_cache

from coupons.catalogue import Scope
from features.events import Item


def in_scope(scope: Scope, item: Item) -> bool:
    """Tell whether a coupon counts for a line.

    A category covers what lies below it: `home` covers `home/kitchen` and `home.kitchen`.

    Examples
    --------
    >>> home = Scope(of="category", names=frozenset({"home"}))
    >>> in_scope(home, Item(product_id="p", category="home/kitchen"))
    True
    """
    if scope.of == "shop":
        return True
    if scope.of == "product":
        return item.product_id in scope.names
    if scope.of == "brand":
        return item.brand in scope.names
    return item.category is not None and covers(scope.names, item.category)


def covers(names: Iterable[str], category: str) -> bool:
    """Tell whether a category or one above it is among the names."""
    return not upward(category).isdisjoint(names)


@lru_cache(maxsize=8192)
def upward(category: str) -> frozenset[str]:
    """Give a category and all categories above it.

    Examples
    --------
    >>> sorted(upward("home/kitchen.pans"))
    ['home', 'home/kitchen', 'home/kitchen.pans']
    """
    cuts = [at for at, character in enumerate(category) if character in "/."]
    return frozenset(category[:at] for at in cuts) | {category}
