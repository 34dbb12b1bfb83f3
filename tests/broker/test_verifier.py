"""The verifier on a real Kafka: it passes what a worker did, and sees what a forger added."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest
from aiokafka import AIOKafkaProducer, ConsumerRecord
from confluent_kafka import Producer

from features.events import Family
from streams.connection import client_options
from streams.decisions import rfc3339
from streams.lanes import send
from streams.layouts import Accepted
from streams.produce import messages
from streams.replay import Replay
from streams.settings import Settings
from tests.broker.awaiting import read_count
from tests.broker.workers import running
from tests.builders import NOON_MS, ample
from tests.hostile import hostile

pytestmark = [pytest.mark.broker, pytest.mark.timeout(300)]

ROOT = Path(__file__).resolve().parents[2]
EVENTS_COUNT, HOSTILE_EVERY, USERS_COUNT = 600, 20, 40


def shop_rows(seed: int) -> Iterator[Accepted]:
    """Give events of three days, some of them repeated, with hostile messages in between."""
    draw = Random(seed)
    at_ms = NOON_MS
    damage = (one for one in hostile(seed, 10_000) if one[2] and one[5] != "too_far_in_future")
    for number in range(EVENTS_COUNT):
        at_ms += draw.randrange(600_000)
        row = _event(draw, number, at_ms)
        yield row
        if number % 11 == 0:
            yield row
        if number % HOSTILE_EVERY == 0:
            _, key, value, headers, _, _ = next(damage)
            kept = tuple((name, content or b"") for name, content in headers)
            yield Accepted(
                line_number=0,
                key=key or b"",
                value=value or b"",
                headers=kept,
                family="browse",
                ts_ms=at_ms,
            )


def _event(draw: Random, number: int, at_ms: int) -> Accepted:
    user_id = f"user-{draw.randrange(USERS_COUNT)}"
    fields = {"event_id": f"e{number}", "user_id": user_id, "occurred_at": rfc3339(at_ms)}
    product = {"product_id": "p1", "price_minor": 12_000, "currency": "EUR"}
    kinds: tuple[tuple[Family, dict[str, object]], ...] = (
        ("browse", {"event_type": "product.viewed", **product}),
        ("cart", {"event_type": "cart.added", **product}),
        ("purchase", {"event_type": "order.completed", "order_id": f"o{number}", **product}),
    )
    family, more = draw.choices(kinds, (6, 3, 1))[0]
    return Accepted(
        line_number=number,
        key=user_id.encode(),
        value=json.dumps({**fields, **more}).encode(),
        headers=(),
        family=family,
        ts_ms=at_ms,
    )


def judged(settings: Settings, *more: str, prefix: str | None = None) -> tuple[int, str]:
    """Call the verifier as the chaos suite does."""
    found = subprocess.run(
        [
            *(sys.executable, "-m", "tests.verifier", "--json"),
            *("--bootstrap", settings.kafka_bootstrap_servers),
            *("--prefix", settings.topic_prefix if prefix is None else prefix),
            *("--app", settings.app_id),
            *("--catalogue", str(settings.catalogue_path)),
            *more,
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return found.returncode, found.stdout or found.stderr


async def test_a_run_is_verified_and_a_forged_decision_is_seen(
    topics: Settings, tmp_path: Path
) -> None:
    settings = ample(topics, tmp_path).model_copy(
        update={"model_frozen": True, "policy": "random", "heartbeat_idle_ms": 600_000}
    )
    rows = list(shop_rows(seed=5))
    decisions, state = tmp_path / "decisions.ndjson", tmp_path / "state.ndjson"
    decided_count = write_uninterrupted(settings, rows, decisions, state)
    files = ("--replay", str(decisions), "--state", str(state))
    with running(settings, tmp_path, 1) as (worker,):
        await worker.ready()
        await send(messages(rows, settings), client_options(settings), settings.partitions)
        records = await read_count(
            settings.kafka_bootstrap_servers,
            [f"{settings.topic_prefix}coupon.decisions.v1"],
            decided_count,
        )
        await read_count(
            settings.kafka_bootstrap_servers,
            [f"{settings.topic_prefix}coupon.dead-letters.v1"],
            EVENTS_COUNT // HOSTILE_EVERY,
        )
        assert worker.stop() == 0
    code, said = judged(settings, *files)
    assert (code, json.loads(said)["broken"]) == (0, []), said
    skipped = [name for name, one in json.loads(said)["checks"].items() if one["skipped"]]
    assert skipped == ["labels_same"]
    assert any(json.loads(record.value)["offer"] for record in records)

    forged = records[0]
    await forge(settings, forged)
    code, said = judged(settings, *files)
    assert code == 1, said
    assert {"doubled", "decisions_same"} <= set(json.loads(said)["broken"])
    assert json.loads(forged.value)["trigger_event_id"] in said


def test_topics_that_are_not_there_cannot_be_judged(fresh: Settings) -> None:
    code, said = judged(fresh, prefix="nobody.")
    assert code == 2
    assert "topic nobody.coupon.decisions.v1 must be there" in said


def test_a_run_with_an_open_transaction_cannot_be_judged(topics: Settings) -> None:
    producer = Producer(
        {
            "bootstrap.servers": topics.kafka_bootstrap_servers,
            "transactional.id": f"{topics.app_id}-open",
        }
    )
    producer.init_transactions(30)
    producer.begin_transaction()
    producer.produce(f"{topics.topic_prefix}shop.cart.v1", b"{}", b"user-1")
    assert producer.flush(30) == 0
    code, said = judged(topics)
    assert (code, "has an open transaction from 0 to 1" in said) == (2, True), said
    producer.abort_transaction(30)
    code, said = judged(topics)
    assert (code, "there is not one inbound record" in said) == (2, True), said


def write_uninterrupted(
    settings: Settings, rows: list[Accepted], decisions: Path, state: Path
) -> int:
    """Run the same rows without a broker, and write what it decided and what it holds."""
    replay = Replay(settings)
    found: list[bytes] = []
    replay.run(rows, found.append)
    decisions.write_bytes(b"".join(value + b"\n" for value in found))
    lines = [
        json.dumps({"partition": number, "key": key.decode(), "row": json.loads(row)})
        for number, partition in enumerate(replay.partitions)
        for key, row in partition.canonical()
    ]
    state.write_text("\n".join(lines), "utf-8")
    return len(found)


async def forge(settings: Settings, record: ConsumerRecord) -> None:
    """Append a decision once more, as a worker would that does not know of its first time."""
    async with AIOKafkaProducer(bootstrap_servers=settings.kafka_bootstrap_servers) as producer:
        await producer.send_and_wait(
            record.topic,
            record.value,
            key=record.key,
            headers=list(record.headers),
            partition=record.partition,
        )
