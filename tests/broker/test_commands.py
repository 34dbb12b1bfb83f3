"""The commands that talk to Kafka, against a real one."""

import asyncio
import os
import signal
import subprocess
import sys
from collections import defaultdict
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from click.testing import CliRunner, Result

from streams import wire
from streams.brokers.local import LocalKafka
from streams.brokers.ports import free_ports, is_free
from streams.cli import cli
from streams.connection import client_options
from streams.dead_letters import Outbound
from streams.lanes import Message, send
from streams.layouts import Accepted, read
from streams.partitioner import partition_of
from streams.refusals import Reason
from streams.settings import Settings
from streams.topics import INBOUND, inbound_name
from tests.broker.awaiting import read_all, send_all
from tests.broker.test_lanes import merged

# Each start of a broker costs seconds of processor time, many more on a busy machine.
pytestmark = [pytest.mark.broker, pytest.mark.timeout(300)]
ROOT = Path(__file__).resolve().parents[2]
CART_EVENT = {
    "event_id": "e1",
    "event_type": "cart.added",
    "user_id": "u1",
    "occurred_at": "2026-01-01T00:00:00Z",
    "product_id": "p1",
}


def run(settings: Settings, *arguments: str) -> Result:
    names = ("kafka_bootstrap_servers", "topic_prefix", "app_id", "partitions")
    given = [f"--set={name}={getattr(settings, name)}" for name in names]
    return CliRunner().invoke(cli, [*given, *arguments])


def last_line(done: Result) -> dict[str, Any]:
    told: dict[str, Any] = orjson.loads(done.stdout.splitlines()[-1])
    return told


def verdicts(done: Result) -> dict[str, str]:
    return {check["name"]: check["verdict"] for check in last_line(done)["checks"]}


def test_apply_and_check_leave_with_their_exit_codes(fresh: Settings) -> None:
    missing = run(fresh, "topics", "check", "--json")
    assert missing.exit_code == 1
    assert len(last_line(missing)["findings"]) == len(last_line(missing)["topics"])
    assert run(fresh, "topics", "apply").exit_code == 0
    again = run(fresh, "topics", "apply", "--json")
    assert again.exit_code == 0
    assert last_line(again)["created"] == []
    assert run(fresh, "topics", "check").exit_code == 0
    other = fresh.model_copy(update={"partitions": 5})
    found = run(other, "topics", "check", "--json")
    assert found.exit_code == 1
    assert {each["setting"] for each in last_line(found)["findings"]} == {"partitions"}


def test_produce_sends_every_row_of_a_real_file_in_its_order(
    topics: Settings, shared_data: Path
) -> None:
    file = shared_data / "rees46_2019-10-01_third.csv.gz"
    done = run(topics, "produce", str(file), "--format", "rees46", "--json")
    assert done.exit_code == 0, done.output
    told = last_line(done)
    assert (told["sent"], told["disorder"]) == (5_610, 0)
    expected = defaultdict(list)
    for row in read(file, "rees46"):
        assert isinstance(row, Accepted)
        expected[partition_of(row.key, topics.partitions)].append(row.value)
    assert asyncio.run(merged(topics)) == expected


def test_produce_without_topics_says_what_to_run(fresh: Settings, tmp_path: Path) -> None:
    file = tmp_path / "events.ndjson"
    file.write_bytes(orjson.dumps(CART_EVENT))
    done = run(fresh, "produce", str(file), "--format", "native")
    assert done.exit_code == 1
    assert "was missing; run: coupon-stream topics apply" in done.stderr


def test_doctor_finds_nothing_wrong_with_fresh_topics(topics: Settings) -> None:
    done = run(topics, "doctor", "--json")
    assert done.exit_code == 0, done.output
    assert set(verdicts(done).values()) <= {"good", "note"}
    assert verdicts(done)["clock"] == "good"


def test_doctor_without_topics_names_them_once_and_fails(fresh: Settings) -> None:
    done = run(fresh, "doctor", "--json")
    assert done.exit_code == 1
    assert "topics" in last_line(done)["failed"]
    assert done.stdout.count(f"{fresh.topic_prefix}shop.cart.v1") == 2  # the line and its JSON


def test_doctor_notices_a_producer_that_hashes_otherwise(topics: Settings) -> None:
    name = inbound_name("cart", topics.topic_prefix)
    wrong = (partition_of(b"u1", topics.partitions) + 1) % topics.partitions
    value = orjson.dumps(CART_EVENT)
    asyncio.run(send_all(topics.kafka_bootstrap_servers, name, [(b"u1", value)], wrong))
    done = run(topics, "doctor", "--json")
    assert done.exit_code == 1
    assert verdicts(done)["partitioner"] == "failed"
    assert "murmur2_random" in done.stdout
    assert verdicts(done)["lag"] == "failed"  # an event waits and nobody works


def test_doctor_notices_a_producer_that_speaks_another_language(topics: Settings) -> None:
    name = inbound_name("cart", topics.topic_prefix)
    good, bad = orjson.dumps(CART_EVENT), b"<event/>"
    told = [(b"u1", good), (b"u1", bad), (b"u1", bad)]
    where = partition_of(b"u1", topics.partitions)
    asyncio.run(send_all(topics.kafka_bootstrap_servers, name, told, where))
    done = run(topics, "doctor", "--json")
    assert done.exit_code == 1
    assert (verdicts(done)["schema"], verdicts(done)["partitioner"]) == ("failed", "good")
    assert "2 of the newest 3 events cannot be read: bad_json 2" in done.stdout


def test_doctor_gives_up_on_a_silent_broker_in_one_line() -> None:
    with LocalKafka(quick=True) as broker:
        broker.pause()
        silent = Settings(kafka_bootstrap_servers=broker.bootstrap)
        done = run(silent, "doctor", "--json")
    assert done.exit_code == 1
    assert last_line(done)["failed"] == ["reach"]


def dead_letters(settings: Settings) -> list[Outbound]:
    """Write three dead letters as a worker does; the last came back once already."""
    cart = inbound_name("cart", settings.topic_prefix)
    search = inbound_name("search", settings.topic_prefix)
    rows: list[tuple[str, int, bytes, bytes, list[tuple[str, bytes | None]], Reason]] = [
        (cart, 5, b"u1", b"\xff{", [("trace", b"t1")], "bad_json"),
        (search, 2, b"u2", b"{}", [], "missing_field"),
        (cart, 6, b"u1", b"{}", [("dlq.replayed", b"1")], "missing_field"),
    ]
    return [
        wire.dead_letter(
            topic=topic,
            partition=0,
            offset=offset,
            timestamp_ms=1_000,
            key=key,
            value=value,
            headers=headers,
            reason=reason,
            detail="why",
            group="g",
            worker_version="1",
        )
        for topic, offset, key, value, headers, reason in rows
    ]


async def send_dead_letters(settings: Settings) -> None:
    async def each() -> AsyncIterator[Message]:
        for key, value, headers in dead_letters(settings):
            yield Message(
                line_number=0,
                topic=f"{settings.topic_prefix}coupon.dead-letters.v1",
                partition=0,
                key=key,
                value=value,
                headers=tuple(headers),
            )

    await send(each(), client_options(settings), settings.partitions)


def test_dlq_lists_shows_and_replays(topics: Settings) -> None:
    asyncio.run(send_dead_letters(topics))
    listed = run(topics, "dlq", "list", "--json")
    assert listed.exit_code == 0, listed.output
    assert last_line(listed) == {
        "dead_letters": 3,
        "reasons": {"bad_json": 1, "missing_field": 2},
    }
    shown = last_line(run(topics, "dlq", "show", "0:0", "--json"))
    assert shown["value"] == "\\xff{"
    assert shown["headers"] == [["trace", "t1"]]
    assert (shown["reason"], shown["offset"]) == ("bad_json", 5)
    assert run(topics, "dlq", "show", "0:99").exit_code == 1
    assert run(topics, "dlq", "list", "--where", "colour=red").exit_code == 2


def test_dlq_replay_returns_the_untouched_bytes_once(topics: Settings) -> None:
    asyncio.run(send_dead_letters(topics))
    rehearsed = last_line(run(topics, "dlq", "replay", "--dry-run", "--json"))
    assert rehearsed == {"matched": 3, "sent": 0, "stay": 1}
    done = last_line(run(topics, "dlq", "replay", "--where", "reason=bad_json", "--json"))
    assert done == {"matched": 1, "sent": 1, "stay": 0}
    names = [inbound_name(family, topics.topic_prefix) for family in INBOUND]
    (record,) = asyncio.run(read_all(topics.kafka_bootstrap_servers, names))
    assert record.topic == inbound_name("cart", topics.topic_prefix)
    assert record.partition == partition_of(b"u1", topics.partitions)
    assert (record.key, record.value) == (b"u1", b"\xff{")
    assert record.headers == (("trace", b"t1"), ("dlq.replayed", b"1"))
    twice = last_line(run(topics, "dlq", "replay", "--where", "offset=6", "--json"))
    assert twice == {"matched": 1, "sent": 0, "stay": 1}


def test_dlq_of_an_empty_topic_is_empty(topics: Settings) -> None:
    assert last_line(run(topics, "dlq", "list", "--json"))["dead_letters"] == 0


def test_kafka_in_the_foreground_tells_its_address_and_stops_on_ctrl_c() -> None:
    (port,) = free_ports(1)
    command = [sys.executable, "-m", "streams", "kafka", "--port", str(port)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        first = next(line for line in running.stdout if "ready" in line)
        assert f"127.0.0.1:{port}" in first
        assert not is_free(port)
        os.kill(running.pid, signal.SIGINT)
        rest = running.stdout.read()
        assert "coupon-stream topics apply" in rest
        assert running.wait() == 0
    assert is_free(port)
