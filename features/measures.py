"""What an event counts as, and how much interest in its goods it shows."""

from features.events import Event, EventType

MEASURE_OF: dict[EventType, str] = {
    "product.viewed": "browse",
    "list.viewed": "browse",
    "search.performed": "search",
    "cart.added": "cart",
    "cart.removed": "remove",
    "checkout.started": "checkout",
    "order.completed": "order",
    "order.refunded": "refund",
    "order.cancelled": "refund",
    "coupon.viewed": "coupon",
    "coupon.clicked": "coupon",
    "coupon.redeemed": "redeem",
}
# How much interest an event shows, in views.
_INTEREST: dict[EventType, int] = {"product.viewed": 1, "cart.added": 3, "order.completed": 3}
_DWELL_STEP_MS = 60_000


def interest_points(event: Event) -> int:
    """Give an event's interest in views; a long look counts up to two more.

    Examples
    --------
    >>> interest_points(Event(event_id="e", event_type="cart.added", user_id="u", ts_ms=0))
    3
    """
    points = _INTEREST.get(event.event_type, 0)
    if points and event.dwell_ms is not None:
        points += min(2, event.dwell_ms // _DWELL_STEP_MS)
    return points
