"""Workers that come and go in good order."""

from pathlib import Path
from random import Random

import pytest

from streams.brokers.local import LocalKafka
from tests.chaos.harness.scale import scale
from tests.chaos.harness.trial import on_trial, trial_settings

pytestmark = [pytest.mark.broker, pytest.mark.chaos, pytest.mark.timeout(0)]

MOST_COUNT = 4
STEP_SECONDS = 60.0


def test_p16_workers_that_come_and_go_lose_and_double_nothing(
    chaos_kafka: LocalKafka, tmp_path: Path
) -> None:
    draw = Random(scale().seed)
    settings = trial_settings(chaos_kafka.bootstrap)
    with on_trial(settings, tmp_path, workers_count=1) as trial:
        workers, here = trial.supervisor, {0}
        trial.warm_up()
        for _ in range(scale().rebalances_count):
            away = sorted(set(range(MOST_COUNT)) - here)
            if away and (len(here) == 1 or draw.random() < 0.5):
                number = draw.choice(away)
                workers.start(number)
                workers.await_ready([number], scale().seconds(STEP_SECONDS))
                here.add(number)
            else:
                number = draw.choice(sorted(here))
                end = workers.exit_of(workers.retire(number), scale().seconds(STEP_SECONDS))
                assert end.code == 0
                here.discard(number)
            trial.observer.until_decided_everywhere(scale().seconds(STEP_SECONDS))
        ended_count = len(workers.failures())
        trial.conclude(
            "P16",
            "workers join and leave, 1 to 4",
            scale().rebalances_count,
            remarks=f"{ended_count} workers ended by themselves",
        )
