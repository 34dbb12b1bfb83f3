"""The demo's worker: a process of its own, told what to do by its environment."""

import asyncio
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryFile
from types import TracebackType
from typing import IO, Self

from coupons.catalogue import Catalogue
from coupons.catalogue_file import parse_catalogue
from streams.brokers.embedded import PARTITIONS
from streams.settings import ROOT

STOP_SECONDS = 15.0
# A larger group to compare with than a shop would keep, so that a minute shows something.
HOLDOUT_RATIO = 0.2


class WorkerFailedError(RuntimeError):
    """The demo's worker ended by itself."""


def catalogue_path() -> Path:
    """Find the demo's catalogue, beside the code or as packaged."""
    beside = ROOT / "deploy" / "demo-catalogue.yaml"
    return beside if beside.is_file() else ROOT / "streams" / "deploy" / beside.name


def read_catalogue() -> Catalogue:
    """Read the demo's catalogue."""
    path = catalogue_path()
    return parse_catalogue(path.read_text(encoding="utf-8"), path.name)


class DemoWorker:
    """A worker process, alive inside an `async with` block.

    Its supervisor, `watch`, starts it again when it was killed on purpose, and only then.
    """

    def __init__(self, bootstrap: str, metrics_port: int) -> None:
        self._environment = {**os.environ, **_told(bootstrap, metrics_port)}
        self._log: IO[bytes] = TemporaryFile()
        self._process: asyncio.subprocess.Process | None = None
        self._is_killed = False

    async def __aenter__(self) -> Self:
        await self._begin()
        return self

    async def _begin(self) -> None:
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "streams", "worker", "--no-check"),
            env=self._environment,
            stdout=self._log,
            stderr=self._log,
        )

    def kill(self) -> None:
        """End it at once, as `kill -9` does; `watch` starts another."""
        process = self._process
        if process is not None and process.returncode is None:
            self._is_killed = True
            process.kill()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        process = self._process
        if process is not None and process.returncode is None:
            process.terminate()
            try:
                await asyncio.wait_for(process.wait(), STOP_SECONDS)
            except TimeoutError:
                process.kill()
                await process.wait()
        self._log.close()

    async def watch(self) -> None:
        """Wait for the worker to end, which it never should unless it was killed on purpose.

        Raises
        ------
        WorkerFailedError
            It ended; the message holds the last lines of its log.
        """
        assert self._process is not None
        code = await self._process.wait()
        while self._is_killed:
            self._is_killed = False
            await self._begin()
            code = await self._process.wait()
        self._log.seek(0)
        last = b"\n".join(self._log.read().splitlines()[-15:]).decode(errors="replace")
        message = f"the worker ended with code {code}:\n{last}"
        raise WorkerFailedError(message)


def _told(bootstrap: str, metrics_port: int) -> Mapping[str, str]:
    return {
        "COUPON_KAFKA_BOOTSTRAP_SERVERS": bootstrap,
        "COUPON_CATALOGUE_FILE": str(catalogue_path()),
        "COUPON_KAFKA_CHECK_CRCS": "false",
        "COUPON_PARTITIONS": str(PARTITIONS),
        "COUPON_METRICS_HOST": "127.0.0.1",
        "COUPON_METRICS_PORT": str(metrics_port),
        "COUPON_HOLDOUT_RATIO": str(HOLDOUT_RATIO),
        "COUPON_SNAPSHOT_EVERY": "500",
        "COUPON_SESSION_TIMEOUT_MS": "6000",
        "COUPON_LOG_FORMAT": "json",
    }
