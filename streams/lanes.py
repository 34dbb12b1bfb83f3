"""Sends events so that each partition's topics can be merged back into the order of the file.

A worker merges the co-partitioned topics of a partition by the broker's append time, which counts
whole milliseconds. So there is one lane per partition: consecutive events of one topic go as one
batch, its acknowledgement is awaited, and before the topic changes more than a millisecond passes,
so that what comes next is appended at a later time. Lanes run side by side.
"""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

# Measured from the acknowledgement, so no clock of another machine is compared with ours; a little
# over 1 ms because the two clocks may run at slightly different speeds.
TURN_SECONDS = 0.0015
LANE_BUFFER_COUNT = 2_000
_BATCH_BYTES = 512 * 1024
_LOG_APPEND_TIME = 1


class SendingFailedError(RuntimeError):
    """The broker did not take an event; what came before it in its partition is there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One event on its way: where it came from in the file and where it goes."""

    line_number: int
    topic: str
    partition: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...] = ()


@dataclass(slots=True)
class Sent:
    """What the broker acknowledged.

    Attributes
    ----------
    disorder_count
        How often a topic's batch was not appended later than the one before it: the broker's clock
        stepped back, and the merged order is not the file's there.
    """

    by_topic: Counter[str] = field(default_factory=Counter)
    disorder_count: int = 0

    @property
    def count(self) -> int:
        """All events acknowledged."""
        return sum(self.by_topic.values())


class Lane:
    """One partition's events, sent in order."""

    def __init__(self, producer: AIOKafkaProducer, partition: int, sent: Sent) -> None:
        self.queue: asyncio.Queue[Message | None] = asyncio.Queue(LANE_BUFFER_COUNT)
        self._producer = producer
        self._partition = partition
        self._sent = sent
        self._topic: str | None = None
        self._appended_ms = -1
        self._ended = False

    async def run(self) -> None:
        """Send what comes until None comes."""
        message = await self.queue.get()
        while message is not None:
            turns = self._topic is not None and message.topic != self._topic
            if turns:
                await asyncio.sleep(TURN_SECONDS)
            batch, following = self._fill(message)
            await self._deliver(batch, message, turns)
            message = following if following is not None else await self._next()

    def _fill(self, first: Message) -> tuple[Any, Message | None]:
        """Batch what has come for the topic of `first`; give back what starts the next batch."""
        batch = self._producer.create_batch()
        now_ms = time.time_ns() // 1_000_000
        _append(batch, first, now_ms)  # the first always fits; the broker may still refuse it
        while not self._ended and not self.queue.empty():
            message = self.queue.get_nowait()
            if message is None:
                self._ended = True
            elif message.topic != first.topic or not _append(batch, message, now_ms):
                return batch, message
        return batch, None

    async def _next(self) -> Message | None:
        return None if self._ended else await self.queue.get()

    async def _deliver(self, batch: Any, first: Message, turns: bool) -> None:
        count = batch.record_count()
        try:
            future = await self._producer.send_batch(batch, first.topic, partition=self._partition)
            done = await future
        except KafkaError as error:
            msg = (
                f"Kafka must take the event of line {first.line_number} for {first.topic},"
                f" was: {str(error) or type(error).__name__}"
            )
            raise SendingFailedError(msg) from error
        if done.timestamp_type == _LOG_APPEND_TIME:
            if turns and done.timestamp <= self._appended_ms:
                self._sent.disorder_count += 1
            self._appended_ms = done.timestamp
        self._topic = first.topic
        self._sent.by_topic[first.topic] += count


def _append(batch: Any, message: Message, now_ms: int) -> bool:
    return (
        batch.append(
            timestamp=now_ms,
            key=message.key,
            value=message.value,
            headers=list(message.headers),
        )
        is not None
    )


async def send(
    messages: AsyncIterator[Message],
    options: dict[str, Any],
    partitions: int,
    progress: Callable[[int], None] = lambda _count: None,
) -> Sent:
    """Send all messages, each lane in its order, and return when the broker has them all.

    Parameters
    ----------
    options
        As `streams.connection.client_options` gives them.
    progress
        Told the count of acknowledged events now and then.

    Raises
    ------
    SendingFailedError
        At the first event that the broker does not take; the rest is not sent.
    """
    sent = Sent()
    producer = AIOKafkaProducer(
        acks="all", enable_idempotence=True, linger_ms=0, max_batch_size=_BATCH_BYTES, **options
    )
    try:
        await producer.start()
        lanes = [Lane(producer, number, sent) for number in range(partitions)]
        async with asyncio.TaskGroup() as group:
            for lane in lanes:
                group.create_task(lane.run())
            await _distribute(messages, lanes, lambda: progress(sent.count))
    except ExceptionGroup as failures:
        raise failures.exceptions[0] from failures
    finally:
        await producer.stop()
    progress(sent.count)
    return sent


async def _distribute(
    messages: AsyncIterator[Message], lanes: list[Lane], tell: Callable[[], None]
) -> None:
    count = 0
    async for message in messages:
        await lanes[message.partition].queue.put(message)
        count += 1
        if count % LANE_BUFFER_COUNT == 0:
            tell()
    ends: list[Awaitable[None]] = [lane.queue.put(None) for lane in lanes]
    await asyncio.gather(*ends)
