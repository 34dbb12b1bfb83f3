"""Whether the worker gets on, told by the event loop and watched from outside of it.

A worker that stands still is worse than one that ends: the group gives a dead one's partitions to
another. So a thread of its own, which needs neither the event loop nor Kafka, ends the process
when work was begun and not finished, or when records wait and none is taken.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

CHECK_SECONDS = 1.0
# A process that was paused finds everything old when it goes on; it gets as many checks to move.
CHECKS_COUNT = 3


@dataclass(slots=True)
class Progress:
    """What the event loop says of itself; `clock` gives seconds that only rise."""

    clock: Callable[[], float] = time.monotonic
    _beat_s: float | None = None
    _begun: dict[int, tuple[str, float]] = field(default_factory=dict)
    _works_count: int = 0
    _behind_since_s: float | None = None

    def beat(self) -> None:
        """Say that the event loop turns."""
        self._beat_s = self.clock()

    def begin(self, name: str) -> int:
        """Say that work has begun which must end soon."""
        self._works_count += 1
        self._begun[self._works_count] = (name, self.clock())
        return self._works_count

    def end(self, work: int) -> None:
        """Say that it ended, and with it that records are taken."""
        self._begun.pop(work, None)
        self._behind_since_s = None

    @contextmanager
    def working(self, name: str) -> Iterator[None]:
        """Begin work, and end it with the block."""
        work = self.begin(name)
        try:
            yield
        finally:
            self.end(work)

    def behind(self, records_count: int) -> None:
        """Say how many records wait; the time since when they do is kept until one is taken."""
        if records_count == 0:
            self._behind_since_s = None
        elif self._behind_since_s is None:
            self._behind_since_s = self.clock()

    def stalled(self, limit_s: float, recovery_limit_s: float) -> str | None:
        """Say what has taken longer than it may, None when all is well."""
        now_s = self.clock()
        if self._beat_s is not None and now_s - self._beat_s > limit_s:
            return f"the event loop has stood still for {now_s - self._beat_s:.0f} s"
        for name, began_s in list(self._begun.values()):
            limit = recovery_limit_s if name == "recovery" else limit_s
            if now_s - began_s > limit:
                return f"a {name} has taken {now_s - began_s:.0f} s"
        if self._behind_since_s is not None and now_s - self._behind_since_s > limit_s:
            return f"records have waited for {now_s - self._behind_since_s:.0f} s"
        return None


class Watchdog(threading.Thread):
    """Calls `end` once with what has stalled."""

    def __init__(
        self,
        progress: Progress,
        end: Callable[[str], None],
        *,
        limit_s: float,
        recovery_limit_s: float,
        check_seconds: float = CHECK_SECONDS,
    ) -> None:
        super().__init__(name="watchdog", daemon=True)
        self._progress = progress
        self._end = end
        self._limits = (limit_s, recovery_limit_s)
        self._check_seconds = check_seconds
        self._stopped = threading.Event()

    def run(self) -> None:
        """Look every second; a stall must be seen several times in a row."""
        seen_count = 0
        while not self._stopped.wait(self._check_seconds):
            stall = self._progress.stalled(*self._limits)
            seen_count = seen_count + 1 if stall else 0
            if stall is not None and seen_count >= CHECKS_COUNT:
                self._end(stall)
                return

    def stop(self) -> None:
        """Stop looking."""
        self._stopped.set()
