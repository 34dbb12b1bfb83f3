"""Adds up what stages of the work cost, by the thread's own processor time."""

import time


class Stopwatch:
    """Nanoseconds and calls by stage."""

    def __init__(self) -> None:
        self._spent_ns: dict[str, int] = {}
        self._calls: dict[str, int] = {}

    def add(self, stage: str, began_ns: int, calls_count: int) -> None:
        """Book the time since `began_ns` for so many calls."""
        spent_ns = time.thread_time_ns() - began_ns
        self._spent_ns[stage] = self._spent_ns.get(stage, 0) + spent_ns
        self._calls[stage] = self._calls.get(stage, 0) + calls_count

    def mean_us(self) -> dict[str, float]:
        """Give the mean of a call by stage, in microseconds."""
        return {
            stage: round(spent_ns / max(1, self._calls[stage]) / 1_000, 2)
            for stage, spent_ns in self._spent_ns.items()
        }
