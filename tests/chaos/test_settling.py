"""Transactions that the broker decided and then forgot to end in the partitions."""

import asyncio
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from confluent_kafka import Producer
from confluent_kafka.admin import (
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    ResourceType,
)

from streams import topic_admin
from streams.app import outbound_topics
from streams.brokers.local import LocalKafka
from streams.changelog import read_rows
from streams.connection import client_options, librdkafka_options
from streams.settings import Settings
from streams.settling import Places, Settling
from streams.topics import specs
from streams.transactions import Outgoing, Transactions
from tests.broker.awaiting import read_all
from tests.chaos.harness.trial import trial_settings

pytestmark = [pytest.mark.broker, pytest.mark.timeout(120)]

NUMBER = 2
TIMEOUT_MS = 10_000
READ_SECONDS = 30.0
VERIFIES = "transaction.partition.verification.enable"


def verify(broker: LocalKafka, whether: str) -> None:
    """Let the broker take records of transactions that their coordinator does not know of."""
    change = ConfigEntry(VERIFIES, whether, incremental_operation=AlterConfigOpType.SET)
    broker_1 = ConfigResource(ResourceType.BROKER, "1", incremental_configs=[change])
    admin = AdminClient({"bootstrap.servers": broker.bootstrap})
    for done in admin.incremental_alter_configs([broker_1]).values():
        done.result()


@pytest.fixture(scope="module")
def credulous(shared_broker: LocalKafka) -> Iterator[LocalKafka]:
    """Give the shared broker; a transaction can be made to hang in it."""
    verify(shared_broker, "false")
    yield shared_broker
    verify(shared_broker, "true")


@pytest.fixture
def settings(credulous: LocalKafka) -> Settings:
    found = trial_settings(credulous.bootstrap)
    asyncio.run(topic_admin.apply(client_options(found), specs(found)))
    return found


class Writer:
    """What workers do to one partition, with no worker around it."""

    def __init__(self, settings: Settings, executor: ThreadPoolExecutor) -> None:
        self.topics = outbound_topics(settings)
        self._name = f"{settings.app_id}-{NUMBER}"
        self._client = client_options(settings)
        self._options = librdkafka_options(settings)
        self._executor = executor

    async def dies(self, *, commits: bool, hanging: Sequence[str]) -> None:
        """End a transaction, and write records of another of which its coordinator never hears.

        This is what a transaction looks like whose markers were forgotten: its records stand in
        the partitions, and the coordinator says that the last transaction is complete.
        """
        async with AIOKafkaProducer(transactional_id=self._name, **self._client) as producer:
            await producer.begin_transaction()
            await producer.send_and_wait(self.topics.outcomes, b"first", b"a", 0)
            await (producer.commit_transaction() if commits else producer.abort_transaction())
            await producer.begin_transaction()
            for topic in hanging:
                producer._txn_manager._txn_partitions.add(TopicPartition(topic, NUMBER))
                await producer.send_and_wait(topic, b"hanging", b"a", NUMBER)
            producer._txn_manager._txn_partitions.clear()  # what is empty is not ended

    async def settles(self) -> bool:
        settling = Settling(self._client, TIMEOUT_MS)
        try:
            return await settling.settle(self._name, Places.of(self.topics, NUMBER))
        finally:
            await settling.close()

    async def takes_over(self) -> dict[bytes, bytes]:
        """Settle, fence, read the rows and go on, as `streams.ownership` does."""
        await self.settles()
        heir = Transactions(self._name, self._options, self._executor, TIMEOUT_MS)
        await heir.open()
        rows = read_rows(self.topics.changelog, NUMBER, self._options, READ_SECONDS).rows
        await heir.commit([Outgoing(self.topics.decisions, NUMBER, b"b", b"next")])
        await heir.close()
        return rows

    async def decided(self) -> list[bytes]:
        bootstrap = self._options["bootstrap.servers"]
        return [one.value for one in await read_all(bootstrap, [self.topics.decisions])]


@pytest.fixture
def writer(settings: Settings) -> Iterator[Writer]:
    with ThreadPoolExecutor(2) as executor:
        yield Writer(settings, executor)


async def test_p13_a_commit_that_the_broker_forgot_is_written_again_and_read(
    writer: Writer,
) -> None:
    both = [writer.topics.changelog, writer.topics.decisions]
    await writer.dies(commits=True, hanging=both)
    assert await writer.decided() == []
    assert await writer.takes_over() == {b"a": b"hanging"}
    assert await writer.decided() == [b"hanging", b"next"]


async def test_p13_an_abort_that_the_broker_forgot_stays_an_abort(writer: Writer) -> None:
    both = [writer.topics.changelog, writer.topics.decisions]
    await writer.dies(commits=False, hanging=both)
    assert await writer.takes_over() == {}
    assert await writer.decided() == [b"next"]


async def test_p13_one_forgotten_partition_is_enough_to_settle(writer: Writer) -> None:
    await writer.dies(commits=True, hanging=[writer.topics.decisions])
    assert await writer.settles()
    assert await writer.decided() == [b"hanging"]
    assert not await writer.settles()


async def test_p13_what_a_dead_worker_had_only_begun_is_no_forgotten_transaction(
    writer: Writer, settings: Settings
) -> None:
    dead = Producer(
        {**librdkafka_options(settings), "transactional.id": f"{settings.app_id}-{NUMBER}"}
    )
    dead.init_transactions(READ_SECONDS)
    dead.begin_transaction()
    dead.produce(writer.topics.changelog, b"begun", b"a", NUMBER)
    assert dead.flush(READ_SECONDS) == 0
    assert not await writer.settles()
    assert await writer.takes_over() == {}


async def test_p13_a_partition_that_nobody_ever_wrote_to_has_nothing_to_settle(
    writer: Writer,
) -> None:
    assert not await writer.settles()
