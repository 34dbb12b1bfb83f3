"""The merge of co-partitioned topics: one order, whatever the fetches looked like.

append time    1    2    3    4    5
browse (0)     a         c         e
cart   (1)          b         d
"""

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from streams.merge import Merge


@dataclass(frozen=True)
class Stamped:
    offset: int
    timestamp: int
    value: bytes = b""


def test_records_come_out_by_append_time_across_topics() -> None:
    merge = Merge[Stamped](2)
    merge.add(0, [Stamped(0, 1), Stamped(1, 3), Stamped(2, 5)])
    merge.add(1, [Stamped(0, 2), Stamped(1, 4)])
    assert [r.timestamp for _, r in merge.take(10, caught_up=[0, 1])] == [1, 2, 3, 4, 5]


def test_a_record_waits_while_a_silent_topic_may_hold_an_older_one() -> None:
    merge = Merge[Stamped](2)
    merge.add(0, [Stamped(0, 1)])
    assert merge.take(10, caught_up=[]) == []
    assert merge.size_count == 1
    assert merge.take(10, caught_up=[1]) == [(0, Stamped(0, 1))]


def test_taking_stops_where_a_topic_runs_dry_that_is_not_known_to_be_at_its_end() -> None:
    merge = Merge[Stamped](2)
    merge.add(0, [Stamped(0, 1), Stamped(1, 4)])
    merge.add(1, [Stamped(0, 2)])
    assert [r.timestamp for _, r in merge.take(10, caught_up=[0])] == [1, 2]
    assert merge.empty_ranks() == [1]


def test_nothing_newer_than_asked_for_is_taken() -> None:
    merge = Merge[Stamped](2)
    merge.add(0, [Stamped(0, 1), Stamped(1, 3), Stamped(2, 5)])
    merge.add(1, [Stamped(0, 2), Stamped(1, 4)])
    taken = merge.take(10, caught_up=[0, 1], until_ms=3)
    assert [record.timestamp for _, record in taken] == [1, 2, 3]
    assert merge.oldest_ms == 4
    assert merge.size_count == 2


def test_equal_append_times_follow_the_rank_of_their_topic() -> None:
    merge = Merge[Stamped](2)
    merge.add(1, [Stamped(0, 7)])
    merge.add(0, [Stamped(0, 7)])
    assert [rank for rank, _ in merge.take(10, caught_up=[0, 1])] == [0, 1]


def test_a_topic_keeps_its_own_order_when_the_broker_clock_steps_back() -> None:
    merge = Merge[Stamped](1)
    merge.add(0, [Stamped(0, 9), Stamped(1, 3)])
    assert [r.offset for _, r in merge.take(10, caught_up=[0])] == [0, 1]


def test_a_limit_takes_a_prefix_and_keeps_the_rest() -> None:
    merge = Merge[Stamped](1)
    merge.add(0, [Stamped(n, n) for n in range(5)])
    first = merge.take(3, caught_up=[0])
    rest = merge.take(3, caught_up=[0])
    assert [r.offset for _, r in first + rest] == [0, 1, 2, 3, 4]
    assert merge.size_count == 0


@given(
    st.lists(st.tuples(st.integers(0, 2), st.integers(1, 3)), max_size=40),
    st.lists(st.integers(1, 7), min_size=1, max_size=5),
)
def test_any_cut_of_the_fetches_and_of_the_takes_gives_the_same_order(
    arrivals: list[tuple[int, int]], limits: list[int]
) -> None:
    # Strictly rising append times, dealt to three topics.
    logs: list[list[Stamped]] = [[], [], []]
    for clock, (topic, _) in enumerate(arrivals):
        logs[topic].append(Stamped(len(logs[topic]), clock))
    merge = Merge[Stamped](3)
    read = [0, 0, 0]
    taken: list[tuple[int, Stamped]] = []
    for step in range(len(arrivals) * 4 + 4):
        topic = step % 3
        fresh = logs[topic][read[topic] : read[topic] + 1 + step % 2]
        if fresh:
            merge.add(topic, fresh)
            read[topic] += len(fresh)
        at_end = [rank for rank in range(3) if read[rank] == len(logs[rank])]
        taken += merge.take(limits[step % len(limits)], caught_up=at_end)
    taken += merge.take(1_000, caught_up=[0, 1, 2])
    assert [record.timestamp for _, record in taken] == list(range(len(arrivals)))
