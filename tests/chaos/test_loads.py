"""More than workers can do for a while, and much to read back."""

import re
import time
from itertools import cycle
from pathlib import Path

import pytest
from confluent_kafka import Producer

from streams.brokers.local import LocalKafka
from streams.settings import Settings
from tests.chaos.harness import certificate
from tests.chaos.harness.scale import scale
from tests.chaos.harness.trial import on_trial, trial_settings
from tests.verifier.kafka import Source
from tests.verifier.log import Record
from tests.verifier.rows import PARTITION_KEY

pytestmark = [pytest.mark.broker, pytest.mark.timeout(0)]

FLOODED_COUNT = 2
PEAK_LIMIT_MB = 1_024
DRAIN_LIMIT_SECONDS = 300.0
SENDING_SECONDS = 600.0
READY_LIMIT_SECONDS = 60.0
ANSWER_SECONDS = 60.0


def peak_mb(pid: int) -> int:
    """Give the most memory that a process has had."""
    status = Path(f"/proc/{pid}/status").read_text("ascii")
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    assert found is not None
    return int(found[1]) // 1024


@pytest.mark.chaos
def test_p12_a_flood_is_worked_off_in_bounded_memory(
    chaos_kafka: LocalKafka, tmp_path: Path
) -> None:
    settings = trial_settings(chaos_kafka.bootstrap)
    with on_trial(
        settings,
        tmp_path,
        workers_count=0,
        rate_per_second=None,
        events_count=scale().flood_count,
    ) as trial:
        trial.load.finish(scale().seconds(SENDING_SECONDS))
        began_s = time.monotonic()
        for number in range(FLOODED_COUNT):
            trial.supervisor.start(number)
        trial.drain(scale().seconds(DRAIN_LIMIT_SECONDS))
        drained_s = time.monotonic() - began_s
        pids = [trial.supervisor.pid(number) for number in trial.supervisor.running()]
        worst_mb = max(peak_mb(pid) for pid in pids if pid is not None)
        assert worst_mb <= PEAK_LIMIT_MB
        remarks = f"worked off in {drained_s:.1f} s by 2 workers; at most {worst_mb} MiB each"
        trial.conclude("P12", f"{scale().flood_count:,} events wait", 1, remarks=remarks)


def rows_of_a_run(broker: LocalKafka, folder: Path) -> list[Record]:
    """Let a worker make rows of customers; gives their newest records."""
    settings = trial_settings(broker.bootstrap)
    with on_trial(
        settings, folder, workers_count=1, rate_per_second=None, events_count=scale().events_count
    ) as trial:
        trial.drain(scale().seconds(ANSWER_SECONDS))
    log = Source(broker.bootstrap).log(settings.app_id, settings.topic_prefix)
    newest = {record.key: record for record in log.changelog if record.key != PARTITION_KEY}
    return list(newest.values())


def fill(settings: Settings, rows: list[Record], count: int) -> float:
    """Put many customers' rows into a changelog; gives their mean size in bytes."""
    producer = Producer({"bootstrap.servers": settings.kafka_bootstrap_servers, "linger.ms": 50})
    topic, size_bytes = f"{settings.app_id}-users-changelog", 0
    for number, row in zip(range(count), cycle(rows), strict=False):
        size_bytes += len(row.value or b"")
        key = b"customer-%d" % number
        partition = number % settings.partitions
        producer.produce(topic, row.value, key, partition, headers=list(row.headers) or None)
        if number % 10_000 == 0:
            assert producer.flush(ANSWER_SECONDS) == 0
    assert producer.flush(ANSWER_SECONDS) == 0
    return size_bytes / count


def test_p18_rows_are_read_back_in_time(chaos_kafka: LocalKafka, tmp_path: Path) -> None:
    rows, count = rows_of_a_run(chaos_kafka, tmp_path), scale().recovered_rows_count
    settings = trial_settings(chaos_kafka.bootstrap)
    with on_trial(settings, tmp_path, workers_count=0, events_count=0) as trial:
        mean_bytes = fill(settings, rows, count)
        began_s = time.monotonic()
        trial.supervisor.start(0)
        trial.supervisor.await_ready([0], scale().seconds(READY_LIMIT_SECONDS))
        ready_s = time.monotonic() - began_s
        page = trial.supervisor.metrics(0)
    found = re.search(r"^coupon_recovery_duration_seconds (\S+)", page, re.MULTILINE)
    assert found is not None, page
    speed = count / float(found[1])
    remarks = (
        f"{count:,} rows of {mean_bytes:,.0f} bytes, ready {ready_s:.1f} s after its start,"
        f" {speed:,.0f} rows/s"
    )
    print(remarks)
    assert ready_s <= scale().seconds(READY_LIMIT_SECONDS)
    certificate.LINES.append(
        certificate.Line(
            promise="P18",
            fault="a worker starts with nothing",
            times=1,
            seed=scale().seed,
            remarks=remarks,
        )
    )
