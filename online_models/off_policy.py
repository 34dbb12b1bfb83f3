"""What another policy would have earned, from what this one logged, with honest doubt."""

from collections.abc import Callable, Iterable
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
    sums = PolicySums()
    for record in records:
        sums.update(_clipped(record, clip_weight))
    return sums.value(confidence=confidence, tuned_count=tuned_count)


class PolicySums:
    """What the estimates are made of, by unit: figures may be read at any time.

    Memory grows with the units. Where it must not, give groups of customers as units, dealt by a
    hash: decisions of one customer stay together, so the variances stay honest, and a few hundred
    groups tell them well enough.

    Examples
    --------
    >>> sums = PolicySums()
    >>> for unit in ("a", "b"):
    ...     sums.update(Weighted(unit, 2.0, 1.0))
    >>> sums.value().ips.point
    2.0
    """

    def __init__(self) -> None:
        self._units: dict[str, _Unit] = {}
        self._matched_count = 0
        self._squares = self._largest = 0.0

    @property
    def count(self) -> int:
        """How many decisions were taken in."""
        return sum(one.count for one in self._units.values())

    def update(self, record: Weighted) -> None:
        """Take in a decision.

        Raises
        ------
        ValueError
            The weight is negative.
        """
        weight = record.weight
        if not weight >= 0:
            message = f"a weight must be at least 0, was {weight}"
            raise ValueError(message)
        unit = self._units.setdefault(record.unit, _Unit())
        unit.count += 1
        unit.weight += weight
        unit.plain += weight * record.reward
        unit.robust += _robust(record)
        self._matched_count += weight > 0
        self._squares += weight**2
        self._largest = max(self._largest, weight)

    def value(self, *, confidence: float = 0.95, tuned_count: int = 10_000) -> PolicyValue:
        """Estimate the value from what was taken in.

        Raises
        ------
        ValueError
            Nothing was.
        """
        if not self._units:
            message = "there must be at least one record, was none"
            raise ValueError(message)
        units = self._units.items()

        def mean(point: float, total: float, error: Callable[[_Unit], float]) -> Interval:
            errors = ((name, error(one)) for name, one in units)
            variance, found_count = clustered_variance(errors, total)
            return around(
                point, variance, found_count, confidence=confidence, tuned_count=tuned_count
            )

        count = self.count
        weight = fsum(one.weight for _, one in units)
        plain = fsum(one.plain for _, one in units)
        ips, dr = plain / count, fsum(one.robust for _, one in units) / count
        snips = plain / weight if weight else 0.0
        return PolicyValue(
            decisions_count=count,
            units_count=len(units),
            matched_count=self._matched_count,
            effective_count=weight**2 / self._squares if self._squares else 0.0,
            largest_weight=self._largest,
            mean_weight=weight / count,
            ips=mean(ips, count, lambda one: one.plain - one.count * ips),
            snips=(
                mean(snips, weight, lambda one: one.plain - one.weight * snips) if weight else None
            ),
            dr=mean(dr, count, lambda one: one.robust - one.count * dr),
        )


@dataclass(slots=True)
class _Unit:
    count: int = 0
    weight: float = 0.0
    plain: float = 0.0
    robust: float = 0.0


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
    if clip_weight is None or record.weight <= clip_weight:
        return record
    return record._replace(weight=clip_weight)
