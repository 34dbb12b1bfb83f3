"""What a baseline answers when it is asked about a customer and some coupons."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from features.actions import Action
from online_models.outcomes import Outcome
from online_models.shapes import clipped, log_odds


@dataclass(slots=True)
class Estimates:
    """P(buy) without a coupon, and with each of those asked about; None stands for none of them."""

    p_nothing: float
    p_buy: list[float]

    def expected(self, at: int | None) -> float:
        """Give P(buy) under one action."""
        return self.p_nothing if at is None else self.p_buy[at]

    def contributions(self, at: int | None) -> dict[str, float]:
        """Give the log-odds as a whole: nobody asks a baseline for its reasons."""
        return {"bias": log_odds(clipped(self.expected(at)))}


class Baseline(Protocol):
    """Stands where the product's model stands, and learns from the same outcomes."""

    def score(self, x: dict[str, float], coupons: Sequence[Action]) -> Estimates:
        """Give what the policy compares, for every coupon and for none."""

    def is_cold(self, action: Action) -> bool:
        """Tell whether too little was learned about an action."""

    def learn(self, outcome: Outcome) -> None:
        """Take in one outcome, in the order in which they happen."""
