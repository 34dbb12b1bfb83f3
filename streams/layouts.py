"""Files of events, line by line, as messages ready to send: five envelopes and three CSV layouts.

Every line is accounted for: it becomes a message, a part of one, or a refusal with its number.

- NDJSON layouts keep the file's order; CSV layouts are sorted by event time (ties by line), because
  such files often hold one user after another. That takes the whole file into memory.
"""

import csv
import gzip
import lzma
import zlib
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

from features.events import Family
from streams import wire
from streams.csv_rows import COLUMNS, ROW_READERS, Fields, Invoices, add_to_invoice
from streams.envelopes import EnvelopeName
from streams.refusals import MalformedEvent, Reason, refuse

try:
    import zstandard  # type: ignore[import-not-found,unused-ignore]
except ModuleNotFoundError:  # optional: few keep their events in .zst files
    zstandard = None

ENVELOPES: tuple[EnvelopeName, ...] = ("native", "segment", "ga4", "snowplow", "cloudevents")
TABLES = ("rees46", "taobao", "online_retail")
LAYOUTS: tuple[str, ...] = (*ENVELOPES, *TABLES)


class LayoutError(Exception):
    """A file that cannot be read at all: absent, damaged, or not of the layout asked for.

    Attributes
    ----------
    name, line
        The file and where reading ended; line 0 is before the first.
    """

    def __init__(self, name: str, line: int, expected: str, found: str) -> None:
        self.name, self.line, self.expected, self.found = name, line, expected, found
        place = f"{name}, line {line}" if line else name
        super().__init__(f"{place}: must be {expected}, was {found}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """A message in the native envelope, and the first line of the file that it came from."""

    line_number: int
    key: bytes
    value: bytes
    headers: tuple[tuple[str, bytes], ...]
    family: Family
    ts_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A line that is no event."""

    line_number: int
    reason: Reason
    detail: str


Row = Accepted | Refused


def read(path: Path, layout: str) -> Iterator[Row]:
    """Read a file of events; `.gz`, `.xz` and `.zst` are decompressed.

    Parameters
    ----------
    layout
        One of `LAYOUTS`.

    Raises
    ------
    LayoutError
        At once for an unknown layout or an absent file, while reading for a damaged one.
    """
    if layout not in LAYOUTS:
        raise LayoutError(path.name, 0, f"a layout of {', '.join(LAYOUTS)}", repr(layout))
    if not path.is_file():
        raise LayoutError(path.name, 0, "a file", "absent" if not path.exists() else "a folder")
    if layout in TABLES:
        return _read_table(path, layout)
    return _read_envelopes(path, cast(EnvelopeName, layout))


# -- lines ---------------------------------------------------------------------------------------


_Damage = tuple[type[Exception], ...]


def _open(path: Path) -> tuple[IO[bytes], _Damage]:
    """Open by ending; give also what reading raises when the file is damaged."""
    if path.suffix == ".gz":
        return cast(IO[bytes], gzip.open(path, "rb")), (OSError, EOFError, zlib.error)
    if path.suffix == ".xz":
        return lzma.open(path, "rb"), (OSError, EOFError, lzma.LZMAError)
    if path.suffix == ".zst":
        if zstandard is None:
            expected = "read with the package zstandard installed"
            raise LayoutError(path.name, 0, expected, "read without it")
        return zstandard.open(path, "rb"), (OSError, EOFError, zstandard.ZstdError)
    return path.open("rb"), (OSError,)


def numbered_lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """Give each line with its number, from 1; of one beyond the size limit only the beginning."""
    number = 0
    limit = wire.MAX_VALUE_BYTES + 2
    damage: _Damage = (OSError,)
    try:
        stream, damage = _open(path)
        with closing(stream):
            while line := stream.readline(limit):
                number += 1
                if number == 1:
                    line = line.removeprefix(b"\xef\xbb\xbf")  # as spreadsheets write it
                yield number, line.rstrip(b"\r\n") if len(line) < limit else line
                while len(line) == limit and not line.endswith(b"\n"):
                    line = stream.readline(limit)
    except damage as error:
        raise LayoutError(path.name, number, "a file without damage", str(error)) from error


def _read_envelopes(path: Path, envelope: EnvelopeName) -> Iterator[Row]:
    for number, line in numbered_lines(path):
        try:
            yield _accept(number, line, envelope)
        except MalformedEvent as refusal:
            yield Refused(line_number=number, reason=refusal.reason, detail=refusal.detail)


def _accept(number: int, value: bytes, envelope: EnvelopeName) -> Accepted:
    event = wire.decode_line(value, envelope)
    return Accepted(
        line_number=number,
        key=event.user_id.encode(),
        value=value if envelope == "native" else wire.encode_event(event),
        headers=(),
        family=event.family,
        ts_ms=event.ts_ms,
    )


# -- tables --------------------------------------------------------------------------------------


def _read_table(path: Path, layout: str) -> Iterator[Row]:
    rows = _cells(path, layout)
    gathered: list[Accepted] = []
    invoices: Invoices = {}
    for number, cells in rows:
        try:
            if isinstance(cells, MalformedEvent):
                raise cells
            if layout == "online_retail":
                add_to_invoice(invoices, number, cells)
            else:
                gathered.append(_accept_fields(number, ROW_READERS[layout](number, cells)))
        except MalformedEvent as refusal:
            yield Refused(line_number=number, reason=refusal.reason, detail=refusal.detail)
    for number, fields in invoices.values():
        try:
            gathered.append(_accept_fields(number, fields))
        except MalformedEvent as refusal:
            yield Refused(line_number=number, reason=refusal.reason, detail=refusal.detail)
    yield from sorted(gathered, key=lambda row: (row.ts_ms, row.line_number))


def _accept_fields(number: int, fields: Fields) -> Accepted:
    return _accept(number, wire.encode_row(fields), "native")


def _cells(path: Path, layout: str) -> Iterator[tuple[int, Fields | MalformedEvent]]:
    columns, titled = COLUMNS[layout]
    number = 0
    for number, line in numbered_lines(path):
        try:
            cells = _split(line)
        except MalformedEvent as refusal:
            cells = None
            yield number, refusal
        if number == 1:
            _check_first(path.name, cells or [], columns, titled)
        if cells is None or (titled and number == 1):
            continue
        if len(cells) != len(columns):
            detail = f"a row must have {len(columns)} columns, was {len(cells)}"
            yield number, MalformedEvent("missing_field", detail)
        else:
            yield number, dict(zip(columns, cells, strict=True))
    if titled and number == 0:
        raise LayoutError(path.name, 0, f"the columns {','.join(columns)}", "empty")


def _check_first(name: str, cells: list[str], columns: tuple[str, ...], titled: bool) -> None:
    if titled and tuple(cells) != columns:
        raise LayoutError(name, 1, f"the columns {','.join(columns)}", f"{len(cells)} others")
    if len(cells) != len(columns):
        raise LayoutError(name, 1, f"{len(columns)} columns", f"{len(cells)}")


def _split(line: bytes) -> list[str]:
    """Split one line; a quoted field may not reach over its end, so one bad quote costs one row."""
    if not line.strip():
        refuse("empty", "the line must not be empty")
    if len(line) > wire.MAX_VALUE_BYTES:
        refuse("too_large", f"a line must be <= {wire.MAX_VALUE_BYTES} bytes")
    try:
        return next(csv.reader([line.decode()], strict=True))
    except UnicodeDecodeError:
        refuse("not_utf8", "the line must be UTF-8")
    except csv.Error:
        refuse("bad_text", "the line must be CSV, with every quote closed")
