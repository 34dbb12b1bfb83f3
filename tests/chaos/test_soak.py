"""An hour under load, a fault a minute: nothing is lost, and nothing keeps growing."""

import os
import re
import signal
import time
from dataclasses import dataclass, fields
from pathlib import Path
from statistics import median

import pytest

from streams.brokers.local import LocalKafka
from tests.broker.workers import value_of
from tests.chaos.harness.scale import scale
from tests.chaos.harness.trial import Trial, on_trial, trial_settings

pytestmark = [pytest.mark.broker, pytest.mark.chaos, pytest.mark.timeout(0)]

MINUTES = float(os.environ.get("SOAK_MINUTES") or 60)
RATE = float(os.environ.get("SOAK_RATE") or scale().events_per_second)
WATCHED, KILLED = 0, (1, 2)
SAMPLE_SECONDS = 10.0
FAULT_SECONDS = 60.0
# What the end may have more of than the beginning. Memory: rows of customers who come in are kept.
MOST_MORE = {"rss_mb": 40.0, "fds": 8.0, "threads": 4.0, "series": 150.0}
DRAIN_SECONDS = 600.0
READY_SECONDS = 60.0
SESSION_MS = 10_000  # as workers have it by default; the other trials look at takeovers instead


@dataclass(frozen=True, slots=True)
class Sample:
    """What the worker that is left alone has and does at one moment."""

    second: float
    rss_mb: float
    fds: float
    threads: float
    series: float
    lag: float
    rows: float
    decisions: float


def sample(trial: Trial, second: float) -> Sample:
    """Look at the watched worker from outside, and at what it tells."""
    pid = trial.supervisor.pid(WATCHED)
    status = Path(f"/proc/{pid}/status").read_text("ascii")
    page = trial.supervisor.metrics(WATCHED)
    lines = [line for line in page.splitlines() if line and not line.startswith("#")]
    return Sample(
        second=second,
        rss_mb=number(r"VmRSS:\s+(\d+) kB", status) / 1024,
        fds=len(list(Path(f"/proc/{pid}/fd").iterdir())),
        threads=number(r"Threads:\s+(\d+)", status),
        series=len(lines),
        lag=value_of(page, "coupon_consumer_lag_records") or 0,
        rows=value_of(page, "coupon_table_entries") or 0,
        decisions=value_of(page, "coupon_decisions_total") or 0,
    )


def number(pattern: str, text: str) -> float:
    found = re.search(pattern, text)
    assert found is not None, pattern
    return float(found[1])


def thirds(samples: list[Sample], name: str) -> tuple[float, float]:
    """Give the median of a figure in the second third, when all is warm, and in the last."""
    length = len(samples) // 3
    found = [getattr(one, name) for one in samples]
    return median(found[length : 2 * length]), median(found[2 * length :])


def told(samples: list[Sample]) -> str:
    """Write beginning, middle and end as a table."""
    names = [field.name for field in fields(Sample)]
    chosen = [samples[0], samples[len(samples) // 2], samples[-1]]
    rows = [[f"{getattr(one, name):,.0f}" for name in names] for one in chosen]
    return "\n".join(" ".join(f"{cell:>10}" for cell in row) for row in [names, *rows])


def test_p27_an_hour_with_a_fault_a_minute_loses_nothing_and_nothing_grows(
    chaos_kafka: LocalKafka, tmp_path: Path
) -> None:
    settings = trial_settings(chaos_kafka.bootstrap, session_timeout_ms=SESSION_MS)
    samples: list[Sample] = []
    kills_count = 0
    with on_trial(settings, tmp_path, workers_count=3, rate_per_second=RATE) as trial:
        trial.warm_up()
        trial.supervisor.await_ready([WATCHED, *KILLED], scale().seconds(READY_SECONDS))
        watched_pid = trial.supervisor.pid(WATCHED)
        began_s = time.monotonic()
        next_fault_s = FAULT_SECONDS / 2
        while (second := time.monotonic() - began_s) < MINUTES * 60:
            assert trial.supervisor.pid(WATCHED) == watched_pid, trial.supervisor.tails()
            samples.append(sample(trial, second))
            if second >= next_fault_s:
                victim = KILLED[kills_count % len(KILLED)]
                trial.supervisor.await_ready([victim], scale().seconds(FAULT_SECONDS))
                trial.supervisor.send(victim, signal.SIGKILL)
                kills_count += 1
                next_fault_s += FAULT_SECONDS
            time.sleep(SAMPLE_SECONDS)
        print(f"\n{told(samples)}\n{len(samples)} samples, {kills_count} kills")
        remarks = "; ".join(
            f"{name} {before:,.0f} to {after:,.0f}"
            for name in MOST_MORE
            for before, after in [thirds(samples, name)]
        )
        trial.conclude(
            "P27", f"{MINUTES:g} minutes", kills_count, remarks=remarks, drain_seconds=DRAIN_SECONDS
        )
    grown = {
        name: thirds(samples, name)
        for name, most in MOST_MORE.items()
        if thirds(samples, name)[1] - thirds(samples, name)[0] > most
    }
    assert grown == {}, told(samples)
