"""Runs without any fault, cut and shared out in other ways: not a byte may differ."""

from pathlib import Path

import pytest

from streams.brokers.local import LocalKafka
from tests.chaos.harness.fleet import Orders
from tests.chaos.harness.scale import scale
from tests.chaos.harness.trial import on_trial, trial_settings
from tests.chaos.shifted_worker import SHIFTS, VARIABLE

pytestmark = [pytest.mark.broker, pytest.mark.chaos, pytest.mark.timeout(0)]

# A transaction for each event takes its time.
SINGLE_COUNT = 2_000


@pytest.mark.parametrize(("workers_count", "chunk_records"), [(1, 1), (2, 17), (4, 500)])
def test_p3_workers_and_chunks_leave_no_trace(
    chaos_kafka: LocalKafka, tmp_path: Path, workers_count: int, chunk_records: int
) -> None:
    settings = trial_settings(chaos_kafka.bootstrap, chunk_records=chunk_records)
    with on_trial(
        settings,
        tmp_path,
        workers_count=workers_count,
        rate_per_second=None,
        events_count=SINGLE_COUNT if chunk_records == 1 else scale().events_count,
    ) as trial:
        trial.observer.begin()
        trial.conclude("P3", f"{workers_count} workers, chunks of {chunk_records}", 1)


def test_p20_a_wrong_clock_changes_no_decision(chaos_kafka: LocalKafka, tmp_path: Path) -> None:
    names = sorted(SHIFTS)
    orders = Orders(
        module="tests.chaos.shifted_worker",
        each=lambda number, _code: {VARIABLE: names[number]},
    )
    settings = trial_settings(chaos_kafka.bootstrap)
    with on_trial(
        settings,
        tmp_path,
        workers_count=len(names),
        rate_per_second=1_000.0,
        events_count=scale().events_count,
        orders=orders,
    ) as trial:
        trial.observer.begin()
        trial.conclude("P20", f"workers' clocks wrong: {', '.join(names)}", len(names))
