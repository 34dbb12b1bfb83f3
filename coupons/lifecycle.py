"""The life of a given coupon: its states, the steps between them, and what each moves.

`STEPS` is the only place that says what may follow what; a step that is not named there is never
taken, whatever comes in whatever order.
"""

from dataclasses import dataclass
from typing import Literal, get_args

State = Literal[
    "issued",
    "viewed",
    "clicked",
    "denied",
    "reserved",
    "redeemed",
    "returned",
    "released",
    "expired",
    "voided",
    "unfunded",
]
STATES: tuple[State, ...] = get_args(State)
HELD: frozenset[State] = frozenset({"issued", "viewed", "clicked", "denied", "reserved"})

Stage = Literal[
    "viewed",
    "clicked",
    "denied",
    "reserved",
    "unreserved",
    "redeemed",
    "adjusted",
    "reduced",
    "returned",
    "released",
    "expired",
    "voided",
    "unfunded",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One kind of step.

    Attributes
    ----------
    before
        States in which it may be taken.
    after
        The state that it ends in; None: as it was, or for `unreserved` as before the reservation.
    by
        What brings it about, for people.
    money
        Where the money that was set aside goes, for people.
    quota_back, caps_back
        Whether one piece of the quota, and the customer's place in the caps, are free again.
    """

    before: frozenset[State]
    after: State | None
    by: str
    money: str = "-"
    quota_back: bool = False
    caps_back: bool = False


STEPS: dict[Stage, Step] = {
    "viewed": Step(before=frozenset({"issued"}), after="viewed", by="coupon.viewed"),
    "clicked": Step(before=frozenset({"issued", "viewed"}), after="clicked", by="coupon.clicked"),
    "denied": Step(
        before=frozenset({"issued", "viewed", "clicked"}), after="denied", by="coupon.denied"
    ),
    "reserved": Step(
        before=HELD,
        after="reserved",
        by="coupon.reserved; coupon.check_requested with `reserve`",
    ),
    "unreserved": Step(
        before=frozenset({"reserved"}),
        after=None,
        by="30 minutes; coupon.released with reason payment_failed, payment_denied or retry; "
        "order.cancelled of the order it waits for",
    ),
    "redeemed": Step(
        before=HELD,
        after="redeemed",
        by="order.completed, coupon.redeemed",
        money="the discount is spent, the rest comes back",
    ),
    "adjusted": Step(
        before=frozenset({"redeemed"}),
        after=None,
        by="the real discount, told later",
        money="what was spent too much comes back",
    ),
    "reduced": Step(
        before=frozenset({"redeemed"}),
        after=None,
        by="order.refunded in part",
        money="the same part of what was spent comes back",
    ),
    "returned": Step(
        before=frozenset({"redeemed"}),
        after="returned",
        by="order.cancelled; order.refunded, in the end, of the whole order; coupon.released",
        money="what was spent comes back",
        quota_back=True,
        caps_back=True,
    ),
    "released": Step(
        before=HELD,
        after="released",
        by="coupon.released",
        money="all comes back",
        quota_back=True,
        caps_back=True,
    ),
    "expired": Step(
        before=HELD,
        after="expired",
        by="the end of its validity, of a reservation begun before it, and 10 minutes for what "
        "arrives late",
        money="all comes back",
        quota_back=True,
    ),
    "voided": Step(
        before=HELD,
        after="voided",
        by="coupon.voided: the shop takes it back",
        money="all comes back",
        quota_back=True,
    ),
    "unfunded": Step(
        before=frozenset({"released", "expired", "voided"}),
        after="unfunded",
        by="order.completed, coupon.redeemed",
        money="none is left: the shop gave what nobody holds any more",
    ),
}

# What is said where a coupon is in a state from which the step asked for does not lead on.
REFUSED_IN: dict[State, str] = {
    "redeemed": "already_redeemed",
    "returned": "coupon_returned",
    "released": "coupon_released",
    "expired": "coupon_expired",
    "voided": "coupon_voided",
    "unfunded": "already_redeemed",
}


def allows(state: State, stage: Stage) -> bool:
    """Tell whether a coupon in a state may take a step.

    Examples
    --------
    >>> allows("viewed", "redeemed"), allows("redeemed", "redeemed"), allows("expired", "voided")
    (True, False, False)
    """
    return state in STEPS[stage].before


@dataclass(frozen=True, slots=True, kw_only=True)
class Lifecycle:
    """What happened to a coupon after it was given.

    Money moves the same way at every stage: `charge_minor` leaves what is held, `refund_minor` of
    it becomes free again, and the difference is spent.

    Attributes
    ----------
    stage
        Which of `STEPS` it took.
    discount_minor
        What the customer saved; may exceed the charge if the shop gave more than was promised.
    quota_back
        True if one piece of the coupon's quota is free again.
    pots
        The limits that it was charged to (`coupons.limits`), besides its campaign.
    permits
        What of others' caps is free again (`coupons.claims`), with the customer's own.
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
    pots: tuple[str, ...] = ()
    permits: tuple[str, ...] = ()
