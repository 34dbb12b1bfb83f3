"""Which worker dies at which named point of its work, and that each of them was reached."""

import functools
import signal
from collections import Counter, deque
from collections.abc import Collection, Mapping, Sequence
from random import Random

from tests.chaos.crashing_worker import VARIABLE
from tests.chaos.harness.fleet import Supervisor
from tests.chaos.harness.scale import scale

MODULE = "tests.chaos.crashing_worker"
CRASH_SECONDS = 180.0
PASSAGES_COUNT = 30
# What a worker passes once for each partition or assignment, once a second, or seldom.
RARE = frozenset(
    "after-group-commit recovery-settled recovery-fenced recovery-read taken-over positions-sought"
    " trainer-taken-over snapshot-asked snapshot-sent snapshot-committed"
    " heartbeat-sent heartbeat-committed".split()
)


class Plan:
    """Gives each start of a crashing worker the next point; again, if it was not reached."""

    def __init__(self, draw: Random, points: Sequence[str], times: int, workers: Collection[int]):
        self.points = points
        self.workers = workers
        self.times = times
        steps = [
            f"{point}:{1 if point in RARE else draw.randrange(1, PASSAGES_COUNT)}"
            for point in points
            for _ in range(times)
        ]
        draw.shuffle(steps)
        self.count = len(steps)
        self._waiting = deque(steps)
        self._given: dict[int, str] = {}

    def variables(self, number: int, code: int | None) -> Mapping[str, str]:
        """Choose where a worker dies next."""
        if number not in self.workers:
            return {}
        if code in (None, -signal.SIGKILL):
            self._given.pop(number, None)
            if self._waiting:
                self._given[number] = self._waiting.popleft()
        return {VARIABLE: self._given[number]} if number in self._given else {}

    def carry_out(self, workers: Supervisor) -> None:
        """Wait until every point was reached as often as it was to be.

        Raises
        ------
        AssertionError
            No worker came to its point in time.
        """
        while (crashed_count := _crashes_count(workers)) < self.count:
            workers.until(
                functools.partial(_more_ended, workers, len(workers.exits)),
                scale().seconds(CRASH_SECONDS),
                f"more than {crashed_count} of {self.count} crashes must come",
            )
        said = "".join(workers.log_of(number).read_text() for number in self.workers)
        reached = Counter({it: said.count(f"crash point {it} reached") for it in self.points})
        # Once more where a worker came to its point while it was ending for another reason.
        assert all(reached[point] >= self.times for point in self.points), reached


def _crashes_count(workers: Supervisor) -> int:
    return sum(one.code == -signal.SIGKILL for one in workers.exits)


def _more_ended(workers: Supervisor, known_count: int) -> bool:
    return len(workers.exits) > known_count
