"""Counts of whole numbers by size: a median that is bounded, and the same in any order."""

from bisect import bisect_left
from collections.abc import Mapping
from itertools import accumulate

_LARGEST = 1 << 40
_STEPS = 8  # between a number and its double; below 16 each number is its own size


def _size(number: int) -> int:
    shift = max(0, number.bit_length() - 4)
    return shift * _STEPS + (number >> shift)


def _number_of(size: int) -> float:
    shift = max(0, size // _STEPS - 1)
    return ((size - shift * _STEPS) << shift) + ((1 << shift) - 1) / 2


class Ranks:
    """How many numbers of each size were seen, eight sizes between a number and its double.

    At most 305 sizes: 6,000 bytes as JSON, whatever comes; some 60 and 600 for prices of a shop.
    Sizes are found by shifting bits, so they are the same on any machine.

    Examples
    --------
    >>> ranks = Ranks()
    >>> for number in (3, 9, 1_000_000):
    ...     ranks.add(number)
    >>> ranks.median()
    9.0
    """

    __slots__ = ("_counts", "_median")

    def __init__(self, counts: Mapping[int, int] | None = None) -> None:
        self._counts = dict(counts or {})
        self._median: float | None = None

    def add(self, number: int) -> None:
        """Take a number into account; below 0 it counts as 0, and above 2**40 as that."""
        size = _size(min(max(number, 0), _LARGEST))
        self._counts[size] = self._counts.get(size, 0) + 1
        self._median = None

    def median(self) -> float | None:
        """Give the (lower) median, off by at most one sixteenth of it; None before any number."""
        if self._median is None and self._counts:
            self._median = _number_of(self._middle_size())
        return self._median

    def _middle_size(self) -> int:
        sizes = sorted(self._counts)
        sums = list(accumulate([self._counts[size] for size in sizes]))
        return sizes[bisect_left(sums, (sums[-1] + 1) // 2)]

    def dump(self) -> dict[str, int]:
        """Give the counts by size as plain JSON."""
        return {str(size): self._counts[size] for size in sorted(self._counts)}

    @classmethod
    def load(cls, dumped: Mapping[str, int]) -> "Ranks":
        """Make what `dump` gave.

        Raises
        ------
        ValueError
            A size is none, or its count is below 1.
        """
        counts = {int(size): count for size, count in dumped.items()}
        most = _size(_LARGEST)
        if odd := {size: n for size, n in counts.items() if not 0 <= size <= most or n < 1}:
            msg = f"counts must be at least 1, of sizes within 0..{most}, was {odd}"
            raise ValueError(msg)
        return cls(counts)
