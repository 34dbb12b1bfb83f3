"""Reads a run from a Kafka: committed records only, each partition to its end."""

import time
from collections.abc import Iterator
from typing import cast

from confluent_kafka import (
    OFFSET_BEGINNING,
    TIMESTAMP_NOT_AVAILABLE,
    Consumer,
    KafkaError,
    KafkaException,
    Message,
    TopicPartition,
)

from tests.verifier.log import Log, Record, Role, Topics, UnreadableError

Headers = list[tuple[str, bytes | None]]

BATCH_COUNT = 5_000
POLL_SECONDS = 0.05
ANSWER_SECONDS = 15.0


class Source:
    """A broker, and how long to wait for it."""

    def __init__(self, bootstrap: str, deadline_seconds: float = 120.0) -> None:
        self._bootstrap = bootstrap
        self._deadline_seconds = deadline_seconds

    def log(self, app_id: str, prefix: str = "") -> Log:
        """Open a run; its records are read when the log is.

        Raises
        ------
        UnreadableError
            The broker does not answer, or a topic is missing.
        """
        topics = Topics(app_id=app_id, prefix=prefix)
        return Log(
            app_id=app_id,
            prefix=prefix,
            partitions_count=self._partitions_count(topics.of("decisions")[0]),
            inputs=self.records(topics, "inputs"),
            decisions=self.records(topics, "decisions"),
            replies=self.records(topics, "replies"),
            outcomes=self.records(topics, "outcomes"),
            dead_letters=self.records(topics, "dead_letters"),
            changelog=self.records(topics, "changelog"),
            asks=self.records(topics, "asks"),
            grants=self.records(topics, "grants"),
        )

    def records(self, topics: Topics, role: Role) -> Iterator[Record]:
        """Give the records of a role, those of each partition in offset order."""
        consumer = self._consumer()
        try:
            yield from self._read(
                consumer,
                [
                    TopicPartition(topic, number, OFFSET_BEGINNING)
                    for topic in topics.of(role)
                    for number in self._partitions_of(consumer, topic)
                ],
            )
        except KafkaException as error:
            message = f"{role} cannot be read: {error}"
            raise UnreadableError(message) from error
        finally:
            consumer.close()

    def _read(self, consumer: Consumer, places: list[TopicPartition]) -> Iterator[Record]:
        consumer.assign(places)
        unfinished = {(place.topic, place.partition) for place in places}
        deadline = time.monotonic() + self._deadline_seconds
        while unfinished:
            for message in consumer.consume(BATCH_COUNT, POLL_SECONDS):
                deadline = time.monotonic() + self._deadline_seconds
                error = message.error()
                if error is None:
                    yield _record(message)
                elif error.code() == KafkaError._PARTITION_EOF:
                    _refuse_unfinished(consumer, message)
                    unfinished.discard((message.topic() or "", message.partition() or 0))
                else:
                    raise KafkaException(error)
            if time.monotonic() > deadline:
                text = f"{sorted(unfinished)} must give records or their end, gave neither"
                raise UnreadableError(text)

    def _partitions_count(self, topic: str) -> int:
        consumer = self._consumer()
        try:
            return len(self._partitions_of(consumer, topic))
        except KafkaException as error:
            message = f"the broker must answer, did not: {error}"
            raise UnreadableError(message) from error
        finally:
            consumer.close()

    def _partitions_of(self, consumer: Consumer, topic: str) -> list[int]:
        found = consumer.list_topics(topic, timeout=ANSWER_SECONDS).topics[topic]
        if found.error is not None or not found.partitions:
            message = f"topic {topic} must be there, was not: {found.error}"
            raise UnreadableError(message)
        return sorted(found.partitions)

    def _consumer(self) -> Consumer:
        return Consumer(
            {
                "bootstrap.servers": self._bootstrap,
                "group.id": "verifier",
                "isolation.level": "read_committed",
                "enable.auto.commit": False,
                "enable.auto.offset.store": False,
                "enable.partition.eof": True,
                "fetch.wait.max.ms": 20,  # the end of a partition is told by an empty fetch
                "auto.offset.reset": "earliest",
                "allow.auto.create.topics": False,
                "log_level": 2,  # a broker that is away is reported once, by us
            }
        )


def _refuse_unfinished(consumer: Consumer, end: Message) -> None:
    """Refuse to judge while a transaction is open: what follows it could not be read."""
    place = TopicPartition(end.topic() or "", end.partition() or 0)
    _, appended = consumer.get_watermark_offsets(place, cached=True)
    if appended > (end.offset() or 0):
        where = f"{place.topic}[{place.partition}]"
        message = f"{where} has an open transaction from {end.offset()} to {appended}"
        raise UnreadableError(message)


def _record(message: Message) -> Record:
    kind, timestamp_ms = message.timestamp()
    return Record(
        topic=message.topic() or "",
        partition=message.partition() or 0,
        offset=message.offset() or 0,
        timestamp_ms=-1 if kind == TIMESTAMP_NOT_AVAILABLE else timestamp_ms,
        key=message.key(),
        value=message.value(),
        headers=tuple(cast(Headers, message.headers() or [])),
    )
