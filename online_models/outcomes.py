"""A decision joined to what followed: what the learners train on and evaluation reads."""

from dataclasses import dataclass
from typing import Literal

from features.actions import Action

Arm = Literal["policy", "random", "business_as_usual", "holdout"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """A coupon that could have been given, with what giving it would have meant.

    Attributes
    ----------
    cost_minor
        What it is expected to cost where it is used.
    price_ratio
        What a unit of this money costs its budget beyond itself (the shadow price), >= 0.
    """

    action: Action
    cost_minor: int = 0
    price_ratio: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One step in the life of a label.

    A decision opens with `state="opened"` (y is still unknown and counts as a provisional 0) and is
    settled exactly once: `state="settled"` by a purchase (y = 1) or by its horizon (y = 0), or
    `state="censored"` when the row had to forget it (never learned from).

    Attributes
    ----------
    x
        The user's features as they were at decision time, keys from `features.vector.NAMES`.
    action
        What was given; `features.actions.NOTHING` for no coupon.
    propensity
        P(action | context) under the logging policy, (0, 1].
    p_buy
        The probability that the model gave to this action at decision time.
    order_minor, discount_minor, margin_minor
        Money of the purchase that settled it; 0 otherwise. `margin_minor` is after the discount.
    clicked
        Whether the offer was clicked on, told when the decision is settled; None where it was not
        looked at, or nobody told.
    candidates
        The coupons that could have been given instead, in their order, where the action was drawn
        evenly among them and nothing; told when the decision opens, empty everywhere else.
    expected_margin_minor
        The margin on the expected basket before any discount, told with `candidates`.
    """

    decision_id: str
    user_id: str
    arm: Arm
    state: Literal["opened", "settled", "censored"]
    decided_ms: int
    settled_ms: int | None = None
    x: dict[str, float]
    action: Action
    propensity: float
    p_buy: float
    y: bool = False
    order_minor: int = 0
    discount_minor: int = 0
    margin_minor: int = 0
    clicked: bool | None = None
    model_version: str = ""
    campaign_id: str | None = None
    candidates: tuple[Option, ...] = ()
    expected_margin_minor: int = 0
