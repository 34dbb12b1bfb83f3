"""The records that pass between eligibility, policy and the decision."""

from dataclasses import dataclass, field
from typing import Literal

from coupons.catalogue import Coupon
from features.actions import Action

DecisionAction = Literal["offer", "no_offer", "holdout", "suppressed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A coupon that may be given now, with what it would cost on the basket at hand.

    `discount_minor` is the expected discount on that basket; `charge_minor` is the worst case that
    the budget must hold for it (the cap of a percentage coupon).
    """

    coupon: Coupon
    action: Action
    discount_minor: int
    charge_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocked:
    """A coupon that may not be given now, and the first rule that says so."""

    coupon_id: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """One row of the value table: an action, its probability of purchase and its worth.

    `value_minor` is incremental profit against giving nothing, after the shadow price of budget;
    the row of `nothing` has value 0.
    """

    action_id: str
    p_buy: float
    value_minor: float
    propensity: float
    discount_minor: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What the policy chose, with everything needed to repeat and to explain it.

    Attributes
    ----------
    table
        All candidates and `nothing`, in a fixed order; propensities sum to 1.
    why_not
        action id -> coded reason, for every coupon of the catalogue that was not chosen.
    reasons
        Coded reasons for the choice itself, most important first (`cold_start`, `explored`,
        `best_value`, `no_positive_value`, `holdout`, ...).
    """

    action: DecisionAction
    candidate: Candidate | None
    propensity: float
    explored: bool
    table: tuple[Scored, ...]
    reasons: tuple[str, ...] = ()
    why_not: dict[str, str] = field(default_factory=dict)
