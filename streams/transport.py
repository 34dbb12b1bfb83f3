"""The fast path inside Faust: one partition's chunk of records at a time, merged over its topics.

Faust's own consumer makes three to four asyncio tasks for every record. This one hands an agent a
list, merges the co-partitioned inbound topics by append time (see `merge`), and commits the source
positions that the agent reports once everything it derived from them is durable.
"""

import asyncio
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

import faust
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import ConsumerStoppedError
from faust.transport.drivers import aiokafka as driver
from faust.types import TP
from faust.types.tuples import ConsumerMessage
from mode import ServiceT

from streams.merge import Merge

# A poll hands over at most this many records, so that no partition waits long for the others.
MAX_BUFFERED_COUNT = 4_000
MAX_IN_FLIGHT_COUNT = 2


@dataclass(frozen=True, slots=True, eq=False)
class Chunk:
    """Consecutive records of one partition, in the order in which they are to be applied.

    Attributes
    ----------
    records
        (topic, record) pairs.
    positions
        For each source topic partition touched, the offset after its last record here.
    generation
        The group generation it was fetched in; after the next rebalance the chunk is void.
    """

    group: str
    partition: int
    generation: int
    records: list[tuple[str, ConsumerRecord]]
    positions: dict[TP, int]


class ChunkSchema(faust.Schema[None, Any]):
    """Hands the chunk to the agent untouched: decoding belongs to the step."""

    def loads_key(self, app: Any, message: Any, **kwargs: Any) -> None:
        """Give no key: a chunk has many."""

    def loads_value(self, app: Any, message: Any, **kwargs: Any) -> Any:
        """Give the chunk itself."""
        return message.value


class ChunkConsumer(driver.Consumer):
    """Faust's aiokafka consumer, delivering chunks and committing reported positions."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        transport = self.transport
        assert isinstance(transport, ChunkTransport)
        self._groups = transport.groups
        self._chunk_count = transport.chunk_records_count
        self._group_of = {
            topic: (name, rank)
            for name, topics in self._groups.items()
            for rank, topic in enumerate(topics)
        }
        self._merges: dict[tuple[str, int], Merge[ConsumerRecord]] = {}
        self._received: dict[TP, int] = {}
        self._in_flight: defaultdict[tuple[str, int], int] = defaultdict(int)
        self._positions: dict[TP, int] = {}
        self._done: dict[TP, int] = {}
        self._room = asyncio.Event()
        # A connection of its own: on the fetching one, this question would wait behind a long poll.
        self._ends = AIOKafkaConsumer(enable_auto_commit=False, **transport.client_options)

    async def on_start(self) -> None:
        """Connect, the probe for log ends first."""
        await self._ends.start()
        await super().on_start()

    async def on_stop(self) -> None:
        """Commit what is done and disconnect."""
        await super().on_stop()
        await self._ends.stop()

    # -- what agents call -------------------------------------------------------------------

    def done(self, chunk: Chunk, *, commit: bool = True) -> None:
        """Report that all effects of a chunk are durable; its positions are committed soon after.

        With `commit=False` the chunk only leaves the pipeline: its group is committed through
        `commit_positions` when its owner has made a snapshot.
        """
        if not self.is_current(chunk):
            return
        self._in_flight[chunk.group, chunk.partition] -= 1
        self._done.update(chunk.positions)
        self._room.set()
        if commit:
            self.commit_positions(chunk.positions)

    async def lag(self) -> dict[str, int]:
        """Count, by topic, the records appended but not yet reported as done."""
        mine = [tp for tp in self.assignment() if tp.topic in self._group_of]
        asked = [TopicPartition(tp.topic, tp.partition) for tp in mine]
        ends = await self._ends.end_offsets(asked) if asked else {}
        behind: defaultdict[str, int] = defaultdict(int)
        for tp in mine:
            done = self._done.get(TP(tp.topic, tp.partition))
            if done is None:
                done = await self.position(tp) or 0
            behind[tp.topic] += max(0, ends[TopicPartition(tp.topic, tp.partition)] - done)
        return dict(behind)

    def is_current(self, chunk: Chunk) -> bool:
        """Tell whether the chunk's partition is still ours by the assignment it was fetched in."""
        return chunk.generation == self.app.consumer_generation_id and self.flow_active

    def commit_positions(self, positions: Mapping[TP, int]) -> None:
        """Commit these source positions with the next group commit."""
        self._positions.update(positions)

    # -- what Faust calls -------------------------------------------------------------------

    async def force_commit(self, topics: Any = None, start_new_transaction: bool = True) -> bool:
        """Commit the reported positions of partitions that are still ours."""
        assigned = self.assignment()
        positions = {tp: at for tp, at in self._positions.items() if tp in assigned}
        self._positions.clear()
        if not positions:
            return False
        return bool(await self._commit(positions))

    async def on_partitions_revoked(self, revoked: set[TP]) -> None:
        """Commit what is done, then forget all buffers: the new assignment fetches them anew.

        Only here: when Faust seeks later, it leaves partitions without a commit where they are, so
        what is forgotten then would never come again.
        """
        await self.force_commit()
        self._forget()
        await super().on_partitions_revoked(revoked)

    def _forget(self) -> None:
        for merge in self._merges.values():
            merge.clear()
        self._received.clear()
        self._done.clear()
        self._in_flight.clear()
        self._room.set()

    async def _drain_messages(self, fetcher: ServiceT) -> None:
        try:
            while not (self.should_stop or fetcher.should_stop):
                if not self.flow_active:
                    await self.wait_first(self.can_resume_flow.wait())
                    continue
                await self._drain_once()
        except (ConsumerStoppedError, asyncio.CancelledError):
            if not self.app.should_stop:
                raise

    async def _drain_once(self) -> None:
        wanted = self._wanted()
        if not wanted:
            # Everything is waiting for an agent, or nothing is assigned yet.
            self._room.clear()
            await self.wait_first(self._room.wait(), timeout=0.1)
            await self._deliver()
            return
        generation = self.app.consumer_generation_id
        fetched = await self._getmany(active_partitions=wanted, timeout=self._poll_seconds())
        if not self.flow_active or generation != self.app.consumer_generation_id:
            # These records belong to an assignment that is over: recovery seeks again.
            return
        for tp, records in (fetched or {}).items():
            await self._accept(TP(tp.topic, tp.partition), records)
        await self._deliver()

    def _poll_seconds(self) -> float:
        return 0.005 if any(merge.size_count for merge in self._merges.values()) else 0.5

    def _wanted(self) -> set[TP]:
        wanted: set[TP] = set()
        for tp in self._get_active_partitions():
            member = self._group_of.get(tp.topic)
            if member is not None:
                merge = self._merges.get((member[0], tp.partition))
                if merge is not None and merge.size_count >= MAX_BUFFERED_COUNT:
                    if member[1] not in merge.empty_ranks():
                        continue
            wanted.add(tp)
        return wanted

    async def _accept(self, tp: TP, records: list[ConsumerRecord]) -> None:
        member = self._group_of.get(tp.topic)
        if member is None:
            await self._pass_on(tp, records)
            return
        name, rank = member
        merge = self._merges.get((name, tp.partition))
        if merge is None:
            merge = self._merges[name, tp.partition] = Merge(len(self._groups[name]))
        merge.add(rank, records)
        self._received[tp] = records[-1].offset + 1

    async def _pass_on(self, tp: TP, records: list[ConsumerRecord]) -> None:
        """Deliver changelog records as Faust does: its recovery counts them one by one."""
        for record in records:
            await self.wait_first(
                self.callback(self._to_message(tp, record)), self.suspend_flow.wait()
            )
            self._read_offset[tp] = record.offset

    async def _deliver(self) -> None:
        waiting = {
            key: merge
            for key, merge in self._merges.items()
            if merge.size_count and self._in_flight[key] < MAX_IN_FLIGHT_COUNT
        }
        if not waiting:
            return
        caught_up = await self._caught_up(waiting)
        for (name, partition), merge in waiting.items():
            while merge.size_count and self._in_flight[name, partition] < MAX_IN_FLIGHT_COUNT:
                taken = merge.take(self._chunk_count, caught_up[name, partition])
                if not taken:
                    break
                self._in_flight[name, partition] += 1
                await self._hand_over(self._chunk(name, partition, taken))

    async def _caught_up(
        self, waiting: Mapping[tuple[str, int], Merge[ConsumerRecord]]
    ) -> dict[tuple[str, int], list[int]]:
        """Ask the broker where the silent topics end, after the others were received."""
        silent = {
            (key, rank): TP(self._groups[key[0]][rank], key[1])
            for key, merge in waiting.items()
            for rank in merge.empty_ranks()
        }
        wanted = [TopicPartition(tp.topic, tp.partition) for tp in silent.values()]
        ends = await self._ends.end_offsets(wanted) if wanted else {}
        caught_up: dict[tuple[str, int], list[int]] = {key: [] for key in waiting}
        for (key, rank), tp in silent.items():
            if tp not in self._received:
                self._received[tp] = await self.position(tp) or 0
            if self._received[tp] >= ends[TopicPartition(tp.topic, tp.partition)]:
                caught_up[key].append(rank)
        return caught_up

    def _chunk(self, name: str, partition: int, taken: list[tuple[int, ConsumerRecord]]) -> Chunk:
        topics = self._groups[name]
        positions = {TP(topics[rank], partition): record.offset + 1 for rank, record in taken}
        records = [(topics[rank], record) for rank, record in taken]
        return Chunk(name, partition, self.app.consumer_generation_id, records, positions)

    async def _hand_over(self, chunk: Chunk) -> None:
        lead = TP(self._groups[chunk.group][0], chunk.partition)
        _, last = chunk.records[-1]
        message = ConsumerMessage(
            lead.topic,
            lead.partition,
            last.offset,
            last.timestamp / 1000.0,
            last.timestamp_type,
            [],
            None,
            cast(Any, chunk),
            None,
            None,
            None,
            lead,
            generation_id=self.app.consumer_generation_id,
        )
        await self.wait_first(self.callback(message), self.suspend_flow.wait())


class ChunkTransport(driver.Transport):
    """Faust's aiokafka transport with the chunk consumer.

    `groups` maps the name of a group to its topics; the first of them leads: its agent gets the
    chunks of the whole group. `client_options` are aiokafka's, for connecting beside Faust.
    """

    Consumer = ChunkConsumer

    def __init__(
        self,
        *args: Any,
        groups: Mapping[str, tuple[str, ...]],
        chunk_records_count: int,
        client_options: Mapping[str, Any],
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.groups = groups
        self.chunk_records_count = chunk_records_count
        self.client_options = client_options
