"""The parts of a decision put into words."""

from math import exp

from features.table import FEATURES
from streams.decisions import BudgetRef, Contribution, Decision
from streams.explaining.features import meaning
from streams.explaining.flips import Flip, decided_by_values
from streams.explaining.records import Cause, ChoiceRow, Told, ToldFlip
from streams.explaining.texts import (
    ENDINGS,
    REASONS,
    WHEN,
    Text,
    amount,
    chance,
    named,
    points,
    text,
)
from streams.explaining.values import NONE, table_of

_FEATURES = {feature.name: feature for feature in FEATURES}


def headline_of(decision: Decision, currency: str) -> Text:
    """Say what was decided in one sentence."""
    when = named(WHEN, decision.trigger_event_type)
    offer, scores = decision.offer, decision.scores
    if offer is None or scores is None:
        first = next((one.code for one in decision.reasons), "unknown")
        reason = reason_of(first).text
        return text("no_offer", user=decision.user_id, when=when, reason=reason)
    row = next((one for one in decision.candidates if one.action == offer.template_id), None)
    return text(
        "offer",
        user=decision.user_id,
        coupon=offer.template_id,
        when=when,
        before=chance(scores.p_buy_without),
        after=chance(scores.p_buy_with),
        worth=amount(row.score if row is not None else 0.0, currency),
    )


def reason_of(code: str, coupon: str | None = None, detail: str = "") -> Told:
    """Put a coded reason into words."""
    ends = named(ENDINGS, code) if code in ENDINGS else None
    return Told(code=code, text=named(REASONS, code), ends=ends, coupon=coupon, detail=detail)


def ended(reason: Told) -> Text:
    """Say a reason together with how it ends."""
    if reason.ends is None:
        return reason.text
    return Text(en=f"{reason.text.en} {reason.ends.en}", zh=reason.text.zh + reason.ends.zh)


def group_of(decision: Decision) -> Text:
    """Say to which arm of the experiment the customer belongs, and whether a draw decided."""
    return text(
        "group",
        arm=decision.experiment.variant,
        bucket=str(decision.experiment.bucket),
        drawn=text("drawn" if decision.explored else "undrawn"),
        propensity=chance(decision.propensity),
    )


def held_money(budget: BudgetRef | None, currency: str) -> Text:
    """Say what the offer holds of its budget, and what a minor unit of it is worth."""
    if budget is None:
        return text("no_budget")
    return text(
        "budget",
        campaign=budget.campaign_id,
        charged=amount(budget.charged_minor, currency),
        remaining=amount(budget.remaining_minor, currency),
        price=f"{budget.lambda_micro / 1e6:.3f}",
    )


def choice_rows(decision: Decision) -> tuple[ChoiceRow, ...]:
    """Give the value table, the most valuable first; `nothing` before others of value 0."""
    given = decision.offer.template_id if decision.offer is not None else NONE
    rows = sorted(decision.candidates, key=lambda row: (-row.score, row.action != NONE))
    return tuple(
        ChoiceRow(
            action=row.action,
            p_buy=row.p_buy,
            discount_minor=row.discount_minor,
            value_minor=row.score,
            propensity=row.propensity,
            chosen=row.action == given,
            why_not=decision.why_not.get(row.action) if row.action != given else None,
        )
        for row in rows
    )


def cause(part: Contribution, values: dict[str, float]) -> Cause:
    """Say what a contribution means; a feature that a decision leaves out was 0."""
    feature = _FEATURES.get(part.feature)
    return Cause(
        feature=part.feature,
        log_odds=part.log_odds,
        odds_ratio=odds_of(part.log_odds),
        value=values.get(part.feature, 0.0) if feature is not None else None,
        unit=feature.unit if feature is not None else None,
        window=feature.window if feature is not None else None,
        meaning=meaning(part.feature),
    )


def odds_of(log_odds: float) -> float:
    """Turn log-odds into odds.

    Examples
    --------
    >>> odds_of(0.0)
    1.0
    """
    return round(exp(min(log_odds, 50.0)), 6)


def told_flip(decision: Decision, flip: Flip, currency: str) -> ToldFlip:
    """Put a flip into words: by values only where a group, a draw or another policy decided."""
    becomes = flip.becomes
    verb = "given" if flip.kind == "values" or decided_by_values(decision) else "best"
    then = text(f"then_{verb}_none" if becomes == NONE else f"then_{verb}", becomes=becomes)
    numbers: dict[str, str | Text] = {}
    if flip.kind == "chance":
        numbers = {"now": chance(flip.now, exact=True), "needed": chance(flip.needed, exact=True)}
        numbers["points"] = points(flip.needed - flip.now)
    elif flip.kind == "discount":
        numbers = {"now": amount(flip.now, currency), "needed": amount(flip.needed, currency)}
    elif flip.kind != "values":
        numbers = {"now": f"{flip.now:.6f}", "needed": f"{flip.needed:.6f}"}
    told = text(f"flip_{flip.kind}", coupon=flip.coupon, then=then, **numbers)
    return ToldFlip(flip=flip, text=told)


def no_flip_of(decision: Decision) -> Text:
    """Say why no flip can be told."""
    if not any(row.action != NONE for row in decision.candidates):
        return text("no_flip_unweighed")
    return text("no_flip_unknown" if table_of(decision) is None else "no_flip")
