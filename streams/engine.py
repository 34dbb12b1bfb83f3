"""A worker's middle: applies the chunks that the agents bring and hands the effects on.

Nothing here is undone. If a chunk cannot be made durable the process ends, and whoever owns the
partition next reads the rows as the log has them and takes the chunk again.
"""

import asyncio
import gc
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import cast

import structlog
from aiokafka.errors import KafkaError
from faust.types import TP

from streams import gauges
from streams.app import Declared, signed_source_of
from streams.chunks import Chunk
from streams.connection import librdkafka_options
from streams.emission import Emission
from streams.grounds import Grounds
from streams.health import Health
from streams.lending import Lending
from streams.metrics import Metrics
from streams.ownership import Owned, Ownership
from streams.progress import Progress
from streams.settings import Settings
from streams.silence import beats
from streams.table import RowStore
from streams.training import Training
from streams.transport import ChunkConsumer

log = structlog.get_logger()


class Engine:
    """Everything that the agents of one worker share.

    `fail` is called with an error after which nothing may be committed; it ends the process.
    """

    def __init__(
        self,
        settings: Settings,
        declared: Declared,
        metrics: Metrics,
        health: Health,
        fail: Callable[[BaseException], None],
    ) -> None:
        self.settings = settings
        self.declared = declared
        self.metrics = metrics
        self.health = health
        self.progress = Progress()
        self.grounds = Grounds(settings, metrics)
        self.fail = fail
        self._source = signed_source_of(settings)
        self.ownership = Ownership(
            settings,
            self._source,
            declared.outbound,
            lambda: cast(RowStore, declared.users.data),
            librdkafka_options(settings),
            fail,
        )
        self.training = Training(
            settings,
            self.grounds.learning,
            self.grounds.knowing,
            self.ownership.transactions("trainer"),
            declared.outbound.models,
            metrics,
        )
        self.lending = Lending(settings, self.grounds, self.ownership, declared.outbound)
        self._heard_s: dict[int, float] = {}
        self.ready = asyncio.Event()
        self.catch_up: Callable[[], Awaitable[None]] = _nothing_to_read

    @property
    def consumer(self) -> ChunkConsumer:
        """The consumer that chunks come from."""
        return cast(ChunkConsumer, self.declared.app.consumer)

    # -- what the transport asks of the owner ------------------------------------------------

    async def take_over(self, assignment: set[TP]) -> None:
        """Make the partitions of a new assignment ours, and no others."""
        await self.ready.wait()
        lead = next(iter(self.declared.families))
        with self.progress.working("recovery"):
            await self.ownership.take_over(tp.partition for tp in assignment if tp.topic == lead)
            if TP(self.declared.outbound.outcomes, 0) in assignment:
                await self.training.take_over(self.catch_up)
            else:
                await self.training.give_up()
            if TP(self.declared.outbound.budget, 0) in assignment:
                await self.lending.take_over(self.catch_up)
            else:
                await self.lending.give_up()
        gc.freeze()  # what was just loaded stays; looking through it again would cost, not free

    async def drain(self) -> None:
        """Return when everything applied so far is durable."""
        await self.ownership.drain()
        await self.lending.drain()

    def positions(self) -> Mapping[TP, int]:
        """Tell from where each source partition is to be read."""
        found = self.ownership.positions()
        if self.training.is_ours:
            found[TP(self.declared.outbound.outcomes, 0)] = self.training.next_offset
            found[TP(self.declared.outbound.sessions, 0)] = self.training.next_session
        if self.lending.is_ours:
            found[TP(self.declared.outbound.budget, 0)] = self.lending.next_offset
        return found

    async def close(self) -> None:
        """Give everything up."""
        await self.training.give_up()
        await self.lending.give_up()
        await self.ownership.close()

    # -- customers --------------------------------------------------------------------------

    async def on_shop_event(self, chunk: Chunk) -> None:
        """Apply a chunk of customers' events, and leave it to be made durable."""
        owned = self.ownership.get(chunk.partition)
        self.health.polled()
        if owned is None or not self.consumer.is_current(chunk):
            return
        began_s = time.perf_counter()
        try:
            chunk.require_from(owned.partition.next_offset)
            emission = owned.partition.apply(chunk.records, self.grounds.rules())
        except Exception as error:
            self.fail(error)
            raise
        applied_s = time.perf_counter() - began_s
        self.consumer.applied(chunk, applied_s)
        emission.tally.observe("stage_duration_seconds", applied_s, ("decide",))
        self._publish(owned, emission, chunk)

    def _publish(self, owned: Owned, emission: Emission, chunk: Chunk | None = None) -> None:
        began_s = time.perf_counter()
        work = self.progress.begin("transaction")

        def durable() -> None:
            self.progress.end(work)
            if chunk is not None:
                self.consumer.done(chunk)
            self._heard_s[owned.partition.number] = time.monotonic()
            emission.tally.observe(
                "stage_duration_seconds", time.perf_counter() - began_s, ("produce",)
            )
            self._measure(emission)

        owned.publisher.publish(emission, durable)

    def _measure(self, emission: Emission) -> None:
        tally = emission.tally
        now_ms = time.time() * 1000
        for trigger in emission.triggers:
            tally.observe("decision_latency_seconds", max(0.0, now_ms - trigger.timestamp) / 1000)
        self.metrics.apply(tally)
        for topic, newest_ms in emission.newest_ms.items():
            self.metrics.set("last_event_timestamp_seconds", newest_ms / 1000, (topic,))

    # -- the trainer ------------------------------------------------------------------------

    async def on_outcome(self, chunk: Chunk) -> None:
        """Learn from a chunk of outcomes; commit only up to what a snapshot holds."""
        training = self.training
        await self._train(chunk, lambda _topic: training.next_offset, training.learn)

    async def on_session(self, chunk: Chunk) -> None:
        """Learn from a chunk of sessions; commit only up to what a snapshot holds."""
        training = self.training
        await self._train(chunk, lambda _topic: training.next_session, training.learn_sessions)

    async def _train(
        self,
        chunk: Chunk,
        next_offset: Callable[[str], int],
        learn: Callable[[Chunk], Awaitable[int | None]],
    ) -> None:
        self.health.polled()
        if not self.training.is_ours or not self.consumer.is_current(chunk):
            return
        with self.progress.working("training"):
            try:
                chunk.require_from(next_offset)
                held = await learn(chunk)
            except Exception as error:
                self.fail(error)
                raise
        self.consumer.done(chunk, commit=False)
        if held is not None:
            self.consumer.commit_positions({TP(chunk.records[0][0], 0): held})

    # -- the ledger -------------------------------------------------------------------------

    async def on_budget(self, chunk: Chunk) -> None:
        """Answer a chunk of what partitions ask of the ledger."""
        self.health.polled()
        if not self.lending.is_ours or not self.consumer.is_current(chunk):
            return
        with self.progress.working("lending"):
            try:
                chunk.require_from(lambda _topic: self.lending.next_offset)
                await self.lending.apply(chunk)
            except Exception as error:
                self.fail(error)
                raise
        self.consumer.done(chunk)

    # -- time for partitions in which nothing happens ---------------------------------------

    def heartbeat(self) -> None:
        """Tell silent partitions how far event time has come elsewhere, so timers fire there."""
        owned, idle_s = self.ownership.partitions, self.settings.heartbeat_idle_ms / 1000
        for number, emission in beats(owned, self._heard_s, time.monotonic() - idle_s):
            ours = self.ownership.get(number)
            assert ours is not None
            self._publish(ours, emission)

    # -- gauges -----------------------------------------------------------------------------

    async def refresh_gauges(self) -> None:
        """Set what is read off the state rather than counted."""
        owned = self.ownership.partitions.values()
        catalogue, lendable_minor = self.grounds.offers.catalogue, self.lending.free_minor
        gauges.set_partition_gauges(self.metrics, owned, catalogue, lendable_minor)
        gauges.set_model_gauges(self.metrics, self.settings.model_id, self.grounds.learning)
        gauges.set_training_gauges(self.metrics, self.training)
        rules = self.grounds.rules()
        gauges.set_experiment_gauges(self.metrics, owned, rules.shares, rules.salt)
        try:
            lag = await self.consumer.lag()
        except KafkaError as error:
            log.warning("the lag is not known", reason=str(error) or type(error).__name__)
            return
        self.progress.behind(sum(lag.values()))
        for topic, records_count in lag.items():
            self.metrics.set("consumer_lag_records", records_count, (topic,))


async def _nothing_to_read() -> None:
    """Stand in for the broadcast until it is connected."""
