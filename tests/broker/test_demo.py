"""The demo as a newcomer runs it: nothing set up, one command."""

import json
import signal
import subprocess
import sys

import pytest

DEMO = [sys.executable, "-m", "streams", "demo"]


def ended(*arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Run a demo that ends by itself."""
    return subprocess.run(
        [*DEMO, *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=200,
        env={"PATH": "/usr/bin:/bin", **env},
    )


def watched(until: str) -> tuple[str, str]:
    """Run a demo until a line that it prints now and then has a text; gives what it said."""
    lines: list[str] = []
    with subprocess.Popen(
        [*DEMO, "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as demo:
        assert demo.stderr is not None
        for line in demo.stderr:
            lines.append(line)
            if until in line:
                demo.send_signal(signal.SIGINT)
                break
        told, rest = demo.communicate(timeout=200)
    said = "".join(lines) + rest
    assert demo.returncode == 0, said[-2_000:]
    return told, said


@pytest.mark.embedded
def test_the_demo_decides_on_its_own_broker_and_tells_what_it_earned() -> None:
    out, said = watched("95 % certain")
    told = json.loads(out.splitlines()[-1])
    assert told["decisions"] > 0
    assert told["first_decision_seconds"] > 0
    assert told["dead_letters"] == 0
    assert told["incremental_profit_minor"] is not None
    assert isinstance(told["true_incremental_profit_minor"], int)
    assert "Embedded broker" in said


@pytest.mark.embedded
def test_a_demo_ends_by_itself_when_its_time_is_over() -> None:
    done = ended("--seconds", "1", "--json")
    assert done.returncode == 0, done.stderr[-2_000:]
    assert json.loads(done.stdout.splitlines()[-1])["dead_letters"] == 0


@pytest.mark.embedded
def test_a_demo_whose_worker_fails_says_why() -> None:
    done = ended(COUPON_KAFKA_SECURITY_PROTOCOL="SSL")
    assert done.returncode == 1
    assert "the worker ended" in done.stderr


@pytest.mark.embedded
def test_a_demo_refuses_a_setting_that_cannot_be_read() -> None:
    done = ended(COUPON_HORIZON_MS="never")
    assert done.returncode == 2
    assert "COUPON_HORIZON_MS must be" in done.stderr
    assert "Traceback" not in done.stderr
