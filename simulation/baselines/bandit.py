"""A contextual bandit that is asked in Vowpal Wabbit's text format, and learns from money.

The room knows the format and not the library: whoever plays it passes a workspace in.
"""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from features.actions import NOTHING, Action
from online_models.outcomes import Outcome
from simulation.baselines.estimates import Estimates

EPSILON = 0.02
# Costs near 1 suit the learner's step sizes; a usual order brings some thousand minor units.
COST_UNIT_MINOR = 1_000.0
# Its own step sizes; smaller ones, `--cb_type dr` and `--coin` earned no more where tried.
ARGUMENTS = (
    f"--cb_explore_adf --cb_type mtr --epsilon {EPSILON} -q ua -b 20 --random_seed 7 --quiet"
)


class Workspace(Protocol):
    """What is asked of `vowpalwabbit.Workspace`, started with `ARGUMENTS`."""

    def predict(self, examples: list[str]) -> list[float]:
        """Give the chance of each action, in the order of their lines."""

    def learn(self, examples: list[str]) -> None:
        """Learn from a labelled line."""


class _Waiting(NamedTuple):
    """A decision whose reward is not known yet: the lines that were asked, and the coupons."""

    lines: list[str]
    ids: tuple[str, ...]


class Bandit:
    """Chooses the action of the highest foreseen margin, by `cb_explore_adf`.

    It is told what the product knows: all features of the customer, what each coupon is and how
    deep it cuts, crossed; and what followed in money, when that is settled. It is not told what it
    explores (the product draws, epsilon-greedy with the same `EPSILON`), but the exact propensity.

    `score` gives chances of being best, not of a purchase: they order the actions, nothing more.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._asked = _Waiting([], ())
        self._waiting: dict[str, _Waiting] = {}

    def score(self, x: dict[str, float], coupons: Sequence[Action]) -> Estimates:
        """Ask which action is best."""
        lines = [_shared(x), *map(_line, (NOTHING, *coupons))]
        self._asked = _Waiting(lines, (NOTHING.action_id, *(one.action_id for one in coupons)))
        chances = self._workspace.predict(lines)
        return Estimates(chances[0], chances[1:])

    def is_cold(self, action: Action) -> bool:
        """Never: the bandit has no other way to begin."""
        return False

    def learn(self, outcome: Outcome) -> None:
        """Keep what was asked until the money is known, then learn from it."""
        if outcome.state == "opened":
            self._waiting[outcome.decision_id] = self._asked
            return
        waiting = self._waiting.pop(outcome.decision_id, None)
        if waiting is None or outcome.state != "settled":
            return
        at = 1 + waiting.ids.index(outcome.action.action_id)
        cost = -outcome.margin_minor / COST_UNIT_MINOR
        lines = waiting.lines.copy()
        lines[at] = f"0:{cost:.4f}:{outcome.propensity:.6f} {lines[at]}"
        self._workspace.learn(lines)


def _shared(x: dict[str, float]) -> str:
    told = " ".join([f"{name}:{value:.4g}" for name, value in x.items() if value])
    return f"shared |u {told}"


def _line(one: Action) -> str:
    if one.kind == NOTHING.kind:
        return "|a nothing"
    told = f"|a given {one.action_id} kind_{one.kind} depth:{one.depth_ratio:.4g}"
    return f"{told} match:{one.match_ratio:.4g} gap:{one.gap_ratio:.4g}"
