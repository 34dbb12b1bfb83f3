"""Read what a topic holds now, outside of any consumer group."""

from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from typing import Any

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

_POLL_MS = 500


@asynccontextmanager
async def reader(
    options: dict[str, Any], topics: Collection[str]
) -> AsyncIterator[AIOKafkaConsumer]:
    """Open a consumer that holds every partition of topics that exist, and commits nothing.

    Parameters
    ----------
    options
        As `streams.connection.client_options` gives them.
    """
    # Without a group, every partition of the topics is assigned at once.
    consumer = AIOKafkaConsumer(
        *sorted(topics),
        group_id=None,
        isolation_level="read_committed",
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        **options,
    )
    try:
        await consumer.start()
        yield consumer
    finally:
        await consumer.stop()


async def bounds(
    options: dict[str, Any], topics: Collection[str]
) -> tuple[dict[TopicPartition, int], dict[TopicPartition, int]]:
    """Return the first offset and the one after the last, of every partition of the topics."""
    if not topics:
        return {}, {}
    async with reader(options, topics) as consumer:
        assigned = list(consumer.assignment())
        return await consumer.beginning_offsets(assigned), await consumer.end_offsets(assigned)


async def records(
    options: dict[str, Any], topics: Collection[str], newest_count: int | None = None
) -> AsyncIterator[ConsumerRecord]:
    """Give every record that the topics hold now; in order within each partition.

    Parameters
    ----------
    newest_count
        Of each partition, only about so many of the newest.
    """
    if not topics:
        return
    async with reader(options, topics) as consumer:
        assigned = sorted(consumer.assignment())
        ends = await consumer.end_offsets(assigned)
        starts = await consumer.beginning_offsets(assigned)
        for tp in assigned:
            first = starts[tp] if newest_count is None else ends[tp] - newest_count
            consumer.seek(tp, max(starts[tp], first))
        waiting = {tp for tp in assigned if starts[tp] < ends[tp]}
        while waiting:
            batches = await consumer.getmany(*waiting, timeout_ms=_POLL_MS)
            for tp in sorted(batches):
                for record in batches[tp]:
                    if record.offset < ends[tp]:
                        yield record
            # By position and not by the last record: a transaction's marker ends some partitions.
            waiting = {tp for tp in waiting if await consumer.position(tp) < ends[tp]}
