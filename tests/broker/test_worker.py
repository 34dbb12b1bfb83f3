"""The product on a real Apache Kafka: real files, two workers, a kill, and hostile neighbours."""

import asyncio
import gzip
import json
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer, ConsumerRecord

from streams.layouts import Accepted, read
from streams.partitioner import partition_of
from streams.produce import Reading, produce
from streams.replay import Replay
from streams.settings import Settings
from streams.topics import inbound_name
from tests.broker.awaiting import read_all, read_count, read_until
from tests.broker.workers import RunningWorker, running
from tests.builders import ample
from tests.hostile import LATER, good, hostile

pytestmark = [pytest.mark.broker, pytest.mark.timeout(400)]

DRAIN_SECONDS = 180.0


def name_of(settings: Settings, topic: str) -> str:
    return f"{settings.topic_prefix}{topic}"


async def decisions_of(settings: Settings, count: int) -> list[ConsumerRecord]:
    return await read_count(
        settings.kafka_bootstrap_servers,
        [name_of(settings, "coupon.decisions.v1")],
        count,
        DRAIN_SECONDS,
    )


def slice_of(source: Path, folder: Path, lines: int) -> Path:
    """Cut the first lines of a packed file."""
    target = folder / source.name
    with gzip.open(source, "rb") as whole, gzip.open(target, "wb") as part:
        for _, line in zip(range(lines), whole, strict=False):
            part.write(line)
    return target


@pytest.mark.parametrize(
    ("file", "layout", "lines"),
    [
        ("rees46_2019-10-01_third.csv.gz", "rees46", 10_000),
        ("taobao_users_tail.csv.gz", "taobao", 10_000),
    ],
)
async def test_two_workers_give_the_decisions_of_the_replay_byte_for_byte(
    shared_data: Path, topics: Settings, tmp_path: Path, file: str, layout: str, lines: int
) -> None:
    frozen = ample(topics, tmp_path).model_copy(update={"model_frozen": True})
    path = slice_of(shared_data / file, tmp_path, lines)
    replay = Replay(frozen)
    expected: list[bytes] = []
    replay.run(read(path, layout), expected.append)
    with running(frozen, tmp_path, 2) as workers:
        await asyncio.gather(*(worker.ready() for worker in workers))
        sent = await produce(path, layout, frozen, reading=Reading())
        records = await decisions_of(frozen, len(expected))
        assert [worker.stop() for worker in workers] == [0, 0]
    assert sent.count == replay.counts.accepted
    assert Counter(record.value for record in records) == Counter(expected)
    partitions = frozen.partitions
    assert all(partition_of(record.key, partitions) == record.partition for record in records)
    dead = await read_all(
        frozen.kafka_bootstrap_servers, [name_of(frozen, "coupon.dead-letters.v1")]
    )
    assert dead == []


async def test_a_worker_killed_in_the_middle_loses_and_doubles_nothing_and_its_model_comes_back(
    shared_data: Path, topics: Settings, tmp_path: Path
) -> None:
    learning = topics.model_copy(update={"snapshot_every": 100, "session_timeout_ms": 6_000})
    rows = [
        row
        for row in read(shared_data / "rees46_2019-10-01_third.csv.gz", "rees46")
        if isinstance(row, Accepted)
    ]
    half = len(rows) // 2
    first = RunningWorker(learning, tmp_path, "first")
    await first.ready()
    await send(learning, rows[:half])
    await decisions_of(learning, half // 2)
    first.kill()
    with running(learning, tmp_path, 1) as (second,):
        await send(learning, rows[half:])
        await second.ready()
        await until_distinct(learning, len(rows))
        await second.shows("coupon_table_entries", len({row.key for row in rows}))
        await second.shows("coupon_model_checkpoint_failures_total", 0)
    decided = Counter(trigger_of(record) for record in await all_decisions(learning))
    assert len(decided) == len(rows)
    assert set(decided.values()) == {1}


async def test_p6_hostile_messages_stop_nobody_and_all_reach_the_dead_letters(
    topics: Settings, tmp_path: Path
) -> None:
    count = 100_000
    with running(topics, tmp_path, 1) as (worker,):
        await worker.ready()
        decided, expected = await send_mixed(topics, hostile_count=count, good_count=2_000)
        records = await decisions_of(topics, decided)
        dead = await read_count(
            topics.kafka_bootstrap_servers,
            [name_of(topics, "coupon.dead-letters.v1")],
            count,
            DRAIN_SECONDS,
        )
        shown = await worker.metrics()
        assert worker.process.poll() is None
    assert len({trigger_of(record) for record in records}) == decided
    reasons = Counter(dict(record.headers)["dlq.reason"].decode() for record in dead)
    assert reasons == expected
    series = [line for line in shown.splitlines() if line and not line.startswith("#")]
    assert len(series) < 3_000
    assert not re.search(
        r'reason="(?!' + "|".join(reasons) + r')[^"]*"',
        "".join(line for line in series if line.startswith("coupon_dead_letters")),
    )


async def test_replaying_a_topic_twice_changes_no_row(
    shared_data: Path, topics: Settings, tmp_path: Path
) -> None:
    frozen = topics.model_copy(update={"model_frozen": True})
    path = slice_of(shared_data / "rees46_2019-10-01_third.csv.gz", tmp_path, 500)
    once = Replay(frozen)
    once.run(read(path, "rees46"), lambda _: None)
    twice = Replay(frozen)
    twice.run(read(path, "rees46"), lambda _: None)
    before = [rows_without_positions(partition) for partition in twice.partitions]
    twice.run(read(path, "rees46"), lambda _: None)
    assert twice.counts.duplicates == once.counts.accepted
    assert [rows_without_positions(partition) for partition in twice.partitions] == before


def rows_without_positions(partition: object) -> list[tuple[bytes, dict[str, object]]]:
    found = []
    for key, value in partition.canonical():  # type: ignore[attr-defined]
        row = json.loads(value)
        row.pop("at", None)
        found.append((key, row))
    return found


# -- what the tests share --------------------------------------------------------------------


async def send(settings: Settings, rows: Sequence[Accepted]) -> None:
    async with AIOKafkaProducer(
        bootstrap_servers=settings.kafka_bootstrap_servers, acks="all", linger_ms=5
    ) as producer:
        futures = [
            await producer.send(
                inbound_name(row.family, settings.topic_prefix),
                row.value,
                key=row.key,
                partition=partition_of(row.key, settings.partitions),
            )
            for row in rows
        ]
        await asyncio.gather(*futures)


async def send_mixed(
    settings: Settings, hostile_count: int, good_count: int
) -> tuple[int, Counter[str]]:
    """Send hostile messages with good ones among them; say what has to come of it."""
    reasons: Counter[str] = Counter()
    every = hostile_count // good_count
    fine = good(3, good_count)
    decided = 0
    async with AIOKafkaProducer(
        bootstrap_servers=settings.kafka_bootstrap_servers, acks="all", linger_ms=20
    ) as producer:
        for number, (family, key, value, headers, _, reason) in enumerate(
            hostile(11, hostile_count)
        ):
            reasons[reason] += 1
            if reason == "too_far_in_future" and value is not None:
                # The broker's clock judges here, and it is ahead of the generator's.
                value = value.replace(LATER.encode(), b"2999-01-01T00:00:00.000Z")
            await _send_one(producer, settings, family, key, value, headers)
            if number % every == 0:
                kind, owner, body, more, _ = next(fine)
                bought = b'"order.completed"' in (body or b"")
                decided += kind in ("browse", "search", "cart") or bought
                await _send_one(producer, settings, kind, owner, body, more)
        await producer.flush()
    return decided, reasons


async def _send_one(
    producer: AIOKafkaProducer,
    settings: Settings,
    family: str,
    key: bytes | None,
    value: bytes | None,
    headers: Iterable[tuple[str, bytes | None]],
) -> None:
    await producer.send(
        inbound_name(family, settings.topic_prefix),  # type: ignore[arg-type]
        value,
        key=key,
        headers=list(headers),
        partition=partition_of(key or b"", settings.partitions),
    )


async def all_decisions(settings: Settings) -> list[ConsumerRecord]:
    return await read_all(
        settings.kafka_bootstrap_servers, [name_of(settings, "coupon.decisions.v1")]
    )


async def until_distinct(settings: Settings, count: int) -> None:
    await read_until(
        settings.kafka_bootstrap_servers,
        [name_of(settings, "coupon.decisions.v1")],
        lambda records: (
            len({record.value for record in records}) >= count
            and len({trigger_of(record) for record in records}) >= count
        ),
        deadline_seconds=DRAIN_SECONDS,
    )


def trigger_of(record: ConsumerRecord) -> str:
    return str(json.loads(record.value)["trigger_event_id"])
