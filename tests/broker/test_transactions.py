"""The partition transaction on a real Apache Kafka: all or nothing, and one writer at a time."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from os import urandom
from pathlib import Path

import pytest
from aiokafka import ConsumerRecord
from confluent_kafka import Producer

from streams import topic_admin
from streams.changelog import RecoveryFailedError, read_rows
from streams.connection import client_options, librdkafka_options
from streams.settings import Settings
from streams.topics import specs
from streams.transactions import Outgoing, TransactionFailedError, Transactions
from tests.broker.awaiting import read_all, read_count, send_all
from tests.broker.workers import running

pytestmark = [pytest.mark.broker, pytest.mark.timeout(200)]


@pytest.fixture
def executor() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(2) as pool:
        yield pool


def transactions_of(settings: Settings, executor: ThreadPoolExecutor) -> Transactions:
    name = f"{settings.app_id}-0"
    return Transactions(name, librdkafka_options(settings), executor, 10_000)


def names(settings: Settings) -> tuple[str, str]:
    return f"{settings.topic_prefix}coupon.decisions.v1", f"{settings.app_id}-users-changelog"


async def committed(settings: Settings) -> list[ConsumerRecord]:
    return await read_all(settings.kafka_bootstrap_servers, names(settings))


async def test_p17_an_older_writer_is_fenced_and_nothing_of_it_is_seen(
    topics: Settings, executor: ThreadPoolExecutor
) -> None:
    decisions, changelog = names(topics)
    old, new = transactions_of(topics, executor), transactions_of(topics, executor)
    await old.open()
    await old.commit([Outgoing(decisions, 0, b"u", b"first")])
    await new.open()
    with pytest.raises(TransactionFailedError, match="another worker has taken over"):
        await old.commit(
            [Outgoing(decisions, 0, b"u", b"zombie"), Outgoing(changelog, 0, b"u", b"z")]
        )
    await new.commit([Outgoing(decisions, 0, b"u", b"second")])
    assert [record.value for record in await committed(topics)] == [b"first", b"second"]
    await old.close()
    await new.close()


async def test_a_message_that_the_broker_refuses_takes_its_whole_transaction_with_it(
    topics: Settings, executor: ThreadPoolExecutor
) -> None:
    decisions, changelog = names(topics)
    writer = transactions_of(topics, executor)
    await writer.open()
    with pytest.raises(TransactionFailedError):
        await writer.commit(
            [
                Outgoing(changelog, 0, b"u", b"row"),
                Outgoing(decisions, 0, b"u", b"decision"),
                Outgoing(f"{topics.topic_prefix}shop.browse.v1", 0, b"u", urandom(3_000_000)),
            ]
        )
    await writer.close()
    assert await committed(topics) == []


async def test_recovery_reads_what_was_committed_and_what_a_takeover_settled(
    topics: Settings, executor: ThreadPoolExecutor
) -> None:
    _, changelog = names(topics)
    writer = transactions_of(topics, executor)
    await writer.open()
    await writer.commit([Outgoing(changelog, 0, b"a", b"1"), Outgoing(changelog, 0, b"b", b"1")])
    await writer.commit([Outgoing(changelog, 0, b"a", b"2"), Outgoing(changelog, 0, b"b", None)])
    # A worker that dies here leaves a transaction open, with rows in the log already.
    dead = Producer({**librdkafka_options(topics), "transactional.id": f"{topics.app_id}-0"})
    dead.init_transactions()
    dead.begin_transaction()
    dead.produce(changelog, b"3", b"a", 0)
    dead.flush()
    heir = transactions_of(topics, executor)
    await heir.open()
    assert read_rows(changelog, 0, librdkafka_options(topics), 30.0).rows == {b"a": b"2"}
    assert read_rows(changelog, 1, librdkafka_options(topics), 30.0).rows == {}
    await heir.close()


def test_recovery_of_a_topic_that_is_not_there_says_so(
    fresh: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("streams.changelog._ASK_SECONDS", 1.0)  # it asks until then
    with pytest.raises(RecoveryFailedError, match="nowhere partition 0 could not be read"):
        read_rows("nowhere", 0, librdkafka_options(fresh), 20.0)


def search(number: int) -> tuple[bytes, bytes]:
    event = {
        "event_type": "search.performed",
        "event_id": f"e{number}",
        "user_id": "u",
        "query": "tea",
    }
    return b"u", json.dumps(event).encode()


async def test_a_source_topic_created_anew_is_refused_and_not_read_from_the_middle(
    topics: Settings, tmp_path: Path
) -> None:
    settings = topics.model_copy(update={"partitions": 4})
    topic = f"{settings.topic_prefix}shop.search.v1"
    with running(settings, tmp_path, 1) as (worker,):
        await worker.ready()
        await send_all(settings.kafka_bootstrap_servers, topic, [search(n) for n in range(5)], 1)
        await read_count(settings.kafka_bootstrap_servers, [names(settings)[0]], 5)
        assert worker.stop() == 0
    async with topic_admin.admin_client(client_options(settings)) as admin:
        await admin.delete_topics([topic])
    await topic_admin.apply(client_options(settings), specs(settings))
    with running(settings, tmp_path, 1) as (worker,):
        assert worker.process.wait(60) == 1
        assert "it was created anew" in worker.tail()


async def test_recovery_refuses_a_log_in_which_a_transaction_hangs(
    topics: Settings, executor: ThreadPoolExecutor
) -> None:
    _, changelog = names(topics)
    writer = transactions_of(topics, executor)
    await writer.open()
    await writer.commit([Outgoing(changelog, 0, b"a", b"1")])
    # To the reader, a transaction whose marker was lost is one of a writer that nobody fenced.
    lost = Producer({**librdkafka_options(topics), "transactional.id": f"{topics.app_id}-lost"})
    lost.init_transactions()
    lost.begin_transaction()
    lost.produce(changelog, b"2", b"a", 0)
    lost.flush()
    with pytest.raises(RecoveryFailedError, match="the broker lost its marker"):
        read_rows(changelog, 0, librdkafka_options(topics), 30.0)
    lost.abort_transaction()
    assert read_rows(changelog, 0, librdkafka_options(topics), 30.0).rows == {b"a": b"1"}
    await writer.close()
