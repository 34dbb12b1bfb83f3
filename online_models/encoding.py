"""Attributes of any kind as features of fixed scale, learned from a part of the rows only."""

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from statistics import fmean, pstdev

Attributes = Mapping[str, float | str]

MAX_WORDS = 16  # of one attribute; rarer ones share `other`
RANKS_COUNT = 512
FARTHEST = 4.0  # standard deviations; what is beyond counts as this


class Encoding:
    """Numbers are counted in standard deviations, words become one flag each.

    A number also gives its curve, the square of its rank: high at both ends, low in the middle, so
    that a line can bend.

    Examples
    --------
    >>> encoding = Encoding([{"age": 20.0, "zip": "urban"}, {"age": 60.0, "zip": "rural"}])
    >>> encoding.encode({"age": 60.0, "zip": "rural"})
    {'age': 1.0, 'zip=rural': 1.0}
    """

    def __init__(self, rows: Sequence[Attributes]):
        self._scales: dict[str, tuple[float, float]] = {}
        self._ranks: dict[str, list[float]] = {}
        self._words: dict[str, frozenset[str]] = {}
        for name in sorted({name for row in rows for name in row}):
            values = [row[name] for row in rows if name in row]
            numbers = sorted(value for value in values if isinstance(value, float))
            if len(numbers) < len(values):
                self._words[name] = _frequent(map(str, values))
                continue
            self._scales[name] = (fmean(numbers), pstdev(numbers))
            if len(set(numbers)) > 2:
                self._ranks[name] = numbers[:: max(1, len(numbers) // RANKS_COUNT)]

    @property
    def names(self) -> tuple[str, ...]:
        """Every feature that `encode` may give, in a fixed order."""
        flags = [
            f"{name}={word}"
            for name in sorted(self._words)
            for word in (*sorted(self._words[name]), "other")
        ]
        curves = [f"{name}^2" for name in sorted(self._ranks)]
        return (*sorted(self._scales), *curves, *flags)

    def encode(self, row: Attributes) -> dict[str, float]:
        """Give the features of a row that are not zero."""
        x: dict[str, float] = {}
        for name, value in row.items():
            if name in self._words:
                word = str(value)
                x[f"{name}={word if word in self._words[name] else 'other'}"] = 1.0
            elif name in self._scales and isinstance(value, float):
                mean, spread = self._scales[name]
                scaled = (value - mean) / spread if spread else 0.0
                x[name] = round(min(max(scaled, -FARTHEST), FARTHEST), 4)
                if name in self._ranks:
                    x[f"{name}^2"] = round(1.5 * _rank(self._ranks[name], value) ** 2 - 0.5, 4)
        return {name: value for name, value in x.items() if value}


def _frequent(words: Iterable[str]) -> frozenset[str]:
    counts = Counter(words)
    best = sorted(counts, key=lambda word: (-counts[word], word))
    return frozenset(best[:MAX_WORDS])


def _rank(known: list[float], value: float) -> float:
    middle = (bisect_left(known, value) + bisect_right(known, value)) / 2
    return 2 * middle / len(known) - 1
