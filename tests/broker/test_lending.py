"""What is scarce on a real Kafka: one ledger leases it, several workers give it, one is killed."""

import asyncio
import json
from collections import Counter
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer, ConsumerRecord

from streams import wire
from streams.partitioner import partition_of
from streams.recordings import writing as recording
from streams.recordings.repeating import Repeat
from streams.settings import Settings
from tests.broker.awaiting import read_all, read_count
from tests.broker.workers import running
from tests.builders import NOON_MS, an_event

pytestmark = [pytest.mark.broker, pytest.mark.timeout(400)]

DRAIN_SECONDS = 180.0
COUPON_MINOR = 500
COUPONS_COUNT = 20
WAVE_COUNT = 50
WAVES_COUNT = 40
CATALOGUE = """
campaigns:
  - id: scarce
    currency: EUR
    budget: 100.00
    coupons:
      - id: five
        kind: amount_off
        save: 5.00
        title: Five off
"""
FEW = CATALOGUE.replace("100.00", "9000.00") + f"        quota: {COUPONS_COUNT}\n"
# What is scarce, and how many can be given: of money, the purse of the arm that thinks before it
# gives is less than a coupon.
SCARCE = {"money": (CATALOGUE, COUPONS_COUNT - 1), "pieces": (FEW, COUPONS_COUNT)}


def scarce(topics: Settings, folder: Path, catalogue: str = CATALOGUE) -> Settings:
    """Nearly everybody is in an arm that gives whatever may be given."""
    path = folder / "catalogue.yaml"
    path.write_text(catalogue, "utf-8")
    changes = {
        "catalogue_file": path,
        "random_ratio": 0.98,
        "margin_ratio": 0.9,
        "holdout_ratio": 0.0,
        "business_as_usual_ratio": 0.0,
        "model_frozen": True,
        "session_timeout_ms": 6_000,
    }
    return topics.model_copy(update=changes)


def users(partitions: int, count: int) -> list[str]:
    """Name customers of whom most belong to one partition."""
    named = (f"user-{number}" for number in range(100 * count))
    found: list[str] = []
    while len(found) < count:
        name = next(named)
        if partition_of(name.encode(), partitions) == 1 or len(found) % 5 == 0:
            found.append(name)
    return found


async def send(settings: Settings, names: list[str], from_ms: int) -> None:
    topic = f"{settings.topic_prefix}shop.cart.v1"
    async with AIOKafkaProducer(
        bootstrap_servers=settings.kafka_bootstrap_servers, acks="all"
    ) as producer:
        for number, name in enumerate(names):
            event = an_event("cart.added", at_ms=from_ms + number, user_id=name)
            partition = partition_of(name.encode(), settings.partitions)
            await producer.send(topic, wire.encode_event(event), name.encode(), partition)
        await producer.flush()


def charged_minor(records: list[ConsumerRecord]) -> int:
    decided = (wire.decode_decision(one.value) for one in records)
    return sum(one.budget.charged_minor for one in decided if one.budget is not None)


@pytest.mark.parametrize("what", SCARCE)
async def test_p4_what_is_scarce_is_given_once_and_wholly_though_a_worker_is_killed(
    topics: Settings, tmp_path: Path, what: str
) -> None:
    catalogue, given_count = SCARCE[what]
    settings, given_minor = scarce(topics, tmp_path, catalogue), given_count * COUPON_MINOR
    prefix, bootstrap = settings.topic_prefix, settings.kafka_bootstrap_servers
    names = users(settings.partitions, WAVES_COUNT * WAVE_COUNT)
    decisions = f"{prefix}coupon.decisions.v1"
    records: list[ConsumerRecord] = []
    with running(settings, tmp_path, 2) as (first, second):
        await asyncio.gather(first.ready(), second.ready())
        waves_over_count = 0  # two more come after all was given that can be
        while waves_over_count < 2 and len(records) < len(names):
            wave = names[len(records) : len(records) + WAVE_COUNT]
            await send(settings, wave, NOON_MS + len(records))
            if len(records) == WAVE_COUNT:
                first.kill()
            sent_count = len(records) + WAVE_COUNT
            records = await read_count(bootstrap, [decisions], sent_count, DRAIN_SECONDS)
            waves_over_count += charged_minor(records) >= given_minor
        assert second.stop() == 0

    decided = [wire.decode_decision(record.value) for record in records]
    assert set(Counter(one.trigger_event_id + one.user_id for one in decided).values()) == {1}
    assert charged_minor(records) == given_minor
    granted = await read_all(bootstrap, [f"{prefix}coupon.grants.v1"])
    beyond: dict[tuple[int, str, str], int] = {}
    for record in granted:
        grant = json.loads(record.value)
        for arm, minor in grant["granted"].items():
            whose = record.partition, grant["campaign_id"], arm
            assert minor >= beyond.get(whose, 0), "a grant must never fall"
            beyond[whose] = minor
    assert sum(beyond.values()) > 0

    folder = tmp_path / "recorded"
    recording.new_folder(folder)
    await recording.record(settings, folder)
    found = Repeat(settings, folder).run()
    assert (found.same, found.different, found.lost) == (len(records), 0, 0)
