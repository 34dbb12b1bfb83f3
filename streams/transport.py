"""The fast path inside Faust: one partition's chunk of records at a time, merged over its topics.

Faust's own consumer makes three to four asyncio tasks for every record. This one hands an agent a
list. Where to read from is asked of the owner of the partitions, whose rows hold the positions
that were applied; what the group commits is only the gauge by which others see the lag.
"""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Collection, Mapping
from typing import Any, cast

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import ConsumerStoppedError, KafkaError
from faust.transport.drivers import aiokafka as driver
from faust.types import TP
from faust.types.tuples import ConsumerMessage
from mode import Service, ServiceT

from streams.chunks import Chunk, ChunkLimits, Owner
from streams.intake import Intake

# A fetch ends when records come; where others wait for a topic in which only a transaction's marker
# came, it ends after so long, since a marker wakes nobody.
RECHECK_SECONDS = 0.02
IDLE_SECONDS = 0.5

log = logging.getLogger(__name__)


class SourceLostError(RuntimeError):
    """A source topic does not hold what was already read of it."""


Records = dict[TP, list[ConsumerRecord]]


class CommittedReads(driver.AIOKafkaConsumerThread):
    """Faust's consumer thread, reading only what upstream transactions committed."""

    async def fetch(self, wanted: set[TP], seconds: float) -> tuple[Records, dict[TP, int]]:
        """Give records, and how far each partition was fetched with them.

        Both are of one moment: a position asked for afterwards could be past records that are
        still on their way to the asking thread.
        """
        found: tuple[Records, dict[TP, int]] = await self.call_thread(self._fetch, wanted, seconds)
        return found

    async def _fetch(self, wanted: set[TP], seconds: float) -> tuple[Records, dict[TP, int]]:
        consumer = self._ensure_consumer()
        fetched = await self._fetch_records(
            consumer, wanted, timeout=seconds, max_records=consumer._max_poll_records
        )
        subscription = consumer._subscription.subscription
        assignment = subscription.assignment if subscription is not None else None
        states = {tp: assignment.state_value(tp) for tp in assignment.tps} if assignment else {}
        positions = {TP(*tp): one.position for tp, one in states.items() if one.has_valid_position}
        return {TP(*tp): records for tp, records in fetched.items()}, positions

    def _create_worker_consumer(self, transport: driver.Transport) -> AIOKafkaConsumer:
        consumer = super()._create_worker_consumer(transport)
        # Faust offers this only together with its own transactions, which are not used.
        consumer._isolation_level = "read_committed"
        return consumer


class ChunkConsumer(driver.Consumer):
    """Faust's aiokafka consumer, delivering chunks and reading from the owner's positions."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        transport = self.transport
        assert isinstance(transport, ChunkTransport)
        self._chunks = transport
        self._intake = Intake(transport.groups, transport.limits, self._ends_of)
        self._positions: dict[TP, int] = {}
        self._done: dict[TP, int] = {}
        self._stir = asyncio.Event()
        # Held from the start of a fetch until its records are taken, and while seeking: what a
        # fetch of before brings after a seek would be dropped, and never come again.
        self._fetching = asyncio.Lock()
        # A connection of its own: on the fetching one, this question would wait behind a long poll.
        self._ends = AIOKafkaConsumer(
            enable_auto_commit=False, isolation_level="read_committed", **transport.client_options
        )

    def _new_consumer_thread(self) -> CommittedReads:
        self._reads = CommittedReads(self, loop=self.loop, beacon=self.beacon)
        return self._reads

    async def on_start(self) -> None:
        """Connect, the probe for log ends first."""
        await self._ends.start()
        await super().on_start()

    async def on_stop(self) -> None:
        """Commit what is done and disconnect."""
        await super().on_stop()
        await self._ends.stop()

    # -- what agents call -------------------------------------------------------------------

    def applied(self, chunk: Chunk, took_s: float) -> None:
        """Report how long applying a chunk took."""
        self._intake.applied(len(chunk.records), took_s)

    def done(self, chunk: Chunk, *, commit: bool = True) -> None:
        """Report that all effects of a chunk are durable; its positions are committed soon after.

        With `commit=False` the chunk only leaves the pipeline: its group is committed through
        `commit_positions` when its owner has made a snapshot.
        """
        if commit:
            self.commit_positions(chunk.positions)
        if chunk.generation == self.app.consumer_generation_id:
            self._done.update(chunk.positions)
            self._intake.done(chunk)
            self._stir.set()

    async def lag(self) -> dict[str, int]:
        """Count, by topic, the records appended but not yet reported as done.

        Raises
        ------
        aiokafka.errors.KafkaError
            The broker does not answer.
        """
        mine = [TP(*tp) for tp in self.assignment() if self._intake.knows(tp.topic)]
        ends = await self._ends_of(mine)
        behind: defaultdict[str, int] = defaultdict(int)
        for tp in mine:
            fetched = self._intake.fetched(tp)
            done = fetched if self._intake.is_clear(tp) else self._done.get(tp)
            if done is not None:
                behind[tp.topic] += max(0, ends[tp] - done)
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
        """Apply nothing more, wait until what was applied is durable, then forget the rest."""
        self.stop_flow()
        await self._chunks.owner.drain()
        await self.force_commit()
        self._intake.forget()
        self._done.clear()
        await super().on_partitions_revoked(revoked)

    async def seek_to_committed(self) -> Mapping[TP, int]:
        """Go to the positions that the owner's rows hold; to the beginning where there are none.

        Raises
        ------
        SourceLostError
            A source topic ends before the position: it is not the one that was read.
        """
        assigned = self.assignment()
        positions = {tp: at for tp, at in self._chunks.owner.positions().items() if tp in assigned}
        await self._check_sources(positions)
        async with self._fetching:
            self._intake.forget()
            await self.seek_wait(positions)
        self._done.update(positions)
        return positions

    async def _check_sources(self, positions: Mapping[TP, int]) -> None:
        ends = await self._ends_of(positions)
        asked = [TopicPartition(*tp) for tp in positions]
        first = await self._ends.beginning_offsets(asked) if asked else {}
        for tp, at in positions.items():
            where = f"{tp.topic} partition {tp.partition}"
            if at > ends[tp]:
                message = (
                    f"{where} ends at {ends[tp]}, but was read to {at}: it was created anew, or"
                    " records of it were lost; bring it back, or start with a new COUPON_APP_ID"
                )
                raise SourceLostError(message)
            begins = first[TopicPartition(*tp)]
            if 0 < at < begins:
                log.error("%s: %s records were deleted before they were read", where, begins - at)

    async def _ends_of(self, tps: Collection[TP]) -> Mapping[TP, int]:
        asked = [TopicPartition(*tp) for tp in tps]
        found = await self._ends.end_offsets(asked) if asked else {}
        return {TP(*tp): end for tp, end in found.items()}

    async def _drain_messages(self, fetcher: ServiceT) -> None:
        try:
            while not (self.should_stop or fetcher.should_stop):
                if self.flow_active:
                    await self._fetch_once()
                else:
                    await self.wait_first(self.can_resume_flow.wait())
        except (ConsumerStoppedError, asyncio.CancelledError):
            if not self.app.should_stop:
                raise

    async def _fetch_once(self) -> None:
        active = self._get_active_partitions()
        wanted = {tp for tp in active if self._intake.knows(tp.topic) and self._intake.wants(tp)}
        if not wanted:
            # Everything is waiting for an agent, or nothing is assigned yet.
            await self.sleep(RECHECK_SECONDS)
            return
        async with self._fetching:
            generation = self.app.consumer_generation_id
            seconds = RECHECK_SECONDS if self._intake.is_waiting else IDLE_SECONDS
            fetched, positions = await self._reads.fetch(wanted, seconds)
            if not self.flow_active or generation != self.app.consumer_generation_id:
                # The assignment is over: the seek of the next one, which waits for us, will bring
                # these records again.
                return
            self._intake.accept(fetched, positions)
        if fetched:
            self._stir.set()
            # A fetch ends with the first record that comes; a little later there are more, and
            # every fetch costs broker and worker about the same, however few records it brings.
            await self.sleep(self._chunks.limits.gather_s)

    @Service.task
    async def _deliver_messages(self) -> None:
        """Hand chunks to the agents whenever records came or room was made."""
        while not self.should_stop:
            seconds = RECHECK_SECONDS if self._intake.is_waiting else IDLE_SECONDS
            await self.wait_first(self._stir.wait(), timeout=seconds)
            self._stir.clear()
            if not self.flow_active:
                continue
            try:
                await self._deliver_all()
            except KafkaError as error:
                log.warning("Kafka did not say where topics end: %s", error or type(error).__name__)
                await self.sleep(IDLE_SECONDS)

    async def _deliver_all(self) -> None:
        while chunks := await self._intake.cut(lambda: self.app.consumer_generation_id):
            for chunk in chunks:
                await self._hand_over(chunk)

    async def _hand_over(self, chunk: Chunk) -> None:
        lead = TP(self._chunks.groups[chunk.group][0], chunk.partition)
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
            generation_id=chunk.generation,
        )
        await self.wait_first(self.callback(message), self.suspend_flow.wait())


class ChunkTransport(driver.Transport):
    """Faust's aiokafka transport with the chunk consumer.

    `groups` maps the name of a group to its topics; the first of them leads: its agent gets the
    chunks of the whole group. `client_options` are aiokafka's, for connecting beside Faust.
    `owner` must be set before the app starts.
    """

    Consumer = ChunkConsumer
    owner: Owner

    def __init__(
        self,
        *args: Any,
        groups: Mapping[str, tuple[str, ...]],
        limits: ChunkLimits,
        client_options: Mapping[str, Any],
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.groups = groups
        self.limits = limits
        self.client_options = client_options
