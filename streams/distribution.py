"""A histogram filled many values at a time.

prometheus_client's own takes a lock and walks its buckets for every value; this one sorts a
chunk's values into buckets at once and is exposed through the library's collector interface.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from threading import Lock

from prometheus_client.core import HistogramMetricFamily, Metric
from prometheus_client.registry import Collector


class Distribution(Collector):
    """Counts of values at or below each bucket's upper bound, and their sum, per set of labels."""

    def __init__(
        self, name: str, meaning: str, labels: Sequence[str], bounds: Sequence[float]
    ) -> None:
        self._name = name
        self._meaning = meaning
        self._labels = tuple(labels)
        self._bounds = tuple(bounds)
        self._names = (*(str(float(bound)) for bound in bounds), "+Inf")
        self._counts: dict[tuple[str, ...], list[int]] = {}
        self._sums: dict[tuple[str, ...], float] = {}
        self._lock = Lock()

    def observe(self, labels: tuple[str, ...], values: Iterable[float]) -> None:
        """Add `values` to the distribution of one set of labels."""
        with self._lock:
            counts = self._counts.setdefault(labels, [0] * len(self._names))
            total = self._sums.get(labels, 0.0)
            for value in values:
                counts[bisect_left(self._bounds, value)] += 1
                total += value
            self._sums[labels] = total

    def collect(self) -> Iterator[Metric]:
        """Give the family for an exposition."""
        family = HistogramMetricFamily(self._name, self._meaning, labels=self._labels)
        with self._lock:
            for labels, counts in self._counts.items():
                family.add_metric(labels, self._cumulative(counts), self._sums[labels])
        yield family

    def describe(self) -> Iterator[Metric]:
        """Give the family without values, so that registering it collects nothing."""
        yield HistogramMetricFamily(self._name, self._meaning, labels=self._labels)

    def _cumulative(self, counts: Sequence[int]) -> list[tuple[str, float]]:
        running, buckets = 0, []
        for name, count in zip(self._names, counts, strict=True):
            running += count
            buckets.append((name, float(running)))
        return buckets
