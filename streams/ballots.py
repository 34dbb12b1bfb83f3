"""What a decision that was drawn by lot tells of the coupons it was drawn among."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from coupons.choices import Candidate
from online_models.outcomes import Option, Outcome


def told_options(
    opened: Outcome,
    candidates: Sequence[Candidate],
    prices: Mapping[str, float],
    margin_minor: float,
) -> Outcome:
    """Add what could have been given, so that the league can ask what others would have given.

    Only decisions of the arm `random` are told so: of every action the chance is known there.

    Parameters
    ----------
    prices
        Shadow price by campaign.
    margin_minor
        Margin on the expected basket before any discount.
    """
    options = tuple(
        Option(
            action=one.action,
            cost_minor=one.discount_minor,
            price_ratio=prices.get(one.coupon.campaign_id, 0.0),
        )
        for one in candidates
    )
    return replace(opened, candidates=options, expected_margin_minor=round(margin_minor))
