"""Whether a customer would buy anyway, and is about to get used to coupons.

Coupon farmers learn to leave carts behind until a coupon comes. To a model of the next purchase
they look like those whom coupons move most; what gives them away is how often they buy, and that
they pay the full price where no coupon comes.
"""

from collections.abc import Sequence
from typing import NamedTuple, TypedDict

from coupons.lifecycle import Lifecycle
from features.events import Event

DAY_MS = 86_400_000
ORDERS_COUNT = 4  # kept; more do not tell more
PAUSED_FROM_MILLI = 3_000


class _Evidence(NamedTuple):
    """What an order says when it is new, in thousandths, and when it says nothing any more."""

    milli: int
    fades_ms: int


# An order at full price says most: whom coupons move hardly places one. With coupons they order
# too, so such orders must come close together to say anything. Which weights: ADR 0028.
_FULL_PRICE = _Evidence(3_500, 30 * DAY_MS)
_WITH_COUPON = _Evidence(1_000, 14 * DAY_MS)
REMEMBERED_MS = max(_FULL_PRICE.fades_ms, _WITH_COUPON.fades_ms)


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

    Each order is evidence that fades evenly: 3.5 at first and 30 days long at full price, 1 and 14
    days with a coupon. Together they pause from 3.

    Examples
    --------
    >>> is_paused({"orders": [[0, 1], [0, 1]]}, 0), is_paused({"orders": [[0, 0]]}, 0)
    (False, True)
    """
    if habit is None:
        return False
    said = [_evidence_milli(at_ms, used, now_ms) for at_ms, used in habit["orders"]]
    return sum(said) >= PAUSED_FROM_MILLI


def _evidence_milli(at_ms: int, used: int, now_ms: int) -> int:
    milli, fades_ms = _WITH_COUPON if used else _FULL_PRICE
    left_ms = fades_ms - max(0, now_ms - at_ms)
    return milli * left_ms // fades_ms if left_ms > 0 else 0


def _is_at_full_price(event: Event) -> bool:
    saved = event.discount_minor or event.coupon_code is not None
    return event.event_type == "order.completed" and not saved
