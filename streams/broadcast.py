"""What every worker must know alike: model snapshots and the catalogue, read from their topics.

These topics are compacted and small, and each worker reads all of them, so they are read outside
the consumer group: from the beginning at the start, then as they grow.
"""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from mode import Service

READ_DEADLINE_SECONDS = 60.0


class Broadcast(Service):
    """Reads compacted topics to their end, then follows them.

    `handlers` maps a topic to what is called, in order, with each of its records.
    """

    def __init__(
        self,
        handlers: Mapping[str, Callable[[ConsumerRecord], None]],
        client: Mapping[str, Any],
        check_crcs: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self._handlers = handlers
        self._consumer_options = {
            "auto_offset_reset": "earliest",
            "enable_auto_commit": False,
            "check_crcs": check_crcs,
            "isolation_level": "read_committed",
            "max_partition_fetch_bytes": 32_000_000,
            **client,
        }
        self._consumer: AIOKafkaConsumer | None = None
        self._progress = asyncio.Event()

    async def on_start(self) -> None:
        """Read everything that stands in the topics now; the worker is not ready before that."""
        self._consumer = AIOKafkaConsumer(**self._consumer_options)
        await self._consumer.start()
        partitions: list[TopicPartition] = []
        for topic in self._handlers:
            known = await self._partitions(topic)
            partitions.extend(TopicPartition(topic, number) for number in sorted(known))
        self._consumer.assign(partitions)
        async with asyncio.timeout(READ_DEADLINE_SECONDS):
            await self._read_to_end(partitions)

    async def on_stop(self) -> None:
        """Disconnect."""
        if self._consumer is not None:
            await self._consumer.stop()

    async def _partitions(self, topic: str) -> set[int]:
        assert self._consumer is not None
        async with asyncio.timeout(READ_DEADLINE_SECONDS):
            while not (known := self._consumer.partitions_for_topic(topic)):
                await self._consumer._client.add_topic(topic)
                await self._consumer._client.force_metadata_update()
        return set(known)

    async def catch_up(self) -> None:
        """Return when everything that stood in the topics at the call has been handed out."""
        assert self._consumer is not None
        ends = await self._consumer.end_offsets(list(self._consumer.assignment()))
        async with asyncio.timeout(READ_DEADLINE_SECONDS):
            for partition, end in ends.items():
                # The position, and not the last record: a transaction ends in a marker.
                while await self._consumer.position(partition) < end:
                    self._progress.clear()
                    await self._progress.wait()

    async def _read_to_end(self, partitions: list[TopicPartition]) -> None:
        assert self._consumer is not None
        ends = await self._consumer.end_offsets(partitions)
        for partition, end in ends.items():
            while await self._consumer.position(partition) < end:
                self._hand_out(await self._consumer.getmany(timeout_ms=200))

    @Service.task
    async def _follow(self) -> None:
        assert self._consumer is not None
        while not self.should_stop:
            self._hand_out(await self._consumer.getmany(timeout_ms=500))

    def _hand_out(self, fetched: Mapping[TopicPartition, list[ConsumerRecord]]) -> None:
        for partition, records in fetched.items():
            for record in records:
                self._handlers[partition.topic](record)
        self._progress.set()
