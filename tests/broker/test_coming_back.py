"""A worker that keeps its name, and rows that were written down, come back and go on."""

import asyncio
import re
from pathlib import Path
from typing import Any

import orjson
import pytest
from click.testing import Result
from confluent_kafka.admin import AdminClient

from streams.backups import kept
from streams.connection import librdkafka_options
from streams.settings import Settings
from streams.topics import inbound_name
from tests.broker.awaiting import read_count, send_all
from tests.broker.test_commands import run
from tests.broker.workers import running

pytestmark = [pytest.mark.broker, pytest.mark.timeout(300)]
PATIENCE_SECONDS = 90.0


async def ask(settings: Settings, *numbers: int) -> None:
    """Send events, each of which asks for a decision unless it was seen before."""
    events: list[dict[str, Any]] = [
        {
            "event_id": f"e{number}",
            "event_type": "cart.added",
            "user_id": "ann",
            "occurred_at": f"2026-03-02T18:0{number}:00Z",
            "product_id": "teapot",
        }
        for number in numbers
    ]
    topic = inbound_name("cart", settings.topic_prefix)
    told = [(b"ann", orjson.dumps(event)) for event in events]
    await send_all(settings.kafka_bootstrap_servers, topic, told)


async def asked(settings: Settings, count: int) -> list[str]:
    """Wait for so many decisions, and name the events that they answer."""
    topic = f"{settings.topic_prefix}coupon.decisions.v1"
    address = settings.kafka_bootstrap_servers
    found = await read_count(address, [topic], count, PATIENCE_SECONDS)
    return [orjson.loads(one.value)["trigger_event_id"] for one in found]


def lose(settings: Settings) -> None:
    """Delete all that a backup holds."""
    admin = AdminClient(librdkafka_options(settings))
    for deleted in admin.delete_topics(kept(settings), operation_timeout=30).values():
        deleted.result(60)


async def test_rows_come_back_from_a_backup_and_a_named_worker_after_a_kill(
    topics: Settings, tmp_path: Path
) -> None:
    with running(topics, tmp_path, 1) as (worker,):
        await worker.ready()
        await ask(topics, 1)
        assert await asked(topics, 1) == ["e1"]
        assert await refusal(topics, tmp_path) == ""
        assert "no worker may run" in await refusal(topics, tmp_path, "restore")
        assert worker.stop() == 0
    assert "must be empty" in await refusal(topics, tmp_path, "restore")
    lose(topics)
    assert (await command(topics, "topics", "apply")).exit_code == 0
    assert await refusal(topics, tmp_path, "restore") == ""
    named = topics.model_copy(
        update={"group_instance_id": "coupon-stream-0", "session_timeout_ms": 240_000}
    )
    with running(named, tmp_path, 1) as (worker,):
        await worker.ready()
        await ask(named, 1, 2)  # the first is known from the rows that came back
        assert await asked(named, 2) == ["e1", "e2"]
        worker.kill()
    with running(named, tmp_path, 1) as (worker,):  # long before its session would have ended
        await worker.ready()
        await ask(named, 2, 3)
        assert await asked(named, 3) == ["e1", "e2", "e3"]
        assert worker.stop() == 0
    joined = re.findall(r"Joined group .*?\(generation (\d+)\)", worker.log.read_text("utf-8"))
    assert len(joined) == 3
    assert joined[1] == joined[2], "who keeps its name does not make the others stop"


async def command(settings: Settings, *words: str) -> Result:
    """Run a command beside the loop of the test; a command has its own."""
    done = await asyncio.to_thread(run, settings, *words)
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done


async def refusal(settings: Settings, folder: Path, verb: str = "write") -> str:
    """Write or restore the backup of this test; tell why it was refused."""
    done = await command(settings, "backup", verb, str(folder / "kept"))
    return done.stderr if done.exit_code else ""
