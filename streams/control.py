"""Sends what people say to workers and to each other: few records, one after the other."""

from collections.abc import Sequence

from aiokafka import AIOKafkaProducer

from streams.connection import client_options
from streams.dead_letters import Outbound
from streams.settings import Settings


async def tell(topic: str, messages: Sequence[Outbound], settings: Settings) -> None:
    """Send messages to a topic of one partition; returns when Kafka has them all.

    Raises
    ------
    aiokafka.errors.KafkaError
        The broker refused.
    """
    async with AIOKafkaProducer(
        acks="all", enable_idempotence=True, **client_options(settings)
    ) as producer:
        for key, value, headers in messages:
            await producer.send_and_wait(topic, value, key=key, headers=headers, partition=0)
