"""What people order of a campaign's ledger: more money, a pause, an end."""

from dataclasses import dataclass
from typing import Literal

from coupons.leases import Standing
from coupons.lent import BookState

OrderKind = Literal["top_up", "pause", "resume", "close", "stop"]

# What a single person may order, though other orders may need two.
BRAKES: frozenset[OrderKind] = frozenset({"pause", "stop"})

# So many stops of a campaign are known again by their ids; older ones by their number.
STOPS_COUNT = 32

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
        another that its sender did not know of, is refused. `stop` is always in time, whatever
        number it has; it is known again by its id. 0 where its sender knew of none.
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
        if self.version < (self.kind != "stop"):
            message = f"version must be 0 or more for stop, over 0 for others, was {self.version}"
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
    if order.kind == "stop":
        return _repeated(order, state)
    if order.kind == "resume" and standing == "open":
        return f"{name} must be paused, was open"
    if order.kind == "pause" and standing == "paused":
        return f"{name} must be open, was paused"
    if order.version != state["version"] + 1:
        return f"{name}: the order's version must be {state['version'] + 1}, was {order.version}"
    return None


def _repeated(order: Order, state: BookState) -> str | None:
    """Say why a stop is one that was obeyed before; only such a one is ever refused."""
    name, forgotten = order.campaign_id, state.get("stops_forgotten", 0)
    if order.order_id in state.get("stops", {}):
        return f"{name}: a stop must be a new one, was obeyed before as {order.order_id}"
    if order.version <= forgotten and forgotten:
        return f"{name}: a stop must be of version {forgotten + 1} or later, was {order.version}"
    return None


def obey(order: Order, state: BookState) -> None:
    """Enter an order that is not refused into the ledger's state; changes `state`.

    A stop of what is paused changes nothing, but is remembered: the same one that comes again
    after a resume stops nothing.
    """
    if order.kind == "stop":
        _remember(order, state)
        if state["standing"] == "paused":
            return
    state["version"] += 1
    state["order_id"] = order.order_id
    state["added_minor"] += order.amount_minor
    state["standing"] = STANDINGS.get(order.kind, state["standing"])


def _remember(order: Order, state: BookState) -> None:
    stops = state.setdefault("stops", {})
    stops[order.order_id] = state["version"] + 1
    while len(stops) > STOPS_COUNT:
        oldest = min(stops, key=stops.__getitem__)
        state["stops_forgotten"] = stops.pop(oldest)
