"""The two causes of a purchase, the user's own wish and the coupon, laid out for speed."""

from collections.abc import Sequence
from operator import mul
from typing import NamedTuple

from features.actions import Action
from online_models.crosses import depth_steps
from online_models.shapes import HIGHEST, from_log_odds, log_odds

_LEAST_EASE = 1e-9  # below it a user is won over as easily as a typical one


class Slope(NamedTuple):
    """Weights of the user features as they come, and the bias that goes with them."""

    weights: tuple[float, ...]
    bias: float

    def at(self, row: Sequence[float]) -> float:
        """Give the weighted sum."""
        return sum(map(mul, row, self.weights), self.bias)


class Weights(NamedTuple):
    """What all coupons share: the user unaided, whom coupons move, whom deeper ones move more."""

    unaided: Slope
    lift: Slope
    steep: Slope
    match: float
    gap: float


class Part(NamedTuple):
    """What kind and coupon add to the log-odds of being won over: at once, and per depth step.

    `variance` tells how little is known of the coupon's own bias.
    """

    bias: float
    depth: float
    variance: float


class Doubt(NamedTuple):
    """Variances of the shared weights of being won over: of each feature, then of the bias."""

    lift: tuple[float, ...]
    steep: tuple[float, ...]


def doubt_of(doubt: Doubt, row: Sequence[float], typical: Sequence[float]) -> tuple[float, float]:
    """Give the variance of a user's `lift` and of their `steep`, far from typical the largest."""
    squares = [(value - usual) ** 2 for value, usual in zip(row, typical, strict=True)]
    size = len(typical)
    return (
        sum(map(mul, squares, doubt.lift), doubt.lift[size]),
        sum(map(mul, squares, doubt.steep), doubt.steep[size]),
    )


def weights_of(
    unaided: Sequence[float],
    lift: Sequence[float],
    steep: Sequence[float],
    typical: Sequence[float],
) -> Weights:
    """Lay out the weights of the shared groups.

    They are learned on features counted from what is typical; moving that into the bias spares
    every prediction the subtraction.
    """
    size = len(typical)

    def slope(block: Sequence[float]) -> Slope:
        weights = tuple(block[:size])
        return Slope(weights, block[size] - sum(map(mul, weights, typical)))

    match, gap = lift[size + 1 :]
    return Weights(slope(unaided), slope(lift), slope(steep), match, gap)


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


def shares_of(
    weights: Weights,
    part: Part | None,
    action: Action,
    row: Sequence[float],
    typical: Sequence[float],
) -> list[float]:
    """Split the log-odds of buying: of the typical user, of the coupon, of each user feature.

    What the coupon adds is no sum over features. It is first told for a user who is won over as
    easily as a typical one; the rest is shared out as the features share in the ease.

    Parameters
    ----------
    part
        None where there is no coupon.
    """
    unaided, lift, steep = weights.unaided, weights.lift, weights.steep
    away = [value - usual for value, usual in zip(row, typical, strict=True)]
    own = list(map(mul, away, unaided.weights))
    if part is None:
        return [unaided.at(typical), 0.0, *own]
    logit = unaided.at(row)
    p, steps = from_log_odds(logit), depth_steps(action)
    whole = log_odds(either(p, from_log_odds(_ease_at(weights, part, action, row)))) - logit
    plain = log_odds(either(p, from_log_odds(_ease_at(weights, part, action, typical)))) - logit
    eased = [
        value * (a + steps * b)
        for value, a, b in zip(away, lift.weights, steep.weights, strict=True)
    ]
    total = sum(eased)
    if abs(total) < _LEAST_EASE:
        return [unaided.at(typical), whole, *own]
    slope = (whole - plain) / total
    return [unaided.at(typical), plain, *(a + slope * b for a, b in zip(own, eased, strict=True))]


def _ease_at(weights: Weights, part: Part, action: Action, row: Sequence[float]) -> float:
    return ease(weights, part, action, weights.lift.at(row), weights.steep.at(row))
