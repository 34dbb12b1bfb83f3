"""Reads a partition's rows back from the users changelog, in bulk.

Faust's own recovery takes a few thousand rows a second, one asyncio event each, and does not end
where a transaction's marker is the last thing in the log. Here librdkafka decodes in its own
threads and rows stay bytes until somebody asks for them.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from confluent_kafka import (
    Consumer,
    KafkaError,
    KafkaException,
    Message,
    TopicPartition,
)

from streams.rows import WAITS
from streams.signed_log import SignedLog

# Few enough to be let go again while they still lie in the processor's cache: with 10,000 at a time
# a row took half as much CPU again.
_BATCH_COUNT = 500
# A batch that the end of the log leaves unfilled is waited for this long.
_POLL_SECONDS = 0.02
_ASK_SECONDS = 20.0


class RecoveryFailedError(RuntimeError):
    """Rows could not be read back in time, or at all."""


@dataclass(slots=True)
class Recovered:
    """The newest committed rows by key, and of each the header that says what it waits for.

    `log` is what their signatures say, None where they have none.
    """

    rows: dict[bytes, bytes] = field(default_factory=dict)
    headers: dict[bytes, bytes] = field(default_factory=dict)
    log: SignedLog | None = None

    def take(self, message: Message) -> None:
        """Keep a record; a tombstone removes its key."""
        key, value = message.key() or b"", message.value()
        # Read, they are always a list of pairs; dicts are only taken for sending.
        headers = cast(list[tuple[str, bytes]], message.headers() or [])
        if self.log is not None:
            if not self.log.believes(message.offset() or 0, key, value, headers):
                return
        if value is None:
            self.rows.pop(key, None)
            self.headers.pop(key, None)
            return
        self.rows[key] = value
        for name, header in headers:
            if name == WAITS:
                self.headers[key] = header
                return
        self.headers.pop(key, None)


def read_rows(
    topic: str,
    partition: int,
    options: Mapping[str, Any],
    deadline_seconds: float,
    log: SignedLog | None = None,
) -> Recovered:
    """Read the newest committed value of every key; a tombstone removes its key.

    To be called when no writer of the partition has an open transaction. Blocks; run it in a
    thread.

    Parameters
    ----------
    log
        Judges the signatures of the records; None believes all of them.

    Raises
    ------
    RecoveryFailedError
        The broker refused, the end of the log was not reached by the deadline, or a row is not
        believed.
    """
    consumer = Consumer(_consumer_options(options, "read_committed"))
    try:
        consumer.assign([_beginning(consumer, TopicPartition(topic, partition))])
        recovered = Recovered(log=log)
        end = _read_to_end(consumer, recovered, deadline_seconds)
        _refuse_unfinished(TopicPartition(topic, partition), end, options)
        if log is not None and (objection := log.objection(recovered.rows)) is not None:
            raise RecoveryFailedError(objection)
        return recovered
    except (RecoveryFailedError, KafkaException) as error:
        message = f"rows of {topic} partition {partition} could not be read: {error}"
        raise RecoveryFailedError(message) from error
    finally:
        consumer.close()


def _beginning(consumer: Consumer, where: TopicPartition) -> TopicPartition:
    """Name the first offset there is: librdkafka, told to find it, rests half a second first."""
    low, _ = consumer.get_watermark_offsets(where, _ASK_SECONDS)
    return TopicPartition(where.topic, where.partition, low)


def _consumer_options(options: Mapping[str, Any], isolation: str) -> dict[str, Any]:
    return {
        "group.id": "recovery",  # librdkafka wants one; nothing is joined or committed
        "enable.auto.commit": False,
        "enable.auto.offset.store": False,
        "isolation.level": isolation,
        "auto.offset.reset": "error",
        "enable.partition.eof": True,
        "fetch.wait.max.ms": 10,  # the broker keeps quiet so long before it says that this is all
        "fetch.message.max.bytes": 2_000_000,
        "queued.max.messages.kbytes": 16_384,
        # A full queue would stop fetching for a second: a fifth of the whole recovery was that.
        "fetch.queue.backoff.ms": 5,
        **options,
    }


def _refuse_unfinished(where: TopicPartition, end: int, options: Mapping[str, Any]) -> None:
    """Refuse a log in which a transaction stays open though nobody can have one open.

    A broker that is killed can lose the marker that ends a transaction (seen with Kafka 4.3.1).
    Committed reading stops before it, so what follows would be applied a second time.
    """
    consumer = Consumer(_consumer_options(options, "read_uncommitted"))
    try:
        _, high = consumer.get_watermark_offsets(where, _ASK_SECONDS)
    finally:
        consumer.close()
    if high != end:
        message = (
            f"a transaction at offset {end} was neither committed nor aborted, though it is over:"
            " the broker lost its marker; settle it with kafka-transactions.sh"
        )
        raise RecoveryFailedError(message)


def _read_to_end(consumer: Consumer, recovered: Recovered, deadline_seconds: float) -> int:
    deadline = time.monotonic() + deadline_seconds
    while time.monotonic() < deadline:
        for message in consumer.consume(_BATCH_COUNT, _POLL_SECONDS):
            error = message.error()
            if error is None:
                recovered.take(message)
            elif error.code() == KafkaError._PARTITION_EOF:
                return message.offset() or 0
            elif error.fatal() or not error.retriable():
                raise RecoveryFailedError(error.str())
    late = f"its end was not reached within {deadline_seconds:g} s"
    raise RecoveryFailedError(late)
