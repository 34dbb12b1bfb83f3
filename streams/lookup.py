"""Finds a decision by its id: in a file that `replay --out` wrote, or on the decisions topic."""

import asyncio
import gzip
import re
import zlib
from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path
from typing import Any, cast

from msgspec import DecodeError

from streams import wire
from streams.connection import client_options
from streams.decisions import Decision
from streams.reading import records
from streams.settings import Settings

_IDENTITY = re.compile(r"[a-z2-7]{26}")


class LookupFailedError(Exception):
    """The decision is not there, or what is there cannot be read."""


def is_identity(text: str) -> bool:
    """Tell whether a text can be the id of a decision.

    Examples
    --------
    >>> is_identity("ifbx3z23f7xyjieepngortxzyr"), is_identity("42")
    (True, False)
    """
    return _IDENTITY.fullmatch(text) is not None


def in_file(path: Path, identity: str) -> Decision:
    """Find a decision in NDJSON, gzipped where the name ends in `.gz`.

    Raises
    ------
    LookupFailedError
        No line holds it, or the file is damaged.
    """
    mark = identity.encode()
    count = 0
    try:
        with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as lines:
            for count, line in enumerate(lines, 1):
                # Most lines are of other decisions: a search costs a fraction of decoding them.
                if mark in line and (decision := _decoded(line, path.name, count, identity)):
                    return decision
    except (OSError, EOFError, zlib.error) as error:
        message = f"{path.name} must be readable, was not after line {count}: {error}"
        raise LookupFailedError(message) from error
    message = f"no decision {identity} among {count:,} lines of {path.name}"
    raise LookupFailedError(message)


def _decoded(value: bytes, place: str, number: int, identity: str) -> Decision | None:
    try:
        decision = wire.decode_decision(value)
    except DecodeError as error:
        message = f"{place}, {number:,}: must be a decision, was not: {error}"
        raise LookupFailedError(message) from error
    return decision if decision.decision_id == identity else None


async def on_topic(settings: Settings, identity: str, deadline_seconds: float) -> Decision:
    """Find a decision among those that the topic holds now, by the header `ce_id`.

    Raises
    ------
    LookupFailedError
        It is not there, or the deadline passed before the whole topic was read.
    """
    topic = f"{settings.topic_prefix}coupon.decisions.v1"
    mark = identity.encode()
    count = 0
    every = cast(AsyncGenerator[Any, None], records(client_options(settings), [topic]))
    try:
        async with (
            asyncio.timeout(deadline_seconds),
            aclosing(every) as found,
        ):
            async for record in found:
                count += 1
                if record.value is not None and ("ce_id", mark) in record.headers:
                    place = f"{topic} partition {record.partition} offset"
                    if decision := _decoded(record.value, place, record.offset, identity):
                        return decision
    except TimeoutError as error:
        message = (
            f"no decision {identity} among the first {count:,} of {topic} within"
            f" {deadline_seconds:g} s; try again with a longer --deadline"
        )
        raise LookupFailedError(message) from error
    message = f"no decision {identity} among all {count:,} of {topic}"
    raise LookupFailedError(message)
