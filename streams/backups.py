"""Keeps what lasts outside of Kafka: rows, models and campaigns, written down and put back.

A backup is the committed records of the compacted topics that are the product's own. Rows hold the
source positions, so workers go on where the backup ends, with the events that Kafka still holds.
"""

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, NoReturn

from aiokafka import AIOKafkaProducer, TopicPartition

from streams import topic_admin, wire
from streams.app import families_of, product_version
from streams.connection import client_options
from streams.reading import bounds, records
from streams.recordings.reading import Message, message_of
from streams.recordings.writing import RecordingError, as_line
from streams.rows import PARTITION_KEY
from streams.settings import Settings
from streams.topics import INBOUND, SNAPSHOT_BYTES, inbound_name, specs

MANIFEST = "backup.json"
FORMAT = 1
_STOP = "stop them all; one that keeps its name counts until its session ends"
OnRecord = Callable[[], object]


class BackupError(Exception):
    """A backup that cannot be written or put back: what must hold, and what was found."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Backup:
    """What a backup holds, and whose it is; `records` counts by topic."""

    app_id: str
    topic_prefix: str
    partitions: int
    records: dict[str, int] = field(default_factory=dict)
    product: str = field(default_factory=product_version)
    format: int = FORMAT


def kept(settings: Settings) -> list[str]:
    """Name the topics of a backup.

    Examples
    --------
    >>> "coupon.models.v1" in kept(Settings()), "shop.profiles.v1" in kept(Settings())
    (True, False)
    """
    shops = {inbound_name(family, settings.topic_prefix) for family in INBOUND}
    return [
        spec.name
        for spec in specs(settings)
        if spec.cleanup == "compact" and spec.name not in shops
    ]


async def write(settings: Settings, folder: Path, on_record: OnRecord) -> Backup:
    """Write a backup into an empty folder. Workers may go on meanwhile.

    Each partition's rows are those of one moment; of two partitions, of two moments.
    """
    counts = {}
    for topic in kept(settings):
        every = records(client_options(settings), [topic])
        with (folder / f"{topic}.ndjson").open("wb") as file:
            counts[topic] = 0
            async for one in every:
                file.write(as_line(topic, one) + b"\n")
                counts[topic] += 1
                on_record()
    done = Backup(
        app_id=settings.app_id,
        topic_prefix=settings.topic_prefix,
        partitions=settings.partitions,
        records=counts,
    )
    text = wire.to_json(asdict(done), pretty=True)
    (folder / MANIFEST).write_text(text + "\n", encoding="utf-8")
    return done


async def restore(settings: Settings, folder: Path, on_record: OnRecord) -> Backup:
    """Put a backup into empty topics, while no worker runs.

    Raises
    ------
    BackupError
        It is another installation's or damaged, topics are not empty, workers run, or the events
        end before the positions of the rows.
    """
    backup = _manifest(settings, folder)
    options = client_options(settings)
    await _refuse_members(settings)
    starts, ends = await bounds(options, list(backup.records))
    for tp, end in sorted(ends.items()):
        if end > starts[tp]:
            _refuse(f"{tp.topic} must be empty, had records", "delete it; then: topics apply")
    await _refuse_lost_events(settings, folder, options)
    async with AIOKafkaProducer(
        acks="all", enable_idempotence=True, max_request_size=SNAPSHOT_BYTES, **options
    ) as producer:
        for topic, expected_count in backup.records.items():
            count = 0
            for one in _messages(folder, topic):
                await producer.send(
                    topic,
                    one.value,
                    one.key,
                    one.partition,
                    one.timestamp,
                    list(one.headers),
                )
                count += 1
                on_record()
            await producer.flush()
            if count != expected_count:
                _refuse(f"{topic} must have {expected_count} records in the backup, had {count}")
    return backup


def _manifest(settings: Settings, folder: Path) -> Backup:
    try:
        backup = Backup(**wire.parse((folder / MANIFEST).read_bytes())[0])
    except (OSError, TypeError, ValueError) as error:
        message = f"{folder / MANIFEST} must be that of a backup, was not: {error}"
        raise BackupError(message) from error
    for name in ("app_id", "topic_prefix", "partitions"):
        ours, theirs = getattr(settings, name), getattr(backup, name)
        if ours != theirs:
            # Positions and decision ids are bound to these names.
            _refuse(f"COUPON_{name.upper()} must be {theirs!r} as in the backup, was {ours!r}")
    if backup.format != FORMAT:
        _refuse(f"the backup's format must be {FORMAT}, was {backup.format}")
    return backup


async def _refuse_members(settings: Settings) -> None:
    async with topic_admin.admin_client(client_options(settings)) as admin:
        count = await topic_admin.members_count(admin, settings.app_id)
    if count:
        _refuse(f"no worker may run, there were {count}", _STOP)


async def _refuse_lost_events(settings: Settings, folder: Path, options: dict[str, Any]) -> None:
    """Refuse sources that end before a row's position: they were created anew."""
    _, ends = await bounds(options, list(families_of(settings)))
    changelog = f"{settings.app_id}-users-changelog"
    for one in _messages(folder, changelog):
        if one.key != PARTITION_KEY or one.value is None:
            continue
        for topic, position in wire.decode_row(one.value)["at"].items():
            end = ends.get(TopicPartition(topic, one.partition), 0)
            if position > end:
                place = f"{topic} partition {one.partition}"
                _refuse(f"{place} must reach to {position}, where the rows stand, ended at {end}")


def _messages(folder: Path, topic: str) -> Iterator[Message]:
    path = folder / f"{topic}.ndjson"
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, 1):
                yield message_of(number, line, {topic: topic})
    except (OSError, RecordingError) as error:
        message = f"{path}: must be a topic of a backup, was not: {error}"
        raise BackupError(message) from error


def _refuse(found: str, remedy: str = "") -> NoReturn:
    message = f"{found}; {remedy}" if remedy else found
    raise BackupError(message)
