"""The articles' policy and the simple rules a shop would try first; kept to show what they lose."""

from collections.abc import Sequence


def given_away(intents: Sequence[float], discounts: Sequence[Sequence[float]]) -> list[float]:
    """Score coupons as the articles do: the sum over goods of purchase intent x discount.

    `discounts` holds one row per coupon with the discount on each good. The score is the money
    given away to buyers, so its highest value is the dearest coupon, not the best one.

    Examples
    --------
    >>> discounts = ((0.1, 0.2, 0.3), (0.3, 0.1, 0.2))
    >>> [round(score, 2) for score in given_away((0.9, 0.2, 0.1), discounts)]
    [0.16, 0.31]
    """
    return [sum(i * d for i, d in zip(intents, row, strict=True)) for row in discounts]


def kept(intents: Sequence[float], discounts: Sequence[Sequence[float]]) -> list[float]:
    """Return what the shop takes at price 1 under each coupon: the articles' other goal.

    Examples
    --------
    >>> [round(taken, 2) for taken in kept((0.9, 0.2, 0.1), ((0.0, 0.0, 0.0), (0.1, 0.2, 0.3)))]
    [1.2, 1.04]
    """
    return [sum(i * (1 - d) for i, d in zip(intents, row, strict=True)) for row in discounts]


def highest(scores: Sequence[float]) -> int | None:
    """Return the place of the highest score, the first of equals; None without scores.

    Examples
    --------
    >>> highest([0.16, 0.31, 0.25])
    1
    """
    return max(range(len(scores)), key=scores.__getitem__) if scores else None


def article(p_buy: Sequence[float], discounts: Sequence[float]) -> int | None:
    """Choose the coupon with the highest purchase probability x discount, whoever would buy anyway.

    Examples
    --------
    >>> article([0.62, 0.5], [10, 20])
    1
    """
    return highest([p * discount for p, discount in zip(p_buy, discounts, strict=True)])


def propensity_threshold(
    p_nothing: float, p_buy: Sequence[float], threshold_ratio: float
) -> int | None:
    """Give likely buyers the coupon that makes them likeliest, everybody else nothing.

    Examples
    --------
    >>> propensity_threshold(0.6, [0.62, 0.7], 0.5), propensity_threshold(0.1, [0.3, 0.2], 0.5)
    (1, None)
    """
    return highest(p_buy) if p_nothing >= threshold_ratio else None


def likeliest(p_nothing: float, p_buy: Sequence[float]) -> int | None:
    """Choose the coupon of the highest score if it beats that of nothing, whatever it costs.

    Examples
    --------
    >>> likeliest(0.1, [0.3, 0.2]), likeliest(0.3, [0.3, 0.2])
    (0, None)
    """
    at = highest(p_buy)
    return at if at is not None and p_buy[at] > p_nothing else None


def best_single(coupon_ids: Sequence[str], single: str | None) -> int | None:
    """Give everybody the one coupon `single` where it is eligible; without a name the first one.

    Examples
    --------
    >>> best_single(["a", "b"], "b"), best_single(["a"], "b"), best_single(["a"], None)
    (1, None, 0)
    """
    if single is None:
        return 0 if coupon_ids else None
    return next((place for place, one in enumerate(coupon_ids) if one == single), None)


def worth_sending(p_with: float, p_without: float, margin_minor: float, cost_minor: float) -> bool:
    """Tell whether one coupon earns: p1 / p0 must exceed m / (m - d), written without divisions.

    Examples
    --------
    >>> worth_sending(0.62, 0.60, 40, 10), worth_sending(0.20, 0.05, 40, 10)
    (False, True)
    """
    return p_with * (margin_minor - cost_minor) > p_without * margin_minor
