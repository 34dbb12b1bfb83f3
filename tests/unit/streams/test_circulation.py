"""Coupons that are out are counted in the partition, over crashes, erasures and old rows."""

from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from features.events import Event
from streams import wire
from streams.context import Rules
from streams.gauges import set_partition_gauges
from streams.metrics import Metrics
from streams.partitions import Partition
from streams.rows import PARTITION_KEY
from tests.builders import (
    DAY_MS,
    HOUR_MS,
    NOON_MS,
    FixedScorer,
    a_partition,
    an_event,
    an_order,
    records_of,
    some_rules,
)

USERS = 12


def history(rules: Rules) -> list[Event]:
    """Give coupons to customers; some use theirs, some of those cancel, most let it expire."""
    carts = [an_event("cart.added", user_id=f"u{n}", event_id=f"c{n}") for n in range(USERS)]
    emission = a_partition().apply(records_of(carts), rules)
    made = [wire.decode_decision(value or b"") for _, value, _ in emission.decisions]
    given = [one for one in made if one.offer is not None]
    assert len(given) > 6
    later: list[Event] = []
    for n, one in enumerate(given[:6]):
        told: dict[str, Any] = {"user_id": one.user_id, "order_id": f"o{n}"}
        used: dict[str, Any] = {
            "decision_id": one.decision_id,
            "discount_minor": 300,
            "total_minor": 4_000,
        }
        later.append(an_order(at_ms=NOON_MS + HOUR_MS, event_id=f"o{n}", **told, **used))
        if n % 2:
            at_ms = NOON_MS + 2 * HOUR_MS
            later.append(an_event("order.cancelled", at_ms=at_ms, event_id=f"x{n}", **told))
    last = an_event("product.viewed", at_ms=NOON_MS + 60 * DAY_MS, user_id="z", event_id="z")
    return [*carts, *later, last]


def test_c50_no_coupon_is_missing_however_the_log_is_cut_and_rows_are_read_back() -> None:
    rules = some_rules(FixedScorer(nothing=0.05, ten=0.20))
    records = records_of(history(rules))
    found = []
    for size in (1, 5, len(records)):
        rows: dict[bytes, bytes] = {}
        for at in range(0, len(records), size):
            partition = a_partition(rows)
            for key, value, _ in partition.apply(records[at : at + size], rules).rows:
                rows[key or b""] = value or b""
            circulation = partition.state.circulation
            assert [circulation.off_count(name) for name in circulation.campaigns()] == [0]
        found.append(partition.state.circulation.dump())
    assert found[0] == found[1] == found[2]
    (counts,) = found[0].values()
    assert (counts["redeemed"], counts["returned"]) == (3, 3)
    gone = counts["redeemed"] + counts["returned"] + counts["expired"]
    assert (counts["open"], counts["issued"]) == (1, gone + 1), "one was given at the end"


def test_c50_rows_of_before_there_were_counts_are_counted_once_when_they_are_read() -> None:
    rules = some_rules(FixedScorer(nothing=0.05, ten=0.20))
    events = history(rules)
    rows: dict[bytes, bytes] = {}
    a_partition(rows).apply(records_of(events[:USERS]), rules)
    state = wire.decode_row(rows[PARTITION_KEY])
    (counts,) = state.pop("circulation").values()
    rows[PARTITION_KEY] = wire.encode_row(state)
    partition = a_partition(rows)
    (name,) = partition.state.circulation.campaigns()
    assert partition.state.circulation.open_count(name) == counts["open"] > 6
    partition.apply(records_of(events), rules)
    assert partition.state.circulation.off_count(name) == 0


def gauges(partition: Partition, rules: Rules) -> dict[str, float]:
    metrics = Metrics()
    set_partition_gauges(metrics, [partition], rules.catalogue, lambda _: 0)
    families = text_string_to_metric_families(metrics.exposition()[0].decode())
    return {one.name: one.value for family in families for one in family.samples}


def test_c50_the_liability_of_open_coupons_falls_as_others_end_unused() -> None:
    rules = some_rules(FixedScorer(nothing=0.05, ten=0.20))
    events, partition = history(rules), a_partition()
    partition.apply(records_of(events[:USERS]), rules)
    shown = gauges(partition, rules)
    (name,) = partition.state.circulation.campaigns()
    held_minor = partition.state.ledger.held_minor(name)
    assert shown["coupon_coupons_open"] == partition.state.circulation.open_count(name)
    assert shown["coupon_open_liability_minor"] == held_minor > 0, "nothing has ended yet"
    partition.apply(records_of(events), rules)
    shown = gauges(partition, rules)
    held_minor = partition.state.ledger.held_minor(name)
    assert shown["coupon_coupons_off"] == 0
    assert 0 < shown["coupon_open_liability_minor"] < held_minor
