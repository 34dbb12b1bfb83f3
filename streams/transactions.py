"""Kafka transactions: what is sent together becomes visible at once or never.

librdkafka does the work, in threads of its own and without the interpreter's lock: a transaction
was measured to cost two thirds of the CPU that aiokafka's takes, and to ride out broker restarts.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import suppress
from functools import partial
from typing import Any, NamedTuple, TypeVar

from confluent_kafka import KafkaError, KafkaException, Producer

from streams.signatures import Signer

MAX_MESSAGE_BYTES = 16_000_000
# Messages wait for the commit, which sends all of them at once; nobody waits for the clock.
LINGER_MS = 1_000
T = TypeVar("T")

log = logging.getLogger(__name__)


class Outgoing(NamedTuple):
    """A message to send to a given partition."""

    topic: str
    partition: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]] = ()


def _commit(producer: Producer, messages: Iterable[Outgoing], signer: Signer | None) -> None:
    if signer is not None:
        messages = signer.signed(messages)
    # Even to begin waits for a thread of librdkafka: nothing of this belongs on the event loop.
    producer.begin_transaction()
    for topic, partition, key, value, headers in messages:
        producer.produce(topic, value, key, partition, headers=list(headers) or None)
    producer.commit_transaction()
    producer.poll(0)  # hands librdkafka's own log lines on


def _let_go(producer: Producer) -> None:
    producer.purge()
    with suppress(KafkaException):  # it is beyond repair already, and has said so before
        producer.flush(0.0)


class TransactionFailedError(RuntimeError):
    """A transaction did not come about, or nobody can say whether it did.

    It must not be tried again in place: the process ends, and the next owner's `open` makes the
    broker settle it, one way or the other.
    """


class Transactions:
    """The transactions of one writer, known to the broker by `name`.

    Parameters
    ----------
    options
        Connection properties for librdkafka.
    executor
        Where calls that wait for the broker run; one thread for each writer at work.
    timeout_ms
        How long the broker keeps a transaction whose writer went silent, and so the longest that
        a reader of committed records can be held up by a dead one.
    signer
        Signs what is sent; None sends it unsigned.
    """

    def __init__(
        self,
        name: str,
        options: Mapping[str, Any],
        executor: Executor,
        timeout_ms: int,
        signer: Signer | None = None,
    ) -> None:
        self.name = name
        self.signer = signer
        self._timeout_ms = timeout_ms
        self._executor = executor
        self._options = {
            "transactional.id": name,
            "transaction.timeout.ms": timeout_ms,
            "acks": "all",
            "linger.ms": LINGER_MS,
            "message.max.bytes": MAX_MESSAGE_BYTES,
            "queue.buffering.max.messages": 1_000_000,
            **options,
        }
        self._producer: Producer | None = None

    async def open(self) -> None:
        """Connect, and fence every earlier writer of this name.

        What an earlier writer left open is aborted, or committed if its commit had begun; both
        are over when this returns.

        Raises
        ------
        TransactionFailedError
            The broker refused, or did not answer in time.
        """
        self._producer = Producer(self._options, logger=log)
        seconds = self._timeout_ms / 1000 * 2
        await self._call(lambda producer: producer.init_transactions(seconds))

    async def commit(self, messages: Iterable[Outgoing]) -> None:
        """Send messages in one transaction; return when the broker has all of them for good.

        Raises
        ------
        TransactionFailedError
            A newer writer of this name exists, the broker refused a message or the commit, or did
            not answer in time.
        """
        await self._call(partial(_commit, messages=messages, signer=self.signer))

    async def close(self) -> None:
        """Abort what is open and disconnect; does nothing when it was not opened."""
        producer, self._producer = self._producer, None
        if producer is not None:
            loop = asyncio.get_running_loop()
            await loop.run_in_executor(self._executor, _let_go, producer)

    @property
    def _opened(self) -> Producer:
        if self._producer is None:
            message = "transactions must be opened before anything is sent, were not"
            raise RuntimeError(message)
        return self._producer

    async def _call(self, work: Callable[[Producer], T]) -> T:
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._executor, work, self._opened)
        except (KafkaException, BufferError) as error:
            raise TransactionFailedError(self._told(error)) from error

    def _told(self, error: Exception) -> str:
        cause = error.args[0] if error.args else error
        fenced = isinstance(cause, KafkaError) and cause.code() in (
            KafkaError._FENCED,
            KafkaError.INVALID_PRODUCER_EPOCH,
            KafkaError.PRODUCER_FENCED,
            # A producer that was fenced before says only that it is beyond repair.
            KafkaError._FATAL,
        )
        why = "another worker has taken over" if fenced else str(cause)
        return f"{self.name}: {why}"
