"""The real broker's life: it starts, survives what a broker must, and leaves nothing behind."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from streams import topic_admin
from streams.brokers import BrokerError
from streams.brokers.local import LocalKafka
from streams.brokers.ports import free_ports
from streams.connection import client_options
from streams.settings import Settings
from streams.topics import specs
from tests.broker.awaiting import read_all, read_count, send_all
from tests.broker.conftest import settings_for

# Each start of a broker costs seconds of processor time, many more on a busy machine.
pytestmark = [pytest.mark.broker, pytest.mark.timeout(300)]
ROOT = Path(__file__).resolve().parents[2]
OWNER = """
import sys
from streams.brokers.local import LocalKafka
broker = LocalKafka(quick=True)
broker.start()
print(broker.pid, broker.directory, flush=True)
sys.stdin.read()
"""


def state_of(pid: int) -> str:
    """Tell a process's state in the kernel's letter; Z where there is none (any more)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return "Z"


def is_alive(pid: int) -> bool:
    return state_of(pid) != "Z"


def await_true(condition: Callable[[], bool], seconds: float = 15.0) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.05)
    return False


async def create(settings: Settings) -> None:
    await topic_admin.apply(client_options(settings), specs(settings))


def test_start_and_stop_leave_no_process_and_no_file() -> None:
    with LocalKafka(quick=True) as broker:
        pid, directory, leash = broker.pid, broker.directory, broker.leash_pid
        assert is_alive(pid)
        assert directory.is_dir()
    assert not is_alive(pid)
    assert not is_alive(leash)
    assert not directory.exists()


def test_kill_nine_of_the_owner_leaves_no_java_and_no_file() -> None:
    owner = subprocess.Popen(
        [sys.executable, "-c", OWNER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT
    )
    assert owner.stdin is not None
    assert owner.stdout is not None
    told = owner.stdout.readline().split()
    pid, directory = int(told[0]), Path(os.fsdecode(told[1]))
    assert is_alive(pid)
    owner.kill()
    owner.wait()
    assert await_true(lambda: not is_alive(pid))
    assert await_true(lambda: not directory.exists())
    owner.stdin.close()
    owner.stdout.close()


def test_a_killed_leash_takes_the_broker_with_it() -> None:
    with LocalKafka(quick=True) as broker:
        pid = broker.pid
        os.kill(broker.leash_pid, signal.SIGKILL)
        assert await_true(lambda: not is_alive(pid))
        # The owner may learn of the leash's end a moment later than the broker's pid is gone.
        assert await_true(lambda: not broker.is_running)


async def test_restart_and_kill_keep_the_records_of_a_given_directory(tmp_path: Path) -> None:
    with LocalKafka(quick=True, directory=tmp_path / "kept") as broker:
        address, settings = broker.bootstrap, settings_for(broker)
        name = f"{settings.topic_prefix}shop.cart.v1"
        await create(settings)
        await send_all(address, name, [(b"user", b"before")], partition=0)
        broker.restart()
        assert broker.bootstrap == address
        await send_all(address, name, [(b"user", b"between")], partition=0)
        broker.kill()
        assert not broker.is_running
        broker.start()
        kept = await read_count(address, [name], 2)
        assert [record.value for record in kept] == [b"before", b"between"]
    with LocalKafka(quick=True, directory=tmp_path / "kept") as again:
        kept = await read_all(again.bootstrap, [name])
        assert [record.value for record in kept] == [b"before", b"between"]


async def test_a_paused_broker_keeps_connections_and_answers_when_resumed() -> None:
    with LocalKafka(quick=True) as broker:
        settings = settings_for(broker)
        name = f"{settings.topic_prefix}shop.cart.v1"
        await create(settings)
        broker.pause()
        assert await_true(lambda: state_of(broker.pid) == "T")
        broker.resume()
        await send_all(broker.bootstrap, name, [(b"user", b"after")])
        assert len(await read_count(broker.bootstrap, [name], 1)) == 1
        broker.pause()  # and a paused one is stopped all the same


def test_a_taken_port_is_named() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", free_ports(1)[0]))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(BrokerError, match=f"port {port} must be free, was taken"):
            LocalKafka(port=port).start()


def test_a_start_that_fails_shows_the_log_and_leaves_nothing() -> None:
    broker = LocalKafka(settings={"log.retention.ms": "never"}, start_timeout_seconds=30)
    with pytest.raises(BrokerError, match=r"log.retention.ms"):
        broker.start()
    assert not broker.is_running


def test_java_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    with pytest.raises(BrokerError, match="Java 17 or newer must be installed"):
        LocalKafka().start()


def test_java_that_is_too_old_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    old = tmp_path / "bin" / "java"
    old.parent.mkdir()
    old.write_text("#!/bin/sh\necho 'java version \"1.8.0_392\"' >&2\n")
    old.chmod(0o755)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    with pytest.raises(BrokerError, match="Java must be 17 or newer, was 8"):
        LocalKafka().start()


def test_maven_is_only_asked_for_when_the_jars_are_missing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("streams.brokers.local.find_java", lambda: "java")
    with pytest.raises(BrokerError, match="Maven must be installed to fetch"):
        LocalKafka().start()
