"""Brings the benchmark's events to a broker and its decisions back, the same way for everybody."""

import asyncio
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.structs import RecordMetadata

from streams import topic_admin
from streams.benching.shop import Message
from streams.connection import client_options
from streams.settings import DAY_MS, Settings
from streams.topics import INBOUND, Clock, TopicSpec, inbound_name, specs

FAMILY_HEADER = "family"
# The simulated shop's past must outlive the benchmark.
_KEPT_MS = 20_000 * DAY_MS
_POLL_MS = 20
_TICK_SECONDS = 0.002


def merged_name(settings: Settings) -> str:
    """Name the one topic that carries every event, in order, to those who do not merge seven."""
    return f"{settings.topic_prefix}bench.events.v1"


def group_name(settings: Settings) -> str:
    """Name a contender's consumer group; what its framework creates is named after it."""
    return f"{settings.topic_prefix}peer"


def decisions_name(settings: Settings) -> str:
    """Name the topic that everybody answers on."""
    return f"{settings.topic_prefix}coupon.decisions.v1"


async def create_topics(settings: Settings, merged: bool, clock: Clock) -> None:
    """Create what a contender reads and writes; inbound records carry the time of `clock`."""
    wanted = specs(settings)
    if merged:
        decisions = [spec for spec in wanted if spec.name == decisions_name(settings)]
        events = replace(_spec_of(wanted, settings), name=merged_name(settings))
        wanted = (events, *decisions)
    inbound = {merged_name(settings), *_inbound_names(settings)}
    await topic_admin.apply(
        client_options(settings),
        [_timed(spec, clock) if spec.name in inbound else spec for spec in wanted],
    )


async def delete_topics(settings: Settings) -> None:
    """Forget a run: its topics, and what its application keeps under its own name."""
    async with topic_admin.admin_client(client_options(settings)) as admin:
        names = await admin.list_topics()
        ours = (settings.topic_prefix, settings.app_id)
        await admin.delete_topics([name for name in names if any(one in name for one in ours)])


def _spec_of(wanted: Collection[TopicSpec], settings: Settings) -> TopicSpec:
    browse = inbound_name("browse", settings.topic_prefix)
    return next(spec for spec in wanted if spec.name == browse)


def _timed(spec: TopicSpec, clock: Clock) -> TopicSpec:
    kept_ms = None if spec.retention_ms is None else _KEPT_MS
    return replace(spec, clock=clock, retention_ms=kept_ms)


def _inbound_names(settings: Settings) -> set[str]:
    return {inbound_name(family, settings.topic_prefix) for family in INBOUND}


@asynccontextmanager
async def producing(settings: Settings) -> AsyncIterator[AIOKafkaProducer]:
    """Open the shop's producer for a while."""
    producer = AIOKafkaProducer(
        acks="all", linger_ms=0, max_batch_size=512 * 1024, **client_options(settings)
    )
    await producer.start()
    try:
        yield producer
    finally:
        await producer.stop()


async def fill(
    producer: AIOKafkaProducer, settings: Settings, messages: Sequence[Message], merged: bool
) -> None:
    """Put all events there at once, each with its event time as the record's time.

    The worker merges topics by the records' times, so it meets the shop's own order, as those do
    who read the merged topic.
    """
    lots: defaultdict[tuple[str, int], list[Message]] = defaultdict(list)
    for message in messages:
        lots[_topic_of(message, settings, merged), message.partition].append(message)
    futures = []
    for (topic, partition), lot in lots.items():
        batch = producer.create_batch()
        for message in lot:
            entry = _entry(message, merged)
            if batch.append(timestamp=message.ts_ms, **entry) is None:
                futures.append(await producer.send_batch(batch, topic, partition=partition))
                batch = producer.create_batch()
                batch.append(timestamp=message.ts_ms, **entry)
        futures.append(await producer.send_batch(batch, topic, partition=partition))
    for future in futures:
        await future


async def send_at(
    producer: AIOKafkaProducer,
    settings: Settings,
    messages: Sequence[Message],
    merged: bool,
    events_per_second: float,
) -> dict[str, int]:
    """Send events at a steady rate; gives the broker's append time in ms by event id."""
    began_s, futures = time.perf_counter(), []
    for count, message in enumerate(messages):
        ahead_s = count / events_per_second - (time.perf_counter() - began_s)
        # Without a pause too the loop must turn: decisions are read in it.
        await asyncio.sleep(ahead_s if ahead_s > _TICK_SECONDS else 0)
        topic, entry = _topic_of(message, settings, merged), _entry(message, merged)
        futures.append(await producer.send(topic, partition=message.partition, **entry))
    told: list[RecordMetadata] = await asyncio.gather(*futures)
    return {
        message.event_id: metadata.timestamp
        for message, metadata in zip(messages, told, strict=True)
    }


def _topic_of(message: Message, settings: Settings, merged: bool) -> str:
    return merged_name(settings) if merged else inbound_name(message.family, settings.topic_prefix)


def _entry(message: Message, merged: bool) -> dict[str, Any]:
    headers = [(FAMILY_HEADER, message.family.encode())] if merged else []
    return {"key": message.key, "value": message.value, "headers": headers}


@dataclass(slots=True)
class Arrived:
    """A decision as it was read, and when (epoch milliseconds)."""

    value: bytes
    read_ms: float


class Decisions:
    """Everything that becomes readable on a decisions topic, transactions committed."""

    def __init__(self, settings: Settings) -> None:
        self.arrived: list[Arrived] = []
        self._settings = settings
        self._consumer = AIOKafkaConsumer(
            isolation_level="read_committed",
            auto_offset_reset="earliest",
            enable_auto_commit=False,
            fetch_max_wait_ms=_POLL_MS,
            **client_options(settings),
        )

    async def __aenter__(self) -> "Decisions":
        await self._consumer.start()
        topic = decisions_name(self._settings)
        self._consumer.assign([TopicPartition(topic, n) for n in range(self._settings.partitions)])
        return self

    async def __aexit__(self, *failure: object) -> None:
        await self._consumer.stop()

    async def until(
        self,
        count: int,
        deadline_seconds: float,
        first: Callable[[], None] = lambda: None,
        alive: Callable[[], None] = lambda: None,
    ) -> None:
        """Read until so many have arrived in all; `first` is called when the first one has.

        Raises
        ------
        TimeoutError
            They did not.
        """
        async with asyncio.timeout(deadline_seconds):
            while len(self.arrived) < count:
                alive()
                batches = await self._consumer.getmany(timeout_ms=_POLL_MS)
                read_ms = time.time() * 1_000
                found = [Arrived(r.value, read_ms) for lot in batches.values() for r in lot]
                is_first = bool(found) and not self.arrived
                self.arrived += found
                if is_first:
                    first()
