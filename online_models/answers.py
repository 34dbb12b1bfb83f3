"""What the model answers about one user and several coupons, all out of one pass."""

from collections.abc import Sequence
from math import sqrt
from operator import mul, sub

from features.actions import Action
from online_models.causes import Part, Weights, ease, either
from online_models.crosses import DEEPEST_RATIO, DEPTH_UNIT_RATIO, depth_steps
from online_models.shapes import HIGHEST, from_log_odds, log_odds

_LEAST_EASE = 1e-9  # below it a user is won over as easily as a typical one


class Answers:
    """P(buy) of one user under several coupons and without any.

    What is only told of the action that is taken (`expected`, `contributions`) is worked out when
    it is asked for, from the sums of the pass.

    Attributes
    ----------
    p_nothing
        P(buy) where nothing is given.
    p_buy
        P(buy) under each coupon, with the doubt in what coupons do counted against them.
    """

    __slots__ = (
        "_actions",
        "_away",
        "_eases",
        "_logit",
        "_names",
        "_parts",
        "_weights",
        "p_buy",
        "p_nothing",
    )

    def __init__(
        self,
        names: Sequence[str],
        weights: Weights,
        row: Sequence[float],
        actions: Sequence[Action],
        parts: Sequence[Part],
        caution: float,
    ) -> None:
        self._names, self._weights, self._actions, self._parts = names, weights, actions, parts
        self._away = away = tuple(map(sub, row, weights.typical))
        self._logit = weights.unaided.at(row)
        self.p_nothing = p = from_log_odds(self._logit)
        lift, steep = weights.lift.at(row), weights.steep.at(row)
        squares = tuple(map(mul, away, away)) if caution else ()
        doubt = caution * sqrt(weights.lift_doubt.at(squares)) if caution else 0.0
        eases: list[float] = []
        p_buy: list[float] = []
        match, gap, unmoved = weights.match, weights.gap, 1 - p
        for action, (bias, depth) in zip(actions, parts, strict=True):
            # `depth_steps`, `ease` and `either` written out: calls would take half of the pass
            ratio = action.depth_ratio
            steps = (ratio if ratio < DEEPEST_RATIO else DEEPEST_RATIO) / DEPTH_UNIT_RATIO
            odds = lift + bias + (steep + depth) * steps
            odds = odds + match * action.match_ratio + gap * action.gap_ratio
            eases.append(odds)
            bought = p + unmoved * from_log_odds(odds - doubt)
            p_buy.append(bought if bought < HIGHEST else HIGHEST)
        self._eases, self.p_buy = eases, p_buy

    def expected(self, at: int | None) -> float:
        """Give the plain P(buy) under the coupon in place `at`, None for nothing: no caution."""
        if at is None:
            return self.p_nothing
        return either(self.p_nothing, from_log_odds(self._eases[at]))

    def contributions(self, at: int | None) -> dict[str, float]:
        """Why the probability is what it is: log-odds by user feature.

        `bias` is the typical user's, `coupon` what the coupon in place `at` adds for this user,
        `caution` what the doubt in it takes off. They sum to the log-odds of `p_buy` (`p_nothing`
        where `at` is None) up to the last bits.
        """
        unaided = self._weights.unaided
        own = map(mul, self._away, unaided.weights)
        if at is None:
            named = dict(zip(self._names, own, strict=True))
        else:
            plain, cautious = log_odds(self.expected(at)), log_odds(self.p_buy[at])
            added, shares = self._shared(at, list(own), plain - self._logit)
            named = dict(zip(self._names, shares, strict=True))
            named["coupon"], named["caution"] = added, cautious - plain
        named["bias"] = unaided.typical
        return named

    def _shared(self, at: int, own: list[float], whole: float) -> tuple[float, list[float]]:
        """Share out what the coupon adds (`whole`), which is no sum over features.

        It is first told for a user who is won over as easily as a typical one; the features get the
        rest, as they share in the ease.
        """
        weights, action = self._weights, self._actions[at]
        lift, steep, steps = weights.lift, weights.steep, depth_steps(action)
        eased = [
            value * (a + steps * b)
            for value, a, b in zip(self._away, lift.weights, steep.weights, strict=True)
        ]
        total = sum(eased)
        if abs(total) < _LEAST_EASE:
            return whole, own
        usual = ease(weights, self._parts[at], action, lift.typical, steep.typical)
        plain = log_odds(either(self.p_nothing, from_log_odds(usual))) - self._logit
        slope = (whole - plain) / total
        return plain, [a + slope * b for a, b in zip(own, eased, strict=True)]
