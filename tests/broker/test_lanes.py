"""What lanes send can be merged back into the order in which it came, by append time alone."""

import random
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence

import pytest
from aiokafka import ConsumerRecord

from streams.connection import client_options
from streams.lanes import Message, SendingFailedError, send
from streams.merge import Merge
from streams.partitioner import partition_of
from streams.settings import Settings
from streams.topics import INBOUND, inbound_name
from tests.broker.awaiting import read_all

pytestmark = [pytest.mark.broker, pytest.mark.timeout(300)]  # the first starts the broker
PARTITIONS = 4


def shuffled_events(settings: Settings, count: int, seed: int) -> list[Message]:
    """Give events of a few customers whose topics change at almost every step."""
    draw = random.Random(seed)
    messages = []
    for number in range(count):
        key = b"user-%d" % draw.randrange(12)
        family = draw.choice(INBOUND)
        messages.append(
            Message(
                line_number=number + 1,
                topic=inbound_name(family, settings.topic_prefix),
                partition=partition_of(key, PARTITIONS),
                key=key,
                value=b"%d" % number,
            )
        )
    return messages


async def each(messages: Sequence[Message]) -> AsyncIterator[Message]:
    for message in messages:
        yield message


async def merged(settings: Settings) -> dict[int, list[bytes]]:
    """Read all inbound topics and merge each partition as a worker does."""
    names = [inbound_name(family, settings.topic_prefix) for family in INBOUND]
    found = defaultdict(list)
    for record in await read_all(settings.kafka_bootstrap_servers, names):
        found[record.partition, names.index(record.topic)].append(record)
    orders = {}
    for partition in range(PARTITIONS):
        merge: Merge[ConsumerRecord] = Merge(len(names))
        for rank in range(len(names)):
            merge.add(rank, found[partition, rank])
        taken = merge.take(1_000_000, caught_up=range(len(names)))
        orders[partition] = [record.value for _, record in taken]
    return orders


async def test_every_partition_merges_back_into_the_order_of_the_file(topics: Settings) -> None:
    messages = shuffled_events(topics, 1_500, seed=1)
    sent = await send(each(messages), client_options(topics), PARTITIONS)
    assert sent.count == 1_500
    assert sent.disorder_count == 0
    orders = await merged(topics)
    for partition in range(PARTITIONS):
        expected = [each.value for each in messages if each.partition == partition]
        assert orders[partition] == expected


async def test_one_topic_goes_in_few_batches(topics: Settings) -> None:
    name = inbound_name("browse", topics.topic_prefix)
    messages = [
        Message(line_number=n, topic=name, partition=n % 4, key=b"k", value=b"v" * 100)
        for n in range(20_000)
    ]
    heard: list[int] = []
    sent = await send(each(messages), client_options(topics), PARTITIONS, heard.append)
    assert sent.by_topic == {name: 20_000}
    assert heard[-1] == 20_000


async def test_an_event_that_kafka_refuses_is_named_by_its_line(topics: Settings) -> None:
    name = inbound_name("browse", topics.topic_prefix)
    huge = Message(line_number=7, topic=name, partition=0, key=b"k", value=b"v" * 2_000_000)
    with pytest.raises(SendingFailedError, match="event of line 7"):
        await send(each([huge]), client_options(topics), PARTITIONS)
