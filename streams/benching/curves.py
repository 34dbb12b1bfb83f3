"""How the cost of an event grows with users, and with one user's history: it must not.

Every event of the first curve meets a row as recovery leaves it: bytes, to be decoded, stepped and
encoded again. It is the worst case, and the same one at every size.
"""

import gc
import os
import time
from collections.abc import Sequence
from dataclasses import replace
from random import Random
from statistics import median
from typing import Any

from coupons import wallet
from features.events import Event
from simulation.shop import Shop
from streams import flow, wire
from streams.benching.shop import START_MS, Decider, Recording, bench_settings
from streams.context import Row
from streams.settings import Settings

USERS_COUNTS = (1_000, 10_000, 100_000, 1_000_000)
HISTORY_COUNTS = (10, 1_000, 100_000)
# What a user's key, row and place in the dict take, with room to spare.
_USER_BYTES = 4_096
_CROWD_CUSTOMERS_COUNT = 50  # whose lives together make one very busy customer's
_SLICES_COUNT = 10
SETTLED_COUNT = 10_000  # events before copies are made, so that rows have a history


def users_curve(
    settings: Settings, users_counts: Sequence[int], events_count: int, seed: int
) -> list[dict[str, Any]]:
    """Measure microseconds per event among so many users, each event on a row drawn by chance.

    Users are copies of a shop's customers, whose lives go on. A size that would not fit into the
    memory that is free is left out, and says so by `us` None.
    """
    if not users_counts:
        return []
    fitted = bench_settings(settings)
    recording = Recording(fitted, seed)
    recording.take(SETTLED_COUNT)
    # Copies hold no coupons: their ledger has not charged any.
    known = {
        key: wire.encode_row({**row, "wallet": wallet.empty()})
        for key, row in recording.rows.items()
    }
    messages = recording.take(events_count).messages
    events = [recording.decider.read(one.family, one.key, one.value, one.ts_ms) for one in messages]
    events = [event for event in events if event.user_id.encode() in known]
    return [
        {"users": count, "us": _cost_among(fitted, known, events, count, seed)}
        for count in users_counts
    ]


def _cost_among(
    settings: Settings, known: dict[bytes, bytes], events: Sequence[Event], count: int, seed: int
) -> float | None:
    if not fits(count * _USER_BYTES):
        return None
    copies = max(1, count // len(known))
    rows = {
        b"%s~%d" % (key, copy): bytes(bytearray(value))  # bytes of its own, as from Kafka
        for copy in range(copies)
        for key, value in known.items()
    }
    dice, decider = Random(seed), Decider(settings)
    # A customer's events stay together, so that the same work is done at every size.
    chosen = {key.decode(): dice.randrange(copies) for key in known}
    moved = [replace(event, user_id=f"{event.user_id}~{chosen[event.user_id]}") for event in events]
    return _median_us([_slice_us(decider, rows, part) for part in _slices(moved)])


def _slice_us(decider: Decider, rows: dict[bytes, bytes], events: Sequence[Event]) -> float:
    keys = [event.user_id.encode() for event in events]
    gc.collect()
    began_ns = time.thread_time_ns()
    for key, event in zip(keys, events, strict=True):
        row: Row = wire.decode_row(rows[key])  # type: ignore[assignment]
        decider.answer(row, event, key)
        rows[key] = wire.encode_row(row)
    return (time.thread_time_ns() - began_ns) / len(events) / 1_000


def history_curve(
    settings: Settings, history_counts: Sequence[int], events_count: int, seed: int
) -> list[dict[str, Any]]:
    """Measure microseconds per event of one user who has already done so much."""
    fitted = bench_settings(settings)
    return [
        {"history": count, **_cost_after(fitted, count, events_count, seed)}
        for count in history_counts
    ]


def _cost_after(
    settings: Settings, history_count: int, events_count: int, seed: int
) -> dict[str, float]:
    busy = _Busy(settings, seed)
    for event in busy.events(history_count):
        busy.live(event)
    coming = busy.events(events_count)
    spent_us = []
    for part in _slices(coming):
        gc.collect()
        began_ns = time.thread_time_ns()
        for event in part:
            busy.live(event)
            wire.encode_row(busy.row)
        spent_us.append((time.thread_time_ns() - began_ns) / len(part) / 1_000)
    return {"us": _median_us(spent_us), "row_bytes": len(wire.encode_row(busy.row))}


class _Busy:
    """One customer who does what fifty do."""

    def __init__(self, settings: Settings, seed: int) -> None:
        self.row = flow.new_row()
        self._decider = Decider(settings)
        self._crowd = Shop(
            seed=seed,
            customers_count=_CROWD_CUSTOMERS_COUNT,
            catalogue=self._decider.rules.catalogue,
            start_ms=START_MS,
        )

    def events(self, count: int) -> list[Event]:
        return [replace(self._crowd.next_event(), user_id="busy") for _ in range(count)]

    def live(self, event: Event) -> None:
        self._decider.answer(self.row, event, b"busy")


def _slices(events: Sequence[Event]) -> list[Sequence[Event]]:
    length = max(1, len(events) // _SLICES_COUNT)
    return [events[at : at + length] for at in range(0, len(events), length)]


def _median_us(spent_us: Sequence[float]) -> float:
    return round(median(spent_us), 1)


def fits(needed_bytes: int) -> bool:
    """Tell whether so much memory is free, where the system tells."""
    if "SC_AVPHYS_PAGES" not in os.sysconf_names:
        return True
    return needed_bytes < os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
