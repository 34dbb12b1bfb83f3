"""Goods that sell out and come back, each product in its own time."""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, replace
from heapq import merge
from itertools import count
from random import Random

from features.events import Item
from simulation.calendar import DAY_MS
from simulation.goods import Shelf

THERE_DAYS = 8.0
OUT_DAYS = 2.0
ANOTHER_RATIO = 0.5  # of those who miss a product take the one next to it in price


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """From `ts_ms` on so many pieces of a product are left."""

    ts_ms: int
    item: Item
    available_count: int


class StockOuts:
    """When each product is sold out; it hangs on the seed alone, whatever is bought.

    A product is there for `THERE_DAYS` in the mean and then out for `OUT_DAYS`.

    Examples
    --------
    >>> stock = StockOuts(1, Shelf.stocked(1), start_ms=0)
    >>> level = next(stock.levels())
    >>> stock.is_out(level.item, level.ts_ms - 1), stock.is_out(level.item, level.ts_ms)
    (False, True)
    """

    def __init__(self, seed: int, shelf: Shelf, start_ms: int) -> None:
        self._seed = seed
        self._shelf = shelf
        self._start_ms = start_ms
        self._coming: dict[str, Iterator[int]] = {}
        self._switches: dict[str, list[int]] = {}

    def is_out(self, item: Item, ts_ms: int) -> bool:
        """Tell whether nothing is left of a product."""
        if item.product_id not in self._switches:
            self._switches[item.product_id] = []
            self._coming[item.product_id] = self._times(item)
        known, coming = self._switches[item.product_id], self._coming[item.product_id]
        while not known or known[-1] <= ts_ms:
            known.append(next(coming))
        return bisect_right(known, ts_ms) % 2 == 1

    def had(self, wanted: tuple[Item, ...], ts_ms: int, rng: Random) -> tuple[Item, ...]:
        """Give what a customer can have who wants these, in the place of what is out another."""
        lines: dict[str, Item] = {}
        for item in wanted:
            taken: Item | None = item
            if self.is_out(item, ts_ms):
                taken = self._next_to(item, ts_ms) if rng.random() < ANOTHER_RATIO else None
            if taken is not None:
                lines.setdefault(taken.product_id, taken)
        return tuple(lines.values())

    def levels(self) -> Iterator[Level]:
        """Tell every change in order of time, without end."""
        products = (item for items in self._shelf.by_category.values() for item in items)
        return merge(*map(self._levels_of, products), key=lambda level: level.ts_ms)

    def _next_to(self, item: Item, ts_ms: int) -> Item | None:
        products = self._shelf.by_category[item.category or ""]
        rank = next(at for at, one in enumerate(products) if one.product_id == item.product_id)
        for at in (rank - 1, rank + 1):
            if 0 <= at < len(products) and not self.is_out(products[at], ts_ms):
                return replace(products[at], quantity=item.quantity)
        return None

    def _levels_of(self, item: Item) -> Iterator[Level]:
        for number, ts_ms in enumerate(self._times(item)):
            yield Level(ts_ms=ts_ms, item=item, available_count=0 if number % 2 == 0 else 1)

    def _times(self, item: Item) -> Iterator[int]:
        rng, at_ms = Random(f"stock|{self._seed}|{item.product_id}"), self._start_ms
        for number in count():
            mean_days = THERE_DAYS if number % 2 == 0 else OUT_DAYS
            at_ms += 1 + int(rng.expovariate(1.0 / (mean_days * DAY_MS)))
            yield at_ms
