"""Which partitions this worker owns, and how it comes to own one safely.

Taking a partition over goes in an order that no pause or partitioned network can break: first the
broker fences whoever wrote for it before and settles what they left open, then the rows are read
as they stand, and only then is anything applied. The rows hold the source positions, so nothing
else has to be known to go on.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import structlog
from faust.types import TP

from streams.changelog import Recovered, RecoveryFailedError, read_rows
from streams.connection import client_options
from streams.emission import Source
from streams.partitions import Partition
from streams.publisher import OutboundTopics, Publisher
from streams.renewing import renew, to_renew
from streams.seal import ask_seal_of
from streams.settings import Settings
from streams.settling import Places, Settling
from streams.signatures import Place, Signer
from streams.signed_log import SignedLog
from streams.table import RowStore
from streams.transactions import Outgoing, TransactionFailedError, Transactions

log = structlog.get_logger()


class Owned:
    """A partition of ours: its rows in memory and the publisher that makes changes durable."""

    def __init__(
        self, partition: Partition, publisher: Publisher, transactions: Transactions
    ) -> None:
        self.partition = partition
        self.publisher = publisher
        self._transactions = transactions

    async def close(self) -> None:
        """Let go of the connection."""
        await self._transactions.close()


async def _let_go(number: int, taken: asyncio.Task[Owned]) -> None:
    """Close what was being taken over when it stopped being ours."""
    try:
        owned = await taken
    except (TransactionFailedError, RecoveryFailedError) as refused:
        log.info("a partition is not ours any more", partition=number, reason=str(refused))
    else:
        await owned.close()


class Ownership:
    """The partitions of this worker, kept over rebalances for as long as they stay with it."""

    def __init__(
        self,
        settings: Settings,
        source: Source,
        topics: OutboundTopics,
        store: Callable[[], RowStore],
        options: Mapping[str, Any],
        fail: Callable[[BaseException], None],
    ) -> None:
        self._settings = settings
        self._source = source
        self._topics = topics
        self._store = store
        self._options = options
        self._fail = fail
        # Commits wait in threads: one for each partition, for the trainer and for the ledger.
        self._executor = ThreadPoolExecutor(settings.partitions + 2, "transactions")
        self._readers = ThreadPoolExecutor(2, "recovery")
        self._settling = Settling(client_options(settings), settings.transaction_timeout_ms)
        self._owned: dict[int, Owned] = {}
        self._coming: dict[int, asyncio.Task[Owned]] = {}
        self._leaving: dict[int, asyncio.Task[None]] = {}

    def get(self, number: int) -> Owned | None:
        """Give a partition, None when it is not ours."""
        return self._owned.get(number)

    @property
    def partitions(self) -> dict[int, Partition]:
        """What is owned now, by number."""
        return {number: owned.partition for number, owned in sorted(self._owned.items())}

    def transactions(self, name: str) -> Transactions:
        """Make a writer of this worker's app; `name` tells it from the app's other writers."""
        settings, signatures = self._settings, self._source.signatures
        return Transactions(
            f"{settings.app_id}-{name}",
            self._options,
            self._executor,
            settings.transaction_timeout_ms,
            None if signatures is None else Signer(signatures),
        )

    async def inherit(
        self, name: str, places: Places, changelog: str
    ) -> tuple[Transactions, dict[bytes, bytes]]:
        """Shut out the writer of this name before us, and read what it left.

        Raises
        ------
        TransactionFailedError, RecoveryFailedError
            The broker did not answer, or refused.
        """
        transactions = self.transactions(name)
        await self._settling.settle(transactions.name, places)
        await transactions.open()
        read = partial(self._read_rows, Place(changelog, 0), transactions.signer)
        found = await asyncio.get_running_loop().run_in_executor(self._readers, read)
        await renew(transactions, to_renew(found, Place(changelog, 0)))
        return transactions, found.rows

    async def take_over(self, numbers: Iterable[int]) -> None:
        """Own exactly these partitions: keep, take over and give up.

        What is under way when this is cancelled by the next rebalance goes on, and is kept or
        given up by the next call.

        Raises
        ------
        TransactionFailedError, RecoveryFailedError
            A partition could not be taken over.
        """
        wanted = set(numbers)
        for number in self._coming.keys() - wanted:
            letting_go = _let_go(number, self._coming.pop(number))
            self._leaving[number] = asyncio.create_task(letting_go)
        for number in self._owned.keys() - wanted:
            await self._give_up(number)
        for number in wanted - self._owned.keys() - self._coming.keys():
            leaving = self._leaving.pop(number, None)
            self._coming[number] = asyncio.create_task(self._take(number, leaving))
        await asyncio.gather(*(asyncio.shield(task) for task in self._coming.values()))
        for number, task in self._coming.items():
            self._owned[number] = task.result()
        self._coming.clear()

    async def _take(self, number: int, leaving: asyncio.Task[None] | None) -> Owned:
        if leaving is not None:
            await leaving  # it may still be fencing others, and would fence us
        transactions = self.transactions(str(number))
        await self._settling.settle(transactions.name, Places.of(self._topics, number))
        await transactions.open()
        loop = asyncio.get_running_loop()
        recover = partial(self._recover, number, transactions.signer)
        partition, stale = await loop.run_in_executor(self._readers, recover)
        await renew(transactions, stale)
        log.info("a partition was taken over", partition=number, users=partition.users_count)
        every_s = self._settings.commit_rest_ms / 1000
        seal = ask_seal_of(self._settings)
        publisher = Publisher(number, self._topics, transactions, self._fail, every_s, seal)
        return Owned(partition, publisher, transactions)

    def _recover(self, number: int, signer: Signer | None) -> tuple[Partition, list[Outgoing]]:
        place = Place(self._topics.changelog, number)
        found = self._read_rows(place, signer)
        stale = to_renew(found, place)  # before the partition takes out what are no rows
        self._store().put_rows(number, found.rows)
        return Partition(number, found.rows, self._source, found.headers), stale

    def _read_rows(self, place: Place, signer: Signer | None) -> Recovered:
        deadline_seconds = self._settings.recovery_deadline_ms / 1000
        # librdkafka looks the group up though it does not join: it must be one that is ours.
        options = {**self._options, "group.id": self._settings.app_id}
        signed = None
        if (signatures := self._source.signatures) is not None:
            signed = SignedLog(signatures, place, is_ledger=place.topic == self._topics.ledger)
        found = read_rows(*place, options, deadline_seconds, signed)
        if signed is not None and signer is not None:
            signer.number = signed.number
            for fault, count in signed.passed_over.items():
                log.warning(
                    "records were not believed", fault=fault, records=count, **place._asdict()
                )
        return found

    async def _give_up(self, number: int) -> None:
        owned = self._owned.pop(number)
        await owned.publisher.drain()
        self._store().drop_rows(number)
        await owned.close()

    def positions(self) -> dict[TP, int]:
        """Tell from where each source topic of the owned partitions is to be read."""
        return {
            TP(topic, number): partition.next_offset(topic)
            for number, partition in self.partitions.items()
            for topic in self._source.families
        }

    async def drain(self) -> None:
        """Return when everything applied so far is durable, or has failed."""
        await asyncio.gather(*(owned.publisher.drain() for owned in self._owned.values()))

    async def close(self) -> None:
        """Give everything up."""
        for number in list(self._owned):
            await self._give_up(number)
        await self._settling.close()
        self._executor.shutdown(wait=False)
        self._readers.shutdown(wait=False)
