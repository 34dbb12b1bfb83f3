"""Running means and spreads that stand in for values nobody told, one set per Kafka partition."""

import math
from collections.abc import Mapping
from typing import Any

from features.events import Event

_ONE = 1 << 40


class Imputer:
    """Exact running sums per named value.

    Values are held in steps of 2**-40 and sums in whole numbers, so the order of what was observed
    leaves no trace and the mean equals the batch mean.

    Examples
    --------
    >>> imputer = Imputer()
    >>> for value in (1.0, 2.0, 6.0):
    ...     imputer.observe("dwell_s", value)
    >>> imputer.mean("dwell_s", 0.0), imputer.mean("price", 9.0)
    (3.0, 9.0)
    """

    __slots__ = ("_sums",)

    def __init__(self) -> None:
        self._sums: dict[str, list[int]] = {}

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

    def dump(self) -> dict[str, list[str]]:
        """Give the sums as plain JSON; in decimal strings, since they outgrow 64 bits."""
        return {name: [str(part) for part in sums] for name, sums in sorted(self._sums.items())}

    @classmethod
    def load(cls, dumped: Mapping[str, Any]) -> "Imputer":
        """Build an imputer from what `dump` gave.

        Raises
        ------
        ValueError
            A value is not three whole numbers.
        """
        imputer = cls()
        for name, sums in dumped.items():
            parts = [int(part) for part in sums]
            if len(parts) != 3 or parts[0] < 1:
                msg = f"sums of {name} must be count, sum and sum of squares, was {sums}"
                raise ValueError(msg)
            imputer._sums[name] = parts
        return imputer


def observe_event(imputer: Imputer, event: Event) -> None:
    """Take from an accepted event whatever later events may lack."""
    if event.dwell_ms is not None:
        imputer.observe("dwell_s", event.dwell_ms / 1_000)
    if event.event_type == "order.completed":
        value_minor = order_value_minor(event)
        if value_minor > 0:
            imputer.observe("order_value_minor", value_minor)
            imputer.observe("order_value_log", math.log1p(value_minor))
    elif event.items and event.items[0].price_minor is not None:
        imputer.observe("price_minor", event.items[0].price_minor)


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
