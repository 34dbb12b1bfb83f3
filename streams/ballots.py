"""What a decision that was drawn by lot tells of the coupons it was drawn among."""

from dataclasses import replace

from coupons.choices import Choice
from online_models.outcomes import Option, Outcome


def told_options(opened: Outcome, choice: Choice) -> Outcome:
    """Add what could have been given, so that the league can ask what others would have given.

    Only decisions of the arm `random` are told so: of every action the chance is known there.
    """
    options = tuple(
        Option(
            action=one.action,
            cost_minor=one.discount_minor,
            price_ratio=choice.prices.get(one.coupon.campaign_id, 0.0),
        )
        for one in choice.candidates
    )
    return replace(opened, candidates=options, expected_margin_minor=round(choice.margin_minor))
