"""What an explanation holds: commands show it, and JSON holds it whole."""

from dataclasses import dataclass

from streams.decisions import BudgetRef
from streams.explaining.flips import Flip
from streams.explaining.texts import Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A coded reason in words; `ends` says how a rule that ends by itself does so."""

    code: str
    text: Text
    ends: Text | None = None
    coupon: str | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChoiceRow:
    """One action that could be chosen; `why_not` is the code of what spoke against it."""

    action: str
    p_buy: float
    discount_minor: int
    value_minor: float
    propensity: float
    chosen: bool
    why_not: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """What one feature adds to the chance: its odds are multiplied by `odds_ratio`.

    `value` is the feature's own, scaled as its meaning tells; None for what is no feature.
    """

    feature: str
    log_odds: float
    odds_ratio: float
    value: float | None
    unit: str | None
    window: str | None
    meaning: Text


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldFlip:
    """A flip and its sentence; every one was verified by asking the policy again."""

    flip: Flip
    text: Text
    verified: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Everything that is told about a decision; money in minor units of `currency`.

    `margin_minor` is the margin on the expected basket before any discount, None where no coupon
    was weighed.
    """

    decision_id: str
    user_id: str
    decided_at: str
    action: str
    coupon: str | None
    currency: str
    headline: Text
    reasons: tuple[Told, ...]
    arm: str
    explored: bool
    propensity: float
    group: Text
    table: tuple[ChoiceRow, ...]
    margin_minor: float | None
    budget: BudgetRef | None
    shadow_price: float | None
    money: Text
    base_odds: float
    causes: tuple[Cause, ...]
    blocked: tuple[Told, ...]
    flips: tuple[ToldFlip, ...]
    no_flip: Text | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WhyNot:
    """Why one coupon was not given; `lost_by_minor` is None where it was not scored or led."""

    decision_id: str
    coupon: str
    given: bool
    currency: str
    headline: Text
    reason: Told | None
    lost_by_minor: float | None
    flips: tuple[ToldFlip, ...]
    no_flip: Text | None
