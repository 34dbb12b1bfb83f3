"""Sends what a chunk brought about and returns when the broker has all of it.

One batch and one future per topic and chunk: a future per message was measured to cost more than
everything else together. Decisions, outcomes and dead letters go first, rows last, so that a crash
in between repeats work but never forgets it; the rows of a chunk, the shared state among them,
travel in one record batch, which the broker keeps or loses as a whole.
"""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from aiokafka import AIOKafkaProducer

from streams.dead_letters import Outbound
from streams.emission import Emission

MAX_BATCH_BYTES = 4_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboundTopics:
    """Names of the topics that a worker writes."""

    decisions: str
    outcomes: str
    dead_letters: str
    models: str
    heartbeats: str
    changelog: str


class Publisher:
    """An idempotent producer of chunks."""

    def __init__(self, topics: OutboundTopics, client: Mapping[str, Any]) -> None:
        self.topics = topics
        self._client = client
        self._connected: AIOKafkaProducer | None = None

    async def start(self) -> None:
        """Connect."""
        self._connected = AIOKafkaProducer(
            acks="all",
            enable_idempotence=True,
            max_batch_size=MAX_BATCH_BYTES,
            max_request_size=2 * MAX_BATCH_BYTES,
            linger_ms=0,
            request_timeout_ms=30_000,
            **self._client,
        )
        await self._connected.start()

    async def stop(self) -> None:
        """Send what is buffered and disconnect; does nothing when it was not started."""
        if self._connected is not None:
            await self._connected.stop()

    @property
    def _producer(self) -> AIOKafkaProducer:
        if self._connected is None:
            message = "the publisher must be started before it sends, was not"
            raise RuntimeError(message)
        return self._connected

    async def publish(self, partition: int, emission: Emission) -> None:
        """Make a chunk's effects durable.

        Raises
        ------
        aiokafka.errors.KafkaError
            The broker refused or did not answer in time; nothing may be committed then.
        """
        topics = self.topics
        await asyncio.gather(
            self.send(topics.decisions, partition, emission.decisions),
            self.send(topics.outcomes, 0, emission.outcomes),
            self.send(topics.dead_letters, partition, emission.dead_letters),
        )
        rows = [(key, value, ()) for key, value in emission.rows]
        await self.send(topics.changelog, partition, rows)

    async def send(
        self, topic: str, partition: int, messages: Iterable[Outbound | tuple[bytes, Any, Any]]
    ) -> None:
        """Send messages to one partition, in order, and wait for the broker to have them."""
        futures = []
        batch = None
        for key, value, headers in messages:
            if batch is None:
                batch = self._producer.create_batch()
            entry: dict[str, Any] = {"timestamp": None, "key": key, "value": value}
            if batch.append(headers=list(headers), **entry) is None:
                futures.append(await self._producer.send_batch(batch, topic, partition=partition))
                batch = self._producer.create_batch()
                batch.append(headers=list(headers), **entry)
        if batch is not None:
            futures.append(await self._producer.send_batch(batch, topic, partition=partition))
        for future in futures:
            await future
