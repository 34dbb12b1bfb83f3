"""The supervisor that a worker relies on: restarts what ended with an error, and remembers it."""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from urllib.request import urlopen

from streams.brokers.ports import free_ports
from streams.settings import Settings
from tests.broker.workers import environment_of
from tests.chaos.harness.birth import Born, Way, bear

RESTART_SECONDS = 0.2
POLL_SECONDS = 0.1
ANSWER_SECONDS = 5.0
_TAIL_BYTES = 6_000


@dataclass(frozen=True, slots=True)
class Exit:
    """The end of a worker's process; a signal's number is negative."""

    worker: int
    pid: int
    code: int
    at_s: float


@dataclass(slots=True)
class Orders:
    """How workers are started.

    Attributes
    ----------
    module
        What `python -m` runs.
    more
        Variables for every start.
    each
        Gives more variables for one start, from the worker's number and its last exit code.
    """

    way: Way = "forked"
    module: str = "streams"
    more: Mapping[str, str] = field(default_factory=dict)
    each: Callable[[int, int | None], Mapping[str, str]] = lambda _number, _code: {}


class Supervisor:
    """Keeps workers running inside a `with` block."""

    def __init__(
        self, settings: Settings, folder: Path, workers_count: int, orders: Orders | None = None
    ) -> None:
        self.folder = folder
        self.exits: list[Exit] = []
        self.starts_count = 0
        self._orders = orders or Orders()
        self._environment = {**os.environ, **environment_of(settings)}
        self._ports: dict[int, int] = {}
        self._changed = threading.Condition()
        self._running: dict[int, Born] = {}
        self._stopped: set[int] = set()
        self._threads: dict[int, threading.Thread] = {}
        self._first_count = workers_count

    def __enter__(self) -> "Supervisor":
        for number in range(self._first_count):
            self.start(number)
        return self

    def __exit__(self, *failure: object) -> None:
        with self._changed:
            self._stopped.update(self._threads)
            for born in self._running.values():
                _signal(born.pid, signal.SIGKILL)
        for thread in self._threads.values():
            thread.join()

    def start(self, number: int) -> None:
        """Have a worker of this number from now on."""
        with self._changed:
            self._stopped.discard(number)
        thread = threading.Thread(target=self._keep, args=(number,), name=f"worker-{number}")
        self._threads[number] = thread
        thread.start()

    def await_ready(self, numbers: Iterable[int], deadline_seconds: float) -> None:
        """Wait until workers say that they decide.

        Raises
        ------
        AssertionError
            One of them does not, by then.
        """
        deadline = time.monotonic() + deadline_seconds
        for number in numbers:
            while not self._is_ready(number):
                late = time.monotonic() > deadline
                assert not late, f"worker {number} must become ready, did not\n{self.tails()}"
                with self._changed:
                    self._changed.wait(POLL_SECONDS)

    def _is_ready(self, number: int) -> bool:
        port = self._ports.get(number)
        if port is None:
            return False
        try:
            with urlopen(f"http://127.0.0.1:{port}/readyz", timeout=ANSWER_SECONDS) as answer:
                return bool(answer.status == HTTPStatus.OK)
        except OSError:
            return False  # it does not listen yet, or says that it is not ready

    def metrics(self, number: int) -> str:
        """Read the metrics page of a running worker."""
        with urlopen(f"http://127.0.0.1:{self._ports[number]}/metrics") as answer:
            return str(answer.read(), "utf-8")

    def pid(self, number: int) -> int | None:
        """Give the process id of a worker, None when it is between two lives."""
        with self._changed:
            born = self._running.get(number)
            return None if born is None else born.pid

    def running(self) -> list[int]:
        """Name the workers that have a process now."""
        with self._changed:
            return sorted(self._running)

    def send(self, number: int, which: signal.Signals) -> int:
        """Send a signal to a worker; gives the process id that got it.

        Raises
        ------
        AssertionError
            It has no process.
        """
        pid = self.pid(number)
        assert pid is not None, f"worker {number} must be running, was not"
        _signal(pid, which)
        return pid

    def retire(self, number: int, which: signal.Signals = signal.SIGTERM) -> int:
        """End a worker for good; gives the process id that got the signal."""
        with self._changed:
            self._stopped.add(number)
        return self.send(number, which)

    def exit_of(self, pid: int, deadline_seconds: float) -> Exit:
        """Wait for the end of a process.

        Raises
        ------
        AssertionError
            It did not end in time.
        """
        self.until(lambda: self._find(pid) is not None, deadline_seconds, f"{pid} must end")
        found = self._find(pid)
        assert found is not None
        return found

    def until(self, true: Callable[[], bool], deadline_seconds: float, what: str) -> None:
        """Wait until something about the workers has become true."""
        with self._changed:
            done = self._changed.wait_for(true, deadline_seconds)
        assert done, f"{what}, did not\n{self.tails()}"

    def failures(self) -> list[Exit]:
        """Give the ends that nobody outside caused: neither a signal nor code 0."""
        return [one for one in self.exits if one.code > 0]

    def log_of(self, number: int) -> Path:
        """Name the file with all that a worker said over its lives."""
        return self.folder / f"worker-{number}.log"

    def tails(self) -> str:
        """Give the end of every worker's log."""
        texts = []
        for number in sorted(self._threads):
            path = self.log_of(number)
            end = path.read_bytes()[-_TAIL_BYTES:] if path.exists() else b""
            texts.append(f"--- worker {number}\n{end.decode(errors='replace')}")
        return "\n".join(texts)

    def _find(self, pid: int) -> Exit | None:
        return next((one for one in self.exits if one.pid == pid), None)

    def _keep(self, number: int) -> None:
        code: int | None = None
        while True:
            with self._changed:
                if number in self._stopped:
                    return
                port = self._ports[number] = free_ports(1)[0]
                environment = {**self._environment, **self._orders.more}
                environment |= self._orders.each(number, code)
                environment["COUPON_METRICS_PORT"] = str(port)
                born = bear(self._orders.way, self._orders.module, environment, self.log_of(number))
                self._running[number] = born
                self.starts_count += 1
                pid = born.pid
                self._changed.notify_all()
            code = born.wait()
            with self._changed:
                del self._running[number]
                self.exits.append(Exit(number, pid, code, time.monotonic()))
                self._changed.notify_all()
                if code == 0 or number in self._stopped:
                    return
                self._changed.wait_for(lambda: number in self._stopped, RESTART_SECONDS)


def _signal(pid: int, which: signal.Signals) -> None:
    try:
        os.kill(pid, which)
    except ProcessLookupError:
        pass  # it ended by itself in the meantime
