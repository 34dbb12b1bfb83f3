"""Whether the arms have the sizes that they should: a check that may be looked at all day."""

from collections.abc import Sequence
from math import exp, fsum, lgamma, log

# How firmly the expected shares are believed under the alternative, in users per arm.
BELIEF_COUNT = 100.0


def sample_ratio_p(
    counts: Sequence[int], shares: Sequence[float], belief_count: float = BELIEF_COUNT
) -> float:
    """P-value, valid at every moment, that `counts` came from `shares` by chance.

    One over the Bayes factor of "some other shares" against "these shares", where the others are
    Dirichlet around these. Under the right shares it falls below 0.001 at any time of a whole
    experiment with probability 0.001 at most, however often one looks; Pearson's test, looked at
    again and again, alarms sooner or later for sure. Below 0.001 the split is broken and no effect
    may be believed.

    Parameters
    ----------
    counts
        Users by arm.
    shares
        What each arm should have; their sum is taken for the whole.
    belief_count
        How far the alternative reaches: the smaller, the larger the skews it looks for.

    References
    ----------
    [^1]: Lindon, Malek (2022), Anytime-valid inference for multinomial count data, NeurIPS.

    Examples
    --------
    >>> sample_ratio_p([9_500, 500], [0.95, 0.05])
    1.0
    >>> sample_ratio_p([18_800, 1_200], [0.95, 0.05]) < 0.001
    True
    """
    if len(counts) != len(shares) or len(shares) < 2:
        message = f"counts and shares must be of two arms at least, was {counts} and {shares}"
        raise ValueError(message)
    if min(shares) <= 0 or min(counts) < 0:
        message = f"shares must be positive and counts at least 0, was {shares} and {counts}"
        raise ValueError(message)
    whole = fsum(shares)
    belief = [belief_count * share / whole for share in shares]
    users = sum(counts)
    log_factor = lgamma(belief_count) - lgamma(belief_count + users)
    for count, due, share in zip(counts, belief, shares, strict=True):
        log_factor += lgamma(due + count) - lgamma(due) - count * log(share / whole)
    return min(1.0, exp(-log_factor)) if log_factor > 0 else 1.0
