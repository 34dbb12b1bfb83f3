"""Workers as an operator runs them: separate processes, told what to do by the environment."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import aiohttp

from streams.brokers.ports import free_ports
from streams.settings import Settings

READY_SECONDS = 90.0


class RunningWorker:
    """A worker process; its log stands in a file of the test's own folder."""

    def __init__(self, settings: Settings, folder: Path, name: str, **more: str) -> None:
        self.port = free_ports(1)[0]
        self.log = folder / f"{name}.log"
        self._environment = {**os.environ, **environment_of(settings), **more}
        self._environment["COUPON_METRICS_PORT"] = str(self.port)
        self.process = self._start()

    def _start(self) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "streams", "worker"]
        with self.log.open("ab") as log:
            return subprocess.Popen(command, env=self._environment, stdout=log, stderr=log)

    async def supervise(self) -> None:
        """Start it again whenever it ends by itself, as an orchestrator does; until cancelled.

        A worker that was fenced, for instance taken for dead on a busy machine, ends on purpose.
        """
        while True:
            if self.process.poll() is not None:
                self.process = self._start()
            await asyncio.sleep(0.2)

    async def ready(self) -> None:
        """Return when the worker says that it decides."""
        deadline = time.monotonic() + READY_SECONDS
        async with aiohttp.ClientSession() as session:
            while time.monotonic() < deadline:
                if self.process.poll() is not None:
                    break
                try:
                    async with session.get(f"http://127.0.0.1:{self.port}/readyz") as answer:
                        if answer.status == 200:
                            return
                except aiohttp.ClientError:
                    pass  # it does not listen yet
                await asyncio.sleep(0.1)
        raise AssertionError(self.tail())

    async def shows(self, metric: str, value: float, deadline_seconds: float = 30.0) -> None:
        """Return when a metric without labels of interest has reached a value."""
        deadline, found = time.monotonic() + deadline_seconds, None
        while time.monotonic() < deadline:
            found = value_of(await self.metrics(), metric)
            if found == value:
                return
            await asyncio.sleep(0.2)
        message = f"{metric} must become {value}, was {found}"
        raise AssertionError(message)

    async def metrics(self) -> str:
        """Read the metrics page."""
        async with (
            aiohttp.ClientSession() as session,
            session.get(f"http://127.0.0.1:{self.port}/metrics") as answer,
        ):
            return await answer.text()

    def kill(self) -> None:
        """End it as a power cut would."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self) -> int:
        """Ask it to end, and give its exit code."""
        if self.process.poll() is None:
            self.process.terminate()
        try:
            return self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.kill()
            raise

    def tail(self) -> str:
        """Give the end of its log."""
        return self.log.read_text("utf-8", errors="replace")[-4_000:]


def listening(pid: int) -> set[str]:
    """Give the ports, after their addresses in hexadecimal, that a process listens on."""
    fds = set()
    for path in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):  # closed since it was listed
            fds.add(str(path.readlink()))
    lines = [
        line.split()
        for table in ("tcp", "tcp6")
        for line in Path(f"/proc/{pid}/net/{table}").read_text("ascii").splitlines()[1:]
    ]
    ours = [words for words in lines if words[3] == "0A" and f"socket:[{words[9]}]" in fds]
    places = [words[1].split(":") for words in ours]
    return {f"{address}:{int(port, 16)}" for address, port in places}


def value_of(page: str, metric: str) -> float | None:
    """Sum the series of a metric on a page, None where it is absent."""
    lines = [line for line in page.splitlines() if line.split("{")[0].split(" ")[0] == metric]
    return sum(float(line.rsplit(" ", 1)[1]) for line in lines) if lines else None


@contextmanager
def running(settings: Settings, folder: Path, count: int, **more: str) -> Iterator[Any]:
    """Run workers for the length of a block."""
    workers = [RunningWorker(settings, folder, f"worker-{n}", **more) for n in range(count)]
    try:
        yield workers
    finally:
        for worker in workers:
            if worker.process.poll() is None:
                worker.kill()


def environment_of(settings: Settings) -> Mapping[str, str]:
    """Write settings the way an operator would."""
    shown = settings.model_dump(mode="json", exclude_defaults=True)
    return {f"COUPON_{name.upper()}": _text(value) for name, value in shown.items()}


def _text(value: object) -> str:
    return ",".join(value) if isinstance(value, list) else str(value)
