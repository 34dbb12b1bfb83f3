"""A worker that ends as if its power failed, at a point of its work that is named beforehand.

`COUPON_CRASH_AT=before-commit:3` kills the process when it passes that point for the third time;
`freeze-` before the name stops its event loop there instead. Seams of the real classes are wrapped
from outside: the product knows nothing of all this.
"""

import functools
import os
import signal
import threading
import time
from collections.abc import Callable, Mapping
from itertools import chain
from typing import Any

from confluent_kafka import Producer

from streams import (
    cli,
    engine,
    ownership,
    partitions,
    publisher,
    settling,
    training,
    transactions,
    transport,
)

VARIABLE = "COUPON_CRASH_AT"
FREEZE = "freeze-"
FROZEN_SECONDS = 600.0
FLUSH_SECONDS = 10.0
# A commit takes some milliseconds; the request is on its way by then.
UNDER_WAY_SECONDS = 0.002
KINDS = {
    ".coupon.decisions.v1": "decisions-sent",
    ".coupon.outcomes.v1": "outcomes-sent",
    ".coupon.dead-letters.v1": "dead-letters-sent",
    "-users-changelog": "rows-sent",
}
# What is not in every transaction: that it was committed is a point of its own.
SELDOM = {
    ".coupon.models.v1": "snapshot",
    ".coupon.heartbeats.v1": "heartbeat",
}
SELDOM_POINTS = {
    "snapshot": ("snapshot-asked", "snapshot-sent", "snapshot-committed", "trainer-taken-over"),
    "heartbeat": ("heartbeat-sent", "heartbeat-committed"),
}
POINTS = (
    *("chunk-taken", "chunk-applied", "publish-asked", "transaction-begun"),
    *KINDS.values(),
    *("before-commit", "during-commit", "after-commit", "after-done", "after-group-commit"),
    *("recovery-settled", "recovery-fenced", "recovery-read", "taken-over", "positions-sought"),
)


class Doom:
    """Counts passages of one point, and ends the process at the one that was named."""

    def __init__(self, told: str) -> None:
        name, _, number = told.partition(":")
        self.is_freeze = name.startswith(FREEZE)
        self.point = name.removeprefix(FREEZE)
        known = (*POINTS, *chain.from_iterable(SELDOM_POINTS.values()))
        if self.point not in known or not number.isdigit():
            message = f"{VARIABLE} must be one of {', '.join(known)} and a number, was {told}"
            raise SystemExit(message)
        self._left_count = int(number)
        self._lock = threading.Lock()

    def passes(self, point: str, last_wish: Callable[[], object] | None = None) -> bool:
        """Tell whether this is the passage; `last_wish` is done before the end."""
        if point != self.point:
            return False
        with self._lock:
            self._left_count -= 1
            if self._left_count != 0:
                return False
        if last_wish is not None:
            last_wish()
        return True

    def at(self, point: str, last_wish: Callable[[], object] | None = None) -> None:
        """End here, if it is time."""
        if self.passes(point, last_wish):
            self.end()

    def end(self) -> None:
        """Do what was asked for."""
        print(f"crash point {self.point} reached", flush=True)
        if self.is_freeze:
            time.sleep(FROZEN_SECONDS)
        else:
            os.kill(os.getpid(), signal.SIGKILL)


def arm(doom: Doom) -> None:
    """Wrap the seams."""
    vars(transactions)["Producer"] = _producer(doom)
    _before(doom, engine.Engine, "on_shop_event", "chunk-taken")
    _after(doom, partitions.Partition, "apply", "chunk-applied")
    _before(doom, publisher.Publisher, "publish", "publish-asked")
    _after(doom, transport.ChunkConsumer, "done", "after-done")
    _after_awaited(doom, transport.ChunkConsumer, "force_commit", "after-group-commit")
    _after_awaited(doom, settling.Settling, "settle", "recovery-settled")
    _after_awaited(doom, transactions.Transactions, "open", "recovery-fenced")
    _after(doom, ownership, "read_rows", "recovery-read")
    _after_awaited(doom, ownership.Ownership, "take_over", "taken-over")
    _after_awaited(doom, transport.ChunkConsumer, "seek_to_committed", "positions-sought")
    _before(doom, training.Training, "_publish", "snapshot-asked")
    _after_awaited(doom, training.Training, "take_over", "trainer-taken-over")


def _named(kinds: Mapping[str, str], topic: str) -> str:
    return next((name for end, name in kinds.items() if topic.endswith(end)), "")


def _producer(doom: Doom) -> type[Producer]:
    class DoomedProducer(Producer):
        """A producer with points before, between and after its calls."""

        seldom = ""

        def begin_transaction(self, *given: Any) -> None:
            super().begin_transaction(*given)
            self.seldom = ""
            doom.at("transaction-begun")

        def produce(self, topic: str, *given: Any, **more: Any) -> None:
            super().produce(topic, *given, **more)
            self.seldom = self.seldom or _named(SELDOM, topic)
            # On the broker, and not committed: that is what readers must not see.
            doom.at(_named(KINDS, topic), lambda: self.flush(FLUSH_SECONDS))
            doom.at(f"{_named(SELDOM, topic)}-sent", lambda: self.flush(FLUSH_SECONDS))

        def commit_transaction(self, *given: Any) -> None:
            doom.at("before-commit", lambda: self.flush(FLUSH_SECONDS))
            if doom.passes("during-commit"):
                threading.Timer(UNDER_WAY_SECONDS, doom.end).start()
            super().commit_transaction(*given)
            doom.at("after-commit")
            doom.at(f"{self.seldom}-committed")

    return DoomedProducer


def _before(doom: Doom, owner: Any, name: str, point: str) -> None:
    real = getattr(owner, name)

    @functools.wraps(real)
    def doomed(*given: Any, **more: Any) -> Any:
        doom.at(point)
        return real(*given, **more)

    setattr(owner, name, doomed)


def _after(doom: Doom, owner: Any, name: str, point: str) -> None:
    real = getattr(owner, name)

    @functools.wraps(real)
    def doomed(*given: Any, **more: Any) -> Any:
        found = real(*given, **more)
        doom.at(point)
        return found

    setattr(owner, name, doomed)


def _after_awaited(doom: Doom, owner: Any, name: str, point: str) -> None:
    real = getattr(owner, name)

    @functools.wraps(real)
    async def doomed(*given: Any, **more: Any) -> Any:
        found = await real(*given, **more)
        doom.at(point)
        return found

    setattr(owner, name, doomed)


def main() -> None:
    """Arm the point that the environment names, and run the worker command."""
    told = os.environ.pop(VARIABLE, None)  # settings refuse a variable that they do not know
    if told is not None:
        arm(Doom(told))
    cli.main()


if __name__ == "__main__":
    main()
