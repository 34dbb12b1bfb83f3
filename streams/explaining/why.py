"""Why a decision was made, and why not another coupon."""

from dataclasses import asdict
from typing import Any

from streams.decisions import Decision, ScoredCandidate
from streams.explaining.flips import Flip, flips_of, ways_to_win
from streams.explaining.records import Explanation, Told, ToldFlip, WhyNot
from streams.explaining.texts import Text, amount, text
from streams.explaining.values import NONE, best_by_value, table_of
from streams.explaining.wording import (
    cause,
    choice_rows,
    ended,
    group_of,
    headline_of,
    held_money,
    no_flip_of,
    odds_of,
    reason_of,
    told_flip,
)


def explain(decision: Decision, currency: str) -> Explanation:
    """Tell why a decision was made.

    Parameters
    ----------
    currency
        Of the shop; an offer names its own.
    """
    offer, budget = decision.offer, decision.budget
    currency = offer.currency if offer is not None else currency
    flips = tuple(told_flip(decision, flip, currency) for flip in flips_of(decision))
    return Explanation(
        decision_id=decision.decision_id,
        user_id=decision.user_id,
        decided_at=decision.decided_at,
        action=decision.action,
        coupon=offer.template_id if offer is not None else None,
        currency=currency,
        headline=headline_of(decision, currency),
        reasons=tuple(reason_of(one.code, detail=one.detail) for one in decision.reasons),
        arm=decision.experiment.variant,
        explored=decision.explored,
        propensity=decision.propensity,
        group=group_of(decision),
        table=choice_rows(decision),
        margin_minor=decision.margin_minor,
        budget=budget,
        shadow_price=budget.lambda_micro / 1e6 if budget is not None else None,
        money=held_money(budget, currency),
        base_odds=odds_of(decision.base_log_odds),
        causes=tuple(cause(part, decision.features) for part in decision.contributions),
        blocked=tuple(
            reason_of(one.code, coupon=one.action or None, detail=one.detail)
            for one in decision.guardrails
            if one.action  # one without is the decision's own reason
        ),
        flips=flips,
        no_flip=None if flips else no_flip_of(decision),
    )


def as_record(told: Explanation, decision: Decision) -> dict[str, Any]:
    """Give an explanation as plain JSON, with the features that it rests on."""
    budget = decision.budget
    money = {name: getattr(budget, name) for name in budget.__struct_fields__} if budget else None
    return asdict(told) | {"budget": money, "features": decision.features}


def known_coupons(decision: Decision) -> list[str]:
    """Name all coupons that a decision chose, weighed or refused."""
    scored = {row.action for row in decision.candidates if row.action != NONE}
    given = {decision.offer.template_id} if decision.offer is not None else set()
    return sorted(scored | given | set(decision.why_not))


def why_not(decision: Decision, coupon: str, currency: str) -> WhyNot:
    """Tell why one coupon was not given.

    Raises
    ------
    ValueError
        The decision weighed or refused coupons, but not this one.
    """
    known = known_coupons(decision)
    if known and coupon not in known:
        message = f"coupon must be one of {', '.join(known)}, was {coupon}"
        raise ValueError(message)
    offer = decision.offer
    currency = offer.currency if offer is not None else currency
    row = next((one for one in decision.candidates if one.action == coupon), None)
    if offer is not None and offer.template_id == coupon:
        return _answer(decision, coupon, currency, text("given", coupon=coupon), given=True)
    code = decision.why_not.get(coupon) or next((one.code for one in decision.reasons), "unknown")
    reason = reason_of(code, coupon=coupon)
    if row is None:
        headline = text("blocked", coupon=coupon, reason=ended(reason))
        no_flip = text("no_flip_rule")
        return _answer(decision, coupon, currency, headline, reason=reason, no_flip=no_flip)
    return _lost(decision, row, reason, currency)


def _answer(
    decision: Decision,
    coupon: str,
    currency: str,
    headline: Text,
    *,
    given: bool = False,
    reason: Told | None = None,
    lost_by_minor: float | None = None,
    flips: tuple[ToldFlip, ...] = (),
    no_flip: Text | None = None,
) -> WhyNot:
    return WhyNot(
        decision_id=decision.decision_id,
        coupon=coupon,
        given=given,
        currency=currency,
        headline=headline,
        reason=reason,
        lost_by_minor=lost_by_minor,
        flips=flips,
        no_flip=no_flip,
    )


def _lost(decision: Decision, row: ScoredCandidate, reason: Told, currency: str) -> WhyNot:
    coupon, worth = row.action, amount(row.score, currency)
    best = best_by_value(decision.candidates)
    if best.action == coupon:
        flip = Flip(kind="values", coupon=coupon, becomes=coupon)
        headline = text("led", coupon=coupon, reason=reason.text, worth=worth)
        alone = told_flip(decision, flip, currency)
        return _answer(decision, coupon, currency, headline, reason=reason, flips=(alone,))
    headline = text(
        "lost",
        coupon=coupon,
        reason=reason.text,
        worth=worth,
        rival=text("nothing") if best.action == NONE else best.action,
        rival_worth=amount(best.score, currency),
        gap=amount(best.score - row.score, currency),
    )
    table = table_of(decision)
    found = ways_to_win(table, coupon) if table is not None else []
    flips = tuple(told_flip(decision, flip, currency) for flip in found if flip is not None)
    return _answer(
        decision,
        coupon,
        currency,
        headline,
        reason=reason,
        lost_by_minor=round(best.score - row.score, 2),
        flips=flips,
        no_flip=None if flips else no_flip_of(decision),
    )
