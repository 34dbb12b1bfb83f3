"""The rows of one partition: all of them as bytes, those in use decoded besides.

A decoded row takes several times the memory of its bytes, and most users are not here right now.
So the bytes are what is kept, as they stand in the changelog, and a bounded number of rows last
used stays decoded. What a row waits for is told by a header of its record: a partition that is
taken over need not decode its rows to set their timers.
"""

from collections.abc import Iterator, Mapping, MutableMapping
from itertools import islice
from typing import cast

from features import session as sessions
from streams import flow, wire
from streams.context import Row

# A user id holds no control characters, so no user can have this key.
PARTITION_KEY = b"\x00partition"
DECODED_COUNT = 20_000
WAITS = "waits"
ROW_VERSION = 1

Waits = tuple[int | None, int]
"""When time alone will next change the row, and how many of its labels are pending."""


class RowVersionError(RuntimeError):
    """A row was written by a version of the product that this one does not know."""


class Rows:
    """Rows by user key.

    Parameters
    ----------
    stored
        The newest bytes of every row; changed in place.
    decoded_count
        How many rows may stay decoded between chunks.
    """

    def __init__(
        self, stored: MutableMapping[bytes, bytes], decoded_count: int = DECODED_COUNT
    ) -> None:
        self._stored = stored
        self._decoded: dict[bytes, Row] = {}
        self._decoded_count = decoded_count

    def __len__(self) -> int:
        """Count the users, as of the last chunk that ended."""
        return len(self._stored) - (PARTITION_KEY in self._stored)

    def __contains__(self, key: bytes) -> bool:
        return key in self._decoded or key in self._stored

    def __iter__(self) -> Iterator[bytes]:
        """Give the keys of users, sorted, as of the last chunk that ended."""
        return iter(sorted(self._stored.keys() - {PARTITION_KEY}))

    def get(self, key: bytes) -> Row:
        """Give a row to be changed; a new one for a new user."""
        row = self._decoded.get(key)
        if row is None:
            row = self._decoded[key] = self.read(key)
        return row

    def read(self, key: bytes) -> Row:
        """Give a row to be looked at only."""
        if key in self._decoded:
            return self._decoded[key]
        stored = self._stored.get(key)
        return flow.new_row() if stored is None else _row_of(stored)

    def put(self, key: bytes, value: bytes) -> None:
        """Keep a changed row's bytes, and it itself among those last used."""
        self._stored[key] = value
        row = self._decoded.pop(key, None)
        if row is not None:
            self._decoded[key] = row

    def drop(self, key: bytes) -> None:
        """Forget a row."""
        self._stored.pop(key, None)
        self._decoded.pop(key, None)

    def trim(self) -> None:
        """Let go of the rows used longest ago; to be called when all changes have been put."""
        excess_count = max(0, len(self._decoded) - self._decoded_count)
        for key in list(islice(self._decoded, excess_count)):
            del self._decoded[key]


def waits_of(row: Row) -> Waits:
    """Tell what a row waits for."""
    return flow.due_ms(row), len(row["pending"])


def encode_waits(waits: Waits) -> bytes:
    """Write it as it stands in the header.

    Examples
    --------
    >>> encode_waits((1700000000000, 2)), encode_waits((None, 0))
    (b'1700000000000:2', b':0')
    """
    due_ms, pending_count = waits
    return b"%s:%d" % (b"" if due_ms is None else str(due_ms).encode(), pending_count)


def decode_waits(header: bytes) -> Waits:
    """Read it back.

    Examples
    --------
    >>> decode_waits(b"1700000000000:2"), decode_waits(b":0")
    ((1700000000000, 2), (None, 0))
    """
    due_ms, _, pending_count = header.partition(b":")
    return (int(due_ms) if due_ms else None), int(pending_count)


def waiting(
    stored: Mapping[bytes, bytes], headers: Mapping[bytes, bytes]
) -> Iterator[tuple[bytes, Waits]]:
    """Tell what every row waits for; one without the header is decoded."""
    for key, value in stored.items():
        if key != PARTITION_KEY:
            header = headers.get(key)
            if header is not None:
                yield key, decode_waits(header)
            else:
                yield key, waits_of(_row_of(value))


def _row_of(stored: bytes) -> Row:
    row = wire.decode_row(stored)
    if row["v"] > ROW_VERSION:
        message = (
            f"a row must be of version {ROW_VERSION} at most, was {row['v']}:"
            " it was written by a newer worker; run that version"
        )
        raise RowVersionError(message)
    if "sessions" not in row:  # written by a version before there were any
        row |= {"sessions": sessions.empty(), "last_visit": [], "moves": {}}
    return cast(Row, row)
