"""Turns a file of events into messages for the inbound topics, and counts what is refused."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from streams import topic_admin
from streams.connection import client_options
from streams.edge import EdgePseudonyms, renamed
from streams.lanes import Message, SendingFailedError, Sent, send
from streams.layouts import Accepted, Refused, Row, read
from streams.partitioner import partition_of
from streams.settings import Settings
from streams.topics import SHOPS, inbound_name

SHOWN_LINES_COUNT = 10
_SHOWN_VALUE_CHARACTERS = 160
_ROWS_PER_TURN = 20


@dataclass(slots=True)
class Reading:
    """What was read so far: accepted rows, and refused ones by reason with their first lines."""

    accepted_count: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    first_lines: dict[str, list[int]] = field(default_factory=dict)

    def add(self, row: Row) -> None:
        """Count one row."""
        if isinstance(row, Accepted):
            self.accepted_count += 1
            return
        self.refused[row.reason] += 1
        lines = self.first_lines.setdefault(row.reason, [])
        if len(lines) < SHOWN_LINES_COUNT:
            lines.append(row.line_number)


def address(row: Accepted, settings: Settings) -> Message:
    """Find the topic and the partition of an accepted row."""
    return Message(
        line_number=row.line_number,
        topic=inbound_name(row.family, settings.topic_prefix),
        partition=partition_of(row.key, settings.partitions),
        key=row.key,
        value=row.value,
        headers=row.headers,
    )


def describe(row: Row, settings: Settings) -> str:
    """Tell in one line what becomes of a row.

    Examples
    --------
    >>> row = Accepted(line_number=3, key=b"u1", value=b'{"event_type":"cart.added"}', headers=(),
    ...                family="cart", ts_ms=0)
    >>> describe(row, Settings(partitions=1))
    'line 3: u1 -> shop.cart.v1[0] {"event_type":"cart.added"}'
    >>> describe(Refused(line_number=4, reason="bad_json", detail="at column 2"), Settings())
    'line 4: refused, bad_json: at column 2'
    """
    if isinstance(row, Refused):
        return f"line {row.line_number}: refused, {row.reason}: {row.detail}"
    message = address(row, settings)
    value = row.value.decode("utf-8")
    if len(value) > _SHOWN_VALUE_CHARACTERS:
        value = f"{value[:_SHOWN_VALUE_CHARACTERS]}..."
    place = f"{message.topic}[{message.partition}]"
    return f"line {row.line_number}: {row.key.decode('utf-8')} -> {place} {value}"


def survey(rows: Iterable[Row], reading: Reading) -> Iterator[Row]:
    """Pass rows on, counting them."""
    for row in rows:
        reading.add(row)
        yield row


async def messages(
    rows: Iterable[Row], settings: Settings, rate_per_second: float | None = None
) -> AsyncIterator[Message]:
    """Give the accepted rows as messages, at most so many a second."""
    started, count = time.monotonic(), 0
    for row in rows:
        if not isinstance(row, Accepted):
            continue
        if rate_per_second is not None:
            ahead = count / rate_per_second - (time.monotonic() - started)
            if ahead > 0:
                await asyncio.sleep(ahead)
        elif count % _ROWS_PER_TURN == 0:
            await asyncio.sleep(0)  # reading a file awaits nothing; let the lanes have their turn
        count += 1
        yield address(row, settings)


async def produce(
    path: Path,
    layout: str,
    settings: Settings,
    *,
    reading: Reading,
    names: EdgePseudonyms | None = None,
    rate_per_second: float | None = None,
    progress: Callable[[int], None] = lambda _count: None,
) -> Sent:
    """Send a file's events, each partition in the file's order.

    Raises
    ------
    SendingFailedError
        A topic is missing or cut otherwise than the settings say, or the broker took no more.
    LayoutError
        The file cannot be read.
    """
    rows = survey(renamed(read(path, layout), names), reading)
    await _check_partitions(settings)
    return await send(
        messages(rows, settings, rate_per_second),
        client_options(settings),
        settings.partitions,
        progress,
    )


async def _check_partitions(settings: Settings) -> None:
    async with topic_admin.admin_client(client_options(settings)) as admin:
        counts = await topic_admin.partition_counts(admin)
    for family in SHOPS:
        name = inbound_name(family, settings.topic_prefix)
        if name not in counts:
            msg = f"topic {name} must be there, was missing; run: coupon-stream topics apply"
            raise SendingFailedError(msg)
        if counts[name] != settings.partitions:
            msg = (
                f"topic {name} must have COUPON_PARTITIONS={settings.partitions} partitions,"
                f" was {counts[name]}; run: coupon-stream topics check"
            )
            raise SendingFailedError(msg)
