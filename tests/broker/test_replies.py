"""Requests about coupons on a real Apache Kafka: two workers, simultaneous payments, one winner."""

import asyncio
import json
import os
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer

from streams import wire
from streams.decisions import Decision, rfc3339
from streams.partitioner import partition_of
from streams.replies import Reply
from streams.settings import Settings
from streams.topics import inbound_name
from tests.broker.awaiting import read_count
from tests.broker.workers import running
from tests.verifier.kafka import Source
from tests.verifier.verify import verify

# Of so many customers those who are given a coupon try to use it; 3,500 at length.
CUSTOMERS_COUNT, PAYMENTS_COUNT = int(os.environ.get("REDEMPTIONS", "24")), 64
DRAIN_SECONDS = 180.0 + CUSTOMERS_COUNT / 4

pytestmark = [pytest.mark.broker, pytest.mark.timeout(int(400 + CUSTOMERS_COUNT / 2))]
CART = {"product_id": "p1", "price_minor": 9_000, "quantity": 1}


async def send(settings: Settings, family: Any, bodies: list[dict[str, Any]]) -> None:
    producer = AIOKafkaProducer(
        bootstrap_servers=settings.kafka_bootstrap_servers, partitioner=_by_murmur2, linger_ms=5
    )
    topic = inbound_name(family, settings.topic_prefix)
    async with producer:
        told = [
            await producer.send(topic, json.dumps(body).encode(), key=body["user_id"].encode())
            for body in bodies
        ]
        await asyncio.gather(*told)


def _by_murmur2(key: bytes, partitions: list[int], _available: list[int]) -> int:
    return partitions[partition_of(key, len(partitions))]


async def decided(settings: Settings, count: int) -> list[Decision]:
    records = await read_count(
        settings.kafka_bootstrap_servers,
        [f"{settings.topic_prefix}coupon.decisions.v1"],
        count,
        DRAIN_SECONDS,
    )
    return [wire.decode_decision(record.value) for record in records]


def carts(name: str, at_ms: int) -> list[dict[str, Any]]:
    return [
        {"event_id": f"{name}-{n}", "event_type": "cart.added", "user_id": f"user-{n}"}
        | {"occurred_at": rfc3339(at_ms), "channel": "web", "category": "toys", **CART}
        for n in range(CUSTOMERS_COUNT)
    ]


def payments_of(decision: Decision) -> list[dict[str, Any]]:
    assert decision.offer is not None
    return [
        {"event_id": f"{decision.user_id}-{n}", "event_type": "coupon.check_requested"}
        | {"user_id": decision.user_id, "occurred_at": rfc3339(1_795_313_460_000)}
        | {"coupon_code": decision.offer.code, "order_id": f"order-{n}", "reserve": True}
        | {"items": [{**CART, "category": "toys"}], "shipping_minor": 490}
        for n in range(PAYMENTS_COUNT)
    ]


async def test_p5_of_64_payments_at_once_exactly_one_gets_the_coupon_and_each_is_answered_once(
    topics: Settings, tmp_path: Path
) -> None:
    keyed = Settings(**{**topics.model_dump(), "policy": "random", "code_key": "the shop's secret"})
    with running(keyed, tmp_path, 2, COUPON_CODE_KEY="the shop's secret") as workers:
        await asyncio.gather(*(worker.ready() for worker in workers))
        await send(keyed, "cart", carts("first", 1_795_313_400_000))
        given = [one for one in await decided(keyed, CUSTOMERS_COUNT) if one.offer is not None]
        assert len(given) > CUSTOMERS_COUNT // 4
        payments = [each for decision in given for each in payments_of(decision)]
        await send(keyed, "coupon", payments)
        await send(keyed, "coupon", payments[::7])  # repeats, which are not answered again
        # Answered after all that was sent before, and so a sign that it was taken.
        await send(keyed, "cart", carts("last", 1_795_313_520_000))
        await decided(keyed, 2 * CUSTOMERS_COUNT)
        records = await read_count(
            keyed.kafka_bootstrap_servers,
            [f"{keyed.topic_prefix}coupon.replies.v1"],
            len(payments),
            DRAIN_SECONDS,
        )
        assert [worker.stop() for worker in workers] == [0, 0]
    replies = [wire.decode_reply(record.value) for record in records]
    assert Counter(one.request_id for one in replies) == dict.fromkeys(
        [body["event_id"] for body in payments], 1
    )
    wins = [one for one in replies if not _is_refused_for_its_basket(one)]
    assert Counter(one.user_id for one in wins if one.allowed) == dict.fromkeys(
        {one.user_id for one in wins}, 1
    )
    assert {one.reason for one in wins} == {None, "already_reserved"}
    won_count = sum(one.allowed for one in wins)
    print(
        f"{len(payments)} payments, {len(given)} coupons, {won_count} won: all that fit the basket"
    )
    report = verify(Source(keyed.kafka_bootstrap_servers).log(keyed.app_id, keyed.topic_prefix))
    assert report.broken == []
    assert report.check("reserved_once").checked_count > 0


def _is_refused_for_its_basket(reply: Reply) -> bool:
    return reply.reason in ("min_spend_not_reached", "scope_not_relevant", "bundle_incomplete")
