"""Decisions as the page shows them: a line of the river, and one in full."""

from dataclasses import asdict
from typing import Any

from streams.decisions import Decision
from streams.explaining.texts import Text
from streams.explaining.why import as_record, explain, known_coupons, why_not
from streams.explaining.wording import headline_of, reason_of


def line(decision: Decision, currency: str) -> dict[str, Any]:
    """Say in both languages what was decided and why."""
    offer = decision.offer
    currency = offer.currency if offer is not None else currency
    reasons = [_both(reason_of(one.code).text) for one in decision.reasons if not one.detail]
    return {
        "id": decision.decision_id,
        "decided_at": decision.decided_at,
        "action": decision.action,
        "arm": decision.experiment.variant,
        "explored": decision.explored,
        "text": _both(headline_of(decision, currency)),
        # The headline of what gives nothing ends in its first reason already.
        "reasons": reasons[:2] if offer is not None else reasons[1:2],
    }


def whole(decision: Decision, currency: str) -> dict[str, Any]:
    """Explain a decision, as the command `explain` does, and name the coupons to ask about."""
    told = as_record(explain(decision, currency), decision)
    return told | {"coupons": known_coupons(decision)}


def other(decision: Decision, coupon: str, currency: str) -> dict[str, Any]:
    """Say why it was not another coupon, as the command `why-not` does.

    Raises
    ------
    ValueError
        The decision did not know this coupon.
    """
    return asdict(why_not(decision, coupon, currency))


def _both(text: Text) -> dict[str, str]:
    return {"en": text.en, "zh": text.zh}
