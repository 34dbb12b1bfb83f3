"""Reads a recording back: who made it, its messages, its lines."""

from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from streams import wire
from streams.recordings.writing import EVENTS, FORMAT, MANIFEST, STOCK, RecordingError
from streams.stocking import Told


class Message(NamedTuple):
    """A recorded inbound message, as a partition takes it."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]


def manifest_of(folder: Path) -> dict[str, Any]:
    """Read who made a recording: `app_id` and `partitions`.

    Raises
    ------
    RecordingError
        The folder holds no recording, or one of another format.
    """
    path = folder / MANIFEST
    if not path.is_file():
        message = f"{folder} must be a folder that `coupon-stream record` wrote, has no {MANIFEST}"
        raise RecordingError(message)
    try:
        manifest = wire.decode_row(path.read_bytes())
        found = manifest["format"]
        str(manifest["app_id"]), int(manifest["partitions"])
    except (ValueError, KeyError, TypeError) as error:
        message = f"{MANIFEST}: must tell format, app_id and partitions, did not: {error}"
        raise RecordingError(message) from error
    if found != FORMAT:
        message = f"{MANIFEST}: format must be {FORMAT}, was {found!r}"
        raise RecordingError(message)
    return manifest


def lines_of(path: Path) -> Iterator[bytes]:
    """Give the lines of a file of a recording.

    Raises
    ------
    RecordingError
        The file cannot be read.
    """
    try:
        with path.open("rb") as file:
            for line in file:
                yield line.rstrip(b"\n")
    except OSError as error:
        message = f"{path.name}: must be readable, was not: {error}"
        raise RecordingError(message) from error


def message_of(number: int, line: bytes, topics: dict[Any, str]) -> Message:
    """Read a line of the events.

    Parameters
    ----------
    topics
        The topic of each family.

    Raises
    ------
    RecordingError
        It is no message.
    """
    try:
        body = wire.decode_row(line)
        return Message(
            topic=topics[body["family"]],
            partition=int(body["partition"]),
            offset=int(body["offset"]),
            timestamp=int(body["timestamp_ms"]),
            key=_as_bytes(body["key"]),
            value=_as_bytes(body["value"]),
            headers=tuple((name, _as_bytes(value) or b"") for name, value in body["headers"]),
        )
    except (ValueError, KeyError, TypeError, NotBase64) as error:
        message = f"{EVENTS}, line {number}: must be a recorded message, was not: {error!r}"
        raise RecordingError(message) from error


def levels_of(path: Path) -> Iterator[Told]:
    """Give the records of the stock topic; a recording from before there was one has none.

    Raises
    ------
    RecordingError
        A line is no record.
    """
    if not path.exists():
        return
    for number, line in enumerate(lines_of(path), 1):
        try:
            body = wire.decode_row(line)
            key, value = _as_bytes(body["key"]), _as_bytes(body["value"])
            yield Told(int(body["offset"]), key or b"", value)
        except (ValueError, KeyError, TypeError, NotBase64) as error:
            message = f"{STOCK}, line {number}: must be a recorded level, was not: {error!r}"
            raise RecordingError(message) from error


def _as_bytes(told: str | dict[str, str] | None) -> bytes | None:
    if told is None:
        return None
    return told.encode() if isinstance(told, str) else b64decode(told["base64"], validate=True)
