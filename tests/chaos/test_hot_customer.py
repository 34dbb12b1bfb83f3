"""One customer does as much as all others together: the others must not wait for that."""

import json
import threading
import time
from collections import defaultdict
from pathlib import Path
from statistics import quantiles

import pytest

from streams.brokers.local import LocalKafka
from streams.partitioner import partition_of
from tests.chaos.harness.fleet import Orders
from tests.chaos.harness.load import HOT_CUSTOMER, Mix
from tests.chaos.harness.scale import scale
from tests.chaos.harness.trial import on_trial, trial_settings
from tests.verifier.kafka import Source
from tests.verifier.log import Log

pytestmark = [pytest.mark.broker, pytest.mark.chaos, pytest.mark.timeout(0)]

RATE_PER_SECOND = 600.0
RESUME_SECONDS = 120.0
SLOWER_TIMES = 2.0
# Below it a difference says more about the machine than about a customer.
FLOOR_MS = 100.0
# A machine that does not even keep up with ordinary customers shows nothing.
ORDINARY_LIMIT_MS = 1_000.0
PLACES = ("beside", "elsewhere")


def latencies_ms(log: Log, since_ms: float) -> dict[tuple[bool, str], list[float]]:
    """Give what decisions took from their trigger's append, by whether the hot customer was there.

    Kinds of customers: `hot`, `beside` (in the same partition) and `elsewhere`.
    """
    taken_ms: dict[tuple[str, str], int] = {}
    hot_ms: list[int] = []
    for record in log.inputs:
        event = json.loads(record.value or b"")
        taken_ms.setdefault((event["user_id"], event["event_id"]), record.timestamp_ms)
        if record.key == HOT_CUSTOMER:
            hot_ms.append(record.timestamp_ms)
    found: defaultdict[tuple[bool, str], list[float]] = defaultdict(list)
    hot_place = partition_of(HOT_CUSTOMER, log.partitions_count)
    for record in log.decisions:
        told = json.loads(record.value or b"")
        at_ms = taken_ms[told["user_id"], told["trigger_event_id"]]
        if at_ms >= since_ms:
            kind = "beside" if record.partition == hot_place else "elsewhere"
            kind = "hot" if record.key == HOT_CUSTOMER else kind
            found[at_ms >= min(hot_ms), kind].append(record.timestamp_ms - at_ms)
    return dict(found)


def p99(values: list[float]) -> float:
    return quantiles(values, n=100)[98]


def test_p23_a_customer_with_half_of_all_events_slows_nobody_else_down(
    chaos_kafka: LocalKafka, tmp_path: Path
) -> None:
    count, begun = scale().hot_decisions_count, threading.Event()
    mix = Mix(hostile_ratio=0.0, hot_ratio=1.0, is_hot=begun.is_set)
    settings = trial_settings(chaos_kafka.bootstrap)
    with on_trial(
        settings,
        tmp_path,
        workers_count=2,
        rate_per_second=RATE_PER_SECOND,
        mix=mix,
        orders=Orders(way="alone"),
    ) as trial:
        trial.warm_up()
        trial.observer.until_more(count, scale().seconds(RESUME_SECONDS))
        since_ms = time.time() * 1000
        trial.observer.until_more(count, scale().seconds(RESUME_SECONDS))
        begun.set()
        trial.observer.until_more(2 * count, scale().seconds(RESUME_SECONDS))
        trial.drain()
        source = Source(settings.kafka_bootstrap_servers)
        found = latencies_ms(source.log(settings.app_id, settings.topic_prefix), since_ms)
        figures = {key: p99(values) for key, values in sorted(found.items())}
        shown = ", ".join(
            f"{kind} {'with' if hot else 'without'} it {ms:.0f} ms"
            for (hot, kind), ms in figures.items()
        )
        print(shown)
        assert max(figures[False, kind] for kind in PLACES) <= ORDINARY_LIMIT_MS, shown
        for kind in PLACES:
            limit_ms = max(FLOOR_MS, SLOWER_TIMES * figures[False, kind])
            assert figures[True, kind] <= scale().seconds(limit_ms), shown
        trial.conclude("P23", "one customer makes half of all events", 1, remarks=f"p99: {shown}")
