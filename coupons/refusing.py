"""Says why an event about a coupon moved nothing: every step is taken, or refused by a code."""

from coupons.held import Closed, Wallet, decision_of, ends_ms
from coupons.lifecycle import REFUSED_IN
from coupons.reserving import reservation_at
from coupons.spending import is_attribution, is_other_order
from features.events import Event, EventType

_OF_COUPONS: frozenset[EventType] = frozenset(
    {
        "coupon.viewed",
        "coupon.clicked",
        "coupon.denied",
        "coupon.reserved",
        "coupon.redeemed",
        "coupon.released",
        "coupon.voided",
    }
)
_OF_ORDERS: frozenset[EventType] = frozenset(
    {"order.completed", "order.cancelled", "order.refunded"}
)


def refusal_of(wallet: Wallet, event: Event) -> str | None:
    """Give the code of `coupons.denials` for an event that `wallet.follow` did nothing about.

    None where nothing was asked: other events, orders that name no coupon of ours or only the
    decision that they follow, and an order told by both its topics.
    """
    kind = event.event_type
    if kind not in _OF_COUPONS and kind not in _OF_ORDERS:
        return None
    decision_id = decision_of(wallet, event)
    if decision_id is None:
        return "coupon_unknown" if kind in _OF_COUPONS or event.decision_id is not None else None
    if decision_id in wallet["closed"]:
        return _refused_closed(wallet["closed"][decision_id], event)
    one = wallet["held"][decision_id]
    if kind == "coupon.reserved":
        waits = reservation_at(one, event.ts_ms) is not None
        if waits and event.ts_ms <= ends_ms(one):
            return "already_reserved"
        return "coupon_expired"
    if kind == "coupon.released":
        return "not_reserved"
    return "already_further" if kind in _OF_COUPONS else None


def _refused_closed(one: Closed, event: Event) -> str | None:
    state, kind = one["stage"], event.event_type
    if kind == "order.completed" and is_attribution(event):
        return None
    if state == "redeemed" and kind in _OF_ORDERS | {"coupon.redeemed", "coupon.released"}:
        if is_other_order(one, event):
            asks = kind in ("order.completed", "coupon.redeemed")
            return "already_redeemed" if asks else "other_order"
        return "already_counted" if kind == "order.refunded" else None
    return REFUSED_IN[state]
