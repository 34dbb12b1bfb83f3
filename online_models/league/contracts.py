"""What a learner owes the league, and what a scorer owes the step."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from features.actions import Action

Form = dict[str, Any]
Rule = Literal["value", "article"]


class Answers(Protocol):
    """What a model says of one user; `online_models.answers.Answers` is one.

    Places count the coupons that were asked about; None stands for giving nothing.
    """

    p_nothing: float
    p_buy: list[float]

    def expected(self, at: int | None) -> float:
        """Give the plain P(buy within the horizon), of which `p_buy` is the cautious form."""

    def contributions(self, at: int | None) -> dict[str, float]:
        """Give log-odds by feature, a `bias` among them; they sum to the logit of `p_buy[at]`."""


class Scorer(Protocol):
    """What the step asks of a model, and all that is broadcast of a leader: it never learns.

    `online_models.response.ResponseModel` is one.
    """

    def score(self, x: dict[str, float], coupons: Sequence[Action]) -> Answers:
        """Give P(buy within the horizon) under each coupon and without any, in one pass."""

    def is_cold(self, action: Action) -> bool:
        """Tell whether the score still rests on what was believed at the start."""


class Learner(Protocol):
    """Learns with late labels: every decision first as a negative, a purchase once more.

    Attributes
    ----------
    learned_count
        Labels learned, provisional ones among them.
    """

    learned_count: int

    def learn_opened(self, x: dict[str, float], action: Action) -> float:
        """Learn a decision whose label is out; gives P(buy) as it was before."""

    def learn_bought(self, x: dict[str, float], action: Action) -> None:
        """Learn that a decision shown before was bought."""

    def score(self, x: dict[str, float], coupons: Sequence[Action]) -> Answers:
        """Give P(buy) under each coupon and without any."""

    def scoring_form(self) -> Form:
        """Write down what is needed to score, as plain JSON; `scorer_from` reads it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entrant:
    """A learner with the rule that turns its probabilities into a choice; may share its learner.

    Attributes
    ----------
    rule
        `value`: the best positive incremental margin. `article`: the highest P(buy) x discount.
    """

    name: str
    learner: Learner
    rule: Rule = "value"
