"""Workers that die, or stand still, at every named point of their work."""

import time
from collections.abc import Mapping
from pathlib import Path
from random import Random

import pytest

from streams.brokers.local import LocalKafka
from tests.chaos.crashing_worker import FREEZE, POINTS, VARIABLE
from tests.chaos.harness.crashes import CRASH_SECONDS, MODULE, Plan
from tests.chaos.harness.fleet import Orders
from tests.chaos.harness.scale import scale
from tests.chaos.harness.trial import on_trial, trial_settings

pytestmark = [pytest.mark.broker, pytest.mark.timeout(0)]

CRASHING = (0, 1)
WORKERS_COUNT = 3
STALL_LIMIT_MS = 3_000
RESUMED_SECONDS = 90.0


def test_p2_a_crash_at_any_point_loses_and_doubles_nothing(
    chaos_kafka: LocalKafka, tmp_path: Path
) -> None:
    plan = Plan(Random(scale().seed), POINTS, scale().crashes_count, CRASHING)
    orders = Orders(module=MODULE, each=plan.variables)
    settings = trial_settings(chaos_kafka.bootstrap)
    with on_trial(settings, tmp_path, workers_count=WORKERS_COUNT, orders=orders) as trial:
        trial.observer.begin()
        plan.carry_out(trial.supervisor)
        trial.observer.until_decided_everywhere(scale().seconds(CRASH_SECONDS))
        remarks = f"each of {len(POINTS)} points, recovery after a crash among them"
        trial.conclude("P2", "crash at a named point", plan.count, remarks=remarks)


def test_p15_a_worker_that_stands_still_is_ended_and_its_work_goes_on(
    chaos_kafka: LocalKafka, tmp_path: Path
) -> None:
    def freeze_once(number: int, code: int | None) -> Mapping[str, str]:
        first = number == 0 and code is None
        return {VARIABLE: f"{FREEZE}chunk-applied:20"} if first else {}

    settings = trial_settings(chaos_kafka.bootstrap, stall_limit_ms=STALL_LIMIT_MS)
    orders = Orders(module=MODULE, each=freeze_once)
    with on_trial(settings, tmp_path, workers_count=1, orders=orders) as trial:
        workers = trial.supervisor
        trial.observer.until_more(1, scale().seconds(CRASH_SECONDS))
        trial.observer.begin()
        began_s = time.monotonic()
        workers.until(lambda: bool(workers.exits), scale().seconds(RESUMED_SECONDS), "it must end")
        assert [one.code for one in workers.exits] == [1]
        said = workers.log_of(0).read_text()
        assert "crash point chunk-applied reached" in said
        assert "the event loop has stood still" in said
        trial.observer.until_decided_everywhere(scale().seconds(RESUMED_SECONDS))
        assert time.monotonic() - began_s <= scale().seconds(RESUMED_SECONDS)
        trial.conclude("P15", f"event loop frozen, limit {STALL_LIMIT_MS / 1000:.0f} s", 1)
