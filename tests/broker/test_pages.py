"""Every command that a page shows is run as it stands there, by bash, against a real Kafka."""

import os
import re
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from streams.brokers.local import LocalKafka
from streams.brokers.ports import free_ports
from tests.broker.preloaded import loaded

pytestmark = [pytest.mark.broker, pytest.mark.timeout(300)]
ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
DEADLINE_SECONDS = 240.0

# Blocks that are not run, by their first line, and why.
LEFT_OUT = {
    "make install": "sets up what already runs these tests; `.ci/run` does it on a fresh machine",
    "coupon-stream kafka": "runs until it is told to end; tests/broker/test_commands.py",
    "coupon-stream console": "runs until it is told to end; tests/broker/test_console_on_kafka.py",
    "coupon-stream bench                        # the step by stage: no broker, no network": (
        "takes minutes and installs others' libraries; tests/replay/test_bench.py"
    ),
}


def blocks(page: Path) -> list[str]:
    """Give the blocks of commands on a page, in order."""
    return BLOCK.findall(page.read_text(encoding="utf-8"))


def first_line(block: str) -> str:
    return block.splitlines()[0]


def runnable(page: Path) -> list[str]:
    return [block for block in blocks(page) if first_line(block) not in LEFT_OUT]


RUN = [page for page in PAGES if runnable(page)]


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder in which a page's commands find `coupon-stream`."""
    with loaded(tmp_path_factory.mktemp("loaded")) as folder:
        yield folder


@pytest.mark.parametrize("page", RUN, ids=lambda page: page.name)
def test_the_commands_of_a_page_run_one_after_the_other(
    page: Path, programs: Path, kafka: LocalKafka, tmp_path: Path
) -> None:
    unique = uuid.uuid4().hex[:8]
    told = {
        "PATH": f"{programs}:{Path(sys.executable).parent}:{os.environ['PATH']}",
        "HOME": str(tmp_path),
        "COUPON_KAFKA_BOOTSTRAP_SERVERS": kafka.bootstrap,
        "COUPON_TOPIC_PREFIX": f"t{unique}.",
        "COUPON_APP_ID": f"t{unique}-engine-v1",
        "COUPON_METRICS_PORT": str(free_ports(1)[0]),
    }
    # Each command is shown with its time, so that the log of a slow or failed page tells which.
    begin = "PS4='+ $EPOCHREALTIME '; set -euxo pipefail"
    script = "\n".join([begin, *runnable(page), "exit 0"])
    folder, log = tmp_path / "empty", tmp_path / "log"
    folder.mkdir()
    with log.open("wb") as seen:
        bash = subprocess.Popen(
            ["bash", "-c", script],
            cwd=folder,
            env=told,
            stdin=subprocess.DEVNULL,
            stdout=seen,
            stderr=seen,
            start_new_session=True,
        )
        try:
            code: int | None = bash.wait(DEADLINE_SECONDS)
        except subprocess.TimeoutExpired:
            code = None
        end_all(bash.pid)
        bash.wait()
    assert code == 0, f"{page.name} ended with {code}:\n{log.read_text('utf-8', 'replace')}"


def end_all(session: int) -> None:
    """End what the page left running in the background."""
    try:
        os.killpg(session, signal.SIGKILL)
    except ProcessLookupError:
        return


def test_what_is_left_out_still_stands_somewhere() -> None:
    shown = {first_line(block) for page in PAGES for block in blocks(page)}
    assert set(LEFT_OUT) <= shown
