"""Metrics: the right names, bounded series, and the same figures as the library's own."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Histogram, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from streams import metric_names
from streams.distribution import Distribution
from streams.metric_names import DEFINITIONS
from streams.metrics import Metrics, Tally
from tests.builders import a_partition, an_event, records_of, some_rules

MAX_SERIES = 3_000


def exposed(figures: Metrics) -> dict[str, float]:
    body, _ = figures.exposition()
    return {
        f"{sample.name}{sorted(sample.labels.items())}": sample.value
        for family in text_string_to_metric_families(body.decode())
        for sample in family.samples
    }


def filled() -> Metrics:
    """Every metric with far more label values than it may show."""
    figures, tally = Metrics(), Tally()
    for definition in DEFINITIONS:
        for turn in range(2 * definition.max_sets + 10):
            labels = tuple(f"{label}-{turn}" for label in definition.labels)
            if definition.kind == "counter":
                tally.add(definition.name, labels)
            elif definition.kind == "histogram":
                tally.observe(definition.name, 0.5, labels)
            else:
                figures.set(definition.name, 1.0, labels)
    figures.apply(tally)
    return figures


def test_a_tally_is_added_once_and_emptied() -> None:
    figures, tally = Metrics(), Tally()
    for _ in range(3):
        tally.add("events_consumed", ("shop.browse.v1", "product.viewed"))
    tally.observe("decision_latency_seconds", 0.004)
    figures.apply(tally)
    figures.apply(tally)
    shown = exposed(figures)
    labels = "[('event_type', 'product.viewed'), ('topic', 'shop.browse.v1')]"
    assert shown[f"coupon_events_consumed_total{labels}"] == 3
    assert shown["coupon_decision_latency_seconds_count[]"] == 1
    assert shown["coupon_decision_latency_seconds_bucket[('le', '0.0025')]"] == 0
    assert shown["coupon_decision_latency_seconds_bucket[('le', '0.005')]"] == 1


def test_a_gauge_shows_what_was_set_last() -> None:
    figures = Metrics()
    figures.set("budget_remaining_minor", 5.0, ("spring", "EUR"))
    figures.set("budget_remaining_minor", 4.0, ("spring", "EUR"))
    labels = "[('campaign', 'spring'), ('currency', 'EUR')]"
    assert exposed(figures)[f"coupon_budget_remaining_minor{labels}"] == 4.0


def test_metrics_without_labels_stand_at_zero_from_the_start() -> None:
    shown = exposed(Metrics())
    assert shown["coupon_rebalances_total[]"] == 0
    assert shown["coupon_decision_latency_seconds_count[]"] == 0


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("control_refused", ("campaign", "stock", "order", "ask")),
        ("permits", ("granted", "refused")),
        ("ratings", tuple("12345")),
    ],
)
def test_of_what_is_counted_by_kind_every_kind_is_shown(name: str, values: tuple[str, ...]) -> None:
    figures, tally = Metrics(), Tally()
    for value in values:
        tally.add(name, (value,))
    figures.apply(tally)
    page = figures.exposition()[0].decode()
    assert [value for value in values if f'="{value}"}} 1.0' not in page] == []


def test_a_hostile_shop_cannot_exceed_the_series_of_one_worker() -> None:
    figures = filled()
    shown = exposed(figures)
    assert sum(definition.max_series for definition in DEFINITIONS) < len(shown) + 100
    assert len(shown) <= MAX_SERIES
    assert len(figures.exposition()[0]) <= 1_000_000


@pytest.mark.parametrize("definition", DEFINITIONS, ids=lambda definition: definition.name)
def test_no_metric_has_more_series_than_it_says(definition: metric_names.Definition) -> None:
    names = [name for name in exposed(filled()) if name.startswith(definition.exposed_name)]
    assert 0 < len([name for name in names if _belongs(name, definition)]) <= definition.max_series


def _belongs(series: str, definition: metric_names.Definition) -> bool:
    name = series.split("[")[0].removeprefix(definition.exposed_name)
    return name in ("", "_bucket", "_sum", "_count")


def test_coupons_fold_into_other_and_keep_their_closed_labels() -> None:
    figures, tally = Metrics(), Tally()
    for turn in range(2_000):
        tally.add("lifecycle", ("redeemed", f"coupon-{turn}"))
    figures.apply(tally)
    shown = exposed(figures)
    other = shown["coupon_lifecycle_total[('stage', 'redeemed'), ('template', 'other')]"]
    assert other > 1_000
    assert sum(v for name, v in shown.items() if name.startswith("coupon_lifecycle_total")) == 2_000


def test_an_undefined_metric_or_wrong_labels_are_bugs() -> None:
    figures, unknown, wrong = Metrics(), Tally(), Tally()
    unknown.add("event_consumed")
    wrong.add("events_consumed", ("only one",))
    with pytest.raises(KeyError):
        figures.apply(unknown)
    with pytest.raises(ValueError, match="labels of events_consumed must be"):
        figures.apply(wrong)


def test_names_follow_the_conventions_and_stand_once() -> None:
    names = [definition.exposed_name for definition in DEFINITIONS]
    assert len(set(names)) == len(names)
    for definition in DEFINITIONS:
        assert definition.meaning.endswith(".")
        assert definition.exposed_name.endswith("_total") == (definition.kind == "counter")
        assert (definition.kind == "histogram") == bool(definition.bounds)
        assert {"user", "user_id", "product", "query"}.isdisjoint(definition.labels)


def test_open_metrics_is_served_to_who_asks_for_it() -> None:
    figures = Metrics()
    plain, plain_type = figures.exposition()
    opened, open_type = figures.exposition("application/openmetrics-text; version=1.0.0")
    assert plain_type.startswith("text/plain")
    assert open_type.startswith("application/openmetrics-text")
    assert opened.endswith(b"# EOF\n")
    assert not plain.endswith(b"# EOF\n")


def test_no_creation_times_double_the_series() -> None:
    assert b"_created" not in filled().exposition()[0]


@given(st.lists(st.floats(-1, 20) | st.sampled_from(metric_names.SECONDS)))
def test_a_distribution_equals_the_librarys_histogram(values: list[float]) -> None:
    ours, theirs = CollectorRegistry(), CollectorRegistry()
    distribution = Distribution("age_seconds", "Age.", ("kind",), metric_names.SECONDS)
    ours.register(distribution)
    histogram = Histogram(
        "age_seconds", "Age.", ["kind"], buckets=metric_names.SECONDS, registry=theirs
    ).labels("a")
    distribution.observe(("a",), values)
    for value in values:
        histogram.observe(value)
    parsed = [_parsed(registry) for registry in (ours, theirs)]
    assert parsed[0] == parsed[1]


def _parsed(registry: CollectorRegistry) -> dict[str, float]:
    text = generate_latest(registry).decode()
    return {
        f"{sample.name}{sorted(sample.labels.items())}": sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if not sample.name.endswith("_created")
    }


def test_c56_a_rating_is_counted_by_its_stars() -> None:
    rated = an_event("order.rated", order_id="o", rating=4)
    emission = a_partition().apply(records_of([rated]), some_rules())
    assert emission.tally.counts["ratings", ("4",)] == 1
