"""The two causes of a purchase, the user's own wish and the coupon, laid out for speed."""

from array import array
from collections.abc import Sequence
from operator import mul
from typing import NamedTuple

from features.actions import Action
from online_models.crosses import depth_steps
from online_models.shapes import HIGHEST


class Slope(NamedTuple):
    """Weights of the user features as they come, and the bias that goes with them.

    `typical` is the sum for the typical user, of whom contributions are counted from. Numbers lie
    side by side in an array: floats of their own are scattered over memory, and fetching them takes
    longer than adding them up.
    """

    weights: "array[float]"
    bias: float
    typical: float

    def at(self, row: Sequence[float]) -> float:
        """Give the weighted sum."""
        return sum(map(mul, row, self.weights), self.bias)


class Doubt(NamedTuple):
    """Variances of weights: of each feature's, and of the bias."""

    variances: "array[float]"
    bias: float

    def at(self, squares: Sequence[float]) -> float:
        """Give the variance of the sum for a user, from the squared distances to the typical."""
        return sum(map(mul, squares, self.variances), self.bias)


class Weights(NamedTuple):
    """What all coupons share: the user unaided, whom coupons move, whom deeper ones move more."""

    typical: "array[float]"
    unaided: Slope
    lift: Slope
    steep: Slope
    match: float
    gap: float
    lift_doubt: Doubt


class Part(NamedTuple):
    """What kind and coupon add to the log-odds of being won over: at once, and per depth step."""

    bias: float
    depth: float


def slope_of(block: Sequence[float], typical: Sequence[float]) -> Slope:
    """Lay out a group's weights of the features and, behind them, of the bias.

    They are learned on features counted from what is typical; moving that into the bias spares
    every prediction the subtraction.

    Examples
    --------
    >>> slope_of((2.0, 1.0), (0.5,))
    Slope(weights=array('d', [2.0]), bias=0.0, typical=1.0)
    """
    size = len(typical)
    weights = array("d", block[:size])
    bias = block[size] - sum(map(mul, weights, typical))
    return Slope(weights, bias, sum(map(mul, typical, weights), bias))


def either(p: float, won_over: float) -> float:
    """Give P(buy) where either cause is enough: wanted anyway, or else won over.

    Examples
    --------
    >>> either(0.5, 0.5), either(0.2, 0.0)
    (0.75, 0.2)
    """
    return min(p + (1 - p) * won_over, HIGHEST)


def ease(weights: Weights, part: Part, action: Action, lift: float, steep: float) -> float:
    """Give the log-odds that the coupon wins over a user with this `lift` and `steep`."""
    return (
        lift
        + part.bias
        + (steep + part.depth) * depth_steps(action)
        + weights.match * action.match_ratio
        + weights.gap * action.gap_ratio
    )
