"""The embedded broker: reachable while it is held, with limits that it tells."""

import pytest
from aiokafka import AIOKafkaProducer

from streams.brokers import BrokerError
from streams.brokers.embedded import EmbeddedBroker
from streams.brokers.reach import is_ready, listens, port_of
from tests.broker.awaiting import read_count

pytestmark = pytest.mark.embedded


async def test_records_go_in_and_come_out(embedded: EmbeddedBroker) -> None:
    async with AIOKafkaProducer(bootstrap_servers=embedded.bootstrap, acks="all") as producer:
        for number in range(10):
            await producer.send_and_wait("any", b"%d" % number, partition=number % 4)
    found = await read_count(embedded.bootstrap, ["any"], 10)
    assert sorted(record.value for record in found) == [b"%d" % number for number in range(10)]
    assert {record.partition for record in found} == set(range(embedded.partitions))


def test_it_is_ready_while_held_and_gone_after() -> None:
    with EmbeddedBroker() as broker:
        address = broker.bootstrap
        assert is_ready(address)
    assert not listens(*port_of(address))
    with pytest.raises(BrokerError, match="must be started"):
        assert broker.bootstrap


def test_its_limits_are_told() -> None:
    for word in ("5 MiB", "100,000", "no compaction", "transactions"):
        assert word in EmbeddedBroker.limits
