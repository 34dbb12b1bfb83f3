"""Coupons in orders: what they cost, and what comes back when an order is undone.

Money, quota and caps go back exactly once: a coupon leaves `held` once, a redeemed one leaves the
state `redeemed` once, a part of an order is refunded once by the event that tells it.
"""

from dataclasses import replace
from hashlib import sha256

from coupons.caps import uncount
from coupons.held import Closed, Held, Wallet, close, decision_of
from coupons.lifecycle import Lifecycle, allows
from coupons.transitions import take
from features.events import Event

REFUNDS_MAX = 8


def redeem(wallet: Wallet, event: Event) -> list[Lifecycle]:
    """Use a coupon: its hold ends, the real discount is spent, the difference goes back.

    An unknown discount counts as the whole charge until a second event of the same order tells it
    (`adjusted`). An order that only names the decision and saved nothing is attribution, not use. A
    coupon that was given back before is reported once as `unfunded` and moves no money.
    """
    decision_id = decision_of(wallet, event)
    if decision_id is None:
        return []
    one = wallet["held"].get(decision_id)
    if one is None:
        return _redeem_closed(wallet["closed"][decision_id], decision_id, event)
    if "fixed" not in one and is_attribution(event):
        return []
    told = _spend(wallet, one, decision_id, event)
    if event.order_id is not None and event.order_id in wallet.get("undone", ()):
        told.append(_give_back(wallet, wallet["closed"][decision_id], decision_id, event.ts_ms))
    return told


def _spend(wallet: Wallet, one: Held, decision_id: str, event: Event) -> list[Lifecycle]:
    known = "fixed" not in one and event.discount_minor is not None
    saved_minor = event.discount_minor or 0 if known else one["charge_minor"]
    spent_minor = min(saved_minor, one["charge_minor"])
    redeemed = take(one, decision_id, "redeemed", event.ts_ms)
    closed = close(wallet, decision_id, "redeemed", event.ts_ms)
    closed["spent_minor"] = spent_minor
    closed["known"] = known or "fixed" in one
    closed["order_id"], closed["paid_minor"] = event.order_id, event.total_minor
    return [
        replace(
            redeemed,
            charge_minor=one["charge_minor"],
            refund_minor=one["charge_minor"] - spent_minor,
            discount_minor=saved_minor,
        )
    ]


def is_attribution(event: Event) -> bool:
    """Tell whether an order names a decision without having used its coupon."""
    return (
        event.event_type == "order.completed"
        and event.discount_minor == 0
        and event.coupon_code is None
        and event.offer_id is None
    )


def is_other_order(one: Closed, event: Event) -> bool:
    """Tell whether an event is of an order that this coupon was not used in."""
    return None not in (one["order_id"], event.order_id) and one["order_id"] != event.order_id


def _redeem_closed(one: Closed, decision_id: str, event: Event) -> list[Lifecycle]:
    if allows(one["stage"], "unfunded"):
        if is_attribution(event):
            return []
        unfunded = take(one, decision_id, "unfunded", event.ts_ms)
        return [replace(unfunded, discount_minor=event.discount_minor or 0)]
    if not allows(one["stage"], "adjusted") or is_other_order(one, event):
        return []
    one["order_id"] = one["order_id"] or event.order_id
    one["paid_minor"] = event.total_minor if one["paid_minor"] is None else one["paid_minor"]
    if one["known"] or event.discount_minor is None or is_attribution(event):
        return []
    one["known"] = True
    before_minor, full_minor = one["spent_minor"], event.discount_minor
    if "refunds" in one:
        full_minor = min(full_minor, one["refunds"]["full_minor"])
        one["refunds"]["full_minor"] = full_minor
        full_minor = _left_minor(one, full_minor)
    one["spent_minor"] = min(before_minor, full_minor)
    adjusted = take(one, decision_id, "adjusted", event.ts_ms)
    refund_minor = before_minor - one["spent_minor"]
    return [replace(adjusted, refund_minor=refund_minor, discount_minor=event.discount_minor)]


def undo(wallet: Wallet, one: Closed, decision_id: str, event: Event) -> list[Lifecycle]:
    """Give back what a redeemed coupon cost, because its order was undone, or a part of it was.

    The whole order (cancelled, refunded, or released by the shop) brings money, quota and caps
    back; the coupon itself does not come back, but the customer can be given a new one at once. A
    part refunded brings the same part of the money back and leaves the coupon used; with the last
    part the order is undone as a whole.
    """
    if not allows(one["stage"], "returned") or is_other_order(one, event):
        return []
    if event.event_type != "order.refunded" or event.total_minor is None:
        return [_give_back(wallet, one, decision_id, event.ts_ms)]
    paid_minor, refunds = one["paid_minor"] or 0, one.get("refunds")
    if refunds is None:
        refunds = {"full_minor": one["spent_minor"], "refunded_minor": 0, "told": []}
    brief = sha256(event.event_id.encode()).hexdigest()[:12]
    if brief in refunds["told"]:
        return []
    if refunds["refunded_minor"] + event.total_minor >= paid_minor:
        return [_give_back(wallet, one, decision_id, event.ts_ms)]
    if len(refunds["told"]) >= REFUNDS_MAX:
        return []
    refunds["told"].append(brief)
    refunds["refunded_minor"] += event.total_minor
    one["refunds"] = refunds
    before_minor = one["spent_minor"]
    if "fixed" not in one:  # a gift is not taken back in parts
        one["spent_minor"] = _left_minor(one, refunds["full_minor"])
    reduced = take(one, decision_id, "reduced", event.ts_ms)
    back_minor = before_minor - one["spent_minor"]
    return [replace(reduced, refund_minor=back_minor, discount_minor=back_minor)]


def _left_minor(one: Closed, full_minor: int) -> int:
    """Give what a coupon still costs after the parts of its order that were refunded."""
    paid_minor = one["paid_minor"]
    if not paid_minor or "refunds" not in one:
        return full_minor
    return full_minor - full_minor * one["refunds"]["refunded_minor"] // paid_minor


def _give_back(wallet: Wallet, one: Closed, decision_id: str, ts_ms: int) -> Lifecycle:
    returned, spent_minor = take(one, decision_id, "returned", ts_ms), one["spent_minor"]
    uncount(wallet, one)
    return replace(returned, refund_minor=spent_minor, discount_minor=spent_minor)
