"""What a world holds before anybody decides: its customers, and the visits laid down for them."""

from collections.abc import Iterator

from simulation.customers import Customer, customer
from simulation.goods import Shelf
from simulation.stockouts import StockOuts
from simulation.visits import MINUTE_MS, Visit, visits

KEPT_VISITS_COUNT = 30_000  # about 1.8 KB each, so at most some 54 MB a world


class Plans:
    """The customers and visits of one world, laid down once for all who play it.

    Visits hang on the seed and the customer alone, so shops may share them. The first that are
    asked for are kept, `kept_count` in all; those behind them are laid down anew for each shop.

    Parameters
    ----------
    stock_outs
        Goods sell out and come back; `stock` tells when, and is None where they never do.
    kept_count
        How many visits are kept; 0 where the world is played only once.

    Examples
    --------
    >>> plans = Plans(seed=1, start_ms=0, kept_count=3)
    >>> first, again = (plans.visits(plans.customer(0)) for _ in range(2))
    >>> [next(first) is next(again) for _ in range(5)]
    [True, True, True, False, False]
    """

    def __init__(
        self,
        *,
        seed: int,
        start_ms: int,
        drift_ms: int | None = None,
        farmers_ratio: float = 0.0,
        stock_outs: bool = False,
        kept_count: int = KEPT_VISITS_COUNT,
    ) -> None:
        self._seed = seed
        self._start_ms = start_ms
        self._drift_ms = drift_ms
        self._farmers_ratio = farmers_ratio
        self._shelf = Shelf.stocked(seed)
        self.stock = StockOuts(seed, self._shelf, start_ms) if stock_outs else None
        self._room_count = kept_count
        self._customers: dict[int, Customer] = {}
        self._kept: dict[int, list[Visit]] = {}

    def customer(self, index: int) -> Customer:
        """Give a customer by number."""
        known = self._customers.get(index)
        if known is None:
            known = self._customers[index] = customer(self._seed, index, self._farmers_ratio)
        return known

    def visits(self, person: Customer) -> Iterator[Visit]:
        """Give a customer's visits one after another, without end."""
        kept = self._kept.setdefault(person.index, [])
        yield from kept  # also what a shop ahead of this one adds meanwhile
        number, after_ms = len(kept), kept[-1].order_ms + MINUTE_MS if kept else self._start_ms
        coming = visits(
            self._seed,
            person,
            self._shelf,
            after_ms,
            self._drift_ms,
            number=number,
            stock=self.stock,
        )
        for visit in coming:
            if self._room_count and len(kept) == visit.number:
                kept.append(visit)
                self._room_count -= 1
            yield visit
