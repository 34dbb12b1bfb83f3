"""Workers that die around what they write seldom: model snapshots, and heartbeats in a silence."""

import asyncio
import time
from pathlib import Path
from random import Random

import pytest
from confluent_kafka import Consumer, TopicPartition

from streams import wire
from streams.app import outbound_topics
from streams.brokers.local import LocalKafka
from streams.learning import Learning
from streams.settings import Settings
from tests.broker.awaiting import read_until
from tests.chaos.crashing_worker import SELDOM_POINTS
from tests.chaos.harness import certificate
from tests.chaos.harness.crashes import CRASH_SECONDS, MODULE, Plan
from tests.chaos.harness.fleet import Orders
from tests.chaos.harness.load import Mix
from tests.chaos.harness.scale import scale
from tests.chaos.harness.trial import on_trial, trial_settings
from tests.verifier.catalogue import read_campaigns
from tests.verifier.log import Log, Record, Terms
from tests.verifier.verify import verify

pytestmark = [pytest.mark.broker, pytest.mark.timeout(0)]

SNAPSHOT_EVERY = 25
HORIZON_MS = 3_600_000
HEARTBEAT_IDLE_MS = 500
BUSY_COUNT = 2_000
SILENCE_SECONDS = 6.0
SENDING_SECONDS = 60.0
ANSWER_SECONDS = 10.0


def snapshots_of(settings: Settings, outcomes: list[Record]) -> list[bytes]:
    """Learn what was committed in one go; gives the snapshots that are due on the way."""
    learning = Learning(settings)
    trained = learning.learn(
        (record.offset, wire.decode_outcome(record.value or b"")) for record in outcomes
    )
    return [wire.encode_state(snapshot) for _, snapshot in trained.snapshots]


def published(settings: Settings, count: int) -> list[bytes]:
    """Read the snapshots that were committed, once there are so many."""
    topic, key = outbound_topics(settings).models, settings.model_id.encode()
    found = asyncio.run(
        read_until(
            settings.kafka_bootstrap_servers,
            [topic],
            lambda records: sum(record.key == key for record in records) >= count,
            deadline_seconds=scale().seconds(CRASH_SECONDS),
        )
    )
    return [record.value for record in found if record.key == key]


def until_no_more_heartbeats(settings: Settings) -> None:
    """Wait until none has come for some time, and none is on its way.

    Raises
    ------
    AssertionError
        They do not end.
    """
    topic = outbound_topics(settings).heartbeats
    places = [TopicPartition(topic, number) for number in range(settings.partitions)]
    consumers = [
        Consumer(
            {
                "bootstrap.servers": settings.kafka_bootstrap_servers,
                "group.id": "heartbeats",
                "isolation.level": level,
            }
        )
        for level in ("read_committed", "read_uncommitted")
    ]
    deadline_s = time.monotonic() + scale().seconds(CRASH_SECONDS)
    known: list[list[int]] = []
    since_s = time.monotonic()
    while time.monotonic() - since_s < SILENCE_SECONDS or known[0] != known[1]:
        assert time.monotonic() < deadline_s, f"heartbeats must end, came to {known}"
        ends = [
            [one.get_watermark_offsets(place, ANSWER_SECONDS)[1] for place in places]
            for one in consumers
        ]
        if ends != known:
            known, since_s = ends, time.monotonic()
    for one in consumers:
        one.close()
    assert any(known[0]), "there must be heartbeats, were none"


def faults_of(settings: Settings, log: Log) -> list[str]:
    """Ask the verifier, which needs no uninterrupted run for most of what it looks at."""
    campaigns = read_campaigns(settings.catalogue_path.read_text("utf-8"))
    report = verify(log, Terms(horizon_ms=settings.horizon_ms, campaigns=campaigns))
    return [f"{check.name}: {check.offenders[:2]}" for check in report.checks if check.faults_count]


def test_p2_a_crash_around_a_snapshot_leaves_every_snapshot_as_it_would_have_been(
    chaos_kafka: LocalKafka, tmp_path: Path
) -> None:
    points, times = SELDOM_POINTS["snapshot"], scale().crashes_count
    settings = trial_settings(
        chaos_kafka.bootstrap,
        model_frozen=False,
        snapshot_every=SNAPSHOT_EVERY,
        horizon_ms=HORIZON_MS,
        heartbeat_idle_ms=HORIZON_MS,
    )
    # One worker, started again each time: of two, one that is to die may never come to train.
    plan = Plan(Random(scale().seed), points, times, (0,))
    orders = Orders(module=MODULE, each=plan.variables)
    with on_trial(settings, tmp_path, workers_count=1, orders=orders) as trial:
        trial.observer.begin()
        plan.carry_out(trial.supervisor)
        log = trial.drain()
        log.outcomes = list(log.outcomes)
        wanted = snapshots_of(settings, log.outcomes)
        assert len(wanted) > plan.count
        assert published(settings, len(wanted)) == wanted
        assert faults_of(settings, log) == []
    certificate.LINES.append(
        certificate.Line(
            promise="P2",
            fault="crash around a model snapshot",
            times=plan.count,
            seed=scale().seed,
            events=len(list(log.inputs)),
            remarks=f"{len(wanted)} snapshots, each byte for byte that of an uninterrupted trainer",
        )
    )


@pytest.mark.chaos
def test_p2_a_crash_around_a_heartbeat_loses_and_doubles_nothing(
    chaos_kafka: LocalKafka, tmp_path: Path
) -> None:
    points, times = SELDOM_POINTS["heartbeat"], scale().crashes_count
    settings = trial_settings(
        chaos_kafka.bootstrap, heartbeat_idle_ms=HEARTBEAT_IDLE_MS, horizon_ms=HORIZON_MS
    )
    plan = Plan(Random(scale().seed), points, times, (0,))
    orders = Orders(module=MODULE, each=plan.variables)
    mix = Mix(silent_from=BUSY_COUNT)
    with on_trial(settings, tmp_path, workers_count=1, orders=orders, mix=mix) as trial:
        plan.carry_out(trial.supervisor)
        trial.supervisor.await_ready([0], scale().seconds(CRASH_SECONDS))
        trial.load.stop()
        trial.load.finish(SENDING_SECONDS)
        until_no_more_heartbeats(settings)
        fault = "crash around a heartbeat in a silent partition"
        trial.conclude("P2", fault, plan.count, remarks="heartbeats are inputs of the replay")
