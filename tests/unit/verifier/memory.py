"""A broker in memory: appends what was sent and what a worker published, with offsets."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from streams.dead_letters import Outbound
from streams.emission import Emission
from tests.verifier.log import Log, Record, Topics

APP_ID, PREFIX, PARTITIONS_COUNT = "verified-engine-v1", "v.", 3
TOPICS = Topics(app_id=APP_ID, prefix=PREFIX)


@dataclass(frozen=True, slots=True)
class Incoming:
    """A record as a consumer hands it over."""

    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...] = ()


@dataclass(slots=True)
class Broker:
    """Topics in memory; every chunk leaves the marker of its transaction behind."""

    log: Log
    _ends: Counter[tuple[str, int]] = field(default_factory=Counter)

    def sent(self, topic: str, partition: int, record: Incoming) -> None:
        """Append an inbound record."""
        is_grant = TOPICS.families[topic] == "grants"
        records = self.log.grants if is_grant else self.log.inputs
        self._append(records, topic, partition, record.timestamp, record)

    def published(self, partition: int, timestamp_ms: int, emission: Emission) -> None:
        """Append what a chunk brought about."""
        log = self.log
        for records, role, number, messages in (
            (log.decisions, "decisions", partition, emission.decisions),
            (log.replies, "replies", partition, emission.replies),
            (log.outcomes, "outcomes", 0, emission.outcomes),
            (log.dead_letters, "dead_letters", partition, emission.dead_letters),
            (log.changelog, "changelog", partition, emission.rows),
            (log.asks, "asks", 0, emission.asks),
        ):
            topic = TOPICS.of(role)[0]  # type: ignore[arg-type]
            for key, value, headers in messages:
                record = Incoming(self.end(topic, number), 0, key, value, tuple(headers))
                self._append(records, topic, number, timestamp_ms, record)
            self._ends[topic, number] += 1

    def ordered(self, timestamp_ms: int, order: Outbound) -> None:
        """Append what people order of a ledger."""
        key, value, headers = order
        topic = TOPICS.of("asks")[0]
        record = Incoming(self.end(topic, 0), 0, key, value, tuple(headers))
        self._append(self.log.asks, topic, 0, timestamp_ms, record)

    def end(self, topic: str, partition: int) -> int:
        """Tell the next offset of a topic's partition."""
        return self._ends[topic, partition]

    def _append(
        self, records: Any, topic: str, partition: int, timestamp_ms: int, record: Incoming
    ) -> None:
        records.append(
            Record(
                topic=topic,
                partition=partition,
                offset=record.offset,
                timestamp_ms=timestamp_ms,
                key=record.key,
                value=record.value,
                headers=record.headers,
            )
        )
        self._ends[topic, partition] = record.offset + 1


def empty_log() -> Log:
    """Give a log to append to."""
    return Log(
        app_id=APP_ID,
        prefix=PREFIX,
        partitions_count=PARTITIONS_COUNT,
        inputs=[],
        decisions=[],
        replies=[],
        outcomes=[],
        dead_letters=[],
        changelog=[],
        asks=[],
        grants=[],
    )
