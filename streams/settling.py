"""Ends transactions whose end the broker forgot to write into the partitions.

A broker of Kafka 4.2 to 4.4 that restarts while it still owes a decided transaction its markers can
take a partition without a leader for one that was deleted, skip it and call the transaction
complete (KAFKA-20734). The records then hang: readers of committed records wait before them, for
ever, and whoever takes the partition over would start from rows that are too old.

The cure needs no operator and no right that a writer has not: a marker of the same transactional
id ends whatever hangs in a partition. So the heir sends an empty transaction over all partitions of
the writer before it, and ends it as that writer's last one was ended.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import structlog
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka import TopicPartition as Place
from aiokafka.errors import KafkaError

from streams.publisher import OutboundTopics
from streams.transaction_states import state_of
from streams.transactions import TransactionFailedError

# What the broker means to make, or has made, of a writer's last transaction; all others abort.
_COMMITS = frozenset({"PrepareCommit", "CompleteCommit"})

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Where one writer writes: what is its own alone, and what others write as well."""

    own: tuple[Place, ...]
    shared: tuple[Place, ...]

    @classmethod
    def of(cls, topics: OutboundTopics, partition: int) -> "Places":
        """Name the places that the writer of a source partition writes to."""
        own = (topics.changelog, topics.decisions, topics.replies, topics.dead_letters)
        return cls(
            own=tuple(Place(topic, partition) for topic in (*own, topics.heartbeats)),
            shared=tuple(
                Place(topic, 0) for topic in (topics.outcomes, topics.sessions, topics.budget)
            ),
        )

    @classmethod
    def of_ledger(cls, topics: OutboundTopics, partitions: int) -> "Places":
        """Name the places that the ledger writes to; nobody else does."""
        grants = (Place(topics.grants, number) for number in range(partitions))
        return cls(own=(Place(topics.ledger, 0), *grants), shared=())


class Settling:
    """Settles what earlier writers left behind.

    Parameters
    ----------
    client
        As `streams.connection.client_options` gives it.
    timeout_ms
        Of the writers' transactions; settling one may take twice as long.
    """

    def __init__(self, client: Mapping[str, Any], timeout_ms: int) -> None:
        self._client = client
        self._timeout_ms = timeout_ms
        # Kept from takeover to takeover: connecting takes longer than asking.
        self._asking: dict[str, AIOKafkaConsumer] = {}
        self._connecting = asyncio.Lock()

    async def settle(self, name: str, places: Places) -> bool:
        """End what an earlier writer of this name left hanging; tell whether anything did.

        Earlier writers are fenced by it if they have anything open. The last transaction is asked
        after beforehand, since fencing makes the broker forget it.

        Raises
        ------
        TransactionFailedError
            The broker refused, or did not answer in time.
        """
        try:
            async with asyncio.timeout(self._timeout_ms / 1000 * 2):
                if not await self._is_open(places.own):
                    return False
                state = await state_of(name, self._client)
                return await self._end(name, places, commits=state in _COMMITS)
        except (TimeoutError, KafkaError) as error:
            message = f"{name}: what was left open could not be settled: {error!r}"
            raise TransactionFailedError(message) from error

    async def close(self) -> None:
        """Disconnect."""
        while self._asking:
            await self._asking.popitem()[1].stop()

    async def _is_open(self, places: tuple[Place, ...]) -> bool:
        """Tell whether some transaction is open in these partitions."""
        committed = await self._ends(places, "read_committed")
        every = await self._ends(places, "read_uncommitted")
        return any(committed[place] < every[place] for place in places)

    async def _ends(self, places: tuple[Place, ...], isolation: str) -> dict[Place, int]:
        async with self._connecting:
            if isolation not in self._asking:
                self._asking[isolation] = await self._connect(isolation)
        return dict(await self._asking[isolation].end_offsets(places))

    async def _connect(self, isolation: str) -> AIOKafkaConsumer:
        asking = AIOKafkaConsumer(
            isolation_level=isolation, enable_auto_commit=False, **self._client
        )
        try:
            await asking.start()
        except BaseException:
            await asking.stop()
            raise
        return asking

    async def _end(self, name: str, places: Places, *, commits: bool) -> bool:
        producer = AIOKafkaProducer(
            transactional_id=name, transaction_timeout_ms=self._timeout_ms, **self._client
        )
        try:
            await producer.start()  # fences, and ends what the broker knows to be open
            hung = await self._is_open(places.own)
            # In any case: that only a shared place hangs, cannot be told from others at work there.
            await producer.begin_transaction()
            for place in (*places.own, *places.shared):
                producer._txn_manager.maybe_add_partition_to_txn(place)
            await (producer.commit_transaction() if commits else producer.abort_transaction())
        finally:
            await producer.stop()
        if hung:
            how = "committed" if commits else "aborted"
            log.warning("a transaction the broker forgot to end was ended", writer=name, how=how)
        return hung
