"""Between fetches and agents: what leaves, in which order, and how much at a time."""

from collections.abc import Collection

import pytest
from aiokafka import ConsumerRecord
from faust.types import TP
from hypothesis import given
from hypothesis import strategies as st

from streams.chunks import Chunk, ChunkLimits, ChunkLostError
from streams.intake import MAX_WAITING_COUNT, WORTH_A_CHUNK_COUNT, Intake

BROWSE, CART = TP("browse", 0), TP("cart", 0)
TOPICS = (BROWSE, CART)
GROUPS = {"shop": ("browse", "cart")}


def record(tp: TP, offset: int, timestamp: int, size: int = 10) -> ConsumerRecord:
    return ConsumerRecord(
        tp.topic, tp.partition, offset, timestamp, 1, b"u", b"x" * size, None, 1, size, ()
    )


def look(
    intake: Intake,
    *records: tuple[TP, int, int],
    at_end: Collection[TP] = TOPICS,
    asked: int | None = None,
) -> None:
    """Let a fetch bring records, given as (partition, offset, append time)."""
    fetched: dict[TP, list[ConsumerRecord]] = {}
    for tp, offset, timestamp in records:
        fetched.setdefault(tp, []).append(record(tp, offset, timestamp))
    positions = {tp: found[-1].offset + 1 for tp, found in fetched.items()}
    intake.accept(fetched, positions, at_end, intake.mark if asked is None else asked)


def intake_of(limits: ChunkLimits | None = None) -> Intake:
    return Intake(GROUPS, limits or ChunkLimits())


def offsets(chunk: Chunk) -> list[tuple[str, int]]:
    return [(topic, one.offset) for topic, one in chunk.records]


def test_a_chunk_holds_the_topics_of_a_partition_in_append_order() -> None:
    intake = intake_of()
    look(intake, (CART, 4, 20), (BROWSE, 7, 10), (BROWSE, 8, 30))
    (chunk,) = intake.cut(3)
    # Then the cart's topic runs dry, which may have been read before the last of the other came.
    assert offsets(chunk) == [("browse", 7), ("cart", 4)]
    assert chunk.positions == {BROWSE: 8, CART: 5}
    assert chunk.generation == 3
    intake.done(chunk)
    look(intake)
    (rest,) = intake.cut(3)
    assert offsets(rest) == [("browse", 8)]


def test_records_wait_until_every_topic_was_looked_at_after_they_came() -> None:
    intake = intake_of()
    look(intake, (BROWSE, 0, 10))
    assert intake.is_unsure
    look(intake, at_end=[BROWSE])  # the cart's broker has not answered, or has more
    assert intake.cut(1) == []
    look(intake, (CART, 0, 5))
    (chunk,) = intake.cut(1)
    assert offsets(chunk) == [("cart", 0), ("browse", 0)]
    assert not intake.is_unsure


def test_a_look_that_was_asked_for_before_a_record_came_proves_nothing_of_it() -> None:
    intake = intake_of()
    look(intake, at_end=[])
    before = intake.mark
    look(intake, (BROWSE, 0, 10))
    look(intake, asked=before)
    assert intake.cut(1) == []
    look(intake)
    assert len(intake.cut(1)) == 1


def test_what_a_look_brings_besides_waits_for_the_next_one() -> None:
    intake = intake_of()
    look(intake, (BROWSE, 0, 10))
    look(intake, (BROWSE, 1, 99))
    (chunk,) = intake.cut(1)
    assert offsets(chunk) == [("browse", 0)]
    intake.done(chunk)
    assert intake.cut(1) == []  # an older cart event may have come after its topic was read
    assert intake.is_unsure
    look(intake)
    (rest,) = intake.cut(1)
    assert offsets(rest) == [("browse", 1)]


def test_an_equal_append_time_that_comes_later_is_looked_after_anew() -> None:
    intake = intake_of()
    look(intake, (BROWSE, 0, 10))
    look(intake)
    (chunk,) = intake.cut(1)
    intake.done(chunk)
    look(intake, (CART, 0, 10))
    assert intake.cut(1) == []
    look(intake)
    assert len(intake.cut(1)) == 1


def test_a_topic_with_more_to_come_holds_up_only_what_is_newer_than_its_records() -> None:
    intake = intake_of()
    look(intake, (BROWSE, 0, 1), (BROWSE, 1, 2), (CART, 0, 3), at_end=[CART])
    look(intake, at_end=[CART])
    (chunk,) = intake.cut(1)
    assert offsets(chunk) == [("browse", 0), ("browse", 1)]


def test_chunks_are_cut_by_count_by_bytes_and_by_the_time_that_records_take() -> None:
    for limits, each_s, expected in (
        (ChunkLimits(records_count=7), 0.001, 7),
        (ChunkLimits(size_bytes=35), 0.001, 4),
        (ChunkLimits(apply_s=0.05), 0.01, 5),
    ):
        intake = intake_of(limits)
        intake.applied(10, 10 * each_s)
        look(intake, *((BROWSE, n, n) for n in range(100)))
        look(intake)
        (chunk,) = intake.cut(1)
        assert len(chunk.records) == expected


def test_no_more_than_two_full_chunks_are_on_their_way_before_one_is_done() -> None:
    intake = intake_of(ChunkLimits(records_count=10))
    look(intake, *((BROWSE, n, n) for n in range(100)))
    look(intake)
    first, second = intake.cut(1), intake.cut(1)
    assert len(first) == len(second) == 1
    assert intake.cut(1) == []
    assert not intake.is_clear(BROWSE)
    intake.done(first[0])
    assert len(intake.cut(1)) == 1


def test_a_few_records_wait_for_the_chunk_before_them() -> None:
    intake = intake_of()
    look(intake, (BROWSE, 0, 1))
    look(intake, *((BROWSE, n, n + 1) for n in range(1, WORTH_A_CHUNK_COUNT)))
    look(intake)
    (first,) = intake.cut(1)
    assert intake.cut(1) == []
    look(intake, *((BROWSE, n, 99) for n in range(100, 100 + WORTH_A_CHUNK_COUNT)))
    look(intake)
    assert len(intake.cut(1)) == 1  # enough to be applied meanwhile
    intake.done(first)


def test_a_full_partition_is_not_fetched_except_for_what_the_merge_waits_for() -> None:
    intake = intake_of(ChunkLimits(records_count=10))
    look(intake, *((BROWSE, n, n) for n in range(MAX_WAITING_COUNT)))
    assert not intake.wants(BROWSE)
    assert intake.wants(CART)


def test_what_is_forgotten_does_not_come_and_what_was_seen_proves_nothing_any_more() -> None:
    intake = intake_of()
    look(intake, (BROWSE, 0, 1))
    look(intake)
    intake.forget({})
    assert intake.cut(1) == []
    assert intake.is_clear(BROWSE)
    look(intake, (BROWSE, 0, 1))
    assert intake.cut(1) == []


@given(
    st.lists(st.integers(0, 1), min_size=1, max_size=40),
    st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=1, max_size=30),
)
def test_whenever_each_topic_is_read_all_leave_in_append_order(
    written: list[int], reads: list[tuple[int, int]]
) -> None:
    # The topics are read at two moments of each look, and more is written in between.
    logs: dict[TP, list[tuple[TP, int, int]]] = {tp: [] for tp in TOPICS}
    for clock, rank in enumerate(written):
        tp = TOPICS[rank]
        logs[tp].append((tp, len(logs[tp]), clock))
    intake, taken, now, at = intake_of(), [], 0, dict.fromkeys(TOPICS, 0)
    for step, (first, second) in enumerate([*reads, (99, 99), (0, 0), (0, 0)]):
        found = []
        order = TOPICS if step % 2 else TOPICS[::-1]
        for tp, passed in zip(order, (first, second), strict=True):
            now += passed
            new = [one for one in logs[tp][at[tp] :] if one[2] < now]
            at[tp] += len(new)
            found += new
        look(intake, *found)
        while chunks := intake.cut(1):
            for chunk in chunks:
                taken += [one.timestamp for _, one in chunk.records]
                intake.done(chunk)
    assert taken == list(range(len(written)))


def test_a_chunk_begins_where_the_one_before_it_ended() -> None:
    intake = intake_of(ChunkLimits(records_count=2))
    intake.forget({BROWSE: 5, CART: 7})
    look(intake, (BROWSE, 6, 10), (BROWSE, 8, 20), (BROWSE, 9, 30))
    look(intake)
    (first,) = intake.cut(1)
    intake.done(first)
    (second,) = intake.cut(1)
    assert (first.starts, second.starts) == ({BROWSE: 5}, {BROWSE: 9})


def test_a_chunk_after_one_that_was_dropped_is_refused() -> None:
    intake = intake_of(ChunkLimits(records_count=2))
    look(intake, (BROWSE, 0, 10), (BROWSE, 1, 20), (BROWSE, 2, 30))
    look(intake)
    (dropped,) = intake.cut(1)
    intake.done(dropped)
    (after,) = intake.cut(2)
    dropped.require_from(lambda _topic: 0)
    after.require_from(lambda _topic: 2)
    with pytest.raises(ChunkLostError, match=r"browse partition 0 must go on at 0, was given fr"):
        after.require_from(lambda _topic: 0)
