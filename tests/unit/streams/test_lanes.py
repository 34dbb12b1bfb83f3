"""A lane's batches: cut at each change of topic, and watched for a broker's clock that lags."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from streams.lanes import Lane, Message, Sent


class FakeBatch:
    def __init__(self) -> None:
        self.values: list[bytes] = []

    def append(self, *, value: bytes, **_rest: object) -> object:
        self.values.append(value)
        return object()

    def record_count(self) -> int:
        return len(self.values)


class FakeProducer:
    """Acknowledges each batch with the next of the append times that it was given."""

    def __init__(self, appended_ms: list[int]) -> None:
        self._appended_ms = iter(appended_ms)
        self.batches: list[tuple[str, list[bytes]]] = []

    def create_batch(self) -> FakeBatch:
        return FakeBatch()

    async def send_batch(self, batch: FakeBatch, topic: str, *, partition: int) -> Any:
        self.batches.append((topic, batch.values))
        future = asyncio.get_running_loop().create_future()
        future.set_result(SimpleNamespace(timestamp_type=1, timestamp=next(self._appended_ms)))
        return future


async def run_lane(topics: str, appended_ms: list[int]) -> tuple[FakeProducer, Sent]:
    """Send one message per letter, the letter being its topic."""
    producer, sent = FakeProducer(appended_ms), Sent()
    lane = Lane(producer, 0, sent)
    for number, topic in enumerate(topics):
        value = b"%d" % number
        lane.queue.put_nowait(
            Message(line_number=number, topic=topic, partition=0, key=b"k", value=value)
        )
    lane.queue.put_nowait(None)
    await lane.run()
    return producer, sent


async def test_consecutive_events_of_a_topic_are_one_batch() -> None:
    producer, sent = await run_lane("aabaaa", [10, 12, 14])
    assert producer.batches == [("a", [b"0", b"1"]), ("b", [b"2"]), ("a", [b"3", b"4", b"5"])]
    assert sent.by_topic == {"a": 5, "b": 1}
    assert sent.disorder_count == 0


@pytest.mark.parametrize("second_ms", [10, 9])
async def test_a_topic_that_is_not_appended_later_is_counted_as_disorder(second_ms: int) -> None:
    _, sent = await run_lane("ab", [10, second_ms])
    assert sent.disorder_count == 1


async def test_an_empty_lane_ends() -> None:
    producer, sent = await run_lane("", [])
    assert producer.batches == []
    assert sent.count == 0
