"""A broker that dies, restarts or stands still under the workers."""

import time
from pathlib import Path

import pytest

from streams.brokers.local import LocalKafka
from tests.chaos.harness.fleet import Orders
from tests.chaos.harness.scale import scale
from tests.chaos.harness.trial import Trial, on_trial, trial_settings

pytestmark = [pytest.mark.broker, pytest.mark.timeout(0)]

RESUME_SECONDS = 60.0


def go_on(trial: Trial) -> float:
    """Wait until every partition decides again; gives how long it took."""
    began_s = time.monotonic()
    trial.observer.until_decided_everywhere(scale().seconds(RESUME_SECONDS))
    return time.monotonic() - began_s


@pytest.mark.parametrize("how", ["SIGTERM", pytest.param("kill -9", marks=pytest.mark.chaos)])
def test_p13_a_restart_of_the_broker_needs_no_hand_and_loses_nothing(
    chaos_kafka: LocalKafka, tmp_path: Path, how: str
) -> None:
    settings, longest_s = trial_settings(chaos_kafka.bootstrap), 0.0
    with on_trial(settings, tmp_path, workers_count=2) as trial:
        trial.warm_up()
        for _ in range(scale().broker_restarts_count):
            if how == "kill -9":
                chaos_kafka.kill()
            else:
                chaos_kafka.stop()
            chaos_kafka.start()
            longest_s = max(longest_s, go_on(trial))
        restarts_count = len(trial.supervisor.exits)
        remarks = f"decisions {longest_s:.1f} s after it was back; {restarts_count} workers ended"
        times = scale().broker_restarts_count
        trial.conclude("P13", f"broker restarted by {how}", times, remarks=remarks)


def pause(broker: LocalKafka, seconds: float) -> None:
    broker.pause()
    try:
        time.sleep(seconds)  # the fault's own length
    finally:
        broker.resume()


@pytest.mark.parametrize(
    "seconds",
    [
        5,
        pytest.param(30, marks=pytest.mark.chaos),
        pytest.param(120, marks=pytest.mark.chaos),
    ],
)
def test_p14_a_broker_that_stands_still_for_a_while_loses_nothing(
    chaos_kafka: LocalKafka, tmp_path: Path, seconds: int
) -> None:
    settings = trial_settings(chaos_kafka.bootstrap)
    orders = Orders(way="alone")
    with on_trial(settings, tmp_path, workers_count=2, orders=orders) as trial:
        trial.warm_up()
        pause(chaos_kafka, seconds)
        resumed_s = go_on(trial)
        restarts_count = len(trial.supervisor.exits)
        remarks = f"decisions {resumed_s:.1f} s after it went on; {restarts_count} workers ended"
        trial.conclude("P14", f"broker paused for {seconds} s", 1, remarks=remarks)
