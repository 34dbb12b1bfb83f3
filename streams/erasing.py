"""Asks the workers to forget a user, waits until they have, and tells what stays until when."""

import asyncio

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from streams.connection import client_options
from streams.partitioner import partition_of
from streams.settings import DAY_MS, Settings
from streams.topics import COMPACTION_LAG_MS, inbound_name, specs

ABOUT_USERS = "user id"


def place_of(user_id: str, settings: Settings) -> TopicPartition:
    """Name where a user's profile, and so its tombstone, belongs.

    Examples
    --------
    >>> place_of("ann", Settings(partitions=4))
    TopicPartition(topic='shop.profiles.v1', partition=2)
    """
    topic = inbound_name("profiles", settings.topic_prefix)
    return TopicPartition(topic, partition_of(user_id.encode(), settings.partitions))


def gone_by_days(settings: Settings) -> dict[str, float]:
    """Tell for each topic about users after how many days nothing of an erased one is left in it.

    Compacted topics lose the user with their next compaction, all others by their retention. The
    dead letters hold what could not be read, under whatever key it came; claims and permits name
    the customer in whose name they are, where campaigns have caps that customers share.

    Examples
    --------
    >>> told = gone_by_days(Settings())
    >>> [told[name] for name in ("shop.profiles.v1", "coupon.decisions.v1", "shop.cart.v1")]
    [0.5, 3.0, 7.0]
    >>> told["coupon.budget.v1"]
    30.0
    """
    prefix = settings.topic_prefix
    claimed = (f"{prefix}coupon.budget.v1", inbound_name("grants", prefix))
    return {
        spec.name: (spec.retention_ms or COMPACTION_LAG_MS) / DAY_MS
        for spec in specs(settings)
        if spec.key in (ABOUT_USERS, "as received") or spec.name in claimed
    }


async def erase(user_id: str, settings: Settings, deadline_seconds: float) -> bool:
    """Send the tombstone; tell whether the user's row was seen to go before the deadline.

    Raises
    ------
    aiokafka.errors.KafkaError
        The broker refused.
    """
    options, place = client_options(settings), place_of(user_id, settings)
    rows = TopicPartition(f"{settings.app_id}-users-changelog", place.partition)
    consumer = AIOKafkaConsumer(
        isolation_level="read_committed", enable_auto_commit=False, **options
    )
    async with consumer, AIOKafkaProducer(acks="all", **options) as producer:
        consumer.assign([rows])
        await consumer.seek_to_end(rows)
        await consumer.position(rows)  # from here on, and before anything is asked
        key = user_id.encode()
        await producer.send_and_wait(place.topic, None, key=key, partition=place.partition)
        try:
            async with asyncio.timeout(deadline_seconds):
                while True:
                    record = await consumer.getone()
                    if record.key == key and record.value is None:
                        return True
        except TimeoutError:
            return False
