"""Who is compared, and how each one runs: in a process of its own, told what to do by settings."""

import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from streams.settings import ROOT, Settings
from streams.started import Started

PEERS = "tests.benchmarks.peers"
STOP_SECONDS = 10.0
_TAIL_CHARACTERS = 6_000


class ContenderFailedError(RuntimeError):
    """A contender ended, or did not answer in time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contender:
    """One way of putting the same step between the same topics.

    Attributes
    ----------
    arguments
        What the interpreter is told to run.
    merged
        Whether it reads the one merged topic; the worker merges seven itself.
    needs, install
        A module that it imports beyond the product's own, and what brings it.
    settings
        What it is told beyond what all are told.
    workers_count
        Processes that share the partitions.
    """

    name: str
    arguments: tuple[str, ...]
    guarantees: str
    merged: bool = True
    needs: str = ""
    install: str = ""
    settings: tuple[tuple[str, object], ...] = ()
    workers_count: int = 1


OURS = Contender(
    name="ours",
    arguments=("-m", "streams", "worker"),
    guarantees="exactly once: decisions, outcomes, rows and positions in one transaction",
    merged=False,
)
LIMIT = Contender(
    name="limit",
    arguments=("-m", f"{PEERS}.limit"),
    guarantees="none: rows die with the process, nothing is committed",
)
QUIX = Contender(
    name="quixstreams",
    arguments=("-m", f"{PEERS}.quix", "exactly-once"),
    guarantees="exactly once for rows and decisions",
    needs="quixstreams",
    install="quixstreams==3.28.1",
)
QUIX_AT_LEAST_ONCE = Contender(
    name="quixstreams_at_least_once",
    arguments=("-m", f"{PEERS}.quix", "at-least-once"),
    guarantees="at least once: decisions may repeat after a crash",
    needs="quixstreams",
    install="quixstreams==3.28.1",
)
PLAIN_FAUST = Contender(
    name="plain_faust",
    arguments=("-m", f"{PEERS}.plain_faust", "worker", "--without-web", "--loglevel", "error"),
    guarantees="less than at least once: positions may be committed before rows are durable",
)
BYTEWAX = Contender(
    name="bytewax",
    arguments=("-m", "bytewax.run", f"{PEERS}.waxed"),
    guarantees="none as run here: recovery off, which is its default",
    needs="bytewax.connectors.kafka",
    install="bytewax[kafka]==0.21.1",
)
LEARNING = Contender(
    name="ours_learning",
    arguments=OURS.arguments,
    guarantees="as ours, and the model learns",
    merged=False,
    settings=(("model_frozen", False),),
)
CONTENDERS = (OURS, LIMIT, QUIX, QUIX_AT_LEAST_ONCE, PLAIN_FAUST, BYTEWAX)


class Running(Started):
    """A contender's processes, alive inside a `with` block; their log goes with the folder."""

    def __init__(self, contender: Contender, settings: Settings, python: str, folder: Path) -> None:
        self._contender = contender
        own = contender.needs != ""
        self._command = [python if own else sys.executable, *contender.arguments]
        told = settings.model_copy(update=dict(contender.settings))
        self._environment = {**os.environ, **environment_of(told), **_PRIVATE}
        self._folder = folder
        self._log = folder / f"{contender.name}.log"
        self._processes: list[subprocess.Popen[bytes]] = []

    def start(self) -> None:
        """Start the processes; `check` tells of one that ended."""
        with self._log.open("ab") as log:
            for _ in range(self._contender.workers_count):
                self._processes.append(
                    subprocess.Popen(
                        self._command,
                        cwd=ROOT,
                        env={**self._environment, "BENCH_FOLDER": str(self._folder)},
                        stdout=log,
                        stderr=log,
                    )
                )

    def close(self) -> None:
        """Ask them to end, and see to it."""
        for process in self._processes:
            process.send_signal(signal.SIGTERM)
        for process in self._processes:
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def check(self) -> None:
        """Raise if a process has ended.

        Raises
        ------
        ContenderFailedError
            With the end of its log.
        """
        for process in self._processes:
            if process.poll() is not None:
                message = f"{self._contender.name} ended with {process.returncode}: {self.tail()}"
                raise ContenderFailedError(message)

    def tail(self) -> str:
        """Give the end of the log."""
        return self._log.read_text("utf-8", errors="replace")[-_TAIL_CHARACTERS:]

    def cpu_seconds(self) -> float | None:
        """Sum the processor time of all threads so far, where the system tells."""
        spent = [cpu_seconds(process.pid) for process in self._processes]
        return None if None in spent else sum(one for one in spent if one is not None)


# Nothing that listens may meet another process; and what is logged is read on failure only.
_PRIVATE = {"COUPON_METRICS_PORT": "0", "COUPON_LOG_LEVEL": "warning", "COUPON_LOG_FORMAT": "json"}


def environment_of(settings: Settings) -> dict[str, str]:
    """Write settings the way an operator would.

    Examples
    --------
    >>> environment_of(Settings(partitions=3, triggers=("cart.added",)))
    {'COUPON_PARTITIONS': '3', 'COUPON_TRIGGERS': 'cart.added'}
    """
    shown = settings.model_dump(mode="json", exclude_defaults=True)
    return {f"COUPON_{name.upper()}": _text(value) for name, value in shown.items()}


def _text(value: object) -> str:
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


def cpu_seconds(pid: int) -> float | None:
    """Read a process's user and system time, None where there is no `/proc`."""
    try:
        line = Path(f"/proc/{pid}/stat").read_text("utf-8")
    except FileNotFoundError:
        return None
    user, system = line.rsplit(")", 1)[1].split()[11:13]  # fields 14 and 15
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def is_installed(contender: Contender, python: str) -> bool:
    """Tell whether the interpreter for peers has what a contender needs."""
    if not contender.needs:
        return True
    asked = subprocess.run(
        [python, "-c", f"import {contender.needs}"], capture_output=True, check=False
    )
    return asked.returncode == 0
