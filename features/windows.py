"""Event-time ring buckets: how much of something fell into the last minutes, hours and days.

A list of buckets holds `start, amount, start, amount, ...`, oldest first, `start` in minutes since
the epoch. A bucket is as wide as its age allows, so a user seen once costs one bucket and a busy
one at most 110, whatever the history:

    age of the bucket (by the user's newest event)        width
    this 5-minute cell and the one before                 1 minute
    this hour and the one before                          5 minutes
    this day and the one before                           1 hour
    this day and the 29 before                            1 day
    older                                                 dropped; lifetime totals live elsewhere

A window covers the bucket of its end and those before it, counted in its own resolution (UTC):
5m is 5 buckets of a minute, 1h 12 of five minutes, 1d 24 of an hour, 7d and 30d 7 and 30 of a day.
Amounts are integers and widths depend on the newest event alone, so any order of arrival ends in
the same list; an event that comes late finds its bucket as long as that is kept.
"""

from typing import Literal, get_args

Buckets = list[int]
Window = Literal["5m", "1h", "1d", "7d", "30d"]
WINDOWS: tuple[Window, ...] = get_args(Window)
Bounds = tuple[int, int, int, int, int]

MINUTE_MS = 60_000
DAY_MS = 86_400_000
ROLL_MS = 5 * MINUTE_MS
KEPT_DAYS = 30
HALF_LIFE_DAYS = 7

_HOUR = 60
_DAY = 1_440
_WEIGHT = tuple(2 ** (-day / HALF_LIFE_DAYS) for day in range(KEPT_DAYS))


def bounds(now_ms: int) -> Bounds:
    """Give the first minute of each window that ends at `now_ms`, in the order of `WINDOWS`.

    Examples
    --------
    >>> bounds(90 * 60_000)  # 01:30 on the first day
    (86, 35, -1320, -8640, -41760)
    """
    minute = now_ms // MINUTE_MS
    day = minute // _DAY
    return (
        minute - 4,
        (minute // 5 - 11) * 5,
        (minute // _HOUR - 23) * _HOUR,
        (day - 6) * _DAY,
        (day - KEPT_DAYS + 1) * _DAY,
    )


def add(buckets: Buckets, ts_ms: int, amount: int, newest_ms: int) -> None:
    """Count `amount` at `ts_ms`; what is older than 30 days leaves no trace here.

    `newest_ms` is the user's newest event time, this event included; whenever it enters another
    cell of `ROLL_MS`, `roll` comes first.
    """
    minute, newest = ts_ms // MINUTE_MS, newest_ms // MINUTE_MS
    start = minute if minute == newest else _start(minute, _edges(newest))
    if start is None:
        return
    if not buckets or start > buckets[-2]:
        buckets += (start, amount)
        return
    at = len(buckets) - 2
    while at >= 0 and buckets[at] > start:
        at -= 2
    if at >= 0 and buckets[at] == start:
        buckets[at + 1] += amount
    else:
        buckets[at + 2 : at + 2] = (start, amount)


def _edges(newest: int) -> tuple[int, int, int, int]:
    """Give the first minute of the buckets of a minute, of five, of an hour, of a day."""
    return (
        (newest // 5 - 1) * 5,
        (newest // _HOUR - 1) * _HOUR,
        (newest // _DAY - 1) * _DAY,
        (newest // _DAY - KEPT_DAYS + 1) * _DAY,
    )


def _start(minute: int, edges: tuple[int, int, int, int]) -> int | None:
    if minute >= edges[0]:
        return minute
    if minute >= edges[1]:
        return minute - minute % 5
    if minute >= edges[2]:
        return minute - minute % _HOUR
    if minute >= edges[3]:
        return minute - minute % _DAY
    return None


def roll(buckets: Buckets, newest_ms: int, before_ms: int | None = None) -> None:
    """Widen the buckets that grew old and drop those older than 30 days.

    With `before_ms`, the newest event time that they were last rolled for, only those are looked at
    that have grown old since.

    Examples
    --------
    >>> buckets = [0, 1, 3, 1, 60, 1]
    >>> roll(buckets, 61 * 60_000)
    >>> buckets
    [0, 2, 60, 1]
    """
    newest = newest_ms // MINUTE_MS
    edges = _edges(newest)
    first = _first_to_roll(buckets, newest, before_ms // MINUTE_MS) if before_ms is not None else 0
    rolled: Buckets = []
    for at in range(first, len(buckets), 2):
        start = _start(buckets[at], edges)
        if start is None:
            continue
        if rolled and rolled[-2] == start:
            rolled[-1] += buckets[at + 1]
        else:
            rolled += (start, buckets[at + 1])
    buckets[first:] = rolled


def _first_to_roll(buckets: Buckets, newest: int, before: int) -> int:
    if newest // _DAY != before // _DAY:
        return 0
    # What was wide before the hour, or the five minutes, changed is so still.
    settled = _edges(before)[0 if newest // _HOUR == before // _HOUR else 1]
    at = len(buckets)
    while at and buckets[at - 2] >= settled:
        at -= 2
    return at


def totals(buckets: Buckets, within: Bounds) -> tuple[int, ...]:
    """Sum every window at once, in the order of `WINDOWS`.

    `within` are the bounds of a moment at or after the newest event counted.

    Examples
    --------
    >>> totals([0, 2, 60, 1], bounds(61 * 60_000))
    (1, 1, 3, 3, 3)
    """
    amount = 0
    at = len(buckets) - 2
    sums = []
    for first in within:
        while at >= 0 and buckets[at] >= first:
            amount += buckets[at + 1]
            at -= 2
        sums.append(amount)
    return tuple(sums)


def total(buckets: Buckets, now_ms: int, window: Window) -> int:
    """Sum what happened in `window`, ending at `now_ms` (at or after the newest event counted).

    Examples
    --------
    >>> total([0, 2, 60, 1], 61 * 60_000, "1h")
    1
    """
    return totals(buckets, bounds(now_ms))[WINDOWS.index(window)]


def decayed(buckets: Buckets, now_ms: int) -> float:
    """Sum the last 30 days, a day's amount counting half after each 7 days.

    Examples
    --------
    >>> decayed([0, 3, 7 * 1_440, 1], 7 * 86_400_000)
    2.5
    """
    today = now_ms // DAY_MS
    amount = 0.0
    for at in range(0, len(buckets), 2):
        age = today - buckets[at] // _DAY
        if 0 <= age < KEPT_DAYS:
            amount += buckets[at + 1] * _WEIGHT[age]
    return amount
