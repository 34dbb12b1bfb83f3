"""Makes chunks durable: a partition's effects, one transaction after the other, in order."""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from streams.dead_letters import Outbound
from streams.emission import Emission
from streams.transactions import Outgoing, Transactions


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboundTopics:
    """Names of the topics that a worker writes."""

    decisions: str
    outcomes: str
    dead_letters: str
    models: str
    heartbeats: str
    changelog: str


class Publisher:
    """Commits one source partition's emissions.

    The rows of a chunk, the source position among them, its decisions, outcomes and dead letters
    are one transaction. While it is under way the next chunk may be applied already; whatever has
    come together by then goes into the next transaction.

    Parameters
    ----------
    fail
        Called once with the error that ends the process; nothing is committed after it.
    rest_s
        Seconds between two transactions, in which a larger one can come together.
    """

    def __init__(
        self,
        partition: int,
        topics: OutboundTopics,
        transactions: Transactions,
        fail: Callable[[BaseException], None],
        rest_s: float,
    ) -> None:
        self._partition = partition
        self._topics = topics
        self._transactions = transactions
        self._fail = fail
        self._rest_s = rest_s
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
                await self._transactions.commit(self.messages(emissions))
                for _, done in together:
                    done()
                # The broker still writes markers: it would refuse a transaction begun right now.
                await asyncio.sleep(self._rest_s)
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

    def messages(self, emissions: Sequence[Emission]) -> Iterator[Outgoing]:
        """Give the messages of a transaction; a row that changed twice goes out once."""
        topics, partition = self._topics, self._partition
        newest: dict[bytes | None, Outbound] = {}
        for emission in emissions:
            yield from _addressed(topics.decisions, partition, emission.decisions)
            yield from _addressed(topics.outcomes, 0, emission.outcomes)
            yield from _addressed(topics.dead_letters, partition, emission.dead_letters)
            yield from _addressed(topics.heartbeats, partition, emission.heartbeats)
            newest.update((row[0], row) for row in emission.rows)
        yield from _addressed(topics.changelog, partition, newest.values())


def _addressed(topic: str, partition: int, messages: Iterable[Outbound]) -> Iterator[Outgoing]:
    for key, value, headers in messages:
        yield Outgoing(topic, partition, key, value, headers)
