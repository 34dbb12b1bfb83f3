"""Signed rows and grants on a real Kafka, which somebody else can write to as well."""

import asyncio
import json
import time
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer, ConsumerRecord

from coupons.leases import Grant
from streams import wire
from streams.partitioner import partition_of
from streams.rows import PARTITION_KEY
from streams.settings import Settings
from tests.broker.awaiting import read_all, read_count
from tests.broker.test_lending import scarce
from tests.broker.workers import RunningWorker
from tests.builders import NOON_MS, an_event

pytestmark = [pytest.mark.broker, pytest.mark.timeout(400)]

KEY, OTHER = (f"{name}:{b64encode(bytes([n] * 32)).decode()}" for n, name in enumerate(("a", "b")))
ENDS_SECONDS = 150.0
USERS = ("ann", "bob", "cat", "dan", "eve", "flo")


@asynccontextmanager
async def worker_with(
    settings: Settings, folder: Path, name: str, **more: str
) -> AsyncIterator[RunningWorker]:
    """Run a worker until it is ready and through the block, then stop it in good order."""
    worker = RunningWorker(settings, folder, name, **more)
    try:
        await worker.ready()
        yield worker
        assert worker.stop() == 0
    finally:
        if worker.process.poll() is None:
            worker.kill()


async def refusal_of(settings: Settings, folder: Path, name: str, **more: str) -> str:
    """Start a worker that must end by itself, and give its log."""
    worker = RunningWorker(settings, folder, name, **more)
    try:
        assert await asyncio.to_thread(worker.process.wait, ENDS_SECONDS) == 1, worker.tail()
    finally:
        if worker.process.poll() is None:
            worker.kill()
    return worker.log.read_text("utf-8", errors="replace")


async def decide(settings: Settings, users: tuple[str, ...], wave: int, count: int) -> None:
    """Send each customer's event and return when there are `count` decisions in all."""
    topic = f"{settings.topic_prefix}shop.cart.v1"
    bootstrap = settings.kafka_bootstrap_servers
    async with AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all") as producer:
        for number, name in enumerate(users):
            at_ms = NOON_MS + wave * 3_600_000 + number
            event = an_event("cart.added", event_id=f"{name}-{wave}", at_ms=at_ms, user_id=name)
            place = partition_of(name.encode(), settings.partitions)
            await producer.send(topic, wire.encode_event(event), name.encode(), place)
        await producer.flush()
    await read_count(bootstrap, [f"{settings.topic_prefix}coupon.decisions.v1"], count)


async def put(settings: Settings, like: ConsumerRecord, value: bytes | None) -> None:
    """Write a record into the place of another, headers and all, as a stranger could."""
    bootstrap = settings.kafka_bootstrap_servers
    async with AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all") as producer:
        headers = list(like.headers)
        await producer.send_and_wait(like.topic, value, like.key, like.partition, headers=headers)


async def rows_of(settings: Settings, key: bytes) -> list[ConsumerRecord]:
    """Give all records of a row, oldest first."""
    topic = f"{settings.app_id}-users-changelog"
    records = await read_all(settings.kafka_bootstrap_servers, [topic])
    return [one for one in records if one.key == key]


async def test_p10_rows_become_signed_and_one_altered_byte_or_an_old_row_ends_the_worker(
    topics: Settings, tmp_path: Path
) -> None:
    """From no key to one, past a forged row to the next key, and on to a row put back."""
    first, second = {"COUPON_STATE_KEY": KEY}, {"COUPON_STATE_KEY": OTHER}
    async with worker_with(topics, tmp_path, "before"):
        await decide(topics, USERS, 0, len(USERS))
    async with worker_with(topics, tmp_path, "begins", COUPON_STATE_TRUST="changeover", **first):
        await decide(topics, USERS[1:], 1, 2 * len(USERS) - 1)
    *_, signed = await rows_of(topics, b"ann")
    assert signed.value is not None
    assert dict(signed.headers)["signature"].startswith(b"a:")

    damaged = bytes([signed.value[0], signed.value[1] ^ 1]) + signed.value[2:]
    await put(topics, signed, damaged)
    assert "(forged); " in await refusal_of(topics, tmp_path, "altered", **first)
    both = {"COUPON_STATE_KEY": f"{OTHER},{KEY}", "COUPON_STATE_TRUST": "repair"}
    async with worker_with(topics, tmp_path, "repairs", **both):
        pass
    *_, mended = await rows_of(topics, b"ann")
    assert mended.value == signed.value
    async with worker_with(topics, tmp_path, "goes-on", **second):
        await decide(topics, USERS, 2, 3 * len(USERS) - 1)

    await put(topics, mended, mended.value)
    told = await refusal_of(topics, tmp_path, "put-back", **second)
    assert "(put_back); find out who writes there besides workers" in told
    assert "COUPON_STATE_TRUST=repair" in told


async def lease_of(settings: Settings) -> dict[str, Any]:
    """Give what partition 1 knows of its dealings with the ledger, as its newest row has it."""
    states = [one for one in await rows_of(settings, PARTITION_KEY) if one.partition == 1]
    accounts = json.loads(states[-1].value or b"")["ledger"]["accounts"]
    found: dict[str, Any] = accounts["scarce"]["lease"]
    return found


async def hears_more(settings: Settings, seq: int) -> None:
    """Return when partition 1 has heard of a grant after this one."""
    deadline, heard = time.monotonic() + ENDS_SECONDS, seq
    while time.monotonic() < deadline:
        heard = (await lease_of(settings))["heard"]
        if heard > seq:
            return
        await asyncio.sleep(0.2)
    message = f"a grant after {seq} must be heard, was {heard}"
    raise AssertionError(message)


BUDGET_MINOR = 10_000
FORGED_MINOR = 1_000_000
CUSTOMERS_COUNT = 40
REFUSED = "bad_signature"


async def test_p10_a_forged_grant_gives_nothing_and_an_old_one_put_back_changes_nothing(
    topics: Settings, tmp_path: Path
) -> None:
    """All customers are of one partition, which gives to nearly everybody while it may."""
    settings = scarce(topics, tmp_path)
    prefix, bootstrap = settings.topic_prefix, settings.kafka_bootstrap_servers
    grants = f"{prefix}coupon.grants.v1"
    names = [f"user-{n}" for n in range(40 * CUSTOMERS_COUNT)]
    users = [name for name in names if partition_of(name.encode(), settings.partitions) == 1]
    few, many = tuple(users[:10]), tuple(users[10:CUSTOMERS_COUNT])
    async with worker_with(settings, tmp_path, "gives", COUPON_STATE_KEY=KEY) as worker:
        await decide(settings, few, 0, len(few))
        heard = [one for one in await read_count(bootstrap, [grants], 2) if one.partition == 1]
        oldest = heard[0]
        forged = Grant(
            campaign_id="scarce", partition=1, seq=1_000, granted={"random": FORGED_MINOR}
        )
        key, value, _ = wire.encode_grant(forged)
        async with AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all") as producer:
            await producer.send_and_wait(grants, value, key, 1)
            await producer.send_and_wait(grants, value, key, 1, headers=list(oldest.headers))
        await put(settings, oldest, oldest.value)  # signed by the ledger, and over
        letters = await read_count(bootstrap, [f"{prefix}coupon.dead-letters.v1"], 2)
        await decide(settings, many, 1, CUSTOMERS_COUNT)
        await hears_more(settings, json.loads(oldest.value or b"")["seq"])
        page = await worker.metrics()

    assert [dict(one.headers)["dlq.reason"] for one in letters] == [REFUSED.encode()] * 2
    assert f'coupon_events_rejected_total{{reason="{REFUSED}",topic="{grants}"}} 2' in page
    decided = await read_all(bootstrap, [f"{prefix}coupon.decisions.v1"])
    budgets = [wire.decode_decision(one.value or b"").budget for one in decided]
    charged_minor = sum(one.charged_minor for one in budgets if one is not None)
    assert 0 < charged_minor <= BUDGET_MINOR
    assert max((await lease_of(settings))["granted"].values()) <= BUDGET_MINOR
