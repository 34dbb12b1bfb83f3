"""A mean that one may look at after every decision: its bound holds at all moments at once."""

from dataclasses import dataclass
from math import inf, sqrt

from online_models.intervals import mixture_width


@dataclass(slots=True)
class Mean:
    """Count, mean and spread of numbers as they come, in constant memory (Welford).

    `floor` sums up variances that were known beforehand; where few but large numbers are still to
    come, the spread that was seen is too small, and the floor takes its place.
    """

    count: int = 0
    mean: float = 0.0
    squares: float = 0.0
    floor: float = 0.0

    def update(self, value: float, floor: float = 0.0) -> None:
        """Take in a number."""
        self.count += 1
        step = value - self.mean
        self.mean += step / self.count
        self.squares += step * (value - self.mean)
        self.floor += floor

    @property
    def variance(self) -> float:
        """The variance of one number."""
        if self.count < 2:
            return 0.0
        return max(self.squares / (self.count - 1), self.floor / self.count)

    def width(self, alpha: float, tuned_count: int) -> float:
        """Give how far below `mean` the truth lies at most, at all counts at once; inf below 2.

        Wrong with probability `alpha` over the whole run, as the counts grow large; half of that
        would do for one side, the rest is a margin. It is narrowest near `tuned_count`.

        Examples
        --------
        >>> mean = Mean()
        >>> for value in (1.0, 3.0) * 50:
        ...     mean.update(value)
        >>> round(mean.mean - mean.width(0.05, 100), 2)
        1.69
        """
        if not 0 < alpha < 1:
            message = f"alpha must be within (0, 1), was {alpha}"
            raise ValueError(message)
        if self.count < 2:
            return inf
        return mixture_width(self.count, alpha, tuned_count) * sqrt(self.variance)
