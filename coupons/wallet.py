"""The life of the coupons that one customer was given.

Money, quota and caps go back exactly once: a coupon leaves `held` once, a redeemed one leaves the
stage `redeemed` once, and both are found by decision id, so the repeat of an event finds nothing
left to do. The functions change the wallet and return what has to be booked in the ledger.
"""

from dataclasses import replace
from typing import Literal

from coupons.caps import blocked, caps_of, count, uncount
from coupons.choices import Candidate
from coupons.held import Closed, Held, Wallet, close, decision_of, empty
from coupons.lifecycle import Lifecycle, Stage
from features.events import Event

__all__ = ["Held", "Lifecycle", "Wallet", "blocked", "caps_of", "empty", "expire", "follow"]
__all__ += ["issue", "next_due_ms", "note", "redeem", "release"]

GRACE_MS = 600_000  # an order made within the validity may arrive this late
RESERVE_MS = 1_800_000  # a payment under way keeps its coupon at least this long
RETRY_REASONS = frozenset({"payment_failed", "payment_denied", "retry"})

Noted = Literal["viewed", "clicked", "denied", "reserved"]
_NOTED: dict[str, Noted] = {
    "coupon.viewed": "viewed",
    "coupon.clicked": "clicked",
    "coupon.denied": "denied",
    "coupon.reserved": "reserved",
}
_RANK = {"issued": 0, "viewed": 1, "clicked": 2, "denied": 3, "reserved": 4}
# An order's discount does not tell what these cost.
_FIXED = frozenset({"gift", "free_shipping"})


def issue(
    wallet: Wallet, candidate: Candidate, decision_id: str, now_ms: int, channel: str | None
) -> Held:
    """Put a coupon into the wallet and count it against every cap; `blocked` was asked before.

    Raises
    ------
    ValueError
        The decision has issued before.
    """
    if decision_id in wallet["held"] or decision_id in wallet["closed"]:
        message = f"decision_id must be new to the wallet, was {decision_id}"
        raise ValueError(message)
    coupon = candidate.coupon
    one: Held = {
        "coupon_id": coupon.coupon_id,
        "campaign_id": coupon.campaign_id,
        "stage": "issued",
        "charge_minor": candidate.charge_minor,
        "given_ms": now_ms,
        "until_ms": now_ms + coupon.validity_ms,
        "channel": channel,
        "stacking": coupon.stacking,
    }
    if coupon.exclusive:
        one["exclusive"] = True
    if coupon.kind in _FIXED:
        one["fixed"] = True
    if coupon.code is not None:
        one["code"] = coupon.code
    wallet["held"][decision_id] = one
    count(wallet, one)
    return one


def follow(wallet: Wallet, event: Event) -> list[Lifecycle]:
    """Apply whatever an event does to coupons; most events do nothing.

    `order.completed` and `coupon.redeemed` redeem; `coupon.released`, `order.cancelled` and
    `order.refunded` give back; `coupon.viewed`, `clicked`, `denied` and `reserved` are noted.
    """
    if not wallet["held"] and not wallet["closed"]:
        return []  # most customers, most of the time
    match event.event_type:
        case "order.completed" | "coupon.redeemed":
            return redeem(wallet, event)
        case "coupon.released" | "order.cancelled" | "order.refunded":
            return release(wallet, event)
        case "coupon.viewed" | "coupon.clicked" | "coupon.denied" | "coupon.reserved":
            return note(wallet, event)
        case _:
            return []


def note(wallet: Wallet, event: Event) -> list[Lifecycle]:
    """Record how far a held coupon has come; stages only move forward.

    A reservation keeps the coupon for at least `RESERVE_MS`. It ends like any held coupon, so a
    payment that never reports back cannot keep it.
    """
    decision_id = decision_of(wallet, event)
    if decision_id is None or decision_id not in wallet["held"]:
        return []
    one, stage = wallet["held"][decision_id], _NOTED[event.event_type]
    if stage == "reserved":
        one["until_ms"] = max(one["until_ms"], event.ts_ms + RESERVE_MS)
    if _RANK[stage] <= _RANK[one["stage"]]:
        return []
    one["stage"] = stage
    return [_happened(one, decision_id, stage, event.ts_ms)]


def redeem(wallet: Wallet, event: Event) -> list[Lifecycle]:
    """Use a coupon: its hold ends, the real discount is spent, the difference goes back.

    An unknown discount counts as the whole charge until a second event of the same decision tells
    it (`adjusted`). An order that only names the decision and saved nothing is attribution, not
    use. A coupon that was given back before is reported once as `unfunded` and moves no money.
    """
    decision_id = decision_of(wallet, event)
    if decision_id is None:
        return []
    one = wallet["held"].get(decision_id)
    if one is None:
        return _redeem_closed(wallet["closed"][decision_id], decision_id, event)
    if "fixed" not in one and _only_attributed(event):
        return []
    known = "fixed" not in one and event.discount_minor is not None
    saved_minor = event.discount_minor or 0 if known else one["charge_minor"]
    spent_minor = min(saved_minor, one["charge_minor"])
    closed = close(wallet, decision_id, "redeemed", event.ts_ms)
    closed["spent_minor"] = spent_minor
    closed["known"] = known or "fixed" in one
    closed["order_id"], closed["paid_minor"] = event.order_id, event.total_minor
    redeemed = _happened(one, decision_id, "redeemed", event.ts_ms)
    return [
        replace(
            redeemed,
            charge_minor=one["charge_minor"],
            refund_minor=one["charge_minor"] - spent_minor,
            discount_minor=saved_minor,
        )
    ]


def _only_attributed(event: Event) -> bool:
    return (
        event.event_type == "order.completed"
        and event.discount_minor == 0
        and event.coupon_code is None
        and event.offer_id is None
    )


def _redeem_closed(one: Closed, decision_id: str, event: Event) -> list[Lifecycle]:
    if one["stage"] in ("released", "expired"):
        if _only_attributed(event):
            return []
        one["stage"] = "unfunded"
        unfunded = _happened(one, decision_id, "unfunded", event.ts_ms)
        return [replace(unfunded, discount_minor=event.discount_minor or 0)]
    if one["stage"] != "redeemed":
        return []
    one["order_id"] = one["order_id"] or event.order_id
    one["paid_minor"] = event.total_minor if one["paid_minor"] is None else one["paid_minor"]
    if one["known"] or event.discount_minor is None or _only_attributed(event):
        return []
    refund_minor = max(0, one["spent_minor"] - event.discount_minor)
    one["spent_minor"] -= refund_minor
    one["known"] = True
    adjusted = _happened(one, decision_id, "adjusted", event.ts_ms)
    return [replace(adjusted, refund_minor=refund_minor, discount_minor=event.discount_minor)]


def release(wallet: Wallet, event: Event) -> list[Lifecycle]:
    """Give a coupon back: its money, its quota and its place in the caps, once.

    `coupon.released` gives up a held coupon, unless its reason says that only the payment failed
    (`RETRY_REASONS`): then the customer keeps it. `order.cancelled`, and `order.refunded` of the
    whole order, undo a redeemed coupon; the coupon itself does not come back, but the customer can
    be given a new one at once. A part refunded leaves the discount in use.
    """
    decision_id = decision_of(wallet, event)
    if decision_id is None:
        return []
    if decision_id in wallet["held"]:
        if event.event_type != "coupon.released":
            return []
        if event.reason in RETRY_REASONS:
            return []
        return [_give_up(wallet, decision_id, "released", event.ts_ms)]
    one = wallet["closed"][decision_id]
    if one["stage"] != "redeemed" or _in_part(one, event):
        return []
    one["stage"] = "returned"
    uncount(wallet, one)
    returned, spent_minor = _happened(one, decision_id, "returned", event.ts_ms), one["spent_minor"]
    return [
        replace(returned, refund_minor=spent_minor, discount_minor=spent_minor, quota_back=True)
    ]


def _in_part(one: Closed, event: Event) -> bool:
    if event.event_type != "order.refunded":
        return False
    return (event.total_minor or 0) < (one["paid_minor"] or 0) and event.total_minor is not None


def expire(wallet: Wallet, now_ms: int) -> list[Lifecycle]:
    """End the coupons whose validity and grace have passed; money and quota go back, caps do not.

    The time of the record is the end of the validity, whenever the timer fired.
    """
    due = [
        (one["until_ms"], decision_id)
        for decision_id, one in wallet["held"].items()
        if one["until_ms"] + GRACE_MS < now_ms
    ]
    return [
        _give_up(wallet, decision_id, "expired", until_ms) for until_ms, decision_id in sorted(due)
    ]


def next_due_ms(wallet: Wallet) -> int | None:
    """Return the first moment at which `expire` has something to do, None if there is none.

    Examples
    --------
    >>> next_due_ms(empty()) is None
    True
    """
    held = wallet["held"].values()
    return min([one["until_ms"] for one in held]) + GRACE_MS + 1 if held else None


def _give_up(
    wallet: Wallet, decision_id: str, stage: Literal["released", "expired"], ts_ms: int
) -> Lifecycle:
    one = wallet["held"][decision_id]
    close(wallet, decision_id, stage, ts_ms)
    if stage == "released":
        uncount(wallet, one)
    gone, charge_minor = _happened(one, decision_id, stage, ts_ms), one["charge_minor"]
    return replace(gone, charge_minor=charge_minor, refund_minor=charge_minor, quota_back=True)


def _happened(one: Held | Closed, decision_id: str, stage: Stage, ts_ms: int) -> Lifecycle:
    return Lifecycle(
        stage=stage,
        coupon_id=one["coupon_id"],
        campaign_id=one["campaign_id"],
        decision_id=decision_id,
        ts_ms=ts_ms,
    )
