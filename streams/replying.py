"""Answers the shop's questions about coupons, from the customer's row."""

from collections.abc import Iterable

from coupons import redemption
from coupons.denials import REPLIED
from features.basket import Basket
from features.events import Event
from streams.context import Effects, Row, Rules
from streams.decisions import rfc3339
from streams.replies import Reply, Used


def answer(row: Row, event: Event, rules: Rules, effects: Effects) -> None:
    """Answer a request exactly once, and reserve what it asks to be kept."""
    currency = event.currency or rules.currency
    request = redemption.Request(
        request_id=event.request_id or event.event_id,
        ts_ms=event.ts_ms,
        basket=Basket.of(event.items, event.shipping_minor or 0),
        currency=currency,
        decision_id=event.decision_id or event.offer_id,
        code=event.coupon_code,
        order=event.order_id,
        venue="store" if event.channel == "store" else "online",
        reserve=bool(event.reserve),
        is_late=effects.late,
    )
    told, moved = redemption.check(row["wallet"], request, rules.campaigns)
    effects.lifecycle += moved  # a reservation moves no money
    effects.is_waiting |= bool(moved)
    effects.reply = reply_of(told, event.user_id, currency)


def reply_of(told: redemption.Answer, user_id: str, currency: str) -> Reply:
    """Write an answer as a record, with its sentences."""
    refusal = told.get("refusal")
    en, zh = REPLIED[refusal] if refusal is not None else ("", "")
    return Reply(
        request_id=told["request_id"],
        user_id=user_id,
        answered_at=rfc3339(told["at_ms"]),
        allowed=refusal is None,
        reason=refusal,
        message={} if refusal is None else {"en": en, "zh": zh},
        decision_id=told.get("decision_id"),
        coupon_id=told.get("coupon_id"),
        campaign_id=told.get("campaign_id"),
        currency=currency,
        discount_minor=told.get("discount_minor", 0),
        total_minor=told.get("total_minor"),
        applied=_used(told.get("applied", ())),
        better=_used(told.get("better", ())),
        expires_at=_moment(told.get("until_ms")),
        reserved_until=_moment(told.get("reserved_until_ms")),
        retry_at=_moment(told.get("retry_ms")),
        short_minor=told.get("short_minor"),
    )


def _used(found: Iterable[redemption.Used]) -> tuple[Used, ...]:
    return tuple(
        [
            Used(decision_id=str(name), coupon_id=str(coupon), discount_minor=int(minor))
            for name, coupon, minor in found
        ]
    )


def _moment(ts_ms: int | None) -> str | None:
    return None if ts_ms is None else rfc3339(ts_ms)
