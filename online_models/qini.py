"""How well a score sorts customers by what a coupon changes: the Qini curve and its area."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from math import fsum
from typing import NamedTuple

POINTS_COUNT = 20


class Treated(NamedTuple):
    """One customer or decision of a randomised comparison.

    Attributes
    ----------
    score
        By which the customers are sorted, highest first.
    propensity
        P(treated) as it was drawn, within (0, 1).
    """

    score: float
    treated: bool
    propensity: float
    reward: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Qini:
    """What treating only the best-scored share gains over treating nobody, per customer of all.

    Attributes
    ----------
    curve
        (share treated, gain) at every twentieth.
    whole_gain
        The gain of treating everybody: the average effect.
    auuc
        Area under the curve: the mean gain over all shares.
    qini
        The area between the curve and the straight line of a random order; 0 is no sorting.
    """

    count: int
    curve: tuple[tuple[float, float], ...]
    whole_gain: float
    auuc: float
    qini: float

    def gain_at(self, share: float) -> float:
        """Read the curve at a share, 0..1."""
        for (left, low), (right, high) in pairwise(self.curve):
            if share <= right:
                return low + (high - low) * (share - left) / (right - left)
        return self.curve[-1][1]


def qini(records: Iterable[Treated]) -> Qini:
    """Draw the curve, each record weighted by the propensity of what it got.

    Equal scores are one step: within it the order is random, so the curve is straight.

    Raises
    ------
    ValueError
        There is no record, or a propensity is not within (0, 1).

    References
    ----------
    [^1]: Radcliffe (2007), Using control groups to target on predicted lift.
    [^2]: Gutierrez, Gerardy (2017), Causal inference and uplift modelling: a review of the
        literature, PMLR 67 (weights for unequal propensities).

    Examples
    --------
    >>> records = [Treated(2.0, True, 0.5, 1.0), Treated(2.0, False, 0.5, 0.0),
    ...     Treated(1.0, True, 0.5, 0.0), Treated(1.0, False, 0.5, 0.0)]
    >>> drawn = qini(records)
    >>> drawn.whole_gain, drawn.auuc, drawn.qini, drawn.gain_at(0.5)
    (0.5, 0.375, 0.125, 0.5)
    """
    ranking = Ranking()
    for record in records:
        ranking.update(record)
    return ranking.drawn()


class Ranking:
    """Effects by score, to be drawn at any time; memory grows with the number of scores.

    Where it must not, round the scores: equal ones are one step of the curve.
    """

    def __init__(self) -> None:
        self._steps: dict[float, list[float]] = {}

    def update(self, record: Treated) -> None:
        """Take in a customer or decision.

        Raises
        ------
        ValueError
            The propensity is not within (0, 1).
        """
        step = self._steps.setdefault(record.score, [0, 0.0])
        step[0] += 1
        step[1] += _effect(record)

    def drawn(self) -> Qini:
        """Draw the curve.

        Raises
        ------
        ValueError
            Nothing was taken in.
        """
        count = round(fsum(number for number, _ in self._steps.values()))
        if not count:
            message = "there must be at least one record, was none"
            raise ValueError(message)
        steps, seen, gain = [(0.0, 0.0)], 0.0, 0.0
        for _, (number, effect) in sorted(self._steps.items(), reverse=True):
            seen += number
            gain += effect / count
            steps.append((seen / count, gain))
        area = fsum((right - left) * (a + b) / 2 for (left, a), (right, b) in pairwise(steps))
        shares = [place / POINTS_COUNT for place in range(POINTS_COUNT + 1)]
        curve = tuple(zip(shares, _read(steps, shares), strict=True))
        return Qini(count=count, curve=curve, whole_gain=gain, auuc=area, qini=area - gain / 2)


def _effect(one: Treated) -> float:
    if not 0 < one.propensity < 1:
        message = f"a propensity must be within (0, 1), was {one.propensity}"
        raise ValueError(message)
    return one.reward / one.propensity if one.treated else -one.reward / (1 - one.propensity)


def _read(steps: list[tuple[float, float]], shares: list[float]) -> Iterable[float]:
    place = 1
    for share in shares:
        while steps[place][0] < share and place < len(steps) - 1:
            place += 1
        (left, low), (right, high) = steps[place - 1], steps[place]
        yield low + (high - low) * (min(share, right) - left) / (right - left)
