"""A broker whose disk is full: it ends, starts again with space, and nothing is lost by that."""

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from streams.brokers.local import LocalKafka
from tests.chaos.harness.fleet import Orders
from tests.chaos.harness.scale import scale
from tests.chaos.harness.trial import on_trial, trial_settings

pytestmark = [pytest.mark.broker, pytest.mark.chaos, pytest.mark.timeout(0)]

DISK_MB = 192
# So little is left when the trial begins that some seconds of events fill it.
LEFT_BYTES = 2_000_000
BLOCK_BYTES = 100_000
FULL_SECONDS = 120.0
RESUME_SECONDS = 90.0


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Give a folder on a file system of its own, in memory; only root can make one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={DISK_MB}m", "tmpfs", str(folder)]
    made = subprocess.run(command, capture_output=True, text=True, check=False)
    if made.returncode != 0:
        pytest.skip(f"a small file system cannot be mounted here: {made.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(folder: Path) -> Path:
    """Put a ballast into a file system that leaves little of it; gives the ballast."""
    ballast = folder / "ballast"
    with ballast.open("wb") as file:
        while free_bytes(folder) > LEFT_BYTES:
            file.write(bytes(BLOCK_BYTES))
            file.flush()
    return ballast


def free_bytes(folder: Path) -> int:
    told = subprocess.run(
        ["df", "--output=avail", "-B1", str(folder)], capture_output=True, text=True, check=True
    )
    return int(told.stdout.split()[-1])


def await_end(broker: LocalKafka, deadline_seconds: float) -> None:
    deadline = time.monotonic() + deadline_seconds
    while broker.is_running:
        assert time.monotonic() < deadline, "a broker with a full disk must end, did not"
        time.sleep(0.1)


def test_p19_a_full_disk_of_the_broker_loses_nothing(small_disk: Path, tmp_path: Path) -> None:
    with LocalKafka(quick=True, directory=small_disk) as broker:
        settings = trial_settings(broker.bootstrap)
        with on_trial(settings, tmp_path, workers_count=2, orders=Orders(way="alone")) as trial:
            trial.warm_up()
            for _ in range(scale().full_disks_count):
                ballast = fill(small_disk)
                await_end(broker, scale().seconds(FULL_SECONDS))
                assert "No space left on device" in broker.log_tail(2_000)
                ballast.unlink()
                broker.restart()
                began_s = time.monotonic()
                trial.observer.until_decided_everywhere(scale().seconds(RESUME_SECONDS))
                resumed_s = time.monotonic() - began_s
            restarts_count = len(trial.supervisor.exits)
            trial.conclude(
                "P19",
                f"the broker's disk of {DISK_MB} MiB is full; it ends, and starts with space",
                scale().full_disks_count,
                remarks=f"decisions {resumed_s:.1f} s later; {restarts_count} workers ended",
            )
