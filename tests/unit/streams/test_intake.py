"""Between fetches and agents: what leaves, in which order, and how much at a time."""

from collections.abc import Collection, Mapping

from aiokafka import ConsumerRecord
from faust.types import TP

from streams.chunks import ChunkLimits
from streams.intake import MAX_WAITING_COUNT, Intake

BROWSE, CART = TP("browse", 0), TP("cart", 0)
GROUPS = {"shop": ("browse", "cart")}


def record(tp: TP, offset: int, timestamp: int, size: int = 10) -> ConsumerRecord:
    return ConsumerRecord(
        tp.topic, tp.partition, offset, timestamp, 1, b"u", b"x" * size, None, 1, size, ()
    )


class Broker:
    """The ends of topics, as a broker would tell them."""

    def __init__(self) -> None:
        self.ends: dict[TP, int] = {BROWSE: 0, CART: 0}

    async def ends_of(self, tps: Collection[TP]) -> Mapping[TP, int]:
        return {tp: self.ends[tp] for tp in tps}


def arrive(intake: Intake, tp: TP, records: list[ConsumerRecord]) -> None:
    """Let a fetch bring records."""
    intake.accept({tp: records}, {tp: records[-1].offset + 1})


def intake_of(broker: Broker, limits: ChunkLimits | None = None) -> Intake:
    intake = Intake(GROUPS, limits or ChunkLimits(), broker.ends_of)
    intake.accept({}, {BROWSE: 0, CART: 0})  # an empty fetch
    return intake


def offsets(chunk: object) -> list[tuple[str, int]]:
    return [(topic, one.offset) for topic, one in chunk.records]  # type: ignore[attr-defined]


async def test_a_chunk_holds_the_topics_of_a_partition_in_append_order() -> None:
    broker = Broker()
    broker.ends = {BROWSE: 9, CART: 5}
    intake = intake_of(broker)
    arrive(intake, CART, [record(CART, 4, 20)])
    arrive(intake, BROWSE, [record(BROWSE, 7, 10), record(BROWSE, 8, 30)])
    (chunk,) = await intake.cut(lambda: 3)
    assert offsets(chunk) == [("browse", 7), ("cart", 4)]
    (rest,) = await intake.cut(lambda: 3)
    assert offsets(rest) == [("browse", 8)]
    assert chunk.positions == {BROWSE: 8, CART: 5}
    assert chunk.generation == 3


async def test_records_wait_while_a_silent_topic_may_hold_older_ones() -> None:
    broker = Broker()
    broker.ends = {BROWSE: 1, CART: 1}
    intake = intake_of(broker)
    arrive(intake, BROWSE, [record(BROWSE, 0, 10)])
    assert await intake.cut(lambda: 1) == []
    assert intake.is_waiting
    arrive(intake, CART, [record(CART, 0, 5)])
    (chunk,) = await intake.cut(lambda: 1)
    assert offsets(chunk) == [("cart", 0)]
    (rest,) = await intake.cut(lambda: 1)
    assert offsets(rest) == [("browse", 0)]


async def test_a_transaction_marker_at_the_end_of_a_silent_topic_holds_nobody_up() -> None:
    broker = Broker()
    broker.ends = {BROWSE: 1, CART: 6}
    intake = intake_of(broker)
    arrive(intake, BROWSE, [record(BROWSE, 0, 10)])
    assert await intake.cut(lambda: 1) == []
    intake.accept({}, {CART: 6})  # its last records were aborted, and then came the marker
    (chunk,) = await intake.cut(lambda: 1)
    assert offsets(chunk) == [("browse", 0)]


async def test_what_arrives_while_the_broker_is_asked_waits_for_the_next_question() -> None:
    broker = Broker()
    broker.ends = {BROWSE: 1, CART: 0}
    intake = intake_of(broker)

    async def ends_of(tps: Collection[TP]) -> Mapping[TP, int]:
        # Appended after the answer was given: an older cart event may be on its way, too.
        arrive(intake, BROWSE, [record(BROWSE, 1, 99)])
        return {tp: broker.ends[tp] for tp in tps}

    intake._ends = ends_of
    arrive(intake, BROWSE, [record(BROWSE, 0, 10)])
    (chunk,) = await intake.cut(lambda: 1)
    assert offsets(chunk) == [("browse", 0)]


async def test_a_topic_whose_records_only_just_arrived_is_not_silent() -> None:
    broker = Broker()
    broker.ends = {BROWSE: 1, CART: 1}
    intake = intake_of(broker)

    async def ends_of(tps: Collection[TP]) -> Mapping[TP, int]:
        arrive(intake, CART, [record(CART, 0, 5)])
        return {tp: broker.ends[tp] for tp in tps}

    intake._ends = ends_of
    arrive(intake, BROWSE, [record(BROWSE, 0, 10)])
    assert await intake.cut(lambda: 1) == []


async def test_chunks_are_cut_by_count_by_bytes_and_by_the_time_that_records_take() -> None:
    broker = Broker()
    broker.ends = {BROWSE: 100, CART: 0}
    for limits, each_s, expected in (
        (ChunkLimits(records_count=7), 0.001, 7),
        (ChunkLimits(size_bytes=35), 0.001, 4),
        (ChunkLimits(apply_s=0.05), 0.01, 5),
    ):
        intake = intake_of(broker, limits)
        intake.applied(10, 10 * each_s)
        arrive(intake, BROWSE, [record(BROWSE, n, n) for n in range(100)])
        (chunk,) = await intake.cut(lambda: 1)
        assert len(chunk.records) == expected


async def test_no_more_than_two_full_chunks_are_on_their_way_before_one_is_done() -> None:
    broker = Broker()
    broker.ends = {BROWSE: 100, CART: 0}
    intake = intake_of(broker, ChunkLimits(records_count=10))
    arrive(intake, BROWSE, [record(BROWSE, n, n) for n in range(100)])
    first = await intake.cut(lambda: 1)
    second = await intake.cut(lambda: 1)
    assert len(first) == len(second) == 1
    assert await intake.cut(lambda: 1) == []
    assert not intake.is_clear(BROWSE)
    intake.done(first[0])
    assert len(await intake.cut(lambda: 1)) == 1


async def test_a_full_partition_is_not_fetched_except_for_what_the_merge_waits_for() -> None:
    intake = intake_of(Broker(), ChunkLimits(records_count=10))
    arrive(intake, BROWSE, [record(BROWSE, n, n) for n in range(MAX_WAITING_COUNT)])
    assert not intake.wants(BROWSE)
    await intake.cut(lambda: 1)
    assert intake.wants(CART)


async def test_after_a_rebalance_nothing_of_before_is_left() -> None:
    broker = Broker()
    broker.ends = {BROWSE: 1, CART: 0}
    intake = intake_of(broker)
    arrive(intake, BROWSE, [record(BROWSE, 0, 10)])
    await intake.cut(lambda: 1)
    arrive(intake, BROWSE, [record(BROWSE, 1, 11)])
    intake.forget()
    assert await intake.cut(lambda: 2) == []
    assert intake.is_clear(BROWSE)


async def test_what_was_forgotten_while_the_broker_was_asked_does_not_leave() -> None:
    broker = Broker()
    broker.ends = {BROWSE: 1, CART: 0}
    intake = intake_of(broker)

    async def ends_of(tps: Collection[TP]) -> Mapping[TP, int]:
        intake.forget()
        return {tp: broker.ends[tp] for tp in tps}

    intake._ends = ends_of
    arrive(intake, BROWSE, [record(BROWSE, 0, 10)])
    assert await intake.cut(lambda: 1) == []
    assert intake.is_clear(BROWSE)
