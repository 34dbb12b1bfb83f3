"""One step in the life of a given coupon, and what it moves in the ledger."""

from dataclasses import dataclass
from typing import Literal

Stage = Literal[
    "viewed",
    "clicked",
    "reserved",
    "denied",
    "redeemed",
    "adjusted",
    "released",
    "expired",
    "returned",
    "unfunded",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lifecycle:
    """What happened to a coupon after it was given.

    Money moves the same way at every stage: `charge_minor` leaves what is held, `refund_minor` of
    it becomes free again, and the difference is spent.

    Attributes
    ----------
    stage
        `adjusted`: the real discount of a redeemed coupon became known later. `released`: given up
        before use. `returned`: its order was cancelled or refunded. `unfunded`: the shop accepted
        a coupon whose money had gone back already; nothing moves, but it has to be seen.
    discount_minor
        What the customer saved; may exceed the charge if the shop gave more than was promised.
    quota_back
        True if one piece of the coupon's quota is free again.
    """

    stage: Stage
    coupon_id: str
    campaign_id: str
    decision_id: str
    ts_ms: int
    charge_minor: int = 0
    refund_minor: int = 0
    discount_minor: int = 0
    quota_back: bool = False
