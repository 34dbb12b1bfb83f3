"""Sessions in the step: kept in the row, and handed on once when they are over."""

from hypothesis import given, settings
from hypothesis import strategies as st

from features.events import Basics, Event
from features.session_record import Session
from streams import flow, wire
from streams.context import Context
from streams.partitions import Partition
from streams.rows import Rows
from tests.builders import (
    HOUR_MS,
    NOON_MS,
    FakeRecord,
    a_context,
    a_partition,
    an_event,
    an_order,
    records_of,
    some_rules,
)

MINUTE_MS = 60_000
NEW = ("sessions", "last_visit", "moves")
OVER_MS = 40 * MINUTE_MS  # half an hour of silence, and ten minutes in which late ones may come
RULES = some_rules(keeps_sessions=True, session_key=b"k")


def told(partition: Partition, records: list[tuple[str, FakeRecord]]) -> list[Session]:
    emission = partition.apply(records, RULES)
    return [wire.decode_session(value or b"") for _, value, _ in emission.sessions]


def stepped(context: Context, *events: Event) -> list[Session]:
    row = flow.new_row()
    return [one for event in events for one in flow.step(row, event, context).sessions]


def test_a_session_is_handed_on_by_the_customers_next_event_after_it_is_over() -> None:
    later = an_event("cart.added", at_ms=NOON_MS + OVER_MS + 1)
    found = stepped(a_context(RULES), an_event(device="phone"), later)
    assert [(one.start_ms, one.events_count, one.viewed) for one in found] == [
        (NOON_MS, 1, (("p1", 1),))
    ]


def test_a_session_is_handed_on_once_by_the_time_of_others() -> None:
    #  ann      bob         bob         ann
    #  |-- 40 minutes --|>  a timer     nothing new of the first session
    partition = a_partition()
    bob = [an_event(user_id="bob", at_ms=NOON_MS + OVER_MS + n, event_id=f"b{n}") for n in (0, 1)]
    again = an_event(user_id="ann", at_ms=NOON_MS + OVER_MS + 2, event_id="a2")
    records = records_of([an_event(user_id="ann"), *bob, again])
    assert told(partition, records[:2]) == []
    (ended,) = told(partition, records[2:3])
    assert (ended.user_id, ended.end_ms) == ("ann", NOON_MS)
    assert told(partition, records[3:]) == []


def test_a_partition_that_is_taken_over_still_ends_the_sessions_of_its_rows() -> None:
    stored: dict[bytes, bytes] = {}
    before = a_partition(stored)
    records = records_of(
        [an_event(user_id="ann"), an_event(user_id="bob", at_ms=NOON_MS + OVER_MS + 1)]
    )
    emission = before.apply(records[:1], RULES)
    headers = {key or b"": found[0][1] for key, _, found in emission.rows if found}
    heir = Partition(0, stored, before.source, headers)
    emission = heir.apply(records[1:], RULES)
    assert [key for key, _, _ in emission.sessions] == [b"ann"]


def test_c65_of_a_customer_who_does_not_agree_no_session_is_kept() -> None:
    refusal = an_event("profile.updated", at_ms=NOON_MS + 1, basics=Basics(consent=False))
    later = [an_event(at_ms=NOON_MS + at * HOUR_MS, event_id=f"e{at}") for at in (1, 2)]
    row, context = flow.new_row(), a_context(RULES)
    for event in (an_event(), refusal, *later):
        assert flow.step(row, event, context).sessions == []
    assert (row["sessions"]["open"], row["last_visit"], row["moves"]) == ([], [], {})


def test_the_row_keeps_what_the_last_session_looked_like_in_itself() -> None:
    row, context = flow.new_row(), a_context(RULES)
    for event in (an_event(), an_order(at_ms=NOON_MS + 1), an_event(at_ms=NOON_MS + 2 * HOUR_MS)):
        flow.step(row, event, context)
    assert len(row["last_visit"]) == 15
    assert all(isinstance(number, int) for number in row["last_visit"])


def test_without_the_setting_no_session_is_kept() -> None:
    row = flow.new_row()
    flow.step(row, an_event(), a_context(some_rules()))
    assert row["sessions"]["open"] == []


def test_a_row_of_a_version_that_knew_no_sessions_is_read() -> None:
    old = {name: value for name, value in flow.new_row().items() if name not in NEW}
    row = Rows({b"ann": wire.encode_row(old)}).get(b"ann")
    assert flow.step(row, an_event(), a_context(RULES)).verdict == "applied"
    assert row["sessions"]["open"]


@settings(deadline=None, max_examples=60)
@given(
    gaps=st.lists(st.integers(0, 90), min_size=1, max_size=30),
    users=st.lists(st.sampled_from("abc"), min_size=30, max_size=30),
    size=st.integers(1, 7),
)
def test_every_event_is_in_one_session_however_chunks_are_cut(
    gaps: list[int], users: list[str], size: int
) -> None:
    events, at_ms = [], NOON_MS
    for number, gap in enumerate(gaps):
        at_ms += gap * MINUTE_MS
        events.append(an_event(at_ms=at_ms, user_id=users[number], event_id=f"e{number}"))
    end = an_event(at_ms=at_ms + 3 * HOUR_MS, user_id="z")
    numbered = records_of([*events, end])
    whole = a_partition().apply(numbered, RULES).sessions
    partition = a_partition()
    parts = [
        partition.apply(numbered[at : at + size], RULES).sessions
        for at in range(0, len(numbered), size)
    ]
    assert [one for part in parts for one in part] == whole
    found = [wire.decode_session(value or b"") for _, value, _ in whole]
    assert sum(one.events_count for one in found) == len(events)
