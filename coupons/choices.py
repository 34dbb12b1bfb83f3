"""The records that pass between eligibility, policy and the decision."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from coupons.catalogue import Coupon
from features.actions import NOTHING, Action

DecisionAction = Literal["offer", "no_offer", "holdout", "suppressed"]


class Candidate(NamedTuple):
    """A coupon that may be given now, with what it would cost on the basket at hand.

    `discount_minor` is the expected discount on that basket; `charge_minor` is the most that the
    customer is promised, which the budget must hold (the personal maximum of a percentage coupon).
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


class Scored(NamedTuple):
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
    at
        Place of what was chosen among the candidates, None for nothing.
    candidates, blocked
        What the policy was asked about, in its order.
    margin_minor, prices, hold_prices
        Margin on the expected basket before any discount, and by campaign the shadow price of
        budget and the price of what is held (missing ones are 0): what the candidates were valued
        with.
    p_nothing, p_buy, values_minor, propensities
        The value table by columns, rounded as it was compared. `p_buy` and `values_minor` hold one
        entry per candidate, `propensities` the one of nothing before them; these sum to 1.
    why_not
        action id -> coded reason, for every coupon of the catalogue that was not chosen.
    reasons
        Coded reasons for the choice itself, most important first (`cold_start`, `explored`,
        `best_value`, `no_positive_value`, `holdout`, ...).
    """

    action: DecisionAction
    at: int | None
    candidates: Sequence[Candidate]
    blocked: Sequence[Blocked]
    margin_minor: float
    prices: Mapping[str, float]
    hold_prices: Mapping[str, float]
    explored: bool
    p_nothing: float
    p_buy: Sequence[float]
    values_minor: Sequence[float]
    propensities: Sequence[float]
    reasons: tuple[str, ...] = ()
    why_not: dict[str, str] = field(default_factory=dict)

    @property
    def candidate(self) -> Candidate | None:
        """The coupon to give, None where nothing is given."""
        return None if self.at is None else self.candidates[self.at]

    @property
    def propensity(self) -> float:
        """The probability with which this was chosen."""
        return self.propensities[0 if self.at is None else self.at + 1]

    @property
    def table(self) -> tuple[Scored, ...]:
        """Nothing and all candidates, row by row."""
        ids = [NOTHING.action_id, *(one.coupon.coupon_id for one in self.candidates)]
        costs = [0, *(one.discount_minor for one in self.candidates)]
        columns = [self.p_nothing, *self.p_buy], [0.0, *self.values_minor], self.propensities
        return tuple(map(Scored, ids, *columns, costs))
