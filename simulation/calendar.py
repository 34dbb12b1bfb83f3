"""When the shop is busy: hours of the day and days of the week, in UTC."""

from bisect import bisect_right
from itertools import accumulate

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
WEEK_HOURS = 168

_BY_HOUR = (
    *(0.45, 0.25, 0.15, 0.10, 0.10, 0.20, 0.45, 0.70, 0.90, 1.05, 1.10, 1.20),
    *(1.35, 1.25, 1.10, 1.05, 1.10, 1.25, 1.50, 1.80, 2.05, 1.95, 1.45, 0.85),
)
_BY_WEEKDAY = (0.95, 0.92, 0.93, 0.96, 1.04, 1.12, 1.08)  # Monday first
_EPOCH_HOUR = 72  # 1970-01-01 00:00 UTC was a Thursday


def _weights() -> list[float]:
    raw = [day * hour for day in _BY_WEEKDAY for hour in _BY_HOUR]
    mean = sum(raw) / len(raw)
    return [weight / mean for weight in raw]


WEIGHTS = _weights()
_BEFORE = [0.0, *accumulate(WEIGHTS)]  # busy hours before each hour of the week
_WEEK_BUSY = _BEFORE[-1]


def busyness(ts_ms: int) -> float:
    """Visits per hour at `ts_ms` against the week's mean, which is 1.

    Examples
    --------
    >>> busyness(0) < 1 < busyness(20 * HOUR_MS)
    True
    """
    return WEIGHTS[(ts_ms // HOUR_MS + _EPOCH_HOUR) % WEEK_HOURS]


def later(ts_ms: int, busy_hours: float) -> int:
    """Move `ts_ms` on until `busy_hours` hours of mean busyness have passed.

    An exponential draw of busy hours becomes the gap of a Poisson process with these seasons.

    Examples
    --------
    >>> later(0, WEEK_HOURS) == 7 * DAY_MS  # a whole week holds exactly a week of busy hours
    True
    """
    hours, rest_ms = divmod(ts_ms + _EPOCH_HOUR * HOUR_MS, HOUR_MS)
    week, hour = divmod(hours, WEEK_HOURS)
    target = _BEFORE[hour] + WEIGHTS[hour] * (rest_ms / HOUR_MS) + busy_hours
    weeks, within = divmod(target, _WEEK_BUSY)
    at = min(bisect_right(_BEFORE, within) - 1, WEEK_HOURS - 1)
    into_ms = (within - _BEFORE[at]) / WEIGHTS[at] * HOUR_MS
    whole = ((week + int(weeks)) * WEEK_HOURS + at - _EPOCH_HOUR) * HOUR_MS
    return whole + round(into_ms)
