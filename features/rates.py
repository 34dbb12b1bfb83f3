"""The probability shapes that features lean on."""

import math

LOGISTIC_SD = math.pi / math.sqrt(3)


def beta_mean(hits: int, tries: int, prior: tuple[float, float] = (1.0, 1.0)) -> float:
    """Give the mean of a rate after `hits` of `tries`, under a Beta prior.

    Hits beyond the tries count as tries, since events of a funnel may come without the step
    before them.

    Examples
    --------
    >>> round(beta_mean(3, 10), 4)
    0.3333
    >>> beta_mean(0, 0)
    0.5
    """
    alpha, beta = prior
    return (alpha + hits) / (alpha + beta + (tries if tries > hits else hits))


def logistic_cdf(value: float, mean: float, spread: float) -> float:
    """Give the share of a logistic population below `value`; `spread` is its standard deviation.

    Examples
    --------
    >>> logistic_cdf(7.0, mean=7.0, spread=2.0)
    0.5
    """
    if spread <= 0.0:
        return 0.5
    z = max(-30.0, min(30.0, (value - mean) / spread * LOGISTIC_SD))
    return 1.0 / (1.0 + math.exp(-z))
