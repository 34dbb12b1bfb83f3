"""The life of the coupons that one customer was given.

The functions change the wallet and return what has to be booked in the ledger. Every step is one of
`coupons.lifecycle.STEPS`; coupons are found by decision id, so the repeat of an event finds nothing
left to do, and what may not follow does nothing: `coupons.refusing` says why.
"""

from dataclasses import replace

from coupons.caps import blocked, caps_of, count, uncount
from coupons.choices import Candidate
from coupons.held import UNDONE_MAX, Held, Wallet, close, decision_of, empty, ends_ms
from coupons.lifecycle import Lifecycle, Stage, allows
from coupons.reserving import reservation_at, reserve, unreserve
from coupons.spending import redeem, undo
from coupons.transitions import take
from features.events import Event, EventType

__all__ = ["Held", "Lifecycle", "Wallet", "blocked", "caps_of", "empty", "ends_ms", "expire"]
__all__ += ["follow", "issue", "next_due_ms", "note", "redeem", "release"]

GRACE_MS = 600_000  # an order made within the validity may arrive this late
RETRY_REASONS = frozenset({"payment_failed", "payment_denied", "retry"})

_NOTED: dict[EventType, Stage] = {
    "coupon.viewed": "viewed",
    "coupon.clicked": "clicked",
    "coupon.denied": "denied",
}
_USES: frozenset[EventType] = frozenset({"order.completed", "coupon.redeemed"})
_UNDOES: frozenset[EventType] = frozenset(
    {"coupon.released", "coupon.voided", "order.cancelled", "order.refunded"}
)
_NOTES: frozenset[EventType] = frozenset({*_NOTED, "coupon.reserved"})
# An order's discount does not tell what these cost.
_FIXED = frozenset({"gift", "free_shipping"})


def issue(
    wallet: Wallet,
    candidate: Candidate,
    decision_id: str,
    now_ms: int,
    channel: str | None,
    code: str | None = None,
) -> Held:
    """Put a coupon into the wallet and count it against every cap; `blocked` was asked before.

    The catalogue's code, where there is one, goes before the customer's own.

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
    if (code := coupon.code or code) is not None:
        one["code"] = code
    wallet["held"][decision_id] = one
    count(wallet, one)
    return one


def follow(wallet: Wallet, event: Event) -> list[Lifecycle]:
    """Apply whatever an event does to coupons; most events do nothing.

    `order.completed` and `coupon.redeemed` redeem; `coupon.released`, `coupon.voided`,
    `order.cancelled` and `order.refunded` give back; `coupon.viewed`, `clicked`, `denied` and
    `reserved` are noted.
    """
    if not wallet["held"] and not wallet["closed"]:
        return []  # most customers, most of the time
    kind = event.event_type
    if kind in _USES:
        return redeem(wallet, event)
    if kind in _UNDOES:
        return release(wallet, event)
    return note(wallet, event) if kind in _NOTES else []


def note(wallet: Wallet, event: Event) -> list[Lifecycle]:
    """Record how far a held coupon has come; states only move forward.

    A reservation that the shop reports is renewed by the next, unless that is of another order.
    """
    decision_id = decision_of(wallet, event)
    if decision_id is None or decision_id not in wallet["held"]:
        return []
    one = wallet["held"][decision_id]
    if event.event_type == "coupon.reserved":
        if not _may_reserve(one, event):
            return []
        is_new = "reserved" not in one
        by = event.order_id or event.event_id
        told = reserve(one, decision_id, by, event.order_id, event.ts_ms)
        return [told] if is_new else []
    stage = _NOTED[event.event_type]
    return [take(one, decision_id, stage, event.ts_ms)] if allows(one["stage"], stage) else []


def _may_reserve(one: Held, event: Event) -> bool:
    if event.ts_ms > ends_ms(one) + GRACE_MS:
        return False
    holder = reservation_at(one, event.ts_ms)
    return (
        holder is None
        or None in (holder["order"], event.order_id)
        or (holder["order"] == event.order_id)
    )


def release(wallet: Wallet, event: Event) -> list[Lifecycle]:
    """Give a coupon back: its money, its quota and its place in the caps, once.

    `coupon.released` gives up a held coupon, unless its reason says that only the payment failed
    (`RETRY_REASONS`): then the customer keeps it, and it waits for that payment no longer.
    `coupon.voided` takes it from the customer, who keeps their place in the caps. Orders undo
    redeemed coupons, and end the waiting for one that was not paid.
    """
    decision_id = decision_of(wallet, event)
    if decision_id is None:
        _note_undone(wallet, event)
        return []
    one = wallet["held"].get(decision_id)
    if one is None:
        if event.event_type == "coupon.voided":
            return []
        return undo(wallet, wallet["closed"][decision_id], decision_id, event)
    if event.event_type == "coupon.voided":
        return [_give_up(wallet, decision_id, "voided", event.ts_ms)]
    if event.event_type == "coupon.released" and event.reason not in RETRY_REASONS:
        return [_give_up(wallet, decision_id, "released", event.ts_ms)]
    return _stop_waiting(wallet, one, decision_id, event)


def _stop_waiting(wallet: Wallet, one: Held, decision_id: str, event: Event) -> list[Lifecycle]:
    """End a reservation whose payment failed, or whose order was cancelled."""
    reserved = one.get("reserved")
    if event.event_type == "order.cancelled":
        _note_undone(wallet, event)
        if reserved is None or reserved["order"] != event.order_id:
            return []
    elif event.event_type != "coupon.released":
        return []
    return [unreserve(one, decision_id, event.ts_ms)] if reserved is not None else []


def _note_undone(wallet: Wallet, event: Event) -> None:
    """Remember an order that was cancelled before it was told: two topics may cross."""
    if event.event_type == "order.cancelled" and event.order_id is not None and wallet["held"]:
        known = [one for one in wallet.get("undone", ()) if one != event.order_id]
        wallet["undone"] = [*known, event.order_id][-UNDONE_MAX:]


def expire(wallet: Wallet, now_ms: int) -> list[Lifecycle]:
    """End the reservations and the coupons whose time and grace have passed.

    Of an expired coupon money and quota go back, its place in the caps does not. The time of the
    record is the end of the validity, whenever the timer fired.
    """
    over_ms = now_ms - GRACE_MS
    told = []
    for decision_id, one in wallet["held"].items():
        if "reserved" in one and one["reserved"]["until_ms"] < over_ms:
            ended_ms, one["until_ms"] = one["reserved"]["until_ms"], ends_ms(one)
            told.append(unreserve(one, decision_id, ended_ms))
    due = [
        (ends_ms(one), decision_id)
        for decision_id, one in wallet["held"].items()
        if ends_ms(one) < over_ms
    ]
    return told + [
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
    ends = [one["reserved"]["until_ms"] if "reserved" in one else one["until_ms"] for one in held]
    return min(ends) + GRACE_MS + 1 if ends else None


def _give_up(wallet: Wallet, decision_id: str, stage: Stage, ts_ms: int) -> Lifecycle:
    one = wallet["held"][decision_id]
    gone, charge_minor = take(one, decision_id, stage, ts_ms), one["charge_minor"]
    close(wallet, decision_id, one["stage"], ts_ms)
    if stage == "released":
        uncount(wallet, one)
    return replace(gone, charge_minor=charge_minor, refund_minor=charge_minor)
