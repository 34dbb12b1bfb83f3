"""How much a coupon raises the chance of purchase, from logged propensities alone."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from math import sqrt
from statistics import NormalDist

from features.actions import NOTHING
from online_models.outcomes import Outcome

MAX_ACTIONS = 256


@dataclass(slots=True, kw_only=True)
class WeightedRate:
    """Sums for a purchase rate where each decision counts with 1 / propensity."""

    count: int = 0
    weight: float = 0.0
    weight_squared: float = 0.0
    bought: float = 0.0
    bought_squared: float = 0.0

    @property
    def rate(self) -> float:
        """The self-normalised rate of purchase."""
        return self.bought / self.weight

    @property
    def variance(self) -> float:
        """The variance of `rate` (delta method)."""
        rate = self.rate
        spread = self.bought_squared * (1 - 2 * rate) + rate**2 * self.weight_squared
        return max(0.0, spread) / self.weight**2


@dataclass(frozen=True, slots=True, kw_only=True)
class UpliftInterval:
    """P(buy | coupon) - P(buy | nothing), with bounds."""

    decisions: int
    point: float
    lower: float
    upper: float


class Uplift:
    """Estimate each coupon's uplift by inverse propensities, in bounded memory.

    No model is asked, so the figure stands whatever the learners believe. It compares decisions in
    which the coupon could be chosen by chance with those in which nothing could be: both must have
    had a positive propensity in the same contexts, as they have under exploration. Decisions count
    as independent; where users have many, read it beside `Incremental`, which counts users.

    References
    ----------
    [^1]: Swaminathan, Joachims (2015), The self-normalized estimator for counterfactual learning.
    """

    def __init__(self, rates: Mapping[str, WeightedRate] | None = None):
        self.rates: dict[str, WeightedRate] = dict(rates or {})

    def update(self, outcome: Outcome) -> None:
        """Take in a settled outcome; others, and coupons beyond the cap, are left out."""
        key = outcome.action.action_id
        if outcome.state != "settled" or (
            key not in self.rates and key != NOTHING.action_id and len(self.rates) >= MAX_ACTIONS
        ):
            return
        rate = self.rates.setdefault(key, WeightedRate())
        weight = 1.0 / outcome.propensity
        rate.count += 1
        rate.weight += weight
        rate.weight_squared += weight**2
        if outcome.y:
            rate.bought += weight
            rate.bought_squared += weight**2

    def interval(self, action_id: str, confidence: float = 0.95) -> UpliftInterval | None:
        """Uplift of one coupon; None until both it and nothing were given and labelled."""
        own, nothing = self.rates.get(action_id), self.rates.get(NOTHING.action_id)
        if own is None or nothing is None:
            return None
        point = own.rate - nothing.rate
        width = NormalDist().inv_cdf((1 + confidence) / 2) * sqrt(own.variance + nothing.variance)
        return UpliftInterval(
            decisions=own.count, point=point, lower=point - width, upper=point + width
        )

    def dump(self) -> dict[str, dict[str, float]]:
        """Return the sums as plain JSON."""
        return {action_id: asdict(rate) for action_id, rate in self.rates.items()}

    @classmethod
    def load(cls, rates: Mapping[str, Mapping[str, float]]) -> "Uplift":
        """Continue from what `dump` returned."""
        return cls({key: _rate(sums) for key, sums in rates.items()})


def _rate(sums: Mapping[str, float]) -> WeightedRate:
    return WeightedRate(
        count=int(sums["count"]),
        weight=float(sums["weight"]),
        weight_squared=float(sums["weight_squared"]),
        bought=float(sums["bought"]),
        bought_squared=float(sums["bought_squared"]),
    )
