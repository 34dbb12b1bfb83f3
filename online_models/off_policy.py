"""What another policy would have earned, from what this one logged, with honest doubt."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import fsum
from typing import NamedTuple

from online_models.intervals import Interval, around, clustered_variance

# Fewer effective decisions than these carry no conclusion, whatever the interval says: a handful
# of heavy weights makes the variance itself unknown.
LEAST_EFFECTIVE_COUNT = 100.0


class Weighted(NamedTuple):
    """One logged decision as a target policy sees it.

    Attributes
    ----------
    unit
        The customer; decisions of one customer depend on each other.
    weight
        P(the action taken) under the target policy over the logged propensity, at least 0.
    reward
        What followed.
    direct
        What a model foresees under the target policy: the sum of P(action) x prediction.
    predicted
        What the same model foresaw for the action that was taken. It must not have learned from
        this decision's own reward.
    """

    unit: str
    weight: float
    reward: float
    direct: float = 0.0
    predicted: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyValue:
    """Mean reward per decision under the target policy, by three estimators.

    Attributes
    ----------
    matched_count
        Decisions in which the logged action is one that the target might take.
    effective_count
        Kish's effective sample size of the weights: as many equally weighted decisions would know
        as much.
    ips
        Inverse propensity score: unbiased, noisy, and off when the logged weights do not average 1.
    snips
        Self-normalised: hardly biased, quieter, invariant to shifts of the reward. None where no
        decision matches.
    dr
        Doubly robust: unbiased as IPS is, and as quiet as its model is good.
    """

    decisions_count: int
    units_count: int
    matched_count: int
    effective_count: float
    largest_weight: float
    mean_weight: float
    ips: Interval
    snips: Interval | None
    dr: Interval

    @property
    def is_reliable(self) -> bool:
        """Whether enough decisions stand behind it to conclude anything."""
        return self.effective_count >= LEAST_EFFECTIVE_COUNT


def policy_value(
    records: Iterable[Weighted],
    *,
    clip_weight: float | None = None,
    confidence: float = 0.95,
    tuned_count: int = 10_000,
) -> PolicyValue:
    """Estimate the value of a target policy.

    Parameters
    ----------
    clip_weight
        Weights above it count as it: the estimates then lean towards the model (DR) or towards
        nothing (IPS), and are far quieter where a few decisions outweigh all others.

    Raises
    ------
    ValueError
        There are no records, or a weight is negative.

    References
    ----------
    [^1]: Horvitz, Thompson (1952), A generalization of sampling without replacement (IPS).
    [^2]: Swaminathan, Joachims (2015), The self-normalized estimator for counterfactual learning.
    [^3]: Dudik, Langford, Li (2011), Doubly robust policy evaluation and learning.
    [^4]: Kish (1965), Survey sampling (effective sample size).

    Examples
    --------
    >>> half = [Weighted("a", 2.0, 1.0), Weighted("b", 0.0, 5.0), Weighted("c", 2.0, 2.0),
    ...     Weighted("d", 0.0, 7.0)]
    >>> value = policy_value(half)
    >>> value.ips.point, value.effective_count, value.matched_count
    (1.5, 2.0, 2)
    """
    logged = [_clipped(record, clip_weight) for record in records]
    if not logged:
        message = "there must be at least one record, was none"
        raise ValueError(message)
    weight = fsum(one.weight for one in logged)
    squares = fsum(one.weight**2 for one in logged)

    def mean(parts: Sequence[float], total: float, point: float) -> Interval:
        errors = ((one.unit, part) for one, part in zip(logged, parts, strict=True))
        variance, units_count = clustered_variance(errors, total)
        return around(point, variance, units_count, confidence=confidence, tuned_count=tuned_count)

    count = len(logged)
    plain = [one.weight * one.reward for one in logged]
    robust = [one.direct + one.weight * (one.reward - one.predicted) for one in logged]
    ips, dr = fsum(plain) / count, fsum(robust) / count
    snips = None
    if weight:
        point = fsum(plain) / weight
        snips = mean([one.weight * (one.reward - point) for one in logged], weight, point)
    return PolicyValue(
        decisions_count=count,
        units_count=len({one.unit for one in logged}),
        matched_count=sum(1 for one in logged if one.weight),
        effective_count=weight**2 / squares if squares else 0.0,
        largest_weight=max(one.weight for one in logged),
        mean_weight=weight / count,
        ips=mean([part - ips for part in plain], count, ips),
        snips=snips,
        dr=mean([part - dr for part in robust], count, dr),
    )


def difference(
    records: Iterable[Weighted],
    others: Iterable[Weighted],
    *,
    confidence: float = 0.95,
    tuned_count: int = 10_000,
) -> Interval:
    """Doubly robust difference of two target policies on the same decisions, pair by pair.

    Far narrower than the two values apart, where the policies mostly agree.
    """
    gaps = [
        (one.unit, _robust(one) - _robust(other))
        for one, other in zip(records, others, strict=True)
    ]
    if not gaps:
        message = "there must be at least one record, was none"
        raise ValueError(message)
    point = fsum(gap for _, gap in gaps) / len(gaps)
    errors = ((unit, gap - point) for unit, gap in gaps)
    variance, units_count = clustered_variance(errors, len(gaps))
    return around(point, variance, units_count, confidence=confidence, tuned_count=tuned_count)


def _robust(one: Weighted) -> float:
    return one.direct + one.weight * (one.reward - one.predicted)


def _clipped(record: Weighted, clip_weight: float | None) -> Weighted:
    if not record.weight >= 0:
        message = f"a weight must be at least 0, was {record.weight}"
        raise ValueError(message)
    if clip_weight is None or record.weight <= clip_weight:
        return record
    return record._replace(weight=clip_weight)
