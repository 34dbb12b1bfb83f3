"""Intervals that keep their promise: around means of whole customers, and at every look at once."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from math import fsum, inf, log, sqrt
from statistics import NormalDist

# Below so many units in one group no limit theorem helps: there are no anytime bounds yet.
LEAST_UNITS_COUNT = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """An estimate with bounds.

    The `lower` and `upper` bounds hold at one moment that was fixed in advance; the `anytime`
    bounds hold at all moments at once, so one may look every minute and stop when convinced. They
    are infinite while there are too few units.
    """

    point: float
    lower: float
    upper: float
    anytime_lower: float = -inf
    anytime_upper: float = inf

    def __post_init__(self) -> None:
        if not self.lower <= self.upper or not self.anytime_lower <= self.anytime_upper:
            message = f"lower must be at most upper, was {self}"
            raise ValueError(message)

    def shifted(self, by: float) -> "Interval":
        """Move everything by a constant.

        Examples
        --------
        >>> Interval(point=1.0, lower=0.0, upper=2.0).shifted(1.0).point
        2.0
        """
        return Interval(
            point=self.point + by,
            lower=self.lower + by,
            upper=self.upper + by,
            anytime_lower=self.anytime_lower + by,
            anytime_upper=self.anytime_upper + by,
        )

    def scaled(self, by: float) -> "Interval":
        """Multiply everything by a constant that is not negative.

        Examples
        --------
        >>> Interval(point=1.0, lower=0.0, upper=2.0).scaled(3.0).upper
        6.0
        """
        if not by >= 0:
            message = f"a scale must be at least 0, was {by}"
            raise ValueError(message)
        return Interval(
            point=self.point * by,
            lower=self.lower * by,
            upper=self.upper * by,
            anytime_lower=self.anytime_lower * by if by else 0.0,
            anytime_upper=self.anytime_upper * by if by else 0.0,
        )


def around(
    point: float,
    variance: float,
    units_count: int,
    *,
    confidence: float = 0.95,
    tuned_count: int = 10_000,
    least_count: int = LEAST_UNITS_COUNT,
) -> Interval:
    """Give the interval of an estimate that is a mean over independent units.

    The anytime bounds are the asymptotic normal-mixture confidence sequence.

    Parameters
    ----------
    variance
        Of the point, not of one unit.
    tuned_count
        The number of units near which the anytime bounds are narrowest; valid whatever it is.

    References
    ----------
    [^1]: Howard, Ramdas, McAuliffe, Sekhon (2021), Time-uniform, nonparametric, nonasymptotic
        confidence sequences, Annals of Statistics 49(2).
    [^2]: Waudby-Smith, Arbour, Sinha, Kennedy, Ramdas (2024), Time-uniform central limit theory
        and asymptotic confidence sequences, Annals of Statistics 52(6).

    Examples
    --------
    >>> interval = around(0.0, 0.01, 400)
    >>> round(interval.upper, 3), round(interval.anytime_upper, 3)
    (0.196, 0.51)
    """
    if not 0 < confidence < 1:
        message = f"confidence must be within (0, 1), was {confidence}"
        raise ValueError(message)
    fixed = NormalDist().inv_cdf((1 + confidence) / 2) * sqrt(variance)
    anytime = inf
    if units_count >= least_count:
        width = mixture_width(units_count, 1 - confidence, tuned_count)
        anytime = width * sqrt(units_count * variance)
    return Interval(
        point=point,
        lower=point - fixed,
        upper=point + fixed,
        anytime_lower=point - anytime,
        anytime_upper=point + anytime,
    )


def mixture_width(units_count: int, alpha: float, tuned_count: int) -> float:
    """Half-width, in standard deviations of one unit, of the anytime interval of a mean.

    Examples
    --------
    >>> round(mixture_width(10_000, 0.05, 10_000), 4)
    0.0304
    """
    rho_squared = (-2 * log(alpha) + log(1 - 2 * log(alpha))) / tuned_count
    scaled = units_count * rho_squared + 1
    return sqrt(2 * scaled / (units_count**2 * rho_squared) * log(sqrt(scaled) / alpha))


def clustered_variance(errors: Iterable[tuple[str, float]], total: float) -> tuple[float, int]:
    """Variance of a mean whose parts come from customers, several from each; and how many.

    A customer's parts depend on each other, so they are summed before they are squared.

    Parameters
    ----------
    errors
        Customer and deviation from the mean, part by part.
    total
        What the sum was divided by to give the mean: the number of parts, or their weight.

    References
    ----------
    [^1]: Liang, Zeger (1986), Longitudinal data analysis using generalized linear models.

    Examples
    --------
    >>> clustered_variance([("a", 1.0), ("a", 1.0), ("b", -1.0), ("b", -1.0)], 4)
    (1.0, 2)
    """
    sums: defaultdict[str, float] = defaultdict(float)
    for unit, error in errors:
        sums[unit] += error
    units_count = len(sums)
    if units_count < 2 or not total:
        return inf, units_count
    small = units_count / (units_count - 1)
    return small * fsum(part * part for part in sums.values()) / total**2, units_count
