"""What one customer's wallet is made of: plain JSON, small, and bounded whatever happens."""

from typing import Literal, NotRequired, TypedDict

from features.events import Event

WINDOW_MS = 31 * 86_400_000  # the longest window that campaign and channel caps can look back
HELD_MAX = 8
CLOSED_MAX = 6
RECENT_MAX = 24
COUNTED_MAX = 40


class Held(TypedDict):
    """A coupon that the customer may still use.

    `exclusive` and `fixed` stand there only when True, `code` only where there is one. `fixed`:
    the coupon costs its charge, whatever discount an order reports.
    """

    coupon_id: str
    campaign_id: str
    stage: Literal["issued", "viewed", "clicked", "denied", "reserved"]
    charge_minor: int
    given_ms: int
    until_ms: int
    channel: str | None
    stacking: str
    exclusive: NotRequired[bool]
    fixed: NotRequired[bool]
    code: NotRequired[str]


class Closed(TypedDict):
    """A coupon that was used or is gone, remembered while its order may still be undone.

    `known` False means that `spent_minor` is the whole charge until the real discount is told.
    """

    coupon_id: str
    campaign_id: str
    stage: Literal["redeemed", "returned", "released", "expired", "unfunded"]
    spent_minor: int
    known: bool
    given_ms: int
    closed_ms: int
    order_id: str | None
    paid_minor: int | None
    channel: NotRequired[str | None]
    code: NotRequired[str]


class Given(TypedDict):
    """That a coupon was given, for the caps that look back in time."""

    given_ms: int
    campaign_id: str
    channel: str | None


class Wallet(TypedDict):
    """One customer's section of the row.

    `held` and `closed` are keyed by decision id. `counts` is by coupon id, for life: [how many,
    given_ms of the last]. `recent` covers `WINDOW_MS`, oldest first.
    """

    held: dict[str, Held]
    closed: dict[str, Closed]
    counts: dict[str, list[int]]
    recent: list[Given]


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
    then the coupon's code or id: first among held coupons, the oldest one, and then among closed
    ones that no other order has used.

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
    return code is not None and code in (one.get("code"), one["coupon_id"])


def close(
    wallet: Wallet, decision_id: str, stage: Literal["redeemed", "released", "expired"], ts_ms: int
) -> Closed:
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
    closed[decision_id] = record
    return record
