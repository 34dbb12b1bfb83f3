"""What every entrant would have chosen, and what came of the choice that was made by lot.

Only decisions drawn evenly among all eligible actions are judged: of every action the chance is
known and none is zero, so that the estimate of each entrant's value is unbiased whatever its
probabilities are worth (doubly robust).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from features.actions import NOTHING
from online_models.league.choosing import net_minor
from online_models.league.contracts import Answers
from online_models.outcomes import Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Ballot:
    """The choices on one decision; places count from 0 for nothing.

    Attributes
    ----------
    season
        The race that it counts for.
    choices, lead
        What each entrant and the leader would have chosen.
    drawn
        What was given.
    weight
        One divided by the chance of what was given.
    expected_minor, variances
        By place: what the leader expected of it, and how far a single purchase scatters.
    price_ratio
        Price of budget for what was given.
    """

    season: int
    choices: tuple[int, ...]
    lead: int
    drawn: int
    weight: float
    expected_minor: tuple[float, ...]
    variances: tuple[float, ...]
    price_ratio: float

    def value_minor(self, choice: int, brought_minor: float) -> float:
        """Give the doubly robust estimate of what `choice` brings.

        References
        ----------
        [^1]: Dudik, Langford, Li (2011), Doubly robust policy evaluation and learning, ICML.
        """
        expected = self.expected_minor[choice]
        if choice != self.drawn:
            return expected
        return expected + self.weight * (brought_minor - expected)

    def noise(self, choice: int, other: int) -> float:
        """Give the variance of the difference of two choices; 0 where they are the same."""
        if choice == other:
            return 0.0
        return self.weight * (self.variances[choice] + self.variances[other])

    def brought_minor(self, y: bool, margin_minor: int, discount_minor: int) -> float:
        """Give what came of what was given: margin after discount and the price of budget."""
        return margin_minor - self.price_ratio * discount_minor if y else 0.0


def place_drawn(outcome: Outcome) -> int | None:
    """Give the place of what was given among nothing and the candidates; None if it is not there.

    Examples
    --------
    >>> from features.actions import Action
    >>> from online_models.outcomes import Option
    >>> ten = Option(action=Action(action_id="ten", kind="amount_off"))
    >>> place_drawn(Outcome(decision_id="d", user_id="u", arm="random", state="opened",
    ...     decided_ms=0, x={}, action=ten.action, propensity=0.5, p_buy=0.1, candidates=(ten,)))
    1
    """
    if outcome.action.kind == NOTHING.kind:
        return 0
    ids = [option.action.action_id for option in outcome.candidates]
    given = outcome.action.action_id
    return ids.index(given) + 1 if given in ids else None


def ballot(
    outcome: Outcome, drawn: int, answers: Answers, choices: Sequence[int], lead: int, season: int
) -> Ballot:
    """Write a ballot: the choices, and what the leader's `answers` say of every action."""
    margin = float(outcome.expected_margin_minor)
    worth = [margin, *(net_minor(option, margin) for option in outcome.candidates)]
    plain = [answers.expected(None), *map(answers.expected, range(len(outcome.candidates)))]
    prices = [0.0, *(option.price_ratio for option in outcome.candidates)]
    return Ballot(
        season=season,
        choices=tuple(choices),
        lead=lead,
        drawn=drawn,
        weight=1.0 / outcome.propensity,
        expected_minor=tuple(p * net for p, net in zip(plain, worth, strict=True)),
        variances=tuple(p * (1 - p) * net**2 for p, net in zip(plain, worth, strict=True)),
        price_ratio=prices[drawn],
    )
