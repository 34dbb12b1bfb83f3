"""A partition: chunks, timers by the watermark, recovery from its own rows, hostile neighbours."""

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from streams import wire
from streams.emission import Emission
from streams.partitions import Partition
from streams.rows import PARTITION_KEY, WAITS
from tests.builders import (
    DAY_MS,
    NOON_MS,
    FakeRecord,
    FixedScorer,
    a_partition,
    an_event,
    an_order,
    records_of,
    some_rules,
)
from tests.hostile import hostile

PAYS = FixedScorer(nothing=0.05, ten=0.20)


def history(users: int = 5, events: int = 60) -> list[tuple[str, FakeRecord]]:
    """Give a mixed history of several users, a minute between events, two hours between rounds."""
    built = []
    for n in range(events):
        at_ms = NOON_MS + n * 60_000 + (n // 20) * 7_200_000
        user_id = f"u{n % users}"
        kind = ("product.viewed", "cart.added", "checkout.started")[n % 3]
        built.append(an_event(kind, at_ms=at_ms, user_id=user_id, event_id=f"e{n}"))
        if n % 11 == 10:
            order = an_order(
                at_ms=at_ms + 1,
                user_id=user_id,
                event_id=f"o{n}",
                order_id=f"o{n}",
                discount_minor=300,
            )
            built.append(order)
    return records_of(built)


def decided(emission: Emission) -> list[bytes | None]:
    return [value for _, value, _ in emission.decisions]


def test_rows_of_a_chunk_are_written_once_per_user_with_the_shared_state() -> None:
    emission = a_partition().apply(history(users=3), some_rules(PAYS))
    assert [key for key, _, _ in emission.rows] == [b"u0", b"u1", b"u2", PARTITION_KEY]


def test_a_chunk_counts_every_event_and_every_answer_once() -> None:
    emission = a_partition().apply(records := history(), some_rules(PAYS))
    counts, values = emission.tally.counts, emission.tally.values
    sums: Counter[str] = Counter()
    for (name, _), count in counts.items():
        sums[name] += int(count)
    told = [wire.decode_decision(value or b"") for value in decided(emission)]
    assert sums["events_consumed"] == len(values["event_age_seconds", ()]) == len(records)
    assert sums["decisions"] == len(told) > 0
    assert sums["decision_reasons"] == sum(len(one.reasons) for one in told)
    assert sums["guardrail_blocks"] == sum(len(one.guardrails) for one in told) > 0
    scored = [one.propensity for one in told if one.scores is not None]
    assert values["propensity", ()] == scored != []


@settings(max_examples=30)
@given(st.lists(st.integers(1, 20), min_size=1, max_size=8))
def test_any_cut_into_chunks_gives_the_same_decisions_and_rows(cuts: list[int]) -> None:
    whole, cut = a_partition(), a_partition()
    records, rules = history(), some_rules(PAYS)
    expected = decided(whole.apply(records, rules))
    found: list[bytes | None] = []
    place = 0
    while place < len(records):
        size = cuts[place % len(cuts)]
        found += decided(cut.apply(records[place : place + size], rules))
        place += size
    assert found == expected
    assert list(cut.canonical()) == list(whole.canonical())


@settings(max_examples=20)
@given(st.integers(0, 60))
def test_a_partition_recovered_from_its_written_rows_goes_on_as_if_never_stopped(at: int) -> None:
    records, rules = history(), some_rules(PAYS)
    whole = a_partition()
    expected = decided(whole.apply(records, rules))
    log: dict[bytes, bytes] = {}
    first = a_partition().apply(records[:at], rules)
    log.update({key or b"": value or b"" for key, value, _ in first.rows})
    recovered = a_partition(dict(log))
    waits = {key or b"": dict(headers)[WAITS] for key, _, headers in first.rows if headers}
    told = Partition(recovered.number, dict(log), recovered.source, waits)
    assert (told.next_timer_ms, told.holdings.pending_count) == (
        recovered.next_timer_ms,
        recovered.holdings.pending_count,
    )
    second = recovered.apply(records[at:], rules)
    assert decided(first) + decided(second) == expected
    assert list(recovered.canonical()) == list(whole.canonical())


def test_records_that_were_applied_before_are_skipped_by_their_offset() -> None:
    partition, records, rules = a_partition(), history(), some_rules(PAYS)
    partition.apply(records, rules)
    before = list(partition.canonical())
    again = partition.apply(records, rules)
    assert again.decisions == []
    assert list(partition.canonical()) == before


def test_a_label_of_a_user_who_never_returns_settles_when_others_move_time_on() -> None:
    rules = some_rules(PAYS)
    partition = a_partition()
    gone = an_event("cart.added", user_id="gone", event_id="g")
    partition.apply(records_of([gone]), rules)
    assert partition.holdings.pending_count == 1
    later = an_event(at_ms=NOON_MS + DAY_MS + 600_001, user_id="other", event_id="later")
    topic, record = records_of([later])[0]
    emission = partition.apply([(topic, record)], rules)
    settled = [wire.decode_outcome(value or b"") for _, value, _ in emission.outcomes]
    assert [(o.user_id, o.state, o.y) for o in settled if o.state == "settled"] == [
        ("gone", "settled", False)
    ]


def test_a_heartbeat_moves_time_on_where_nothing_happens() -> None:
    rules, partition = some_rules(PAYS), a_partition()
    partition.apply(records_of([an_event("cart.added")]), rules)
    beat = an_event("heartbeat", at_ms=NOON_MS + 2 * DAY_MS, user_id="", event_id="beat")
    emission = partition.apply(records_of([beat]), rules)
    assert partition.holdings.pending_count == 0
    assert len(emission.outcomes) == 1
    assert emission.decisions == []


def test_p9_a_refused_future_event_moves_no_time_for_anybody() -> None:
    rules, partition = some_rules(PAYS), a_partition()
    partition.apply(records_of([an_event("cart.added")]), rules)
    future = an_event(at_ms=NOON_MS + 10 * 365 * DAY_MS, user_id="eve", event_id="f")
    value = wire.encode_event(future)
    record = FakeRecord(5, NOON_MS, b"eve", value)
    emission = partition.apply([("shop.browse.v1", record)], rules)
    assert [dict(h)["dlq.reason"] for _, _, h in emission.dead_letters] == [b"too_far_in_future"]
    assert partition.state.watermark_ms == NOON_MS - 600_000


def test_p7_every_refused_message_is_a_dead_letter_with_its_bytes_and_reason() -> None:
    rules, partition = some_rules(PAYS), a_partition()
    topics = {"browse": "shop.browse.v1", "search": "shop.search.v1", "cart": "shop.cart.v1"}
    topics |= {"purchase": "shop.purchase.v1", "coupon": "shop.coupon.v1"}
    topics |= {"profiles": "shop.profiles.v1", "heartbeats": "coupon.heartbeats.v1"}
    offsets: Counter[str] = Counter()
    records, expected = [], []
    for family, key, value, headers, timestamp_ms, reason in hostile(7, 2_000):
        topic = topics[family]
        given_headers = tuple((name, text or b"") for name, text in headers)
        record = FakeRecord(offsets[topic], timestamp_ms, key, value, given_headers)
        offsets[topic] += 1
        records.append((topic, record))
        expected.append((key, value, reason.encode()))
    emission = partition.apply(records, rules)
    found = [(key, value, dict(h)["dlq.reason"]) for key, value, h in emission.dead_letters]
    assert found == expected
    assert emission.decisions == []


def test_mispartitioned_events_are_counted_and_still_decided() -> None:
    partition: Partition = a_partition()
    source = partition.source
    object.__setattr__(source, "partitions_count", 50)
    emission = partition.apply(records_of([an_event("cart.added")]), some_rules(PAYS))
    assert emission.tally.counts["events_mispartitioned", ("shop.cart.v1",)] == 1
    assert len(emission.decisions) == 1


def test_a_conflicting_id_goes_to_the_dead_letters() -> None:
    first = an_event(event_id="same")
    second = an_event(event_id="same", at_ms=NOON_MS + 1, dwell_ms=5)
    emission = a_partition().apply(records_of([first, second]), some_rules(PAYS))
    assert [dict(h)["dlq.reason"] for _, _, h in emission.dead_letters] == [b"id_conflict"]
