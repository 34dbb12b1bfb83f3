"""Workers whose way to the broker is slow, narrow, cut, or dead without a word."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import pytest

from streams.brokers.local import LocalKafka
from streams.brokers.ports import HOST
from tests.chaos.harness.fleet import Orders
from tests.chaos.harness.proxy import Doors, Proxy
from tests.chaos.harness.scale import scale
from tests.chaos.harness.trial import Trial, on_trial, trial_settings

pytestmark = [pytest.mark.broker, pytest.mark.timeout(0)]

RESUME_SECONDS = 90.0
SESSION_TIMEOUT_MS = 6_000
SLOW_S = 0.1
NARROW_BYTES_PER_SECOND = 400_000.0


@pytest.fixture
def proxy(doors: Doors) -> Iterator[Proxy]:
    """Give the way to the broker's second door; shop, observer and judge use the first."""
    with Proxy(doors.proxy, doors.proxied) as found:
        yield found


def behind(proxy: Proxy) -> Orders:
    """Send workers through the proxy."""
    return Orders(way="alone", more={"COUPON_KAFKA_BOOTSTRAP_SERVERS": f"{HOST}:{proxy.port}"})


def conclude(trial: Trial, fault: str, times: int, remarks: str = "") -> None:
    restarts_count = len(trial.supervisor.exits)
    remarks = f"{remarks}; " * bool(remarks) + f"{restarts_count} workers ended"
    trial.conclude("P14", fault, times, remarks=remarks)


@pytest.mark.chaos
def test_p14_a_round_trip_of_200_ms_loses_nothing_and_ends_no_worker(
    chaos_kafka: LocalKafka, proxy: Proxy, tmp_path: Path
) -> None:
    settings = trial_settings(chaos_kafka.bootstrap, session_timeout_ms=SESSION_TIMEOUT_MS)
    with on_trial(settings, tmp_path, workers_count=2, orders=behind(proxy)) as trial:
        trial.warm_up()
        proxy.delay_s = SLOW_S
        trial.observer.until_decided_everywhere(scale().seconds(RESUME_SECONDS))
        trial.observer.until_more(scale().slow_decisions_count, scale().seconds(RESUME_SECONDS))
        assert not trial.supervisor.exits
        conclude(trial, f"each round trip takes {2_000 * SLOW_S:.0f} ms", 1)


@pytest.mark.chaos
def test_p14_a_narrow_way_loses_nothing(
    chaos_kafka: LocalKafka, proxy: Proxy, tmp_path: Path
) -> None:
    settings = trial_settings(chaos_kafka.bootstrap, session_timeout_ms=SESSION_TIMEOUT_MS)
    with on_trial(settings, tmp_path, workers_count=2, orders=behind(proxy)) as trial:
        trial.warm_up()
        proxy.bytes_per_second = NARROW_BYTES_PER_SECOND
        trial.observer.until_more(scale().slow_decisions_count, scale().seconds(RESUME_SECONDS))
        conclude(trial, f"{NARROW_BYTES_PER_SECOND / 1e6:.1f} MB/s a connection", 1)


@pytest.mark.parametrize(
    ("fault", "strike"),
    [
        ("cut", Proxy.cut),
        pytest.param("dead without a word", Proxy.go_silent, marks=pytest.mark.chaos),
    ],
)
def test_p14_lost_connections_lose_nothing(
    chaos_kafka: LocalKafka,
    proxy: Proxy,
    tmp_path: Path,
    fault: str,
    strike: Callable[[Proxy], int],
) -> None:
    draw, longest_s, struck_count = Random(scale().seed), 0.0, 0
    settings = trial_settings(chaos_kafka.bootstrap, session_timeout_ms=SESSION_TIMEOUT_MS)
    with on_trial(settings, tmp_path, workers_count=2, orders=behind(proxy)) as trial:
        trial.warm_up()
        for _ in range(scale().cuts_count):
            trial.observer.until_more(draw.randrange(1, 200), scale().seconds(RESUME_SECONDS))
            struck_count += strike(proxy)
            began_s = time.monotonic()
            trial.observer.until_decided_everywhere(scale().seconds(RESUME_SECONDS))
            longest_s = max(longest_s, time.monotonic() - began_s)
        assert struck_count > 0
        remarks = f"{struck_count} connections, decisions at most {longest_s:.1f} s later"
        conclude(trial, f"all connections {fault}", scale().cuts_count, remarks)
