"""Rows of a partition: all as bytes, a bounded number decoded, the same whichever it is."""

import tracemalloc

from streams import flow, wire
from streams.rows import PARTITION_KEY, Rows

KEYS = (b"ann", b"bob", b"cid")


def kept(stored: dict[bytes, bytes], decoded_count: int) -> Rows:
    """Change a row of each user, as a chunk does, and let go of what is too much."""
    rows = Rows(stored, decoded_count)
    for number, key in enumerate(KEYS):
        row = rows.get(key)
        row["net_minor"] = number
        rows.put(key, wire.encode_row(row))
    rows.put(PARTITION_KEY, b"{}")
    rows.trim()
    return rows


def test_only_the_rows_used_last_stay_decoded_and_none_is_lost() -> None:
    rows = kept({}, decoded_count=2)
    assert list(rows._decoded) == [b"bob", b"cid"]
    assert [rows.read(key)["net_minor"] for key in KEYS] == [0, 1, 2]
    assert list(rows) == sorted(KEYS)
    assert len(rows) == len(KEYS)


def test_a_row_let_go_is_changed_where_it_stood() -> None:
    stored: dict[bytes, bytes] = {}
    rows = kept(stored, decoded_count=0)
    row = rows.get(b"ann")
    assert row["net_minor"] == 0
    row["net_minor"] = 7
    rows.put(b"ann", wire.encode_row(row))
    assert wire.decode_row(stored[b"ann"])["net_minor"] == 7


def test_a_new_user_has_an_empty_row() -> None:
    rows = Rows({})
    assert b"dan" not in rows
    assert rows.get(b"dan") == flow.new_row()
    assert b"dan" in rows


def test_a_row_that_is_kept_holds_its_own_bytes_alone() -> None:
    row = {"counts": list(range(300))}
    wire.encode_row(row)
    tracemalloc.start()
    kept = [wire.encode_row(row) for _ in range(100)]
    held_bytes, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert held_bytes < 1.2 * sum(map(len, kept))
