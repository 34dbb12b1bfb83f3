"""What the chunk consumer does when one rebalance runs into the next."""

import asyncio
from asyncio import Event
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import pytest
from faust.transport.drivers import aiokafka as driver
from faust.types import TP

from streams.chunks import ChunkLimits
from streams.intake import Intake
from streams.transport import ChunkConsumer

BROWSE = TP("browse", 0)


class Owner:
    def positions(self) -> Mapping[TP, int]:
        return {BROWSE: 5}

    async def drain(self) -> None:
        """Nothing is under way."""


class Bare(ChunkConsumer):
    """The consumer's own part: no Kafka, no app, and a look at the topics that waits."""

    def __init__(self) -> None:
        self.may_look = Event()
        self.first = 0
        self.sought: list[Mapping[TP, int]] = []
        self.can_resume_flow, self.suspend_flow = Event(), Event()
        self._chunks: Any = SimpleNamespace(owner=Owner())
        self._membership: Any = SimpleNamespace(hold=self._hold)
        self._fetches: Any = SimpleNamespace(seek=self.sought.append)
        self._intake = Intake({"shop": ("browse",)}, ChunkLimits())
        self._done = {}
        self._is_placed = False
        self.stop_flow()

    def assignment(self) -> set[TP]:
        return {BROWSE}

    async def force_commit(self, *_told: Any, **_named: Any) -> bool:
        return False

    async def _check_sources(self, positions: Mapping[TP, int]) -> dict[TP, int]:
        await self.may_look.wait()
        return {tp: max(at, self.first) for tp, at in positions.items()}

    async def _hold(self, _positions: Mapping[TP, int]) -> None:
        """Nobody is in a group."""


@pytest.fixture(autouse=True)
def _without_faust(monkeypatch: pytest.MonkeyPatch) -> None:
    async def nothing(_consumer: object, _revoked: set[TP]) -> None:
        """Stand in for what Faust does with its own buffers."""

    monkeypatch.setattr(driver.Consumer, "on_partitions_revoked", nothing)


def test_the_flow_goes_on_from_the_owners_positions() -> None:
    async def rebalance() -> Bare:
        consumer = Bare()
        consumer.may_look.set()
        await consumer.seek_to_committed()
        consumer.resume_flow()
        return consumer

    consumer = asyncio.run(rebalance())
    assert consumer.flow_active
    assert consumer.sought == [{BROWSE: 5}]


def test_records_that_kafka_deleted_unread_are_gone_and_nothing_waits_for_them() -> None:
    async def rebalance() -> Bare:
        consumer = Bare()
        consumer.may_look.set()
        consumer.first = 9
        await consumer.seek_to_committed()
        return consumer

    consumer = asyncio.run(rebalance())
    assert consumer.sought == [{BROWSE: 9}]
    record: Any = SimpleNamespace(offset=9, timestamp=1, value=b"")
    consumer._intake.accept({BROWSE: [record]}, {BROWSE: 10}, [], asked=0)
    consumer._intake.accept({}, {BROWSE: 10}, [BROWSE], asked=1)
    chunk, *_ = consumer._intake.cut(generation=1)
    chunk.require_from(lambda _topic: 5)


def test_partitions_taken_while_the_positions_are_looked_up_keep_the_flow_still() -> None:
    async def rebalance() -> tuple[bool, bool, Bare]:
        consumer = Bare()
        seeking = asyncio.create_task(consumer.seek_to_committed())
        await asyncio.sleep(0)
        await consumer.on_partitions_revoked({BROWSE})
        consumer.may_look.set()
        await seeking
        consumer.resume_flow()
        between = consumer.flow_active
        await consumer.seek_to_committed()
        consumer.resume_flow()
        return between, consumer.flow_active, consumer

    between, after, consumer = asyncio.run(rebalance())
    assert (between, after) == (False, True)
    assert len(consumer.sought) == 1


def test_partitions_taken_right_after_the_seek_keep_the_flow_still() -> None:
    async def rebalance() -> Bare:
        consumer = Bare()
        consumer.may_look.set()
        await consumer.seek_to_committed()
        await consumer.on_partitions_revoked({BROWSE})
        consumer.resume_flow()
        return consumer

    assert not asyncio.run(rebalance()).flow_active
