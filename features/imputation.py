"""Running means, spreads and medians that stand in for what nobody told, one set per partition.

Money that is to be expected is filled by the mean, since sums have to come out right. Prices and
dwell times are filled by the median: a few are far larger than all others, and pull the mean away
from what is usual. What has names and no numbers is filled by the customer's own commonest or last
one, in the families that read it. Nothing is interpolated: that would wait for the value after.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from features.events import Event
from features.ranks import Ranks

_ONE = 1 << 40
# Earlier rows hold sums of these; their medians begin anew, since no sum tells of one.
_SUMMED_BEFORE = frozenset({"dwell_s", "price_minor"})


class Imputer:
    """Exact running sums, or counts by size, per named value.

    Values are held in steps of 2**-40 and sums in whole numbers, so the order of what was observed
    leaves no trace and the mean equals the batch mean. A median is off by a sixteenth at most.

    Examples
    --------
    >>> imputer = Imputer()
    >>> for value in (1.0, 2.0, 6.0):
    ...     imputer.observe("dwell_s", value)
    >>> imputer.mean("dwell_s", 0.0), imputer.mean("price", 9.0)
    (3.0, 9.0)
    >>> for price_minor in (5, 7, 9_000):
    ...     imputer.rank("price_minor", price_minor)
    >>> imputer.median("price_minor", 0.0)
    7.0
    """

    __slots__ = ("_ranks", "_sums")

    def __init__(self) -> None:
        self._sums: dict[str, list[int]] = {}
        self._ranks: dict[str, Ranks] = {}

    def observe(self, name: str, value: float) -> None:
        """Take a finite value into account."""
        steps = value << 40 if isinstance(value, int) else round(value * _ONE)
        sums = self._sums.get(name)
        if sums is None:
            self._sums[name] = [1, steps, steps * steps]
            return
        sums[0] += 1
        sums[1] += steps
        sums[2] += steps * steps

    def rank(self, name: str, number: int) -> None:
        """Take a whole number, not negative, into account of which the median is asked."""
        ranks = self._ranks.get(name)
        if ranks is None:
            ranks = self._ranks[name] = Ranks()
        ranks.add(number)

    def median(self, name: str, default: float) -> float:
        """Give the median of all numbers ranked, `default` when there were none."""
        ranks = self._ranks.get(name)
        found = ranks.median() if ranks else None
        return default if found is None else found

    def count(self, name: str) -> int:
        """Tell how many values were observed."""
        sums = self._sums.get(name)
        return sums[0] if sums else 0

    def mean(self, name: str, default: float) -> float:
        """Give the mean of all values observed, `default` when there were none."""
        sums = self._sums.get(name)
        return sums[1] / (sums[0] << 40) if sums else default

    def spread(self, name: str, default: float) -> float:
        """Give the standard deviation (of the population), `default` below two values."""
        sums = self._sums.get(name)
        if sums is None or sums[0] < 2:
            return default
        count, once, squares = sums
        return math.sqrt((count * squares - once * once) / (count * count << 80))

    def dump(self) -> dict[str, list[str] | dict[str, int]]:
        """Give sums and counts as plain JSON; sums as strings, since they outgrow 64 bits."""
        held: dict[str, list[str] | dict[str, int]] = {
            name: [str(part) for part in sums] for name, sums in self._sums.items()
        }
        held |= {name: ranks.dump() for name, ranks in self._ranks.items()}
        return dict(sorted(held.items()))

    @classmethod
    def load(cls, dumped: Mapping[str, Any]) -> "Imputer":
        """Build an imputer from what `dump` gave.

        Raises
        ------
        ValueError
            A value is neither three whole numbers nor counts by size.
        """
        imputer = cls()
        for name, held in dumped.items():
            if isinstance(held, Mapping):
                imputer._ranks[name] = Ranks.load(held)
            elif name not in _SUMMED_BEFORE:
                imputer._sums[name] = _sums_of(name, held)
        return imputer


def _sums_of(name: str, written: Sequence[str]) -> list[int]:
    parts = [int(part) for part in written]
    if len(parts) != 3 or parts[0] < 1:
        msg = f"sums of {name} must be count, sum and sum of squares, was {written}"
        raise ValueError(msg)
    return parts


def observe_event(imputer: Imputer, event: Event) -> None:
    """Take from an accepted event whatever later events may lack."""
    if event.dwell_ms is not None:
        imputer.rank("dwell_ms", event.dwell_ms)
    if event.event_type == "order.completed":
        value_minor = order_value_minor(event)
        if value_minor > 0:
            imputer.observe("order_value_minor", value_minor)
            imputer.observe("order_value_log", math.log1p(value_minor))
    elif event.items and event.items[0].price_minor is not None:
        imputer.rank("price_minor", event.items[0].price_minor)


def order_value_minor(event: Event) -> int:
    """Give what an order was worth: its total, or the sum of its priced lines.

    Examples
    --------
    >>> from features.events import Item
    >>> lines = (Item(product_id="a", price_minor=250, quantity=2), Item(product_id="b"))
    >>> order_value_minor(
    ...     Event(event_id="1", event_type="order.completed", user_id="u", ts_ms=0, items=lines)
    ... )
    500
    """
    if event.total_minor is not None:
        return event.total_minor
    return sum((item.price_minor or 0) * item.quantity for item in event.items)
