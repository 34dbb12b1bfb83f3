"""The demo as a newcomer runs it: nothing set up, one command."""

import json
import subprocess
import sys

import pytest

BARE = {"PATH": "/usr/bin:/bin"}


def demo(*arguments: str, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "streams", "demo", *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=110,
        env=env,
    )


@pytest.mark.embedded
def test_the_demo_decides_on_its_own_broker_and_tells_what_it_earned() -> None:
    done = demo("--seconds", "30", "--json")
    assert done.returncode == 0, done.stderr[-2_000:]
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["decisions"] > 0
    assert told["first_decision_seconds"] > 0
    assert told["dead_letters"] == 0
    assert told["incremental_profit_minor"] is not None
    assert isinstance(told["true_incremental_profit_minor"], int)
    assert "Embedded broker" in done.stderr


@pytest.mark.embedded
def test_a_demo_whose_worker_fails_says_why() -> None:
    done = demo("--seconds", "60", env={**BARE, "COUPON_KAFKA_SECURITY_PROTOCOL": "SSL"})
    assert done.returncode == 1
    assert "the worker ended" in done.stderr


@pytest.mark.embedded
def test_a_demo_refuses_a_setting_that_cannot_be_read() -> None:
    done = demo("--seconds", "60", env={**BARE, "COUPON_HORIZON_MS": "never"})
    assert done.returncode == 2
    assert "COUPON_HORIZON_MS must be" in done.stderr
    assert "Traceback" not in done.stderr
