"""Shapes of probability: links from log-odds, the Beta distribution, the articles' intent."""

from math import exp, gamma, log

LOWEST, HIGHEST = 1e-6, 1 - 1e-6
_FURTHEST = log(HIGHEST / LOWEST)


def logistic(value: float, mean: float = 0.0, scale: float = 1.0) -> float:
    """Logistic distribution function, clipped to [1e-6, 1 - 1e-6].

    Examples
    --------
    >>> logistic(3.0, mean=3.0)
    0.5
    >>> logistic(-1000.0)
    1e-06
    """
    return from_log_odds((value - mean) / scale)


def from_log_odds(value: float) -> float:
    """Return the probability of these log-odds, clipped to [1e-6, 1 - 1e-6].

    Examples
    --------
    >>> from_log_odds(0.0)
    0.5
    """
    if -_FURTHEST < value < _FURTHEST:
        return 1.0 / (1.0 + exp(-value))
    return HIGHEST if value > 0 else LOWEST


def clipped(p: float) -> float:
    """Keep a guess within the probabilities that have log-odds, [1e-6, 1 - 1e-6].

    Examples
    --------
    >>> clipped(-0.2), clipped(0.3)
    (1e-06, 0.3)
    """
    return min(max(p, LOWEST), HIGHEST)


def log_odds(p: float) -> float:
    """Log-odds of a probability; the inverse of `from_log_odds`.

    Examples
    --------
    >>> log_odds(0.5)
    0.0
    """
    return log(p / (1 - p))


def delay_weight(p: float, y: bool) -> float:
    """Weight of an example where every decision is first shown as a negative.

    With p the model's own probability, a provisional negative weighs (1 - p)(1 + p) and the
    positive that follows a purchase 1 + p. A learner that sees 1 negative and p positives per
    decision then rests exactly where its probability is p.

    References
    ----------
    [^1]: Ktena et al. (2019), Addressing delayed feedback for continuous training with neural
        networks in CTR prediction, RecSys ("fake negative weighted").

    Examples
    --------
    >>> delay_weight(0.5, False), delay_weight(0.5, True)
    (0.75, 1.5)
    """
    return 1 + p if y else (1 - p) * (1 + p)


def intent(frequency: float, interest: float) -> float:
    """Purchase intent of the articles with its sign put right: both arguments raise it.

    Examples
    --------
    >>> round(intent(2, 3), 3)
    0.87
    """
    return logistic(0.5 * frequency + 0.3 * interest)


def beta_density(value: float, alpha: float, beta: float) -> float:
    """Density of the Beta distribution at `value` within (0, 1).

    Examples
    --------
    >>> beta_density(0.5, 2, 3)
    1.5
    """
    if not (0 < value < 1 and alpha > 0 and beta > 0):
        message = f"value must be in (0, 1) and alpha, beta > 0, was {value}, {alpha}, {beta}"
        raise ValueError(message)
    scale = gamma(alpha + beta) / (gamma(alpha) * gamma(beta))
    return float(scale * value ** (alpha - 1) * (1 - value) ** (beta - 1))


def beta_mean(hits: int, tries: int, alpha: float = 1.0, beta: float = 1.0) -> float:
    """Mean of a rate after `hits` of `tries`, from the prior Beta(alpha, beta).

    Examples
    --------
    >>> round(beta_mean(3, 10), 4)
    0.3333
    """
    if not 0 <= hits <= tries:
        message = f"hits must be within 0..tries, was {hits} of {tries}"
        raise ValueError(message)
    return (hits + alpha) / (tries + alpha + beta)
