"""What one customer's wallet is made of: plain JSON, small, and bounded whatever happens."""

from typing import Any, NotRequired, TypedDict

from coupons import codes
from coupons.lifecycle import State
from features.events import Event

WINDOW_MS = 31 * 86_400_000  # the longest window that campaign and channel caps can look back
HELD_MAX = 8
CLOSED_MAX = 6
RECENT_MAX = 24
COUNTED_MAX = 40
UNDONE_MAX = 4


class Reservation(TypedDict):
    """That a coupon waits for the payment of somebody.

    `by` names the request or the order that holds it, `order` the order where it is known; `was` is
    the state that the coupon falls back to.
    """

    by: str
    order: str | None
    until_ms: int
    was: State


class Held(TypedDict):
    """A coupon that the customer may still use.

    `exclusive` and `fixed` stand there only when True, `code` only where there is one, `reserved`
    in that state only. `fixed`: the coupon costs its charge, whatever discount an order reports.
    `pots` names the limits that it was charged to, `permits` those that it used up
    (`coupons.claims`), where there were any.
    """

    coupon_id: str
    campaign_id: str
    stage: State
    charge_minor: int
    given_ms: int
    until_ms: int
    channel: str | None
    stacking: str
    exclusive: NotRequired[bool]
    fixed: NotRequired[bool]
    code: NotRequired[str]
    reserved: NotRequired[Reservation]
    pots: NotRequired[list[str]]
    permits: NotRequired[list[str]]


class Refunds(TypedDict):
    """Parts of an order that were refunded.

    `full_minor` is what the coupon cost before, `refunded_minor` what of the order was paid back,
    `told` the refunds counted, so that one told again is not.
    """

    full_minor: int
    refunded_minor: int
    told: list[str]


class Closed(TypedDict):
    """A coupon that was used or is gone, remembered while its order may still be undone.

    `known` False means that `spent_minor` is the whole charge until the real discount is told.
    """

    coupon_id: str
    campaign_id: str
    stage: State
    spent_minor: int
    known: bool
    given_ms: int
    closed_ms: int
    order_id: str | None
    paid_minor: int | None
    channel: NotRequired[str | None]
    code: NotRequired[str]
    fixed: NotRequired[bool]
    refunds: NotRequired[Refunds]
    pots: NotRequired[list[str]]
    permits: NotRequired[list[str]]


class Given(TypedDict):
    """That a coupon was given, for the caps that look back in time."""

    given_ms: int
    campaign_id: str
    channel: str | None


class Wallet(TypedDict):
    """One customer's section of the row.

    `held` and `closed` are keyed by decision id. `counts` is by coupon id, for life: [how many,
    given_ms of the last]. `recent` covers `WINDOW_MS`, oldest first. Only where there are any:
    `undone` orders that were cancelled before they were told, `tries` the times of codes that were
    not the customer's, `answers` those last given to the shop's requests, by `coupons.redemption`.
    """

    held: dict[str, Held]
    closed: dict[str, Closed]
    counts: dict[str, list[int]]
    recent: list[Given]
    undone: NotRequired[list[str]]
    tries: NotRequired[list[int]]
    answers: NotRequired[list[dict[str, Any]]]


def empty() -> Wallet:
    """Return the wallet of a customer who was never given anything.

    Examples
    --------
    >>> empty()
    {'held': {}, 'closed': {}, 'counts': {}, 'recent': []}
    """
    return {"held": {}, "closed": {}, "counts": {}, "recent": []}


def decision_of(wallet: Wallet, event: Event) -> str | None:
    """Find the decision that an event is about, None if it is about none of this wallet.

    The echoed decision id (or offer id, if it holds one) is exact. Then the order it belongs to,
    or that it waits for, then the coupon's code or id: first among held coupons, the oldest one,
    and then among closed ones that no other order has used.

    Examples
    --------
    >>> event = Event(event_id="e", event_type="coupon.viewed", user_id="u", ts_ms=0, offer_id="d1")
    >>> decision_of(empty(), event) is None
    True
    """
    held, closed = wallet["held"], wallet["closed"]
    if not held and not closed:
        return None
    for name in (event.decision_id, event.offer_id):
        if name is not None and (name in held or name in closed):
            return name
    code, order_id = event.coupon_code, event.order_id
    if order_id is not None:
        of_order = [d for d, one in closed.items() if one["order_id"] == order_id]
        same = [d for d in of_order if code is None or code == closed[d].get("code", code)]
        if same:
            return min(same)
        for name in sorted(held):
            reserved = held[name].get("reserved")
            if reserved is not None and reserved["order"] == order_id and code is None:
                return name
    found = [(one["given_ms"], d) for d, one in held.items() if _named(one, event)]
    if not found:
        found = [
            (-one["given_ms"], d)
            for d, one in closed.items()
            if _named(one, event) and (order_id is None or one["order_id"] is None)
        ]
    return min(found)[1] if found else None


def _named(one: Held | Closed, event: Event) -> bool:
    if event.offer_id is not None and event.offer_id == one["coupon_id"]:
        return True
    code = event.coupon_code
    return code is not None and (code == one["coupon_id"] or codes.same(code, one.get("code")))


def ends_ms(one: Held) -> int:
    """Tell until when a coupon may be used: a reservation keeps it for its own time.

    Examples
    --------
    >>> one: Held = {"coupon_id": "c", "campaign_id": "k", "stage": "reserved", "charge_minor": 1,
    ...     "given_ms": 0, "until_ms": 5, "channel": None, "stacking": "s",
    ...     "reserved": {"by": "r1", "order": None, "until_ms": 9, "was": "issued"}}
    >>> ends_ms(one)
    9
    """
    reserved = one.get("reserved")
    return one["until_ms"] if reserved is None else max(one["until_ms"], reserved["until_ms"])


def close(wallet: Wallet, decision_id: str, stage: State, ts_ms: int) -> Closed:
    """Move a held coupon to the closed ones and forget those that are too old or too many."""
    one, closed = wallet["held"].pop(decision_id), wallet["closed"]
    for other in [d for d, gone in closed.items() if gone["closed_ms"] < ts_ms - WINDOW_MS]:
        del closed[other]
    if len(closed) >= CLOSED_MAX:
        # Redeemed ones last: they are the ones that an order can still give back.
        del closed[min((c["stage"] == "redeemed", c["closed_ms"], d) for d, c in closed.items())[2]]
    record: Closed = {
        "coupon_id": one["coupon_id"],
        "campaign_id": one["campaign_id"],
        "stage": stage,
        "spent_minor": 0,
        "known": True,
        "given_ms": one["given_ms"],
        "channel": one["channel"],
        "closed_ms": ts_ms,
        "order_id": None,
        "paid_minor": None,
    }
    if "code" in one:
        record["code"] = one["code"]
    if "fixed" in one:
        record["fixed"] = True
    if "pots" in one:
        record["pots"] = one["pots"]
    if "permits" in one:
        record["permits"] = one["permits"]
    closed[decision_id] = record
    return record
