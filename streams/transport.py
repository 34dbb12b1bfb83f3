"""The fast path inside Faust: one partition's chunk of records at a time, merged over its topics.

Faust's own consumer makes three to four asyncio tasks for every record. This one hands an agent a
list. Where to read from is asked of the owner of the partitions, whose rows hold the positions
that were applied; what the group commits is only the gauge by which others see the lag.
"""

import asyncio
import logging
import time
from collections import defaultdict
from collections.abc import Collection, Mapping
from contextlib import suppress
from typing import Any, cast

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import ConsumerStoppedError
from faust.transport.drivers import aiokafka as driver
from faust.types import TP
from faust.types.tuples import ConsumerMessage
from mode import Service, ServiceT

from streams.chunks import Chunk, ChunkLimits, Owner
from streams.fetches import Fetches
from streams.intake import Intake

RECHECK_SECONDS = 0.02
IDLE_SECONDS = 0.5
IDLE_WAIT_MS = 500
# Records get their append time in whole milliseconds. What is asked so long after one came cannot
# miss another of the same millisecond.
TICK_SECONDS = 0.001

log = logging.getLogger(__name__)


class SourceLostError(RuntimeError):
    """A source topic does not hold what was already read of it."""


class Membership(driver.AIOKafkaConsumerThread):
    """Faust's consumer thread: it joins the group, beats and commits, and fetches nothing."""

    async def hold(self, positions: Mapping[TP, int]) -> None:
        """Give every partition a position that is not asked for, and fetch none of them."""
        await self.seek_wait(positions)
        await self.call_thread(self._pause)

    async def _pause(self) -> None:
        consumer = self._ensure_consumer()
        consumer.pause(*consumer.assignment())


class ChunkConsumer(driver.Consumer):
    """Faust's aiokafka consumer, delivering chunks and reading from the owner's positions."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        transport = self.transport
        assert isinstance(transport, ChunkTransport)
        self._chunks = transport
        self._intake = Intake(transport.groups, transport.limits)
        self._positions: dict[TP, int] = {}
        self._done: dict[TP, int] = {}
        self._stir = asyncio.Event()
        # Whether the positions were looked up since partitions were last taken from us.
        self._is_placed = False
        self._fetches = Fetches(
            transport.client_options, self.app.conf.broker_check_crcs, transport.awaited
        )
        # A connection of its own: on the fetching one, a question would wait behind a long poll.
        self._ends = AIOKafkaConsumer(
            enable_auto_commit=False, isolation_level="read_committed", **transport.client_options
        )

    def _new_consumer_thread(self) -> Membership:
        self._membership = Membership(self, loop=self.loop, beacon=self.beacon)
        return self._membership

    async def on_start(self) -> None:
        """Connect, the group last."""
        await self._ends.start()
        await self._fetches.start()
        await super().on_start()

    async def on_stop(self) -> None:
        """Commit what is done and disconnect."""
        await super().on_stop()
        await self._fetches.stop()
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

    async def verify_all_partitions_active(self) -> None:
        """Suspect nothing: whether the worker gets on is what the watchdog looks after."""

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
        self._is_placed = False
        self.stop_flow()
        await self._chunks.owner.drain()
        await self.force_commit()
        self._intake.forget({})
        self._done.clear()
        await super().on_partitions_revoked(revoked)

    async def seek_to_committed(self) -> Mapping[TP, int]:
        """Go to the positions that the owner's rows hold; to the beginning where there are none.

        Raises
        ------
        SourceLostError
            A source topic ends before the position: it is not the one that was read.
        """
        self._is_placed = True
        assigned = self.assignment()
        applied = {tp: at for tp, at in self._chunks.owner.positions().items() if tp in assigned}
        positions = await self._check_sources(applied)
        await self._membership.hold(positions)
        if self._is_placed:
            # What was deleted unread is told of, and no chunk is missed for it.
            self._intake.forget(applied)
            self._fetches.seek(positions)
            self._done.update(positions)
        return positions

    def resume_flow(self) -> None:
        """Go on, unless partitions were taken from us since the positions were looked up.

        Faust resumes after its seek whatever has happened meanwhile. In the middle of the next
        rebalance chunks would be dropped for their old generation, and those after them applied.
        """
        if self._is_placed or not self.assignment():
            super().resume_flow()
        else:
            log.info("the flow waits for the positions of the next assignment")

    async def _check_sources(self, positions: Mapping[TP, int]) -> dict[TP, int]:
        """Give the positions, those before a topic's beginning moved there."""
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
        return {tp: max(at, first[TopicPartition(*tp)]) for tp, at in positions.items()}

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
        began_s = time.monotonic()
        wait_ms = 0 if self._intake.is_unsure else IDLE_WAIT_MS
        look = await self._fetches.look(wanted, wait_ms, self._intake.mark)
        if look is None or not self.flow_active:
            # What comes while the flow stands still comes again: it goes on with a seek.
            return
        self._intake.accept(look.records, look.positions, look.at_end, look.asked)
        self._stir.set()
        if look.out_of_range:
            await self._leave_out_deleted(look.out_of_range)
        if look.records:
            # Every fetch costs broker and worker about the same, however few records it brings.
            rest_s = began_s + self._chunks.limits.gather_s - time.monotonic()
            await asyncio.sleep(max(TICK_SECONDS, rest_s))

    async def _leave_out_deleted(self, tps: Collection[TP]) -> None:
        at = {tp: self._fetches.position(tp) for tp in tps}
        try:
            found = await self._check_sources(at)
        except SourceLostError as error:
            self._chunks.owner.fail(error)
            raise
        self._fetches.skip({tp: (at[tp], found[tp]) for tp in tps})

    @Service.task
    async def _deliver_messages(self) -> None:
        """Hand chunks to the agents whenever records came or room was made."""
        while not self.should_stop:
            with suppress(TimeoutError):
                async with asyncio.timeout(IDLE_SECONDS):
                    await self._stir.wait()
            self._stir.clear()
            while self.flow_active and (chunks := self._cut()):
                for chunk in chunks:
                    await self._hand_over(chunk)

    def _cut(self) -> list[Chunk]:
        return self._intake.cut(self.app.consumer_generation_id)

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
        if self.app.flow_control.is_active():
            await self.callback(message)
        else:
            await self.wait_first(self.callback(message), self.suspend_flow.wait())


class ChunkTransport(driver.Transport):
    """Faust's aiokafka transport with the chunk consumer.

    `groups` maps the name of a group to its topics; the first of them leads: its agent gets the
    chunks of the whole group. `client_options` are aiokafka's, for connecting beside Faust. Of
    topics that are `awaited`, nothing newer passes what is written, but not yet committed.
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
        awaited: frozenset[str] = frozenset(),
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.groups = groups
        self.limits = limits
        self.client_options = client_options
        self.awaited = awaited
