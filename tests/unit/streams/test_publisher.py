"""One partition's transactions: in order, together where they can be, and never after an error."""

import asyncio
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from streams.dead_letters import Outbound
from streams.emission import Emission
from streams.publisher import OutboundTopics, Publisher
from streams.transactions import Outgoing, TransactionFailedError, Transactions

TOPICS = OutboundTopics(
    decisions="decisions",
    replies="replies",
    outcomes="outcomes",
    sessions="sessions",
    dead_letters="dead-letters",
    models="models",
    heartbeats="heartbeats",
    budget="budget",
    grants="grants",
    ledger="ledger",
    changelog="changelog",
)


class Held(Transactions):
    """Transactions that commit when they are let."""

    def __init__(self) -> None:
        super().__init__("t", {}, ThreadPoolExecutor(1), 1_000)
        self.committed: list[list[Outgoing]] = []
        self.begun = asyncio.Event()
        self.let = asyncio.Event()
        self.error: Exception | None = None

    async def commit(self, messages: Iterable[Outgoing]) -> None:
        sent = list(messages)
        self.begun.set()
        await self.let.wait()
        self.let.clear()
        if self.error is not None:
            raise self.error
        self.committed.append(sent)


def emission(name: bytes, row: bytes = b"row") -> Emission:
    rows: list[Outbound] = [(b"u", row, []), (b"\x00partition", name, [])]
    return Emission(decisions=[(b"u", name, [])], rows=rows)


def publisher_of(held: Held, failures: list[BaseException]) -> Publisher:
    return Publisher(2, TOPICS, held, failures.append, every_s=0.0)


async def test_a_chunk_is_one_transaction_and_done_only_when_it_is_durable() -> None:
    held = Held()
    done: list[object] = []
    publisher = publisher_of(held, [])
    publisher.publish(emission(b"1"), lambda: done.append(1))
    await held.begun.wait()
    assert done == []
    held.let.set()
    await publisher.drain()
    assert done == [1]
    assert [(m.topic, m.partition, m.value) for m in held.committed[0]] == [
        ("decisions", 2, b"1"),
        ("changelog", 2, b"row"),
        ("changelog", 2, b"1"),
    ]


async def test_what_comes_during_a_transaction_goes_together_into_the_next() -> None:
    held = Held()
    done: list[object] = []
    publisher = publisher_of(held, [])
    for name in (b"1", b"2", b"3"):
        publisher.publish(emission(name, b"row" + name), partial(done.append, name))
        await asyncio.sleep(0)
    held.let.set()
    await held.begun.wait()
    held.begun.clear()
    await held.begun.wait()
    held.let.set()
    await publisher.drain()
    assert done == [b"1", b"2", b"3"]
    assert len(held.committed) == 2
    together = [(m.topic, m.value) for m in held.committed[1]]
    assert together == [
        ("decisions", b"2"),
        ("changelog", b"row3"),  # a row that changed twice goes out once, as it is now
        ("decisions", b"3"),
        ("changelog", b"3"),
    ]


def test_one_message_to_each_partition_comes_first_and_each_partition_keeps_its_order() -> None:
    publisher = publisher_of(Held(), [])
    one, two = emission(b"1", b"row1"), emission(b"2", b"row2")
    one.outcomes.append((b"u", b"y", []))
    messages = publisher.messages([one, two])
    assert [m.topic for m in messages[:3]] == ["decisions", "outcomes", "changelog"]
    assert [m.value for m in messages if m.topic == "decisions"] == [b"1", b"2"]
    assert [m.value for m in messages if m.topic == "changelog"] == [b"row2", b"2"]
    assert len(messages) == 5


async def test_outcomes_go_to_their_single_partition() -> None:
    held = Held()
    held.let.set()
    publisher = publisher_of(held, [])
    publisher.publish(Emission(outcomes=[(b"u", b"y", [])]), lambda: None)
    await publisher.drain()
    assert [(m.topic, m.partition) for m in held.committed[0]] == [("outcomes", 0)]


async def test_after_an_error_nothing_is_committed_and_nothing_is_done() -> None:
    held = Held()
    done: list[object] = []
    failures: list[BaseException] = []
    error = held.error = TransactionFailedError("t: another worker has taken over")
    publisher = publisher_of(held, failures)
    publisher.publish(emission(b"1"), lambda: done.append(1))
    held.let.set()
    await publisher.drain()
    held.error = None
    publisher.publish(emission(b"2"), lambda: done.append(2))
    held.let.set()
    await publisher.drain()
    assert failures == [error]
    assert held.committed == []
    assert done == []


async def test_what_comes_in_the_very_moment_in_which_the_work_ends_is_not_forgotten() -> None:
    held, loop = Held(), asyncio.get_running_loop()
    done: list[object] = []
    publisher = publisher_of(held, [])

    def second() -> None:
        held.let.set()
        publisher.publish(emission(b"2"), lambda: done.append(2))

    def first_is_done() -> None:
        done.append(1)
        loop.call_soon(loop.call_soon, second)  # two turns of the loop later

    held.let.set()
    publisher.publish(emission(b"1"), first_is_done)
    for _ in range(20):
        await asyncio.sleep(0)
    await publisher.drain()
    assert done == [1, 2]
