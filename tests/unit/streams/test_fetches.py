"""Fetches on the event loop: what an answer says, and which answers are void."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from aiokafka.errors import KafkaConnectionError, TopicAuthorizationFailedError
from aiokafka.protocol.fetch import FetchResponse_v11
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from faust.types import TP

from streams import fetches
from streams.fetch_sessions import SessionFetch
from streams.fetches import SEVERAL_BROKERS_WAIT_MS, Fetches

BROWSE, CART = TP("browse", 0), TP("cart", 0)
BOTH = frozenset({BROWSE, CART})
Partition = tuple[int, int, int, int, int, list[tuple[int, int]], int, bytes]


def batch(first: int, count: int) -> bytes:
    """Write a batch of records as it stands in a log."""
    builder = DefaultRecordBatchBuilder(2, 0, 0, -1, -1, -1, 1_000_000)
    for number in range(count):
        builder.append(number, 1_000 + number, b"u", b"%d" % (first + number), [])
    written = bytearray(builder.build())
    written[:8] = first.to_bytes(8, "big")  # the broker writes the first offset
    return bytes(written)


def holding(end: int, batches: bytes = b"", code: int = 0) -> Partition:
    return (0, code, end, end, 0, [], -1, batches)


class Client:
    """A broker's connection; an answer is made when it is asked for."""

    def __init__(self, leaders: dict[TP, int]) -> None:
        self.cluster = self
        self.leaders = leaders
        self.asked: list[tuple[int, SessionFetch]] = []
        self.answers: dict[int, Callable[[], dict[str, Partition]]] = {}
        self.let = asyncio.Event()
        self.let.set()
        self.was_asked = asyncio.Event()
        self.updates_count = 0

    def leader_for_partition(self, tp: TP) -> int | None:
        return self.leaders.get(tp)

    def force_metadata_update(self) -> None:
        self.updates_count += 1

    async def add_topic(self, topic: str) -> None:
        self.leaders[TP(topic, 0)] = 1

    async def send(self, broker: int, request: SessionFetch) -> Any:
        self.asked.append((broker, request))
        self.was_asked.set()
        await self.let.wait()
        answer = self.answers[broker]()
        return FetchResponse_v11(0, 0, 0, [(topic, [one]) for topic, one in answer.items()])


def fetches_of(client: Client, monkeypatch: pytest.MonkeyPatch) -> Fetches:
    monkeypatch.setattr(fetches, "AIOKafkaClient", lambda **options: client)
    monkeypatch.setattr(fetches, "BACKOFF_SECONDS", 0.0)
    made = Fetches({}, check_crcs=True)
    made.seek({BROWSE: 5, CART: 0})
    return made


async def test_an_answer_gives_records_positions_and_who_has_no_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    client = Client({BROWSE: 1, CART: 1})
    client.answers[1] = lambda: {"browse": holding(9, batch(5, 3)), "cart": holding(0)}
    made = fetches_of(client, monkeypatch)
    look = await made.look(BOTH, 500, 7)
    assert look is not None
    assert [(one.offset, one.value) for one in look.records[BROWSE]] == [
        (5, b"5"),
        (6, b"6"),
        (7, b"7"),
    ]
    assert look.positions == {BROWSE: 8, CART: 0}
    assert look.at_end == {CART}  # the browsing topic goes on to 9
    assert look.asked == 7
    await made.look(BOTH, 0, 8)
    _, request = client.asked[-1]
    assert request.positions == {BROWSE: 8, CART: 0}


async def test_what_was_asked_before_a_seek_is_void(monkeypatch: pytest.MonkeyPatch) -> None:
    client = Client({BROWSE: 1, CART: 1})
    client.answers[1] = lambda: {"browse": holding(8, batch(5, 3)), "cart": holding(0)}
    client.let.clear()
    made = fetches_of(client, monkeypatch)
    looking = asyncio.create_task(made.look(BOTH, 500, 0))
    await client.was_asked.wait()
    made.seek({BROWSE: 2, CART: 0})
    client.let.set()
    assert await looking is None
    assert made.position(BROWSE) == 2


async def test_a_seek_voids_even_an_answer_that_has_just_come(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    client = Client({BROWSE: 1, CART: 2})
    client.answers[1] = lambda: {"browse": holding(8, batch(5, 3))}
    client.answers[2] = lambda: {"cart": holding(0)}
    made = fetches_of(client, monkeypatch)
    await made.look(BOTH, 500, 0)
    await asyncio.sleep(0)  # the other broker's answer lies there
    made.seek({BROWSE: 2, CART: 0})
    assert await made.look(frozenset(), 500, 1) is None
    assert made.position(BROWSE) == 2


async def test_of_several_brokers_none_is_asked_to_hold_its_answer_back_for_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    client = Client({BROWSE: 1, CART: 2})
    client.answers[1] = lambda: {"browse": holding(5)}
    client.answers[2] = lambda: {"cart": holding(0)}
    made = fetches_of(client, monkeypatch)
    first = await made.look(BOTH, 500, 0)
    second = await made.look(BOTH, 500, 1)
    assert first is not None
    assert second is not None
    assert first.at_end | second.at_end == BOTH
    assert {request.wait_ms for _, request in client.asked} == {SEVERAL_BROKERS_WAIT_MS}


async def test_a_position_that_is_gone_is_told_and_can_be_left(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    client = Client({BROWSE: 1, CART: 1})
    client.answers[1] = lambda: {"browse": holding(-1, code=1), "cart": holding(0)}
    made = fetches_of(client, monkeypatch)
    look = await made.look(BOTH, 500, 0)
    assert look is not None
    assert look.out_of_range == {BROWSE}
    made.skip({BROWSE: (5, 30), CART: (99, 100)})
    assert (made.position(BROWSE), made.position(CART)) == (30, 0)


async def test_a_broker_that_does_not_answer_is_asked_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    client = Client({BROWSE: 1, CART: 1})

    def broken() -> dict[str, Partition]:
        raise KafkaConnectionError

    client.answers[1] = broken
    made = fetches_of(client, monkeypatch)
    assert await made.look(BOTH, 500, 0) is None
    assert client.updates_count == 1
    client.answers[1] = lambda: {"browse": holding(5), "cart": holding(0)}
    assert await made.look(BOTH, 500, 0) is not None


async def test_a_leader_that_is_not_known_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    client = Client({BROWSE: 1})
    client.answers[1] = lambda: {"browse": holding(5), "cart": holding(0)}
    made = fetches_of(client, monkeypatch)
    await made.look(BOTH, 500, 0)
    assert client.updates_count == 1
    look = await made.look(BOTH, 500, 0)
    assert look is not None
    assert look.at_end == BOTH


async def test_a_topic_that_may_not_be_read_ends_the_reading(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    client = Client({BROWSE: 1, CART: 1})
    client.answers[1] = lambda: {"browse": holding(-1, code=29), "cart": holding(0)}
    made = fetches_of(client, monkeypatch)
    with pytest.raises(TopicAuthorizationFailedError):
        await made.look(BOTH, 500, 0)
    client.answers[1] = lambda: {"browse": holding(-1, code=6), "cart": holding(0)}
    look = await made.look(BOTH, 500, 0)  # a leader that has changed: looked for anew
    assert look is not None
    assert look.at_end == {CART}
    await asyncio.sleep(0)
    assert client.updates_count == 1
