"""Fixed scales that bring numbers into -1..4 (log-odds: -4..4), rounded to four decimals.

Bounds are known in advance, so no running scaler has to follow the data: what a model learned from
a value stays true, and a replay cannot differ.
"""

from collections.abc import Iterable
from math import log1p

CEILING = 4.0


def rounded(value: float) -> float:
    """Round to four decimals, halves up; several times quicker than `round`.

    Examples
    --------
    >>> rounded(0.33335), rounded(-0.25)
    (0.3334, -0.25)
    """
    return (value * 10_000 + 0.5) // 1 / 10_000


COUNTS = tuple(rounded(log1p(number) / 2) for number in range(512))


def count(number: int) -> float:
    """Scale a count: ln(1 + n) / 2, at most 4.

    Examples
    --------
    >>> count(0), count(1), count(10), count(10**9)
    (0.0, 0.3466, 1.1989, 4.0)
    """
    if 0 <= number < 512:
        return COUNTS[number]
    return amount(number)


def counts(numbers: Iterable[int]) -> list[float]:
    """Scale several counts, none of them negative.

    Examples
    --------
    >>> counts([0, 1, 10])
    [0.0, 0.3466, 1.1989]
    """
    return [COUNTS[number] if number < 512 else amount(number) for number in numbers]


def _capped(steps: float) -> float:
    return (steps + 0.5) // 1 / 10_000 if steps < 40_000 else CEILING


def amount(number: float) -> float:
    """Scale a decayed or fractional count as `count` does a whole one.

    Examples
    --------
    >>> amount(1.0), amount(0.5)
    (0.3466, 0.2027)
    """
    return _capped(log1p(number) * 5_000) if number > 0 else 0.0


def money(minor: float) -> float:
    """Scale an amount of money: ln(1 + minor units) / 5, at most 4.

    Examples
    --------
    >>> money(0), money(5_000)
    (0.0, 1.7035)
    """
    return _capped(log1p(minor) * 2_000) if minor > 0 else 0.0


def span(ms: float) -> float:
    """Scale a stretch of time: ln(1 + seconds) / 4, at most 4.

    Examples
    --------
    >>> span(60_000), span(30 * 86_400_000)
    (1.0277, 3.692)
    """
    return _capped(log1p(ms / 1_000) * 2_500) if ms > 0 else 0.0
