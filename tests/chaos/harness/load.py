"""A shop's events on their way to Kafka, as a real one sends them: some twice, late, or hostile."""

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from heapq import heappop, heappush
from itertools import count
from random import Random

from aiokafka import AIOKafkaProducer

from streams import lanes
from streams.benching.shop import Recording
from streams.connection import client_options
from streams.partitioner import partition_of
from streams.settings import Settings
from streams.topics import inbound_name
from tests.hostile import LATER, hostile

CUSTOMERS_COUNT = 1_000
HOT_CUSTOMER = b"hot-customer"
# Well within the 64 events of a customer of which a worker knows a repeat.
REPEATED_WITHIN_COUNT = 200
LATE_BY_COUNT = 400
# Few wait in a lane, so that little is left to send when a load is told to stop.
WAITING_COUNT = 100
BATCH_BYTES = 512 * 1024
_TICK_SECONDS = 0.005


@dataclass(frozen=True, slots=True, kw_only=True)
class Mix:
    """What is wrong with a shop's events, as shares of all.

    Attributes
    ----------
    hot_ratio
        While `is_hot`, one customer more does something after so many events of all others.
    silent_from
        From this event on, all but the first partition get none any more.
    """

    duplicate_ratio: float = 0.05
    late_ratio: float = 0.03
    hostile_ratio: float = 0.01
    hot_ratio: float = 0.0
    is_hot: Callable[[], bool] = lambda: False
    silent_from: int | None = None


def shop_events(settings: Settings, seed: int, mix: Mix | None = None) -> Iterator[lanes.Message]:
    """Give a shop's events without end; equal seeds give equal messages in equal order."""
    mix = mix or Mix()
    messages = _ordinary(settings, seed, mix)
    if mix.silent_from is not None:
        messages = _falling_silent(messages, mix.silent_from)
    return messages


def _falling_silent(messages: Iterator[lanes.Message], start: int) -> Iterator[lanes.Message]:
    for number, message in enumerate(messages):
        if number < start or message.partition == 0:
            yield message


class _HotCustomer:
    """Looks at whatever others look at."""

    def __init__(self, settings: Settings, seed: int, mix: Mix) -> None:
        self._draw = Random(seed)
        self._mix = mix
        self._topic = inbound_name("browse", settings.topic_prefix)
        self._partition = partition_of(HOT_CUSTOMER, settings.partitions)
        self._seen = b""

    def after(self, number: int, message: lanes.Message) -> Iterator[lanes.Message]:
        """Give what it does after another customer's event; nothing, more often than not."""
        if message.topic == self._topic:
            self._seen = message.value or b""
        if not self._seen or not self._mix.is_hot():
            return
        if self._draw.random() < self._mix.hot_ratio:
            event = json.loads(self._seen)
            event |= {"event_id": f"hot-{number}", "user_id": HOT_CUSTOMER.decode()}
            yield replace(
                message,
                topic=self._topic,
                partition=self._partition,
                key=HOT_CUSTOMER,
                value=json.dumps(event).encode(),
            )


def _ordinary(settings: Settings, seed: int, mix: Mix) -> Iterator[lanes.Message]:
    draw = Random(seed)
    recording = Recording(settings, seed, CUSTOMERS_COUNT)
    bad, hot = _hostile(settings, seed), _HotCustomer(settings, seed, mix)
    held: list[tuple[int, int, lanes.Message]] = []
    for number in count():
        while held and held[0][0] <= number:
            yield heappop(held)[2]
        if draw.random() < mix.hostile_ratio:
            yield next(bad)
        message = _next_event(recording, settings, number)
        yield from hot.after(number, message)
        if draw.random() < mix.duplicate_ratio:
            heappush(held, (number + draw.randrange(1, REPEATED_WITHIN_COUNT), number, message))
        if draw.random() < mix.late_ratio:
            heappush(held, (number + draw.randrange(1, LATE_BY_COUNT), -number, message))
        else:
            yield message


def _next_event(recording: Recording, settings: Settings, number: int) -> lanes.Message:
    told = recording.take(1).messages[0]
    topic = inbound_name(told.family, settings.topic_prefix)
    return lanes.Message(
        line_number=number,
        topic=topic,
        partition=told.partition,
        key=told.key,
        value=told.value,
    )


def _hostile(settings: Settings, seed: int) -> Iterator[lanes.Message]:
    for number, (family, key, value, headers, _, reason) in enumerate(hostile(seed, 1_000_000)):
        if reason == "too_far_in_future" and value is not None:
            # The broker's clock judges here, and it is ahead of the generator's.
            value = value.replace(LATER.encode(), b"2999-01-01T00:00:00.000Z")
        yield lanes.Message(
            line_number=number,
            topic=inbound_name(family, settings.topic_prefix),
            partition=number % settings.partitions,
            key=key,
            value=value,
            headers=tuple((name, content or b"") for name, content in headers),
        )


class Load:
    """Sends messages in a thread of its own, until told to stop or nothing is left.

    Each partition's order is that of the messages, over all topics (see `streams.lanes`), so the
    order in which they are to be applied can be told from the broker's append times.
    """

    def __init__(
        self, settings: Settings, messages: Iterator[lanes.Message], rate_per_second: float | None
    ) -> None:
        self._settings = settings
        self._messages = messages
        self._rate = rate_per_second
        self._stopped = threading.Event()
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="load", daemon=True)
        self.sent = lanes.Sent()
        self._thread.start()

    def stop(self) -> None:
        """Send no more; what was sent is awaited by `finish`."""
        self._stopped.set()

    def finish(self, deadline_seconds: float) -> lanes.Sent:
        """Wait until the broker has everything; gives what it acknowledged.

        Raises
        ------
        AssertionError
            It has not taken everything by then, or the order of append times is not ours.
        """
        self._thread.join(deadline_seconds)
        assert not self._thread.is_alive(), "the broker must have taken all events, has not"
        if self._error is not None:
            raise self._error
        assert self.sent.disorder_count == 0, "the broker's clock stepped back: judge nothing"
        return self.sent

    def _run(self) -> None:
        try:
            asyncio.run(self._send())
        except Exception as error:  # carried over to `finish`
            self._error = error

    async def _send(self) -> None:
        options = client_options(self._settings)
        async with AIOKafkaProducer(
            acks="all", enable_idempotence=True, linger_ms=0, max_batch_size=BATCH_BYTES, **options
        ) as producer:
            numbers = range(self._settings.partitions)
            ours = [lanes.Lane(producer, number, self.sent) for number in numbers]
            async with asyncio.TaskGroup() as group:
                for lane in ours:
                    group.create_task(lane.run())
                await self._distribute(ours)
                for lane in ours:
                    await lane.queue.put(None)

    async def _distribute(self, ours: list[lanes.Lane]) -> None:
        loop = asyncio.get_running_loop()
        began_s = loop.time()
        for number, message in enumerate(self._messages):
            queue = ours[message.partition].queue
            early = self._rate and number > (loop.time() - began_s) * self._rate
            while (early or queue.qsize() >= WAITING_COUNT) and not self._stopped.is_set():
                await asyncio.sleep(_TICK_SECONDS)
                early = self._rate and number > (loop.time() - began_s) * self._rate
            if self._stopped.is_set():
                return
            if number % 20 == 0:
                await asyncio.sleep(0)  # making events awaits nothing; let the lanes send
            await queue.put(message)
