"""What a comparison of policies comes to, with the uncertainty that customers bring."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

Z95 = 1.959964


@dataclass(frozen=True, slots=True)
class Estimate:
    """A sum over customers and the interval that holds its expectation in 95 of 100 worlds."""

    point: float
    lower: float
    upper: float


def total(by_customer: Sequence[float]) -> Estimate:
    """Sum over customers, with an interval clustered by customer.

    A customer's decisions hang together, so the customer and not the decision is the unit.

    Examples
    --------
    >>> total([1.0, 1.0, 1.0])
    Estimate(point=3.0, lower=3.0, upper=3.0)
    >>> total([0.0, 2.0]).point
    2.0
    """
    count = len(by_customer)
    point = float(sum(by_customer))
    if count < 2:
        return Estimate(point, float("-inf"), float("inf"))
    mean = point / count
    variance = sum((value - mean) ** 2 for value in by_customer) / (count - 1)
    half = Z95 * sqrt(count * variance)
    return Estimate(point, point - half, point + half)


def difference(these: Sequence[float], those: Sequence[float]) -> Estimate:
    """Total of what each customer brought more in one world than in its twin.

    Examples
    --------
    >>> difference([3.0, 5.0], [2.0, 4.0])
    Estimate(point=2.0, lower=2.0, upper=2.0)
    """
    return total([this - that for this, that in zip(these, those, strict=True)])
