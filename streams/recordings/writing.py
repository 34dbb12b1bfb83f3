"""Writes down what a shop's topics hold, so that a run can be repeated to the byte without Kafka.

A recording is a folder: `events.ndjson` (inbound messages untouched, each partition's in the order
in which workers apply them), `decisions.ndjson`, `replies.ndjson`, `outcomes.ndjson` and
`sessions.ndjson` (as published, in the order of their topics), `stock.ndjson` (records with their
places in the topic) and `manifest.json`.
"""

import sys
from base64 import b64encode
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import asdict, dataclass, field
from pathlib import Path

from aiokafka import ConsumerRecord, TopicPartition

from streams import wire
from streams.app import families_of, outbound_topics, product_version
from streams.connection import client_options
from streams.merge import Merge
from streams.reading import bounds, reader, records
from streams.settings import Settings
from streams.topics import stock_topic

FORMAT = 3
RECORDED = "recorded"  # its name among the formats that `replay` reads
EVENTS = "events.ndjson"
DECISIONS = "decisions.ndjson"
REPLIES = "replies.ndjson"
OUTCOMES = "outcomes.ndjson"
SESSIONS = "sessions.ndjson"
STOCK = "stock.ndjson"
MANIFEST = "manifest.json"
_POLL_MS = 500


class RecordingError(Exception):
    """A recording that cannot be written or read: which file and line, what was expected."""


@dataclass(slots=True, kw_only=True)
class Manifest:
    """What a recording holds, and whose it is.

    Attributes
    ----------
    missing
        By topic and partition, how many records at its beginning Kafka holds no longer. A run whose
        beginning is missing cannot be repeated exactly: rows and caps would start empty.
    """

    app_id: str
    partitions: int
    events: int = 0
    decisions: int = 0
    replies: int = 0
    outcomes: int = 0
    sessions: int = 0
    stock: int = 0
    missing: dict[str, int] = field(default_factory=dict)
    product: str = field(default_factory=product_version)
    format: int = FORMAT


def new_folder(path: Path) -> None:
    """Make the folder of a recording, for its owner only: it holds what customers did.

    Raises
    ------
    RecordingError
        It holds something already.
    """
    if path.exists() and any(path.iterdir()):
        message = f"{path} must be a new or an empty folder, was not"
        raise RecordingError(message)
    path.mkdir(mode=0o700, parents=True, exist_ok=True)


async def record(
    settings: Settings, folder: Path, on_record: Callable[[], object] = lambda: None
) -> Manifest:
    """Write what the topics hold now into a folder.

    Decisions are read first and events last, so that no decision lacks its event; events that are
    not decided yet are written all the same.
    """
    manifest = Manifest(app_id=settings.app_id, partitions=settings.partitions)
    outbound = outbound_topics(settings)
    counts = {}
    for topic, name in (
        (outbound.decisions, DECISIONS),
        (outbound.replies, REPLIES),
        (outbound.outcomes, OUTCOMES),
        (outbound.sessions, SESSIONS),
    ):
        starts, _ = await bounds(client_options(settings), [topic])
        manifest.missing |= _missing(starts)
        counts[name] = await _write(folder / name, _values(settings, topic), on_record)
    manifest.decisions, manifest.replies, manifest.outcomes, manifest.sessions = counts.values()
    manifest.stock = await _write(folder / STOCK, _levels(settings), on_record)
    manifest.events = await _write(folder / EVENTS, _events(settings, manifest.missing), on_record)
    with (folder / MANIFEST).open("w", encoding="utf-8") as file:
        file.write(wire.to_json(asdict(manifest), pretty=True) + "\n")
    return manifest


async def _write(
    path: Path, lines: AsyncGenerator[bytes, None], on_record: Callable[[], object]
) -> int:
    count = 0
    with path.open("wb") as file:
        async with aclosing(lines):
            async for line in lines:
                file.write(line + b"\n")
                count += 1
                on_record()
    return count


async def _values(settings: Settings, topic: str) -> AsyncGenerator[bytes, None]:
    async for one in records(client_options(settings), [topic]):
        yield one.value or b""


async def _levels(settings: Settings) -> AsyncGenerator[bytes, None]:
    async for one in records(client_options(settings), [stock_topic(settings)]):
        yield level_as_line(one)


async def _events(settings: Settings, missing: dict[str, int]) -> AsyncGenerator[bytes, None]:
    """Give the inbound messages that stand in Kafka now, each partition's in the order applied."""
    families = families_of(settings)
    async with reader(client_options(settings), list(families)) as consumer:
        assigned = sorted(consumer.assignment())
        ends = await consumer.end_offsets(assigned)
        starts = await consumer.beginning_offsets(assigned)
        missing |= _missing(starts)
        for tp in assigned:
            consumer.seek(tp, starts[tp])
        order = _Order(list(families), assigned)
        order.ended |= {tp for tp in assigned if starts[tp] >= ends[tp]}
        while awaited := order.awaited():
            # Only what the order waits for is fetched, so that no topic piles up in memory.
            for tp, found in (await consumer.getmany(*awaited, timeout_ms=_POLL_MS)).items():
                order.add(tp, [one for one in found if one.offset < ends[tp]])
            # By position and not by the last record: a transaction's marker ends some partitions.
            order.ended |= {tp for tp in awaited if await consumer.position(tp) >= ends[tp]}
            for one in order.take():
                yield as_line(families[one.topic], one)


def _missing(starts: Mapping[TopicPartition, int]) -> dict[str, int]:
    return {f"{tp.topic}[{tp.partition}]": at for tp, at in sorted(starts.items()) if at}


class _Order:
    """Brings the records of each partition number into the order in which workers apply them."""

    def __init__(self, topics: Sequence[str], assigned: Iterable[TopicPartition]) -> None:
        self._topics = topics
        self._merges = {tp.partition: Merge[ConsumerRecord](len(topics)) for tp in assigned}
        self.ended: set[TopicPartition] = set()

    def add(self, tp: TopicPartition, found: list[ConsumerRecord]) -> None:
        self._merges[tp.partition].add(self._topics.index(tp.topic), found)

    def awaited(self) -> list[TopicPartition]:
        empty = (
            TopicPartition(self._topics[rank], number)
            for number, merge in self._merges.items()
            for rank in merge.empty_ranks()
        )
        return [tp for tp in empty if tp not in self.ended]

    def take(self) -> Iterator[ConsumerRecord]:
        for number, merge in self._merges.items():
            ended = [self._topics.index(tp.topic) for tp in self.ended if tp.partition == number]
            for _, one in merge.take(sys.maxsize, ended):
                yield one


def as_line(family: str, one: ConsumerRecord) -> bytes:
    """Write an inbound message; bytes that are not UTF-8 stand as base64."""
    return wire.encode_row(
        {
            "family": family,
            "partition": one.partition,
            "offset": one.offset,
            "timestamp_ms": one.timestamp,
            "key": _as_json(one.key),
            "value": _as_json(one.value),
            "headers": [[name, _as_json(value)] for name, value in one.headers],
        }
    )


def level_as_line(one: ConsumerRecord) -> bytes:
    """Write a record of the stock topic with its place in it."""
    told = {"offset": one.offset, "key": _as_json(one.key), "value": _as_json(one.value)}
    return wire.encode_row(told)


def _as_json(value: bytes | None) -> str | dict[str, str] | None:
    if value is None:
        return None
    try:
        return value.decode()
    except UnicodeDecodeError:
        return {"base64": b64encode(value).decode()}
