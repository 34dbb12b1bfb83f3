"""A run that learns, with a worker killed in it, repeated to the byte without Kafka."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TypeGuard

import pytest
from aiokafka import AIOKafkaProducer
from click.testing import CliRunner
from pydantic import SecretStr

from streams import wire
from streams.cli import cli
from streams.connection import client_options
from streams.lanes import Message, send
from streams.layouts import Accepted, Refused, read
from streams.produce import messages
from streams.recordings import writing as recording
from streams.recordings.repeating import Repeat
from streams.settings import Settings
from streams.topics import stock_topic
from tests.broker.awaiting import read_count
from tests.broker.workers import environment_of, running

pytestmark = [pytest.mark.broker, pytest.mark.timeout(400)]

DRAIN_SECONDS = 180.0
KEY = "a key for tests only"


async def test_a_learning_run_is_repeated_to_the_byte_with_the_models_of_its_decisions(
    shared_data: Path, topics: Settings, tmp_path: Path
) -> None:
    settings = topics.model_copy(
        update={"snapshot_every": 100, "knowledge_every": 20, "session_timeout_ms": 6_000}
    )
    keyed = settings.model_copy(update={"model_key": SecretStr(KEY)})
    path = shared_data / "rees46_2019-10-01_third.csv.gz"
    count = sum(isinstance(row, Accepted) for row in read(path, "rees46"))
    decisions = f"{settings.topic_prefix}coupon.decisions.v1"
    with running(settings, tmp_path, 2, COUPON_MODEL_KEY=KEY) as (first, second):
        await asyncio.gather(first.ready(), second.ready())
        await tell_stock(settings, path, 0)
        sending = asyncio.create_task(send_in_quarters(path, settings, count))
        await read_count(settings.kafka_bootstrap_servers, [decisions], count // 3, DRAIN_SECONDS)
        first.kill()
        supervised = asyncio.create_task(second.supervise())
        await tell_stock(settings, path, 1)
        await sending
        await read_count(settings.kafka_bootstrap_servers, [decisions], count, DRAIN_SECONDS)
        supervised.cancel()
        assert second.stop() == 0

    folder = tmp_path / "recorded"
    recording.new_folder(folder)
    manifest = await recording.record(keyed, folder)
    assert (manifest.decisions, manifest.missing) == (count, {})
    found = Repeat(keyed, folder).run()
    assert (found.same, found.different, found.lost, found.undecided) == (count, 0, 0, 0)
    assert found.models > 2, "the run must have switched models, or it shows little"
    # Sessions come out exactly once although a worker was killed, and what was learned from them
    # reached the workers.
    assert (found.sessions_same, found.sessions_lost) == (manifest.sessions, 0)
    assert manifest.sessions > 100
    assert found.knowledges > 2, "the run must have switched knowledge, or it shows little"
    told = [json.loads(line) for line in (folder / recording.DECISIONS).read_bytes().splitlines()]
    assert len({one["stock_version"] for one in told}) > 1, "the stock must have changed"
    assert any(one["code"] == "out_of_stock" for each in told for one in each["reasons"])


async def send_in_quarters(path: Path, settings: Settings, count: int) -> None:
    """Send each quarter when all before it is decided and has brought forth a model of its own.

    Sent at once, a fast machine decides most of it by the first models.
    """
    prefix, broker = settings.topic_prefix, settings.kafka_bootstrap_servers
    decisions, models = f"{prefix}coupon.decisions.v1", f"{prefix}coupon.models.v1"

    async def quarters() -> AsyncIterator[Message]:
        sent_count = known_count = 0
        async for message in messages(read(path, "rees46"), settings):
            if sent_count and sent_count % (count // 4) == 0:
                await read_count(broker, [decisions], sent_count, DRAIN_SECONDS)
                known_count = len(await read_count(broker, [models], known_count + 1))
            sent_count += 1
            yield message

    await send(quarters(), client_options(settings), settings.partitions)


async def tell_stock(settings: Settings, path: Path, left_count: int) -> None:
    """Tell that so many pieces are left of the products that most views are of."""
    rows = (wire.decode_line(row.value, "native") for row in read(path, "rees46") if is_event(row))
    seen = Counter(item.product_id for event in rows for item in event.items)
    async with AIOKafkaProducer(bootstrap_servers=settings.kafka_bootstrap_servers) as producer:
        for name, _ in seen.most_common(200):
            level = {"product_id": name, "available_count": left_count}
            await producer.send(stock_topic(settings), wire.encode_row(level), name.encode())


def is_event(row: Accepted | Refused) -> TypeGuard[Accepted]:
    return isinstance(row, Accepted)


def test_the_commands_record_and_replay_say_the_same(topics: Settings, tmp_path: Path) -> None:
    folder = str(tmp_path / "nothing-happened")
    runner = CliRunner(env=dict(environment_of(topics)))
    recorded = runner.invoke(cli, ["record", folder, "--json"])
    assert recorded.exit_code == 0, recorded.output
    assert json.loads(recorded.stdout.splitlines()[-1])["events"] == 0
    again = runner.invoke(cli, ["record", folder])
    assert again.exit_code == 2
    assert "must be a new or an empty folder" in again.output
    repeated = runner.invoke(cli, ["replay", folder, "--format", "recorded", "--json"])
    assert repeated.exit_code == 0, repeated.output
    assert json.loads(repeated.stdout.splitlines()[-1])["same"] == 0
