"""Dead letters: what they say of the message that was refused, and the way back to its topic."""

from collections.abc import AsyncIterator, Collection, Iterable, Sequence
from dataclasses import dataclass, fields
from typing import Any, Protocol

from streams.connection import client_options
from streams.dead_letters import LOCKED, place_of
from streams.lanes import Message, Sent, send
from streams.partitioner import partition_of
from streams.reading import records
from streams.safe import Safe, safe_of
from streams.settings import Settings
from streams.topics import SHOPS, inbound_name

REPLAYED = "dlq.replayed"
_STORY = "dlq."
CONDITIONS = ("reason", "topic", "partition", "offset", "key")


class Record(Protocol):
    """What is read of a Kafka record."""

    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """A refused message, its bytes untouched.

    Attributes
    ----------
    place
        Partition and offset in the dead-letter topic, as `show` takes them.
    topic, partition, offset, timestamp_ms
        Where and when the message had arrived.
    headers
        The message's own, without the story.
    replayed
        It had come back from the dead letters once and was refused again.
    locked
        The name of the key that it is still locked with; nothing of the message can be told.
    """

    place: str
    reason: str
    detail: str
    topic: str
    partition: int
    offset: int
    timestamp_ms: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]
    replayed: bool
    locked: str = ""

    def as_json(self) -> dict[str, Any]:
        """Give it as plain JSON; bytes that are not UTF-8 appear as escapes."""
        shown = {field.name: getattr(self, field.name) for field in fields(self)}
        shown["key"] = _text(self.key)
        shown["value"] = _text(self.value)
        shown["headers"] = [[name, _text(content)] for name, content in self.headers]
        return shown


def _text(content: bytes | None) -> str | None:
    return None if content is None else content.decode("utf-8", errors="backslashreplace")


def parse(record: Record, safe: Safe | None = None) -> DeadLetter:
    """Read a dead letter; what its headers do not tell is `unknown` or -1.

    Raises
    ------
    SafeError
        It was locked, and altered since.
    """
    story, headers = _story_of(record.headers), list(record.headers)
    key, value, name = record.key, record.value, story.get(LOCKED, "")
    if name and safe is not None and safe.knows(name):
        where = [story.get(f"dlq.original.{part}", "") for part in ("topic", "partition", "offset")]
        key, value, kept = safe.open(name, value or b"", place_of(*where))
        # Who was refused twice tells so in a header of the message itself.
        story, headers, name = {**_story_of(kept), **story}, [*kept], ""
    return DeadLetter(
        place=f"{record.partition}:{record.offset}",
        reason=story.get("dlq.reason", "unknown"),
        detail=story.get("dlq.detail", ""),
        topic=story.get("dlq.original.topic", "unknown"),
        partition=int(story.get("dlq.original.partition", -1)),
        offset=int(story.get("dlq.original.offset", -1)),
        timestamp_ms=int(story.get("dlq.original.timestamp", -1)),
        key=key,
        value=None if name else value,
        headers=tuple(pair for pair in headers if not pair[0].startswith(_STORY)),
        replayed=REPLAYED in story,
        locked=name,
    )


def _story_of(headers: Iterable[tuple[str, bytes]]) -> dict[str, str]:
    return {
        name: content.decode("utf-8", errors="replace")
        for name, content in headers
        if name.startswith(_STORY)
    }


def condition(text: str) -> tuple[str, str]:
    """Read a condition of `--where`.

    Raises
    ------
    ValueError
        It is not name=value with a name of `CONDITIONS`.

    Examples
    --------
    >>> condition("reason=bad_json")
    ('reason', 'bad_json')
    """
    name, separator, value = text.partition("=")
    if not separator or name not in CONDITIONS:
        msg = f"must be NAME=VALUE with NAME one of {', '.join(CONDITIONS)}, was {text!r}"
        raise ValueError(msg)
    return name, value


def matches(letter: DeadLetter, where: Iterable[tuple[str, str]]) -> bool:
    """Tell whether a dead letter meets all conditions."""
    shown = letter.as_json()
    return all(str(shown[name]) == value for name, value in where)


async def letters(
    settings: Settings, where: Collection[tuple[str, str]] = ()
) -> AsyncIterator[DeadLetter]:
    """Read the dead letters that are there now and meet the conditions."""
    topic, safe = f"{settings.topic_prefix}coupon.dead-letters.v1", safe_of(settings)
    async for record in records(client_options(settings), [topic]):
        letter = parse(record, safe)
        if matches(letter, where):
            yield letter


def way_back(letter: DeadLetter, settings: Settings) -> Message | None:
    """Address a dead letter to where it came from; None if it must not go there.

    A message goes back once: what is refused again needs a change of the message or of the code,
    not another round. A topic that is not the shop's is none that others may write to. What is
    locked with a key that is not at hand stays as well.
    """
    shops = {inbound_name(family, settings.topic_prefix) for family in SHOPS}
    if letter.replayed or letter.locked or letter.topic not in shops:
        return None
    keyless = letter.partition % settings.partitions
    return Message(
        line_number=letter.offset,
        topic=letter.topic,
        partition=keyless if letter.key is None else partition_of(letter.key, settings.partitions),
        key=letter.key,
        value=letter.value,
        headers=(*letter.headers, (REPLAYED, b"1")),
    )


async def replay(settings: Settings, messages: Sequence[Message]) -> Sent:
    """Send messages back, in the order given within each partition.

    Raises
    ------
    SendingFailedError
        The broker took no more.
    """

    async def each() -> AsyncIterator[Message]:
        for message in messages:
            yield message

    return await send(each(), client_options(settings), settings.partitions)


def in_order(found: Iterable[DeadLetter]) -> list[DeadLetter]:
    """Sort dead letters as the messages had arrived."""
    return sorted(
        found, key=lambda each: (each.timestamp_ms, each.topic, each.partition, each.offset)
    )
