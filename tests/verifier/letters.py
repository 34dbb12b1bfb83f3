"""Reads dead letters: which record each tells of, and whether it tells it well."""

import re
from dataclasses import dataclass

from tests.verifier.ids import to_text
from tests.verifier.inputs import content_of
from tests.verifier.log import Record

REASONS = frozenset(
    "empty too_large not_utf8 bad_json duplicate_key too_deep not_finite bad_signature"
    " unknown_envelope unknown_event_type missing_field wrong_type out_of_range bad_text"
    " key_mismatch wrong_topic bad_timestamp too_far_in_future id_conflict"
    " forbidden_header".split()
)
STORY = (
    "dlq.reason",
    "dlq.detail",
    "dlq.original.topic",
    "dlq.original.partition",
    "dlq.original.offset",
    "dlq.original.timestamp",
    "dlq.consumer.group",
    "dlq.schema.version",
    "dlq.worker.version",
    "dlq.failed_at",
)
MAX_DETAIL_LENGTH = 160
SCHEMA_VERSION = "1"

Source = tuple[str, int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A dead letter.

    Attributes
    ----------
    source
        Topic, partition and offset of the refused record; None where the headers do not tell.
    content
        Digest of the kept key, value and headers.
    timestamp
        What it says of the append time, as text.
    """

    place: str
    partition: int
    source: Source | None
    content: bytes
    reason: str = ""
    timestamp: str = ""
    problems: tuple[str, ...] = ()


def read_letter(record: Record, app_id: str) -> Letter:
    """Read one dead letter; the story stands in its last headers, before it all that was sent."""
    kept, told = record.headers[: -len(STORY)], record.headers[-len(STORY) :]
    story = {name: (content or b"").decode("utf-8", "replace") for name, content in told}
    content = content_of(record.key, record.value, kept)
    if sorted(story) != sorted(STORY) or len(told) != len(STORY):
        problem = f"the last headers must be {', '.join(STORY)}, were {', '.join(sorted(story))}"
        return Letter(
            place=record.place,
            partition=record.partition,
            source=None,
            content=content,
            problems=(problem,),
        )
    return Letter(
        place=record.place,
        partition=record.partition,
        source=_source(story),
        content=content,
        reason=story["dlq.reason"],
        timestamp=story["dlq.original.timestamp"],
        problems=tuple(_problems(story, app_id)),
    )


def _source(story: dict[str, str]) -> Source | None:
    partition, offset = story["dlq.original.partition"], story["dlq.original.offset"]
    if not partition.isdecimal() or not offset.isdecimal():
        return None
    return story["dlq.original.topic"], int(partition), int(offset)


def _problems(story: dict[str, str], app_id: str) -> list[str]:
    found = []
    if story["dlq.reason"] not in REASONS:
        found.append(f"the reason must be of the closed list, was {story['dlq.reason']!r}")
    if len(story["dlq.detail"]) > MAX_DETAIL_LENGTH:
        found.append(f"the detail must have at most {MAX_DETAIL_LENGTH} characters")
    if story["dlq.consumer.group"] != app_id:
        found.append(f"the group must be {app_id}, was {story['dlq.consumer.group']}")
    if story["dlq.schema.version"] != SCHEMA_VERSION or not story["dlq.worker.version"]:
        found.append("the versions must be told")
    timestamp = story["dlq.original.timestamp"]
    if not re.fullmatch(r"-?[0-9]+", timestamp):
        found.append(f"the timestamp must be a number, was {timestamp!r}")
    elif story["dlq.failed_at"] != to_text(max(0, int(timestamp))):
        found.append(f"failed_at must be the record's own time, was {story['dlq.failed_at']}")
    return found
