"""Whether a customer has got used to coupons: would buy anyway, but waits for one.

Coupon farmers learn to leave carts behind until a coupon comes. To a model of the next purchase
they look like those whom coupons move most. What gives them away is that they buy without coupons
too; and what teaches them is a coupon that follows a cart left behind.
"""

from collections.abc import Mapping, Sequence
from typing import TypedDict

from coupons.lifecycle import Lifecycle
from features.events import Event

DAY_MS = 86_400_000
REMEMBERED_MS = 30 * DAY_MS
LEFT_FROM_MS = 1_800_000  # a cart that nobody touched for so long was left behind
LEFT_UNTIL_MS = 7 * DAY_MS
ORDERS_MAX = 2


class Habit(TypedDict):
    """What speaks for the habit.

    Attributes
    ----------
    orders
        The newest orders, oldest first: when, and 1 if a coupon of ours was used, else 0.
    left_ms
        When a cart was last touched that was left behind and another one begun; -1 for never.
    """

    orders: list[list[int]]
    left_ms: int


def follow(
    habit: Habit | None, event: Event, moved: Sequence[Lifecycle], last_ms: Mapping[str, int]
) -> Habit | None:
    """Take in an event and what became of coupons by it; None while nothing is to be remembered.

    Parameters
    ----------
    last_ms
        When the customer last did what, by measure, before this event.

    Examples
    --------
    >>> order = Event(event_id="o", event_type="order.completed", user_id="u", ts_ms=0)
    >>> follow(None, order, [], {})
    {'orders': [[0, 0]], 'left_ms': -1}
    """
    used = any(one.stage == "redeemed" for one in moved)
    if used or _is_at_full_price(event):
        known = [] if habit is None else habit["orders"]
        orders = sorted([*known, [event.ts_ms, int(used)]])[-ORDERS_MAX:]
        return {"orders": orders, "left_ms": _left_ms(habit)}
    if event.event_type == "cart.added" and _is_left(last_ms, event.ts_ms):
        known = [] if habit is None else habit["orders"]
        return {"orders": known, "left_ms": max(_left_ms(habit), last_ms["cart"])}
    return habit


def is_paused(habit: Habit | None, last_ms: Mapping[str, int], now_ms: int) -> bool:
    """Tell whether a customer gets no offers for now; the pause ends by itself.

    Paused is who used one of our coupons lately and bought at least once more, with or without;
    and, while a cart was left behind, who paid the full price lately: such a one comes back, and
    a coupon would only teach to wait for it.
    """
    if habit is None:
        return False
    lately = [used for at_ms, used in habit["orders"] if at_ms > now_ms - REMEMBERED_MS]
    if len(lately) == ORDERS_MAX and any(lately):
        return True
    left_ms = max(habit["left_ms"], last_ms["cart"] if _is_left(last_ms, now_ms) else -1)
    is_back = left_ms > last_ms.get("order", -1) and now_ms - left_ms < LEFT_UNTIL_MS
    return is_back and not all(lately)


def _is_at_full_price(event: Event) -> bool:
    saved = event.discount_minor or event.coupon_code is not None
    return event.event_type == "order.completed" and not saved


def _left_ms(habit: Habit | None) -> int:
    return -1 if habit is None else habit["left_ms"]


def _is_left(last_ms: Mapping[str, int], now_ms: int) -> bool:
    cart_ms = last_ms.get("cart", -1)
    return cart_ms > last_ms.get("order", -1) and now_ms - cart_ms >= LEFT_FROM_MS
