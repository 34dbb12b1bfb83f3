"""A broker that is killed again and again under writers, some of which are replaced meanwhile."""

import asyncio
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from random import Random

import pytest

from streams import topic_admin
from streams.app import outbound_topics
from streams.brokers.local import LocalKafka
from streams.changelog import RecoveryFailedError, read_rows
from streams.connection import client_options, librdkafka_options
from streams.settings import Settings
from streams.settling import Places, Settling
from streams.topics import specs
from streams.transactions import Outgoing, TransactionFailedError, Transactions
from tests.broker.awaiting import read_all
from tests.chaos.harness import certificate
from tests.chaos.harness.scale import scale
from tests.chaos.harness.trial import trial_settings

pytestmark = [pytest.mark.broker, pytest.mark.chaos, pytest.mark.timeout(0)]

TIMEOUT_MS = 10_000
RECOVERY_SECONDS = 30.0
RESUME_SECONDS = 90.0
# Commits between two kills, at least; the moment is drawn, so that any stage of a commit is hit.
STEPS_COUNT = 30
LONGEST_WAIT_SECONDS = 0.5
AGAIN_SECONDS = 0.2
POSITION = b"at"


class Writer:
    """Writes numbers to a partition, each in a transaction, as a worker writes chunks."""

    def __init__(self, settings: Settings, partition: int, executor: ThreadPoolExecutor) -> None:
        self.partition = partition
        self.settled_count = 0
        self.lives_count = 0
        self.done_count = 0
        self._topics = outbound_topics(settings)
        self._name = f"{settings.app_id}-{partition}"
        self._options = {**librdkafka_options(settings), "log_level": 2}
        self._executor = executor
        self._settling = Settling(client_options(settings), TIMEOUT_MS)
        self._life: asyncio.Task[None] | None = None

    def is_alive(self) -> bool:
        return self._life is not None and not self._life.done()

    def live(self) -> None:
        """Begin a life; one that still goes on will find itself fenced."""
        self.lives_count += 1
        self._life = asyncio.create_task(self._write())

    async def end(self) -> None:
        """Stop in the middle of whatever is going on."""
        if self._life is not None:
            self._life.cancel()
            with suppress(asyncio.CancelledError, TransactionFailedError, RecoveryFailedError):
                await self._life

    async def close(self) -> None:
        await self._settling.close()

    async def take_over(self) -> Transactions:
        """Settle and fence, as the owner of a partition does."""
        places = Places.of(self._topics, self.partition)
        self.settled_count += await self._settling.settle(self._name, places)
        ours = Transactions(self._name, self._options, self._executor, TIMEOUT_MS)
        await ours.open()
        return ours

    async def _write(self) -> None:
        ours = await self.take_over()
        try:
            loop = asyncio.get_running_loop()
            number = await loop.run_in_executor(self._executor, self.position)
            while True:
                number += 1
                await ours.commit(self._messages(number))
                self.done_count += 1
        finally:
            await ours.close()

    def position(self) -> int:
        found = read_rows(
            self._topics.changelog, self.partition, self._options, RECOVERY_SECONDS
        ).rows
        return int(found.get(POSITION, b"0"))

    def _messages(self, number: int) -> list[Outgoing]:
        told, topics, here = b"%d" % number, self._topics, self.partition
        return [
            Outgoing(topics.decisions, here, b"u", told),
            Outgoing(topics.outcomes, 0, b"u", b"%d:%d" % (here, number)),
            Outgoing(topics.changelog, here, POSITION, told),
        ]


async def go_on(writers: list[Writer], deadline_seconds: float) -> None:
    """Wait until each has written more; one that died begins again, as under a supervisor."""
    deadline = time.monotonic() + deadline_seconds
    wanted = {writer.partition: writer.done_count + STEPS_COUNT for writer in writers}
    while late := [one for one in writers if one.done_count < wanted[one.partition]]:
        assert time.monotonic() < deadline, f"partitions {[one.partition for one in late]} hang"
        for writer in late:
            if not writer.is_alive():
                writer.live()
        await asyncio.sleep(AGAIN_SECONDS)


async def kill_often(broker: LocalKafka, writers: list[Writer], draw: Random, times: int) -> None:
    for number in range(times):
        await go_on(writers, scale().seconds(RESUME_SECONDS))
        await asyncio.sleep(draw.uniform(0.0, LONGEST_WAIT_SECONDS))
        settled_count = sum(writer.settled_count for writer in writers)
        began_s = time.monotonic()
        broker.kill()
        await in_thread(broker.start)
        print(f"kill {number + 1}: {time.monotonic() - began_s:.1f} s, settled {settled_count}")
        for writer in writers:
            if draw.random() < 0.5:
                writer.live()
    await go_on(writers, scale().seconds(RESUME_SECONDS))


async def in_thread(work: Callable[[], object]) -> None:
    await asyncio.get_running_loop().run_in_executor(None, work)


async def wrong_numbers(settings: Settings, writers: list[Writer]) -> tuple[int, int]:
    """Count what was lost and what was doubled, against the positions in the rows."""
    topics, bootstrap = outbound_topics(settings), settings.kafka_bootstrap_servers
    found: defaultdict[tuple[str, int], list[int]] = defaultdict(list)
    for record in await read_all(bootstrap, [topics.decisions]):
        found["decisions", record.partition].append(int(record.value))
    for record in await read_all(bootstrap, [topics.outcomes]):
        partition, number = map(int, record.value.split(b":"))
        found["outcomes", partition].append(number)
    lost = doubled = 0
    for writer in writers:
        last = writer.position()
        for kind in ("decisions", "outcomes"):
            times = Counter(found[kind, writer.partition])
            lost += len(set(range(1, last + 1)) - times.keys())
            doubled += times.total() - len(times) + sum(number > last for number in times)
    return lost, doubled


async def test_p13_a_broker_killed_in_any_commit_loses_and_doubles_nothing(
    chaos_kafka: LocalKafka,
) -> None:
    settings, times = trial_settings(chaos_kafka.bootstrap), scale().broker_kills_count
    await topic_admin.apply(client_options(settings), specs(settings))
    with ThreadPoolExecutor(settings.partitions * 4) as executor:
        writers = [Writer(settings, number, executor) for number in range(settings.partitions)]
        for writer in writers:
            writer.live()
        try:
            await kill_often(chaos_kafka, writers, Random(scale().seed), times)
        finally:
            for writer in writers:
                await writer.end()
        for writer in writers:
            await (await writer.take_over()).close()
            await writer.close()
        lost, doubled = await wrong_numbers(settings, writers)
    settled_count = sum(writer.settled_count for writer in writers)
    lives_count = sum(writer.lives_count for writer in writers)
    done_count = sum(writer.done_count for writer in writers)
    remarks = f"{lives_count} writers, {settled_count} forgotten transactions ended by the next"
    print(f"{done_count} transactions, {lost} lost, {doubled} doubled; {remarks}")
    certificate.LINES.append(
        certificate.Line(
            promise="P13",
            fault="broker killed by kill -9 under bare writers",
            times=times,
            seed=scale().seed,
            decisions=done_count,
            lost=lost,
            doubled=doubled,
            remarks=remarks,
        )
    )
    assert (lost, doubled) == (0, 0)
