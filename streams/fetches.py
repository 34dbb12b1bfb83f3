"""What stands in the inbound topics, fetched on the event loop itself.

Faust's consumer fetches in a thread of its own: every fetch crosses to it and back, and what is
read competes for the interpreter's lock with what decides. Here one request asks for all partitions
of a broker, and its answer also tells which of them hold nothing more: what the merge of the topics
has to know is said by the next answer, and never asked for.
"""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import Any, NamedTuple

from aiokafka import ConsumerRecord
from aiokafka.client import AIOKafkaClient
from aiokafka.consumer.fetcher import PartitionRecords
from aiokafka.errors import (
    KafkaError,
    OffsetOutOfRangeError,
    TopicAuthorizationFailedError,
    for_code,
)
from aiokafka.record.memory_records import MemoryRecords
from faust.types import TP

from streams.fetch_sessions import READ_COMMITTED, FetchSession, Told

BACKOFF_SECONDS = 0.1
# Where topics lie on several brokers, an answer of one says nothing of the others: none may be
# long in coming.
SEVERAL_BROKERS_WAIT_MS = 20

log = logging.getLogger(__name__)


class Look(NamedTuple):
    """What one broker answered to one request.

    `asked` is the mark given with the request, `positions` where the next one goes on, `at_end`
    names the partitions that held nothing more, and `out_of_range` those that no longer or not yet
    hold the position. It is void when a seek has come in between.
    """

    asked: int
    records: dict[TP, list[ConsumerRecord]]
    positions: dict[TP, int]
    at_end: set[TP]
    out_of_range: set[TP]
    seeks_count: int


class Fetches:
    """Reads committed records of given partitions from given positions.

    Parameters
    ----------
    client_options
        aiokafka's, for a connection of our own.
    awaited
        Topics that are not at their end while a transaction is open in them.
    """

    def __init__(
        self,
        client_options: Mapping[str, Any],
        check_crcs: bool,
        awaited: frozenset[str] = frozenset(),
    ) -> None:
        self._awaited = awaited
        self._client = AIOKafkaClient(**client_options)
        self._check_crcs = check_crcs
        self._positions: dict[TP, int] = {}
        self._seeks_count = 0
        self._looks_count = 0
        self._sessions: dict[int, FetchSession] = {}
        self._under_way: dict[int, asyncio.Task[Look | None]] = {}

    async def start(self) -> None:
        """Connect."""
        await self._client.bootstrap()

    async def stop(self) -> None:
        """Disconnect; what was asked is not waited for."""
        for task in self._under_way.values():
            task.cancel()
        await asyncio.gather(*self._under_way.values(), return_exceptions=True)
        await self._client.close()

    def seek(self, positions: Mapping[TP, int]) -> None:
        """Go on from these positions, and in no other partition; what is under way is dropped."""
        self._positions = dict(positions)
        self._seeks_count += 1

    def skip(self, moves: Mapping[TP, tuple[int, int]]) -> None:
        """Go on elsewhere in some partitions, given as (from, to), where they still stand there."""
        for tp, (at, to) in moves.items():
            if self._positions.get(tp) == at:
                self._positions[tp] = to

    def position(self, tp: TP) -> int:
        """Tell where the next fetch of a partition begins."""
        return self._positions[tp]

    async def look(self, wanted: AbstractSet[TP], wait_ms: int, mark: int) -> Look | None:
        """Give the next answer of a broker, None when there is none to be used.

        Parameters
        ----------
        wait_ms
            How long a broker that has nothing new may hold its answer back.

        Raises
        ------
        aiokafka.errors.TopicAuthorizationFailedError
            A topic may not be read.
        """
        by_broker = await self._by_broker(wanted)
        if len(by_broker) > 1:
            wait_ms = min(wait_ms, SEVERAL_BROKERS_WAIT_MS)
        for broker in by_broker.keys() - self._under_way.keys():
            asking = self._ask(broker, by_broker[broker], wait_ms, mark)
            self._under_way[broker] = asyncio.create_task(asking)
        if not self._under_way:
            await asyncio.sleep(BACKOFF_SECONDS)
            return None
        await asyncio.wait(self._under_way.values(), return_when=asyncio.FIRST_COMPLETED)
        broker = next(broker for broker, task in self._under_way.items() if task.done())
        look = self._under_way.pop(broker).result()
        return look if look is not None and look.seeks_count == self._seeks_count else None

    async def _by_broker(self, wanted: AbstractSet[TP]) -> dict[int, list[TP]]:
        cluster = self._client.cluster
        by_broker: defaultdict[int, list[TP]] = defaultdict(list)
        for tp in sorted(wanted & self._positions.keys()):
            broker = cluster.leader_for_partition(tp)
            if broker is None or broker == -1:
                await self._client.add_topic(tp.topic)
                self._client.force_metadata_update()
            else:
                by_broker[broker].append(tp)
        return by_broker

    async def _ask(self, broker: int, tps: list[TP], wait_ms: int, mark: int) -> Look | None:
        seeks_count = self._seeks_count
        session = self._sessions.setdefault(broker, FetchSession(self._awaited))
        # A broker without sessions may leave out what comes late in the list when there is much.
        self._looks_count += 1
        turn = self._looks_count % len(tps)
        positions = {tp: self._positions[tp] for tp in tps[turn:] + tps[:turn]}
        try:
            answer = await self._client.send(broker, session.request(positions, wait_ms))
        except KafkaError as error:
            log.warning("broker %s does not answer: %s", broker, error or type(error).__name__)
            session.reset()
            await self._look_anew()
            return None
        told = session.accept(answer)
        if told is None or seeks_count != self._seeks_count:
            return None
        look = Look(mark, {}, {}, set(), set(), seeks_count)
        for one in told:
            self._take(look, one)
        look.positions.update((tp, self._positions[tp]) for tp in tps)
        look.at_end.update(session.at_end(look.positions, told))
        await self._mind(told)
        return look

    def _take(self, look: Look, told: Told) -> None:
        if told.code == OffsetOutOfRangeError.errno:
            look.out_of_range.add(told.tp)
        elif told.code == 0 and told.batches:
            read = PartitionRecords(
                told.tp,
                MemoryRecords(told.batches),
                told.aborted,
                self._positions[told.tp],
                None,
                None,
                self._check_crcs,
                READ_COMMITTED,
            )
            records = list(read)
            if records:
                look.records[told.tp] = records
            self._positions[told.tp] = read.next_fetch_offset

    async def _mind(self, told: list[Told]) -> None:
        fine = (0, OffsetOutOfRangeError.errno)
        refused = [one for one in told if one.code not in fine]
        for one in refused:
            error = for_code(one.code)(f"{one.tp.topic} partition {one.tp.partition}")
            if isinstance(error, TopicAuthorizationFailedError):
                raise error
            log.warning("a partition is not given: %s", error)
        if refused:
            await self._look_anew()

    async def _look_anew(self) -> None:
        self._client.force_metadata_update()
        await asyncio.sleep(BACKOFF_SECONDS)
