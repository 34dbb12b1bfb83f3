"""Earned against holdout: the money that the coupons made, counted per user, with intervals."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf

from online_models.intervals import LEAST_UNITS_COUNT, Interval, around
from online_models.outcomes import Arm
from online_models.sample_ratio import sample_ratio_p


@dataclass(slots=True, kw_only=True)
class ArmSums:
    """Exact integer sums over the users of one arm; what a user brought is one observation.

    `baseline` is a number known before the user was assigned (the margin expected of them), used
    to take noise out of the comparison; 0 where there is none. `cost` is what coupons cost in all.
    """

    users: int = 0
    total: int = 0
    total_squared: int = 0
    baseline: int = 0
    baseline_squared: int = 0
    total_baseline: int = 0
    cost: int = 0

    def add(self, other: "ArmSums") -> None:
        """Take in the sums of other users of the same arm, for instance another partition's."""
        self.users += other.users
        self.total += other.total
        self.total_squared += other.total_squared
        self.baseline += other.baseline
        self.baseline_squared += other.baseline_squared
        self.total_baseline += other.total_baseline
        self.cost += other.cost


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What an arm earned more than another, for all of the arm's users together.

    The `lower` and `upper` bounds hold at one moment that was fixed in advance; the `anytime`
    bounds hold at all moments at once, so one may look every minute and stop when convinced.
    Bounds and point are None while either arm has fewer than two users, the anytime bounds while
    one has fewer than `intervals.LEAST_UNITS_COUNT`.
    """

    users: int
    against_users: int
    point_minor: int | None = None
    lower_minor: int | None = None
    upper_minor: int | None = None
    anytime_lower_minor: int | None = None
    anytime_upper_minor: int | None = None
    per_user_minor: float | None = None


class Incremental:
    """Sums per arm that follow each user's running total, in memory that does not grow with users.

    Users, not decisions or orders, are the unit: one user's orders depend on each other, and
    counting them apart makes intervals too narrow (by a design effect near 3 in our simulated
    shop). The caller keeps the user's running total in the user's row and tells each change of it.

    Examples
    --------
    >>> earned = Incremental()
    >>> for total in (900, 1_100):
    ...     earned.move("policy", None, total)
    >>> for total in (800, 1_000):
    ...     earned.move("holdout", None, total)
    >>> earned.effect().point_minor
    200
    """

    def __init__(self, arms: Mapping[Arm, ArmSums] | None = None):
        self.arms: dict[Arm, ArmSums] = dict(arms or {})

    def move(
        self, arm: Arm, previous_minor: int | None, new_minor: int, baseline_minor: int = 0
    ) -> None:
        """Move one user's total from `previous_minor` to `new_minor`.

        Parameters
        ----------
        previous_minor
            The total told last, None when the user enters the arm (with a total of 0, usually).
        baseline_minor
            The user's baseline; the same number in every call for the same user.
        """
        sums = self.arms.setdefault(arm, ArmSums())
        if previous_minor is None:
            sums.users += 1
            sums.baseline += baseline_minor
            sums.baseline_squared += baseline_minor**2
        before = previous_minor or 0
        sums.total += new_minor - before
        sums.total_squared += new_minor**2 - before**2
        sums.total_baseline += (new_minor - before) * baseline_minor

    def spend(self, arm: Arm, cost_minor: int) -> None:
        """Count what a coupon of the arm cost; the totals that `move` is told are net of it."""
        self.arms.setdefault(arm, ArmSums()).cost += cost_minor

    def roi(self, arm: Arm = "policy", against: Arm = "holdout") -> Interval | None:
        """Estimate what a unit of coupon cost earned beyond itself; None before any was spent."""
        mean, sums = self.per_user(arm, against), self.arms.get(arm, ArmSums())
        return mean.scaled(sums.users / sums.cost) if mean is not None and sums.cost else None

    def baseline_minor(self, arm: Arm = "policy", against: Arm = "holdout") -> int | None:
        """Say what the users of an arm would have brought if they were as those of another.

        None before `against` has a user.

        Examples
        --------
        >>> earned = Incremental()
        >>> for arm, total in (("policy", 900), ("policy", 700), ("holdout", 300)):
        ...     earned.move(arm, None, total)
        >>> earned.baseline_minor()
        600
        """
        own, other = self.arms.get(arm, ArmSums()), self.arms.get(against, ArmSums())
        return round(_mean(other) * own.users) if other.users else None

    def merge(self, other: "Incremental") -> None:
        """Add the sums of disjoint users."""
        for arm, sums in other.arms.items():
            self.arms.setdefault(arm, ArmSums()).add(sums)

    def effect(
        self,
        arm: Arm = "policy",
        against: Arm = "holdout",
        *,
        confidence: float = 0.95,
        adjust: bool = False,
        tuned_users: int = 10_000,
    ) -> Effect:
        """Estimate what `arm` earned more than the same users would have in `against`.

        The bounds are those of `intervals.around`.

        Parameters
        ----------
        adjust
            Take out what the baseline explains (regression on it, one slope for both arms).
        """
        own, other = self.arms.get(arm, ArmSums()), self.arms.get(against, ArmSums())
        mean = self.per_user(arm, against, confidence=confidence, adjust=adjust, tuned=tuned_users)
        if mean is None:
            return Effect(users=own.users, against_users=other.users)
        whole = mean.scaled(own.users)
        return Effect(
            users=own.users,
            against_users=other.users,
            point_minor=round(whole.point),
            lower_minor=round(whole.lower),
            upper_minor=round(whole.upper),
            anytime_lower_minor=_finite(whole.anytime_lower),
            anytime_upper_minor=_finite(whole.anytime_upper),
            per_user_minor=mean.point,
        )

    def per_user(
        self,
        arm: Arm = "policy",
        against: Arm = "holdout",
        *,
        confidence: float = 0.95,
        adjust: bool = False,
        tuned: int = 10_000,
    ) -> Interval | None:
        """Estimate the same per user of the arm; None while either arm has fewer than two users."""
        own, other = self.arms.get(arm, ArmSums()), self.arms.get(against, ArmSums())
        fewest = min(own.users, other.users)
        if fewest < 2:
            around(0.0, 0.0, 0, confidence=confidence)  # a bad question is refused at any time
            return None
        slope = _slope(own, other) if adjust else 0.0
        difference = _mean(own) - _mean(other)
        difference -= slope * (own.baseline / own.users - other.baseline / other.users)
        variance = sum(_variance(sums, slope) / sums.users for sums in (own, other))
        users = own.users + other.users
        # the bounds hold when the smaller arm is large enough, so it decides whether there are any
        least = users if fewest >= LEAST_UNITS_COUNT else users + 1
        return around(
            difference,
            variance,
            users,
            confidence=confidence,
            tuned_count=tuned,
            least_count=least,
        )

    def mismatch_p(self, shares: Mapping[Arm, float]) -> float | None:
        """P-value, valid at every look, that the arms' sizes came from `shares` by chance.

        See `sample_ratio.sample_ratio_p`; below 0.001 the split is broken and no effect may be
        believed. None while nobody is counted, or where there is one arm only.
        """
        if min(shares.values(), default=0.0) <= 0:
            message = f"shares must all be positive, was {dict(shares)}"
            raise ValueError(message)
        counts = [self.arms.get(arm, ArmSums()).users for arm in shares]
        return (
            sample_ratio_p(counts, list(shares.values()))
            if any(counts) and len(counts) > 1
            else None
        )

    def dump(self) -> dict[str, dict[str, int]]:
        """Return the sums as plain JSON."""
        # Written with every chunk, where `asdict` would take longer than a decision.
        return {
            arm: {name: getattr(sums, name) for name in ArmSums.__slots__}
            for arm, sums in self.arms.items()
        }

    @classmethod
    def load(cls, sums: Mapping[Arm, Mapping[str, int]]) -> "Incremental":
        """Continue from what `dump` returned."""
        return cls({arm: ArmSums(**numbers) for arm, numbers in sums.items()})


def _mean(sums: ArmSums) -> float:
    return sums.total / sums.users


def _slope(own: ArmSums, other: ArmSums) -> float:
    # within-arm covariance over within-arm variance, so that the arms' difference stays out of it
    covariance = sum(s.total_baseline - s.total * s.baseline / s.users for s in (own, other))
    spread = sum(s.baseline_squared - s.baseline**2 / s.users for s in (own, other))
    return covariance / spread if spread > 0 else 0.0


def _variance(sums: ArmSums, slope: float) -> float:
    # Integers up to the last division: (n * sum of squares - square of sum) cannot cancel badly.
    n = sums.users
    totals = n * sums.total_squared - sums.total**2
    crossed = n * sums.total_baseline - sums.total * sums.baseline
    baselines = n * sums.baseline_squared - sums.baseline**2
    spread = totals - 2 * slope * crossed + slope**2 * baselines
    return max(0.0, spread / (n * (n - 1)))


def _finite(bound: float) -> int | None:
    return None if bound in (-inf, inf) else round(bound)
