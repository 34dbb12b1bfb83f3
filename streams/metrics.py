"""The metrics as Prometheus reads them; what there is stands in `metric_names`."""

from collections.abc import Iterator, Mapping
from typing import NamedTuple, TypeVar, cast

from prometheus_client import CollectorRegistry, Counter, Gauge, disable_created_metrics
from prometheus_client.exposition import choose_encoder
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.process_collector import ProcessCollector

from streams.decisions import Decision
from streams.distribution import Distribution
from streams.evidence.rules import RuleCosts
from streams.metric_names import DEFINITIONS, FOLDABLE, PREFIX, Definition, Labels

M = TypeVar("M", Counter, Gauge)

OTHER = "other"
# What rules cost is told from decisions whose id begins so: one of the signs of base 32.
SAMPLED_BY, SAMPLED_OF = "a", 32


class Sample(NamedTuple):
    """One number of an exposition."""

    name: str
    labels: dict[str, str]
    value: float


class Tally:
    """Plain counters filled during a chunk and handed to `Metrics.apply` after it.

    Examples
    --------
    >>> tally = Tally()
    >>> tally.add("events_late", ("shop.cart.v1",))
    >>> tally.counts
    {('events_late', ('shop.cart.v1',)): 1}
    """

    __slots__ = ("counts", "sampled", "values")

    def __init__(self) -> None:
        self.sampled: list[Decision] = []
        self.counts: dict[tuple[str, Labels], float] = {}
        self.values: dict[tuple[str, Labels], list[float]] = {}

    def add(self, name: str, labels: Labels = (), amount: float = 1) -> None:
        """Count `amount` more of a counter."""
        key = (name, labels)
        self.counts[key] = self.counts.get(key, 0) + amount

    def observe(self, name: str, value: float, labels: Labels = ()) -> None:
        """Keep one value of a histogram."""
        self.values.setdefault((name, labels), []).append(value)


class Metrics:
    """All metrics in a registry of their own; one thread writes, any may read."""

    def __init__(self) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call] # the library leaves it bare
        self.registry = CollectorRegistry(auto_describe=True)
        ProcessCollector(registry=self.registry)
        self._definitions = {definition.name: definition for definition in DEFINITIONS}
        self._sets: dict[str, set[Labels]] = {name: set() for name in self._definitions}
        self._counters: dict[str, Counter] = {}
        self._gauges: dict[str, Gauge] = {}
        self._distributions: dict[str, Distribution] = {}
        self._children: dict[tuple[str, Labels], Counter | Gauge] = {}
        self._rule_costs = RuleCosts()
        for definition in DEFINITIONS:
            self._register(definition)

    def apply(self, tally: Tally) -> None:
        """Add a chunk's counts and values, and empty the tally.

        Raises
        ------
        KeyError
            The tally names a metric that is not defined, or is of another kind.
        """
        for (name, labels), amount in tally.counts.items():
            self._child(self._counters, name, labels).inc(amount)
        for (name, labels), values in tally.values.items():
            self._distributions[name].observe(self._admitted(name, labels), values)
        for decision in tally.sampled:
            for rule, lost_minor in self._rule_costs.update(decision):
                lost_minor *= SAMPLED_OF
                self._child(self._counters, "rule_cost_minor", (rule,)).inc(lost_minor)
        tally.sampled.clear()
        tally.counts.clear()
        tally.values.clear()

    def set(self, name: str, value: float, labels: Labels = ()) -> None:
        """Set a gauge."""
        self._child(self._gauges, name, labels).set(value)

    def exposition(self, accept: str = "") -> tuple[bytes, str]:
        """Give all metrics and their content type, as OpenMetrics where `accept` asks for it."""
        encode, content_type = choose_encoder(accept)
        return encode(self.registry), content_type

    def _register(self, definition: Definition) -> None:
        name, labels = f"{PREFIX}{definition.name}", definition.labels
        if definition.kind == "counter":
            counter = Counter(name, definition.meaning, labels, registry=self.registry)
            self._counters[definition.name] = counter
        elif definition.kind == "gauge":
            gauge = Gauge(name, definition.meaning, labels, registry=self.registry)
            self._gauges[definition.name] = gauge
        else:
            distribution = Distribution(name, definition.meaning, labels, definition.bounds)
            self.registry.register(distribution)
            self._distributions[definition.name] = distribution
            if not labels:
                distribution.observe((), ())  # shown as zero before the first value

    def _child(self, families: Mapping[str, M], name: str, labels: Labels) -> M:
        family = families[name]
        key = (name, self._admitted(name, labels))
        child = self._children.get(key)
        if child is None:
            child = family.labels(*key[1]) if labels else family
            self._children[key] = child
        return cast(M, child)

    def _admitted(self, name: str, labels: Labels) -> Labels:
        """Give the labels to show, so that a metric never has more sets than it may."""
        admitted = self._sets[name]
        if labels in admitted:
            return labels
        definition = self._definitions[name]
        if len(labels) != len(definition.labels):
            message = f"labels of {name} must be {definition.labels}, was {labels}"
            raise ValueError(message)
        room = definition.max_sets - len(admitted)
        shown = labels
        if room <= definition.reserve:
            shown = tuple(
                OTHER if label in FOLDABLE else value
                for label, value in zip(definition.labels, labels, strict=True)
            )
            if shown not in admitted and (room <= 1 or shown == labels):
                shown = (OTHER,) * len(labels)
        admitted.add(shown)
        return shown


def samples_of(exposition: str) -> Iterator[Sample]:
    """Read a page of metrics back, our own ones without the buckets of histograms.

    Raises
    ------
    ValueError
        It is no page of metrics.

    Examples
    --------
    >>> next(samples_of('coupon_table_entries{table="users"} 3'))
    Sample(name='coupon_table_entries', labels={'table': 'users'}, value=3.0)
    """
    for family in text_string_to_metric_families(exposition):
        if family.name.startswith(PREFIX):
            for one in family.samples:
                if not one.name.endswith("_bucket"):
                    yield Sample(one.name, one.labels, float(one.value))
