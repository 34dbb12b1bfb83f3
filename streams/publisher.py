"""Makes chunks durable: a partition's effects, one transaction after the other, in order."""

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from streams.dead_letters import Outbound
from streams.emission import Emission
from streams.seal import Seal, sealed
from streams.transactions import Outgoing, Transactions

# After a commit the broker still writes markers: a transaction begun at once would be refused, and
# be tried again only after 20 ms.
MARKERS_SECONDS = 0.004


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboundTopics:
    """Names of the topics that a worker writes."""

    decisions: str
    replies: str
    outcomes: str
    sessions: str
    dead_letters: str
    models: str
    heartbeats: str
    budget: str
    grants: str
    changelog: str
    ledger: str


class Publisher:
    """Commits one source partition's emissions.

    The rows of a chunk, the source position among them, its decisions, replies, outcomes, sessions
    and dead letters are one transaction. While it is under way the next chunk may be applied
    already; whatever has come together by then goes into the next transaction.

    Parameters
    ----------
    fail
        Called once with the error that ends the process; nothing is committed after it.
    every_s
        Least seconds from the beginning of a transaction to that of the next; 0 asks for no rest
        at all.
    seal
        Seals what is asked of the ledger.
    """

    def __init__(
        self,
        partition: int,
        topics: OutboundTopics,
        transactions: Transactions,
        fail: Callable[[BaseException], None],
        every_s: float,
        seal: Seal | None = None,
    ) -> None:
        self._partition = partition
        self._topics = topics
        self._transactions = transactions
        self._fail = fail
        self._every_s = every_s
        self._seal = seal
        self._waiting: list[tuple[Emission, Callable[[], None]]] = []
        self._working: asyncio.Task[None] | None = None
        self._failed = False

    def publish(self, emission: Emission, done: Callable[[], None]) -> None:
        """Take an emission to be committed; `done` is called when it is durable."""
        self._waiting.append((emission, done))
        if self._working is None and not self._failed:
            self._working = asyncio.create_task(self._work())
            self._working.add_done_callback(self._worked)

    async def drain(self) -> None:
        """Return when everything that was handed over is durable, or has failed."""
        while self._working is not None:
            await asyncio.wait([self._working])

    async def _work(self) -> None:
        try:
            while self._waiting:
                together, self._waiting = self._waiting, []
                emissions = [emission for emission, _ in together]
                began_s = time.monotonic()
                await self._transactions.commit(self.messages(emissions))
                for _, done in together:
                    done()
                await asyncio.sleep(self._rest_left_s(began_s))
        except BaseException:
            self._failed = True
            raise
        finally:
            # At once, and not when the task is seen to be over: what is handed over in between
            # would wait for a task that does not look again.
            self._working = None

    def _worked(self, task: asyncio.Task[None]) -> None:
        error = None if task.cancelled() else task.exception()
        if error is not None:
            self._fail(error)

    def _rest_left_s(self, began_s: float) -> float:
        left_s = began_s + self._every_s - time.monotonic()
        return max(MARKERS_SECONDS if self._every_s else 0.0, left_s)

    def messages(self, emissions: Sequence[Emission]) -> list[Outgoing]:
        """Give the messages of a transaction; a row that changed twice goes out once.

        One message to each partition comes first: librdkafka enrols the partitions that it has
        seen when it comes to it, and asks the broker again for each that it sees later.
        """
        topics, partition = self._topics, self._partition
        newest: dict[bytes | None, Outbound] = {}
        by_topic: dict[str, list[Outgoing]] = {}
        for emission in emissions:
            _address(by_topic, topics.decisions, partition, emission.decisions)
            _address(by_topic, topics.replies, partition, emission.replies)
            _address(by_topic, topics.outcomes, 0, emission.outcomes)
            _address(by_topic, topics.sessions, 0, emission.sessions)
            _address(by_topic, topics.dead_letters, partition, emission.dead_letters)
            _address(by_topic, topics.heartbeats, partition, emission.heartbeats)
            _address(by_topic, topics.budget, 0, sealed(emission.asks, self._seal))
            newest.update((row[0], row) for row in emission.rows)
        _address(by_topic, topics.changelog, partition, newest.values())
        first = [outgoing[0] for outgoing in by_topic.values()]
        return first + [one for outgoing in by_topic.values() for one in outgoing[1:]]


def _address(
    by_topic: dict[str, list[Outgoing]], topic: str, partition: int, messages: Iterable[Outbound]
) -> None:
    addressed = [Outgoing(topic, partition, *message) for message in messages]
    if addressed:
        by_topic.setdefault(topic, []).extend(addressed)
