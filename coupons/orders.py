"""What people order of a campaign's ledger: more money, a pause, an end."""

from dataclasses import dataclass
from typing import Literal

from coupons.leases import Standing
from coupons.lent import BookState

OrderKind = Literal["top_up", "pause", "resume", "close", "stop"]

# How a campaign stands after an order; money that is added leaves it as it was.
STANDINGS: dict[OrderKind, Standing] = {
    "pause": "paused",
    "resume": "open",
    "close": "closed",
    "stop": "paused",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One order to one campaign's ledger.

    Attributes
    ----------
    order_id
        Names it: by this its sender sees that it was obeyed.
    version
        The number that it is to have among those obeyed, from 1: one that comes twice, or after
        another that its sender did not know of, is refused. 0 for `stop`, which is always in time.
    amount_minor
        What `top_up` adds; 0 for all others.
    """

    campaign_id: str
    order_id: str
    kind: OrderKind
    version: int
    amount_minor: int = 0

    def __post_init__(self) -> None:
        if (self.amount_minor > 0) != (self.kind == "top_up") or self.amount_minor < 0:
            message = f"amount_minor must be over 0 for top_up only, was {self.amount_minor}"
            raise ValueError(message)
        if (self.version > 0) == (self.kind == "stop") or self.version < 0:
            message = f"version must be 0 for stop, over 0 for all others, was {self.version}"
            raise ValueError(message)


def refusal(order: Order, state: BookState) -> str | None:
    """Say why an order cannot be obeyed as the ledger stands; None if it can.

    Examples
    --------
    >>> from coupons.lent import nothing_booked
    >>> late = Order(campaign_id="spring", order_id="a", kind="pause", version=3)
    >>> refusal(late, nothing_booked())
    "spring: the order's version must be 1, was 3"
    """
    name, standing = order.campaign_id, state["standing"]
    if standing == "closed":
        return f"{name} must be open or paused, was closed for good"
    if order.kind == "resume" and standing == "open":
        return f"{name} must be paused, was open"
    if order.kind in ("pause", "stop") and standing == "paused":
        return f"{name} must be open, was paused"
    if order.version not in (0, state["version"] + 1):
        return f"{name}: the order's version must be {state['version'] + 1}, was {order.version}"
    return None


def obey(order: Order, state: BookState) -> None:
    """Enter an order that is not refused into the ledger's state; changes `state`."""
    state["version"] += 1
    state["order_id"] = order.order_id
    state["added_minor"] += order.amount_minor
    state["standing"] = STANDINGS.get(order.kind, state["standing"])
