"""How a worker comes into the world: forked from a process that has imported everything, or alone.

A worker spends most of its start on imports; hundreds of restarts on two cores can do without. What
runs is the same command either way. Whatever becomes of the tests, no worker outlives them.
"""

import ctypes
import multiprocessing
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, Protocol

from streams import cli
from tests.chaos import crashing_worker, shifted_worker

Way = Literal["forked", "alone"]

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(
    ["pytest", "streams.cli", "streams.commands.worker", "tests.chaos.crashing_worker"]
)
_PR_SET_PDEATHSIG = 1
PROGRAMS = {
    "streams": cli.main,
    "tests.chaos.crashing_worker": crashing_worker.main,
    "tests.chaos.shifted_worker": shifted_worker.main,
}


class Born(Protocol):
    """A process that was started."""

    @property
    def pid(self) -> int:
        """Its process id."""

    def wait(self) -> int:
        """Wait for its end; a signal's number is negative."""


def bear(way: Way, module: str, environment: Mapping[str, str], log: Path) -> Born:
    """Start `python -m MODULE worker` with an environment; what it prints goes to a file."""
    if way == "forked":
        return _Forked(module, environment, log)
    return _Alone(module, environment, log)


class _Forked:
    def __init__(self, module: str, environment: Mapping[str, str], log: Path) -> None:
        self._process = _CONTEXT.Process(target=live, args=(module, dict(environment), str(log)))
        self._process.start()

    @property
    def pid(self) -> int:
        assert self._process.pid is not None
        return self._process.pid

    def wait(self) -> int:
        self._process.join()
        code = self._process.exitcode
        assert code is not None
        self._process.close()
        return code


class _Alone:
    def __init__(self, module: str, environment: Mapping[str, str], log: Path) -> None:
        with log.open("ab") as stream:
            self._process = subprocess.Popen(
                [sys.executable, "-m", module, "worker"],
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=stream,
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    def wait(self) -> int:
        return self._process.wait()


def live(module: str, environment: dict[str, str], log: str) -> None:
    """Become a worker; runs in the forked process."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    stream = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(stream, 1)
    os.dup2(stream, 2)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = ["coupon-stream", "worker"]
    PROGRAMS[module]()
