"""What a coupon is worth: incremental margin, before and after the price of budget."""

from collections.abc import Mapping, Sequence

from coupons.choices import Candidate


def monotone(candidates: Sequence[Candidate], p_buy: Sequence[float]) -> list[float]:
    """Round probabilities to 6 decimals and let none fall as the discount grows.

    A running maximum over depth, among coupons of the same kind and scope that are equally far
    from their condition: a deeper coupon with a higher minimum spend may well sell less.

    Raises
    ------
    ValueError
        A probability is missing, or is none.
    """
    if len(p_buy) != len(candidates):
        message = f"p_buy must hold {len(candidates)} probabilities, was {len(p_buy)}"
        raise ValueError(message)
    for p in p_buy:
        if not 0.0 <= p <= 1.0:
            message = f"p_buy must be in 0..1, was {p}"
            raise ValueError(message)
    # Half up by hand: round() takes three times as long, and this runs for every candidate.
    raised = [int(p * 1e6 + 0.5) / 1e6 for p in p_buy]
    tops: dict[tuple[object, ...], tuple[float, float, float]] = {}
    depths = [one.action.depth_ratio for one in candidates]
    for place in sorted(range(len(depths)), key=depths.__getitem__):
        one, p, depth = candidates[place], raised[place], depths[place]
        scope = one.coupon.scope
        alike = (one.action.kind, one.action.gap_ratio, scope.of, scope.names)
        known = tops.get(alike)
        if known is None:
            tops[alike] = (depth, 0.0, p)
            continue
        last, floor, top = known
        floor = top if depth > last else floor  # coupons of equal depth do not bind each other
        if p < floor:
            raised[place] = p = floor
        tops[alike] = (depth, floor, p if p > top else top)
    return raised


def values(
    candidates: Sequence[Candidate],
    p_all: Sequence[float],
    unaided_minor: float,
    margin_minor: float,
    prices: Mapping[str, float],
    hold_prices: Mapping[str, float],
) -> tuple[list[float], list[float]]:
    """Return what each candidate earns beyond giving nothing, with and without the budget's price.

    P(a) x (margin - cost) - P(nothing) x margin - lambda x P(a) x cost - mu x charge; the first
    list is rounded to 2 decimals.

    Parameters
    ----------
    unaided_minor
        P(nothing) x margin.
    """
    worth: list[float] = []
    bare: list[float] = []
    for one, p in zip(candidates, p_all, strict=True):
        cost_minor = one.discount_minor
        earned = p * (margin_minor - cost_minor) - unaided_minor
        fee = prices.get(one.coupon.campaign_id, 0.0) * p * cost_minor
        if hold_prices:
            fee += hold_prices.get(one.coupon.campaign_id, 0.0) * one.charge_minor
        bare.append(earned)
        worth.append(((earned - fee) * 100.0 + 0.5) // 1.0 / 100.0)
    return worth, bare


def propensities(count: int, at: int | None, explore_ratio: float) -> list[float]:
    """Return the probability of being chosen, of nothing and behind it of `count` candidates.

    `at` (None for nothing) has 1 - explore_ratio more than its even part of `explore_ratio`, so
    they sum to 1.

    Examples
    --------
    >>> propensities(3, 0, 0.2)
    [0.05, 0.8500000000000001, 0.05, 0.05]
    """
    even = explore_ratio / (count + 1)
    shares = [even] * (count + 1)
    shares[0 if at is None else at + 1] = 1.0 - explore_ratio + even
    return shares
