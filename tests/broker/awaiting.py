"""Wait for records, with a deadline and never with a sleep."""

import asyncio
from collections.abc import Callable, Collection, Sequence

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition

DEADLINE_SECONDS = 30.0


async def read_all(
    bootstrap: str,
    topics: Collection[str],
    *,
    committed_only: bool = True,
    deadline_seconds: float = DEADLINE_SECONDS,
) -> list[ConsumerRecord]:
    """Read every record that the topics hold now, per partition in offset order."""
    async with asyncio.timeout(deadline_seconds):
        return await _read(bootstrap, topics, committed_only, lambda _records: False)


async def read_until(
    bootstrap: str,
    topics: Collection[str],
    enough: Callable[[Sequence[ConsumerRecord]], bool],
    *,
    committed_only: bool = True,
    deadline_seconds: float = DEADLINE_SECONDS,
) -> list[ConsumerRecord]:
    """Read from the start until `enough` is true of what was read, or the deadline passes."""
    async with asyncio.timeout(deadline_seconds):
        return await _read(bootstrap, topics, committed_only, enough, stop_at_end=False)


async def read_count(
    bootstrap: str, topics: Collection[str], count: int, deadline_seconds: float = DEADLINE_SECONDS
) -> list[ConsumerRecord]:
    """Read until there are `count` records."""
    return await read_until(
        bootstrap,
        topics,
        lambda records: len(records) >= count,
        deadline_seconds=deadline_seconds,
    )


async def send_all(
    bootstrap: str, topic: str, records: Sequence[tuple[bytes, bytes]], partition: int | None = None
) -> None:
    """Send (key, value) pairs and wait until the broker has them."""
    async with AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all") as producer:
        for key, value in records:
            await producer.send_and_wait(topic, value, key=key, partition=partition)


async def _read(
    bootstrap: str,
    topics: Collection[str],
    committed_only: bool,
    enough: Callable[[Sequence[ConsumerRecord]], bool],
    stop_at_end: bool = True,
) -> list[ConsumerRecord]:
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap,
        isolation_level="read_committed" if committed_only else "read_uncommitted",
        auto_offset_reset="earliest",
        enable_auto_commit=False,
    )
    records: list[ConsumerRecord] = []
    async with consumer:
        await _assign(consumer, topics)
        ends = await consumer.end_offsets(list(consumer.assignment()))
        while not enough(records):
            if stop_at_end and await _is_at_end(consumer, ends):
                break
            batches = await consumer.getmany(timeout_ms=200)
            records += [record for batch in batches.values() for record in batch]
    return sorted(records, key=lambda record: (record.topic, record.partition, record.offset))


async def _assign(consumer: AIOKafkaConsumer, topics: Collection[str]) -> None:
    await consumer._client.force_metadata_update()
    await consumer._client.set_topics(topics)
    consumer.assign(
        [
            TopicPartition(topic, partition)
            for topic in sorted(topics)
            for partition in sorted(consumer.partitions_for_topic(topic) or ())
        ]
    )
    await consumer.seek_to_beginning()


async def _is_at_end(consumer: AIOKafkaConsumer, ends: dict[TopicPartition, int]) -> bool:
    for tp, end in ends.items():
        if await consumer.position(tp) < end:
            return False
    return True
