"""What several workers say of themselves, as one: counters summed over restarts, gauges joined."""

from collections.abc import Callable, Iterable
from math import hypot

from streams.metrics import Sample

Labels = tuple[tuple[str, str], ...]
Interval = tuple[float, float | None, float | None]
"""An estimate with its lower and upper bound, where there are any."""


class Workers:
    """Folds the metrics of workers, read again and again.

    A counter that falls was begun anew by a worker that was started again: what it had counted
    before stays in the sum. A worker that does not answer keeps its last gauges.

    Examples
    --------
    >>> workers = Workers()
    >>> for count in (5, 8, 2):
    ...     workers.hear("a", [Sample("coupon_events_consumed_total", {"topic": "t"}, count)])
    >>> workers.total("events_consumed")
    10.0
    """

    def __init__(self) -> None:
        self._last: dict[str, dict[tuple[str, Labels], float]] = {}
        self._totals: dict[tuple[str, Labels], float] = {}
        self._up: dict[str, bool] = {}

    def hear(self, worker: str, samples: Iterable[Sample]) -> None:
        """Take in all that one worker says now."""
        before = self._last.get(worker, {})
        now = {}
        for name, labels, value in samples:
            key = (name.removeprefix("coupon_"), tuple(sorted(labels.items())))
            now[key] = value
            if name.endswith("_total"):
                was = before.get(key, 0.0)
                grown = value - was if value >= was else value
                self._totals[key] = self._totals.get(key, 0.0) + grown
        # A gauge that a restarted worker has not set yet stays as it was.
        kept = {key: value for key, value in before.items() if not key[0].endswith("_total")}
        self._last[worker] = kept | now
        self._up[worker] = True

    def miss(self, worker: str) -> None:
        """Note that a worker does not answer."""
        self._up[worker] = False

    @property
    def up_count(self) -> int:
        """How many answer."""
        return sum(self._up.values())

    @property
    def known_count(self) -> int:
        """How many were asked."""
        return len(self._up)

    @property
    def is_known(self) -> bool:
        """Whether any has ever answered."""
        return bool(self._last)

    def total(self, name: str, **labels: str) -> float:
        """Sum a counter over all its series that carry these labels."""
        wanted = labels.items()
        return sum(
            value
            for (known, held), value in self._totals.items()
            if known == f"{name}_total" and wanted <= dict(held).items()
        )

    def totals_by(self, name: str, label: str) -> dict[str, float]:
        """Sum a counter by one of its labels, sorted by the label."""
        sums: dict[str, float] = {}
        for (known, held), value in self._totals.items():
            if known == f"{name}_total":
                shown = dict(held)[label]
                sums[shown] = sums.get(shown, 0.0) + value
        return dict(sorted(sums.items()))

    def gauges(self, name: str, **labels: str) -> list[float]:
        """Give a gauge of each worker that has it."""
        wanted = labels.items()
        return [
            value
            for samples in self._last.values()
            for (known, held), value in samples.items()
            if known == name and wanted <= dict(held).items()
        ]

    def gauges_by(
        self, name: str, label: str, join: Callable[[Iterable[float]], float] = sum, **labels: str
    ) -> dict[str, float]:
        """Join a gauge over workers by one of its labels, sorted by the label."""
        wanted = labels.items()
        found: dict[str, list[float]] = {}
        for samples in self._last.values():
            for (known, held), value in samples.items():
                if known == name and wanted <= dict(held).items():
                    found.setdefault(dict(held)[label], []).append(value)
        return {shown: join(values) for shown, values in sorted(found.items())}

    def newest(self, name: str, **labels: str) -> float | None:
        """Give a gauge of the worker that trains: it has the newest snapshot."""
        mark = ("model_checkpoint_timestamp_seconds", ())
        trained = sorted(self._last, key=lambda worker: -self._last[worker].get(mark, 0.0))
        key = (name, tuple(sorted(labels.items())))
        return next((self._last[one][key] for one in trained if key in self._last[one]), None)

    def interval(self, name: str, **labels: str) -> Interval | None:
        """Add an estimate over workers, whose customers are not the same.

        Half the widths are added as of independent estimates, by their squares; where a worker
        has no bounds yet the sum has none.
        """
        points, lows, highs = [], [], []
        for samples in self._last.values():
            point, low, high = (
                samples.get((name, tuple(sorted({**labels, "bound": bound}.items()))))
                for bound in ("point", "lower", "upper")
            )
            if point is not None:
                points.append(point)
                lows.append(None if low is None else point - low)
                highs.append(None if high is None else high - point)
        if not points:
            return None
        whole = sum(points)
        if None in lows or None in highs:
            return whole, None, None
        down, up = (hypot(*(one for one in side if one is not None)) for side in (lows, highs))
        return whole, whole - down, whole + up
