"""Caps by device on a real Kafka: customers of four partitions, two workers, one of them killed."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer, ConsumerRecord

from features.events import Event
from streams import wire
from streams.decisions import Decision
from streams.partitioner import partition_of
from streams.recordings import writing as recording
from streams.recordings.repeating import Repeat
from streams.settings import Settings
from tests.broker.awaiting import read_all, read_count, read_until
from tests.broker.test_lending import CATALOGUE, scarce
from tests.broker.test_verifier import judged
from tests.broker.workers import running
from tests.builders import NOON_MS, an_event

pytestmark = [pytest.mark.broker, pytest.mark.timeout(400)]

CAP_COUNT, USERS_COUNT = 2, 8
WAVE_MS = 31 * 60_000  # more than the rest between two decisions
WAVES_COUNT, MORE_COUNT = 60, 5
CAPPED = CATALOGUE.replace("100.00", "9000.00").replace(
    "    coupons:\n", f"    per_device: {CAP_COUNT}\n    coupons:\n"
)


class Household:
    """Eight customers, two of each partition, who all use one device."""

    def __init__(self, settings: Settings) -> None:
        self.settings, self.now_ms, self.sent_count = settings, NOON_MS, 0
        named = [f"user-{number}" for number in range(200)]
        each = USERS_COUNT // settings.partitions
        self.users = [
            name
            for number in range(settings.partitions)
            for name in [one for one in named if self._partition(one) == number][:each]
        ]

    def _partition(self, user: str) -> int:
        return partition_of(user.encode(), self.settings.partitions)

    async def send(self, events: list[Event]) -> None:
        server = self.settings.kafka_bootstrap_servers
        async with AIOKafkaProducer(bootstrap_servers=server, acks="all") as producer:
            for event in events:
                topic = f"{self.settings.topic_prefix}shop.{event.family}.v1"
                user = event.user_id
                value, number = wire.encode_event(event), self._partition(user)
                await producer.send(topic, value, user.encode(), number)
            await producer.flush()

    async def wave(self) -> list[Decision]:
        """Let all of them fill a cart; gives what was offered up to now, when all are answered."""
        self.now_ms += WAVE_MS
        await self.send(
            [
                an_event("cart.added", at_ms=self.now_ms, user_id=name, anonymous_id="tablet")
                for name in self.users
            ]
        )
        self.sent_count += len(self.users)
        decided = await self.read("decisions", self.sent_count)
        wanted = sum(told.get("says") == "wants" for told in await self.all_told("budget"))
        await read_until(
            self.settings.kafka_bootstrap_servers,
            [self.topic("grants")],
            lambda records: sum("permit" in body_of(one) for one in records) >= wanted,
            deadline_seconds=120.0,
        )
        decisions = [wire.decode_decision(one.value) for one in decided]
        return [one for one in decisions if one.offer is not None]

    async def read(self, name: str, count: int) -> list[ConsumerRecord]:
        server = self.settings.kafka_bootstrap_servers
        return await read_count(server, [self.topic(name)], count, 180.0)

    async def all_told(self, name: str) -> list[dict[str, Any]]:
        server = self.settings.kafka_bootstrap_servers
        return [body_of(one) for one in await read_all(server, [self.topic(name)])]

    def topic(self, name: str) -> str:
        return f"{self.settings.topic_prefix}coupon.{name}.v1"


def body_of(record: ConsumerRecord) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(record.value)
    return body


async def test_c47_one_device_gets_no_more_than_its_cap_over_partitions_and_kills(
    topics: Settings, tmp_path: Path
) -> None:
    settings = scarce(topics, tmp_path, CAPPED)
    home = Household(settings)
    assert len(home.users) == USERS_COUNT
    with running(settings, tmp_path, 2) as (first, second):
        await asyncio.gather(first.ready(), second.ready())
        offers, full_count = await home.wave(), 0
        assert offers == [], "nobody is given anything before the ledger was asked"
        first.kill()
        for _ in range(WAVES_COUNT):
            offers = await home.wave()
            assert len(offers) <= CAP_COUNT
            full_count += len(offers) == CAP_COUNT
            if full_count > MORE_COUNT:
                break
        assert full_count > MORE_COUNT, f"given {len(offers)} of {CAP_COUNT}"
        gone = offers[0]
        released = an_event(
            "coupon.released",
            at_ms=home.now_ms + 1,
            user_id=gone.user_id,
            decision_id=gone.decision_id,
            items=(),
        )
        await home.send([released])
        for _ in range(WAVES_COUNT):
            if len(offers) > CAP_COUNT:
                break
            offers = await home.wave()
        assert len(offers) == CAP_COUNT + 1, "what came back is given once more"
        assert len(await home.wave()) == CAP_COUNT + 1
        page = await second.metrics()
        assert 'coupon_permits_total{answer="granted"}' in page
        assert 'coupon_permits_total{answer="refused"}' in page
        assert second.stop() == 0

    told = json.dumps(await home.all_told("budget")) + json.dumps(await home.all_told("grants"))
    assert "tablet" not in told, "a device is named by its keyed hash only"
    folder = tmp_path / "recorded"
    recording.new_folder(folder)
    await recording.record(settings, folder)
    found = Repeat(settings, folder).run()
    assert (found.same, found.different, found.lost) == (home.sent_count, 0, 0)
    code, said = await asyncio.to_thread(judged, settings)
    assert (code, json.loads(said)["broken"]) == (0, []), said
