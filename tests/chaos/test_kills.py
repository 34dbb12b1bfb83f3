"""Workers that are killed, paused or told to stop while events keep coming."""

import signal
import time
from functools import partial
from pathlib import Path
from random import Random

import pytest

from streams.brokers.local import LocalKafka
from tests.chaos.harness.fleet import Orders
from tests.chaos.harness.scale import scale
from tests.chaos.harness.trial import Trial, on_trial, trial_settings

pytestmark = [pytest.mark.broker, pytest.mark.timeout(0)]

RESUME_SECONDS = 60.0
EXIT_SECONDS = 10.0
WORKERS_COUNT = 3
SOME_COUNT = 400


def taken_over_count(log: Path) -> int:
    """Count the partitions that a worker took over, as its log has it."""
    return log.read_text("utf-8").count("a partition was taken over")


def took_more_over(log: Path, than_count: int) -> bool:
    """Tell whether it took more over than so many."""
    return taken_over_count(log) > than_count


def kill_one(trial: Trial, draw: Random) -> None:
    """Kill a worker; every second time before the others have shared its partitions out."""
    deadline_seconds = scale().seconds(RESUME_SECONDS)
    workers = trial.supervisor
    workers.until(lambda: len(workers.running()) == WORKERS_COUNT, deadline_seconds, "all must run")
    workers.send(draw.randrange(WORKERS_COUNT), signal.SIGKILL)
    if draw.random() < 0.5:
        trial.observer.until_decided_everywhere(deadline_seconds)
    else:
        trial.observer.until_more(draw.randrange(1, SOME_COUNT), deadline_seconds)


def test_p1_kill_9_at_any_moment_loses_and_doubles_nothing(
    chaos_kafka: LocalKafka, tmp_path: Path
) -> None:
    draw = Random(scale().seed)
    settings = trial_settings(chaos_kafka.bootstrap)
    with on_trial(settings, tmp_path, workers_count=WORKERS_COUNT) as trial:
        trial.warm_up()
        for number in range(scale().kills_count):
            began_s = time.monotonic()
            kill_one(trial, draw)
            print(f"kill {number + 1}: {time.monotonic() - began_s:.1f} s", flush=True)
        ended_count = len(trial.supervisor.failures())
        trial.conclude(
            "P1",
            "kill -9 of one of 3 workers",
            scale().kills_count,
            remarks=f"{ended_count} times a worker ended by itself, taken for dead too early",
        )


def test_p17_a_worker_that_was_taken_for_dead_ends_and_nothing_of_it_is_seen(
    chaos_kafka: LocalKafka, tmp_path: Path
) -> None:
    settings = trial_settings(chaos_kafka.bootstrap, session_timeout_ms=6_000)
    with on_trial(settings, tmp_path, workers_count=2, rate_per_second=1_000) as trial:
        trial.supervisor.until(lambda: len(trial.supervisor.running()) == 2, 30, "both must run")
        trial.warm_up()
        zombies = range(2) if scale().is_long else range(1)
        for zombie in zombies:
            heir = trial.supervisor.log_of(1 - zombie)
            taken_count = taken_over_count(heir)
            pid = trial.supervisor.send(zombie, signal.SIGSTOP)
            # Decisions alone prove nothing: the last transaction may end after the pause began.
            trial.observer.until(
                partial(took_more_over, heir, taken_count),
                scale().seconds(RESUME_SECONDS),
                "the other worker must take over",
            )
            trial.observer.until_decided_everywhere(scale().seconds(RESUME_SECONDS))
            trial.supervisor.send(zombie, signal.SIGCONT)
            end = trial.supervisor.exit_of(pid, scale().seconds(RESUME_SECONDS))
            assert end.code == 1
            assert "another worker has taken over" in trial.supervisor.log_of(zombie).read_text()
            trial.observer.until_decided_everywhere(scale().seconds(RESUME_SECONDS))
        trial.conclude("P17", "a worker paused beyond its session, then woken", len(zombies))


def test_p25_a_worker_told_to_stop_finishes_what_it_began(
    chaos_kafka: LocalKafka, tmp_path: Path
) -> None:
    draw = Random(scale().seed)
    settings = trial_settings(chaos_kafka.bootstrap)
    orders = Orders(way="alone")
    with on_trial(settings, tmp_path, workers_count=2, orders=orders) as trial:
        trial.warm_up()
        for _ in range(scale().terminations_count):
            trial.supervisor.await_ready(range(2), scale().seconds(RESUME_SECONDS))
            number = draw.choice(trial.supervisor.running())
            began_s = time.monotonic()
            end = trial.supervisor.exit_of(trial.supervisor.retire(number), 60)
            print(f"code {end.code} after {end.at_s - began_s:.1f} s", flush=True)
            assert end.code == 0
            assert end.at_s - began_s <= scale().seconds(EXIT_SECONDS)
            trial.supervisor.start(number)
            trial.observer.until_decided_everywhere(scale().seconds(RESUME_SECONDS))
        times = scale().terminations_count
        trial.conclude("P25", "SIGTERM", times, remarks="exit code 0, nothing applied again")
        assert trial.aborted_count() == 0
