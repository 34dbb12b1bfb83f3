"""A real Apache Kafka on this machine: one KRaft node that starts in seconds and leaves nothing."""

import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from streams.brokers import BrokerError
from streams.brokers.jars import find_java, kafka_jars
from streams.brokers.leashed import Leashed
from streams.brokers.node import LOGGING, cluster_id, properties
from streams.brokers.ports import HOST, free_ports, is_free
from streams.brokers.reach import is_ready
from streams.started import Started

_STOP_SECONDS = 20.0
_QUICK = ("-XX:TieredStopAtLevel=1",)  # compile fast instead of well
_POLL_SECONDS = 0.1


def _silent(_line: str) -> None:
    """Say nothing."""


class LocalKafka(Started):
    """One combined broker and controller, alive inside a `with` block.

    No process outlives this one, however it ends; a temporary directory goes with it.

    Parameters
    ----------
    port
        Where clients connect; a free one unless given.
    directory
        Where records and logs are kept, and found again by a later start; temporary unless given.
    heap_mb
        Java heap in MiB.
    quick
        Start in half the time, at the price of the broker's top speed: for tests, not for figures.
    settings
        Broker properties that win over those of `streams.brokers.node`.
    say
        Told one line when the jars have to be fetched.

    Raises
    ------
    BrokerError
        Java, Maven or the port is not to be had, or the broker does not come up in time; the
        message ends in the last lines of the broker's log.
    """

    def __init__(
        self,
        *,
        port: int | None = None,
        directory: Path | None = None,
        heap_mb: int = 512,
        quick: bool = False,
        settings: Mapping[str, str] | None = None,
        start_timeout_seconds: float = 120.0,
        say: Callable[[str], None] = _silent,
    ) -> None:
        picked = free_ports(2)
        self.port = port if port is not None else picked[0]
        self._controller_port = picked[1]
        self._given_directory = directory
        self._directory: Path | None = None
        self._options = [f"-Xmx{heap_mb}m", f"-Xms{min(256, heap_mb)}m"]
        if quick:
            self._options += _QUICK
        self._settings = dict(settings or {})
        self._start_timeout_seconds = start_timeout_seconds
        self._say = say
        self._program: Leashed | None = None

    @property
    def bootstrap(self) -> str:
        """The address that clients are given."""
        return f"{HOST}:{self.port}"

    @property
    def pid(self) -> int:
        """Process id of the running broker."""
        return self._running().pid

    @property
    def leash_pid(self) -> int:
        """Process id of the watchdog that ends the broker when this process ends."""
        return self._running().leash_pid

    @property
    def is_running(self) -> bool:
        """Whether the broker's process is alive; a paused one is."""
        return self._program is not None and self._program.is_running

    @property
    def directory(self) -> Path:
        """Where this node keeps its records, configuration and log."""
        if self._directory is None:
            msg = "the broker must have been started once, was not"
            raise BrokerError(msg)
        return self._directory

    def start(self) -> None:
        """Start the broker and return when it serves clients."""
        if self.is_running:
            msg = "the broker must be stopped to be started, was running"
            raise BrokerError(msg)
        java, jars = find_java(), kafka_jars(self._say)
        if not is_free(self.port):
            msg = f"port {self.port} must be free, was taken; choose another with --port"
            raise BrokerError(msg)
        if self._directory is None:
            self._directory = self._prepare_directory()
        try:
            self._format(java, jars)
            self._launch(java, jars)
            self._await_ready()
        except BaseException:
            self.kill()
            self._remove_temporary()
            raise

    def stop(self) -> None:
        """Stop cleanly; kill what does not stop in time. The directory stays."""
        if self._program is not None:
            self._program.signal(signal.SIGTERM)
            self._program.signal(signal.SIGCONT)
            self._program.ends_within(_STOP_SECONDS)
        self.kill()

    def kill(self) -> None:
        """End the broker at once, as a power cut would."""
        if self._program is not None:
            self._program.signal(signal.SIGKILL)
            self._program.close()
        self._program = None

    def pause(self) -> None:
        """Stop the broker from running without closing its connections."""
        self._running().signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let a paused broker run on."""
        self._running().signal(signal.SIGCONT)

    def restart(self) -> None:
        """Stop if running, and start on the same port and directory."""
        self.stop()
        self.start()

    def close(self) -> None:
        """Stop, and remove the directory if it was temporary."""
        self.stop()
        self._remove_temporary()

    def log_tail(self, lines: int = 20) -> str:
        """Return the end of the broker's log."""
        path = self.directory / "server.log"
        text = path.read_text("utf-8", errors="replace") if path.exists() else ""
        return "\n".join(text.splitlines()[-lines:])

    def _running(self) -> Leashed:
        if self._program is None or not self._program.is_running:
            msg = "the broker must be running, was stopped"
            raise BrokerError(msg)
        return self._program

    def _prepare_directory(self) -> Path:
        if self._given_directory is None:
            return Path(tempfile.mkdtemp(prefix="coupon-stream-kafka-"))
        self._given_directory.mkdir(parents=True, exist_ok=True)
        return self._given_directory.resolve()

    def _java(self, java: str, jars: Path, *options: str) -> list[str]:
        logging = f"-Dlog4j2.configurationFile={self.directory / 'log4j2.properties'}"
        quick = ["-XX:+UseSerialGC", "-XX:-UsePerfData", "-Djava.awt.headless=true"]
        return [java, *quick, *options, logging, "-cp", f"{jars}/*"]

    def _format(self, java: str, jars: Path) -> None:
        """Write the configuration, and the cluster's id into a new directory."""
        place = self.directory
        config = properties(
            host=HOST,
            port=self.port,
            controller_port=self._controller_port,
            log_folder=place / "records",
            extra=self._settings,
        )
        (place / "server.properties").write_text(config, "utf-8")
        (place / "log4j2.properties").write_text(LOGGING, "utf-8")
        if (place / "records" / "meta.properties").exists():
            return
        command = self._java(java, jars, "-Xmx128m", *_QUICK)
        command += ["kafka.tools.StorageTool", "format", "-t", cluster_id(secrets.token_bytes(15))]
        command += ["-c", str(place / "server.properties")]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            msg = f"the directory {place} could not be formatted:\n{done.stdout}{done.stderr}"
            raise BrokerError(msg)

    def _launch(self, java: str, jars: Path) -> None:
        place = self.directory
        broker = self._java(java, jars, *self._options)
        broker += ["kafka.Kafka", str(place / "server.properties")]
        throw_away = place if self._given_directory is None else None
        self._program = Leashed(broker, place / "server.log", throw_away)

    def _await_ready(self) -> None:
        deadline = time.monotonic() + self._start_timeout_seconds
        while not is_ready(self.bootstrap):
            if not self.is_running or time.monotonic() > deadline:
                how = f"was silent for {self._start_timeout_seconds:.0f} s"
                how = how if self.is_running else "ended"
                end = f"its log ends:\n{self.log_tail()}"
                msg = f"Kafka on {self.bootstrap} must answer, {how}; {end}"
                raise BrokerError(msg)
            time.sleep(_POLL_SECONDS)

    def _remove_temporary(self) -> None:
        if self._given_directory is None and self._directory is not None:
            shutil.rmtree(self._directory, ignore_errors=True)
            self._directory = None
