"""A worker's middle: takes chunks from the agents, applies them, publishes what follows.

Nothing here is undone. If a chunk cannot be published the error ends the process, and whoever owns
the partition next recovers the rows as the log has them and takes the chunk again.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any, cast

import structlog
from aiokafka import ConsumerRecord
from faust.types import TP

from features.events import Event
from online_models.refusals import SnapshotRefused
from streams import gauges, wire
from streams.app import Declared, product_version
from streams.context import Rules
from streams.emission import Emission, Source
from streams.health import Health
from streams.learning import Learning
from streams.metrics import Metrics, Tally
from streams.offers import Offers
from streams.partitions import Partition
from streams.publisher import Publisher
from streams.rules import rules_of
from streams.settings import Settings
from streams.table import RowStore
from streams.transport import Chunk, ChunkConsumer

log = structlog.get_logger()


class Engine:
    """Everything that the agents of one worker share."""

    def __init__(
        self,
        settings: Settings,
        declared: Declared,
        publisher: Publisher,
        metrics: Metrics,
        health: Health,
    ) -> None:
        self.settings = settings
        self.declared = declared
        self.metrics = metrics
        self.health = health
        self.offers = Offers(settings)
        self.learning = Learning(settings)
        self._publisher = publisher
        self._source = Source(
            families=declared.families,
            group=settings.app_id,
            worker_version=product_version(),
            partitions_count=settings.partitions,
        )
        self.partitions: dict[int, Partition] = {}
        self._generation = -1
        self._training_generation = -1
        self._heard_s: dict[int, float] = {}
        self.ready = asyncio.Event()
        self.catch_up: Callable[[], Awaitable[None]] = _nothing_to_read

    @property
    def consumer(self) -> ChunkConsumer:
        """The consumer that chunks come from."""
        return cast(ChunkConsumer, self.declared.app.consumer)

    # -- customers --------------------------------------------------------------------------

    async def on_shop_event(self, chunk: Chunk) -> None:
        """Apply a chunk of customers' events; done when all its effects are durable."""
        await self.ready.wait()
        self.health.polled()
        if not self.consumer.is_current(chunk):
            return
        partition = self._partition(chunk.partition)
        rules = self._rules()
        began_s = time.perf_counter()
        emission = partition.apply(chunk.records, rules)
        decided_s = time.perf_counter()
        await self._publisher.publish(chunk.partition, emission)
        self.consumer.done(chunk)
        self._heard_s[chunk.partition] = time.monotonic()
        self._measure(emission, decided_s - began_s, time.perf_counter() - decided_s)

    def take_over(self) -> None:
        """Load every partition of the new assignment, so that their timers run without traffic."""
        lead = next(iter(self.declared.families))
        for tp in sorted(self.consumer.assignment()):
            if tp.topic == lead:
                self._partition(tp.partition)

    def _partition(self, number: int) -> Partition:
        generation = self.declared.app.consumer_generation_id
        if generation != self._generation:
            # Rows may have been recovered anew since: decoded state of an older generation is void.
            self.partitions.clear()
            self._generation = generation
        partition = self.partitions.get(number)
        if partition is None:
            rows = cast(RowStore, self.declared.users.data).rows(number)
            partition = self.partitions[number] = Partition(number, rows, self._source)
        return partition

    def _rules(self) -> Rules:
        learning = self.learning
        return rules_of(self.settings, self.offers.catalogue, learning.scorer, learning.version)

    def _measure(self, emission: Emission, apply_s: float, produce_s: float) -> None:
        tally = emission.tally
        tally.observe("stage_duration_seconds", apply_s, ("decide",))
        tally.observe("stage_duration_seconds", produce_s, ("produce",))
        now_ms = time.time() * 1000
        for trigger in emission.triggers:
            tally.observe("decision_latency_seconds", max(0.0, now_ms - trigger.timestamp) / 1000)
        self.metrics.apply(tally)
        for topic, newest_ms in emission.newest_ms.items():
            self.metrics.set("last_event_timestamp_seconds", newest_ms / 1000, (topic,))

    # -- the trainer ------------------------------------------------------------------------

    async def on_outcome(self, chunk: Chunk) -> None:
        """Learn from a chunk of outcomes; commit only up to what a snapshot holds."""
        await self.ready.wait()
        self.health.polled()
        if not self.consumer.is_current(chunk):
            return
        if chunk.generation != self._training_generation:
            # Another worker may have trained in between: its snapshot is where we go on.
            await self.catch_up()
            self.learning.begin()
            self._training_generation = chunk.generation
        tally = Tally()
        trained = self.learning.learn(
            (record.offset, wire.decode_outcome(record.value)) for _, record in chunk.records
        )
        self.consumer.done(chunk, commit=False)
        if trained.snapshot is not None:
            await self._publish_snapshot(trained.snapshot)
        for label, count in trained.learned.items():
            tally.add("model_learned", (self.settings.model_id, label), count)
        self.metrics.apply(tally)

    async def _publish_snapshot(self, snapshot: dict[str, Any]) -> None:
        topics = self.declared.outbound
        value = wire.encode_state(snapshot)
        await self._publisher.send(topics.models, 0, [(self.settings.model_id.encode(), value, ())])
        self.consumer.commit_positions({TP(topics.outcomes, 0): self.learning.snapshot_offset + 1})
        self.metrics.set("model_checkpoint_bytes", len(value))
        self.metrics.set("model_checkpoint_timestamp_seconds", time.time())

    # -- what every worker hears ------------------------------------------------------------

    def on_model(self, record: ConsumerRecord) -> None:
        """Put a snapshot in force; a refused one leaves the last good model where it is."""
        if record.key != self.settings.model_id.encode() or record.value is None:
            return
        try:
            self.learning.take(wire.decode_state(record.value))
        except (SnapshotRefused, ValueError) as refused:  # ValueError: it is not even JSON
            tally = Tally()
            tally.add("model_checkpoint_failures")
            self.metrics.apply(tally)
            log.error("a model snapshot was refused", reason=str(refused), offset=record.offset)

    def on_campaign(self, record: ConsumerRecord) -> None:
        """Put a campaign in force or take it away; a refused one changes nothing."""
        name = (record.key or b"").decode(errors="replace")
        if record.value is None:
            self.offers.withdraw(name)
            return
        try:
            self.offers.put(name, wire.decode_state(record.value))
        except ValueError as refused:
            log.error("a campaign was refused", campaign=name, problems=str(refused))

    # -- time for partitions in which nothing happens ---------------------------------------

    async def heartbeat(self) -> None:
        """Tell silent partitions how far event time has come elsewhere, so that timers fire there.

        A heartbeat is a record in the partition's own log, and so at the same place in a replay.
        """
        if not self.partitions:
            return
        newest_ms = max(p.state.watermark_ms for p in self.partitions.values())
        silent = [p for p in self.partitions.values() if self._is_silent(p, newest_ms)]
        for partition in silent:
            beat = Event(
                event_id=f"heartbeat-{partition.number}-{newest_ms}",
                event_type="heartbeat",
                user_id="",
                ts_ms=newest_ms,
            )
            message = (b"", wire.encode_event(beat), ())
            await self._publisher.send(
                self.declared.outbound.heartbeats, partition.number, [message]
            )
            self._heard_s[partition.number] = time.monotonic()

    def _is_silent(self, partition: Partition, newest_ms: int) -> bool:
        age_s = time.monotonic() - self._heard_s.get(partition.number, 0.0)
        waits = partition.next_timer_ms
        return (
            age_s * 1000 >= self.settings.heartbeat_idle_ms
            and waits is not None
            and waits <= newest_ms
        )

    # -- gauges -----------------------------------------------------------------------------

    async def refresh_gauges(self) -> None:
        """Set what is read off the state rather than counted."""
        gauges.set_partition_gauges(self.metrics, self.partitions.values(), self.offers.catalogue)
        gauges.set_model_gauges(self.metrics, self.settings.model_id, self.learning)
        rules = self._rules()
        gauges.set_experiment_gauges(
            self.metrics, self.partitions.values(), rules.shares, rules.salt
        )
        for topic, records_count in (await self.consumer.lag()).items():
            self.metrics.set("consumer_lag_records", records_count, (topic,))


async def _nothing_to_read() -> None:
    """Stand in for the broadcast until it is connected."""
