"""What a coupon is worth: incremental margin, before and after the price of budget."""

from collections.abc import Mapping, Sequence

from coupons.choices import Candidate, Scored
from features.actions import NOTHING


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
        if alike in tops:
            last, floor, top = tops[alike]
            floor = top if depth > last else floor  # coupons of equal depth do not bind each other
            if p < floor:
                raised[place] = p = floor
            tops[alike] = (depth, floor, p if p > top else top)
        else:
            tops[alike] = (depth, 0.0, p)
    return raised


def values(
    candidates: Sequence[Candidate],
    p_all: Sequence[float],
    unaided_minor: float,
    margin_minor: float,
    prices: Mapping[str, float],
) -> tuple[list[float], list[float]]:
    """Return what each candidate earns beyond giving nothing, with and without the budget's price.

    P(a) x (margin - cost) - P(nothing) x margin - lambda x P(a) x cost; the first list is rounded
    to 2 decimals.

    Parameters
    ----------
    unaided_minor
        P(nothing) x margin.
    """
    costs = [one.discount_minor for one in candidates]
    bare = [p * (margin_minor - cost) - unaided_minor for p, cost in zip(p_all, costs, strict=True)]
    priced = bare
    if any(prices.values()):
        lambdas = [prices.get(one.coupon.campaign_id, 0.0) for one in candidates]
        fees = [price * p * cost for price, p, cost in zip(lambdas, p_all, costs, strict=True)]
        priced = [earned - fee for earned, fee in zip(bare, fees, strict=True)]
    return [(earned * 100.0 + 0.5) // 1.0 / 100.0 for earned in priced], bare


def table(
    candidates: Sequence[Candidate],
    p_all: Sequence[float],
    p_none: float,
    worth: Sequence[float],
    at: int | None,
    explore_ratio: float,
) -> tuple[Scored, ...]:
    """Write down nothing and all candidates, each with the probability of being chosen.

    `at` (None for nothing) has 1 - explore_ratio more than its even part of `explore_ratio`, so
    the propensities sum to 1.
    """
    count = len(candidates) + 1
    even = explore_ratio / count
    shares = [even] * count
    shares[0 if at is None else at + 1] = 1.0 - explore_ratio + even
    nothing = Scored(
        action_id=NOTHING.action_id, p_buy=p_none, value_minor=0.0, propensity=shares[0]
    )
    coupons = [
        Scored(
            action_id=one.coupon.coupon_id,
            p_buy=p,
            value_minor=value_minor,
            propensity=share,
            discount_minor=one.discount_minor,
        )
        for one, p, value_minor, share in zip(candidates, p_all, worth, shares[1:], strict=True)
    ]
    return (nothing, *coupons)
