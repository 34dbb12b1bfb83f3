"""Noise that hides any one customer in a count: the discrete Laplace, drawn exactly.

Whole numbers in, whole numbers out: with floating point the last bits of the noise tell what was
hidden (Mironov 2012).

References
----------
[^1]: Ghosh, Roughgarden, Sundararajan (2009), Universally utility-maximizing privacy mechanisms.
[^2]: Canonne, Kamath, Steinke (2020), The discrete Gaussian for differential privacy, section 5.
[^3]: Mironov (2012), On significance of the least significant bits for differential privacy.
"""

from fractions import Fraction
from typing import Protocol


class Dice(Protocol):
    """A source of chance, such as `random.SystemRandom()`; a seeded one only in tests."""

    def randrange(self, stop: int, /) -> int:
        """Give a whole number from 0 to below `stop`, each as likely."""


def discrete_laplace(decay: Fraction, dice: Dice) -> int:
    """Draw k with a chance in proportion to exp(-decay |k|).

    Added to each of some counts, of which one customer moves all together by at most s, it makes
    them differentially private with epsilon = s x decay.

    Raises
    ------
    ValueError
        `decay` is not positive.

    Examples
    --------
    >>> from random import Random
    >>> discrete_laplace(Fraction(50), Random(1))
    0
    """
    if decay <= 0:
        msg = f"decay must be positive, was {decay}"
        raise ValueError(msg)
    return _geometric(decay, dice) - _geometric(decay, dice)


def _geometric(decay: Fraction, dice: Dice) -> int:
    count = 0
    while _happens(decay, dice):
        count += 1
    return count


def _happens(decay: Fraction, dice: Dice) -> bool:
    """Be true with the chance exp(-decay)."""
    for _ in range(int(decay)):
        if not _happens_within_one(Fraction(1), dice):
            return False
    return _happens_within_one(decay - int(decay), dice)


def _happens_within_one(decay: Fraction, dice: Dice) -> bool:
    """Be true with the chance exp(-decay), of a decay of at most 1; von Neumann's series."""
    count = 1
    while dice.randrange(decay.denominator * count) < decay.numerator:
        count += 1
    return count % 2 == 1
