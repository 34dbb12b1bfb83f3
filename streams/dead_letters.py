"""Keeps what could not be read, with all that is needed to mend and to send it again."""

from collections.abc import Sequence
from typing import Any

from streams.decisions import rfc3339
from streams.refusals import MAX_DETAIL_LENGTH, REASONS, Reason
from streams.safe import Safe

DEAD_LETTER_VERSION = "1"
# Names the key that locked the message.
LOCKED = "dlq.key.name"

Header = tuple[str, bytes]
Outbound = tuple[bytes | None, bytes | None, list[Header]]
"""Key, value and headers of a message to send."""


def dead_letter(
    *,
    topic: str,
    partition: int,
    offset: int,
    timestamp_ms: int,
    key: bytes | None,
    value: bytes | None,
    headers: Sequence[tuple[str, bytes | None]] | None,
    reason: Reason,
    detail: str,
    group: str,
    worker_version: str,
    safe: Safe | None = None,
) -> Outbound:
    """Wrap a refused message: its bytes and headers untouched, the story in `dlq.` headers.

    With a safe the message is locked up as a whole, its key included, and only the story is told.

    `dlq.failed_at` is the record's own time, so that a replay writes the same dead letter.
    """
    story = {
        "dlq.reason": reason,
        "dlq.detail": detail,
        "dlq.original.topic": topic,
        "dlq.original.partition": str(partition),
        "dlq.original.offset": str(offset),
        "dlq.original.timestamp": str(timestamp_ms),
        "dlq.consumer.group": group,
        "dlq.schema.version": DEAD_LETTER_VERSION,
        "dlq.worker.version": worker_version,
        "dlq.failed_at": rfc3339(max(timestamp_ms, 0)),
    }
    kept = [(name, content or b"") for name, content in headers or ()]
    told = [(name, text.encode()) for name, text in story.items()]
    if safe is None:
        return key, value, [*kept, *told]
    locked = safe.lock((key, value, kept), place_of(topic, partition, offset))
    return None, locked, [*told, (LOCKED, safe.name.encode())]


def place_of(topic: str, partition: int | str, offset: int | str) -> str:
    """Name the place where a message had arrived.

    Examples
    --------
    >>> place_of("shop.cart.v1", 0, 7)
    'shop.cart.v1:0:7'
    """
    return f"{topic}:{partition}:{offset}"


def headers_schema() -> dict[str, Any]:
    """Describe the headers that a dead letter has besides those of the refused message."""
    story = dead_letter(
        topic="",
        partition=0,
        offset=0,
        timestamp_ms=0,
        key=None,
        value=None,
        headers=(),
        reason="empty",
        detail="",
        group="",
        worker_version="",
    )[2]
    known: dict[str, dict[str, Any]] = {
        "dlq.reason": {"enum": list(REASONS)},
        "dlq.detail": {"type": "string", "maxLength": MAX_DETAIL_LENGTH},
        "dlq.failed_at": {"type": "string", "format": "date-time"},
        "dlq.schema.version": {"const": DEAD_LETTER_VERSION},
        **{
            f"dlq.original.{name}": {"type": "string", "pattern": "^-?[0-9]+$"}
            for name in ("partition", "offset", "timestamp")
        },
    }
    return {
        "title": "Headers that a dead letter has besides those of the refused message",
        "type": "object",
        "properties": {name: known.get(name, {"type": "string"}) for name, _ in story},
        "required": [name for name, _ in story],
        "additionalProperties": {"type": "string"},
    }
