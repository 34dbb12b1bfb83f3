"""Whether a customer would buy anyway, and is about to get used to coupons.

Coupon farmers learn to leave carts behind until a coupon comes. To a model of the next purchase
they look like those whom coupons move most; what gives them away is how often they buy, and that
they pay the full price where no coupon comes.
"""

from collections.abc import Sequence
from typing import TypedDict

from coupons.lifecycle import Lifecycle
from features.events import Event

REMEMBERED_MS = 30 * 86_400_000
FULL_PRICE_COUNT = 2  # so many orders at full price lately are a habit of their own
ORDERS_COUNT = 3  # so many orders lately are one if a coupon was used on any


class Habit(TypedDict):
    """What speaks for the habit.

    Attributes
    ----------
    orders
        The newest orders, oldest first: when, and 1 if a coupon of ours was used, else 0.
    """

    orders: list[list[int]]


def follow(habit: Habit | None, event: Event, moved: Sequence[Lifecycle]) -> Habit | None:
    """Take in an event and what became of coupons by it; None before the first order.

    An order with a discount that is not ours says nothing.

    Examples
    --------
    >>> order = Event(event_id="o", event_type="order.completed", user_id="u", ts_ms=7)
    >>> follow(None, order, [])
    {'orders': [[7, 0]]}
    """
    used = any(one.stage == "redeemed" for one in moved)
    if not used and not _is_at_full_price(event):
        return habit
    known = [] if habit is None else habit["orders"]
    return {"orders": sorted([*known, [event.ts_ms, int(used)]])[-ORDERS_COUNT:]}


def is_paused(habit: Habit | None, now_ms: int) -> bool:
    """Tell whether a customer gets no offers for now; the pause ends by itself.

    Examples
    --------
    >>> is_paused({"orders": [[0, 1]]}, 1), is_paused({"orders": [[0, 0], [1, 0]]}, 2)
    (False, True)
    """
    if habit is None:
        return False
    lately = [used for at_ms, used in habit["orders"] if at_ms > now_ms - REMEMBERED_MS]
    if lately.count(0) >= FULL_PRICE_COUNT:
        return True
    return len(lately) >= ORDERS_COUNT and any(lately)


def _is_at_full_price(event: Event) -> bool:
    saved = event.discount_minor or event.coupon_code is not None
    return event.event_type == "order.completed" and not saved
