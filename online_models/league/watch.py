"""Watch over the leader: a drift alarm on its honest log loss, and a way back to the last good."""

from collections.abc import Callable
from dataclasses import dataclass
from math import log
from typing import Literal

from river import drift

from features.actions import NOTHING, Action
from online_models.league.contracts import Form, Scorer
from online_models.league.evidence import Mean

CLIP = 0.001  # no single label costs more than log(1000)
# Log loss that a rollback must surely save: it stops the leader's learning, and is worth no trifle.
LEAST_HARM = 0.01

Finding = Literal["drift", "worse"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Good:
    """A scoring form that led well, and whose it is."""

    owner: int
    form: Form
    scorer: Scorer


class Watch:
    """Compare the leader with what it was: one form on probation, one that passed it.

    A form is taken every `every` labels. It passes when another such period went by in which the
    leader was healthy: no alarm, or no worse than the last good form after all (the world moved,
    and the leader with it). A leader that is surely worse than the last good form by more than a
    trifle, after an alarm, is to be rolled back.

        labels   0 ----------- every ----------- 2 every ---------------- alarm ... worse
        forms      probation: A  |  good: A, probation: B  |  good: B, C     -> back to B

    A poisoned log, in which the labels themselves are wrong, cannot be told from a world that
    changed: the alarm says so, and nothing is rolled back, for nothing old would be better.

    Parameters
    ----------
    alpha
        Chance of finding a good leader worse, in each period.
    least
        Labels compared before anything is found.
    """

    def __init__(
        self, load: Callable[[Form], Scorer], *, every: int, alpha: float, least: int
    ) -> None:
        self._load, self._every, self._alpha, self._least = load, every, alpha, least
        self._generation = 0
        self._taken_count = 0
        self._probation: Good | None = None
        self.good: Good | None = None
        self.is_alarmed = False
        self.compared = Mean()
        self._adwin = drift.ADWIN()

    def restart(self, good: Good | None) -> None:
        """Begin with another leader, and the form to go back to."""
        self._adwin = drift.ADWIN()
        self._probation = None
        self.is_alarmed = False
        self._take_over(good)

    def opinion(self, x: dict[str, float], action: Action) -> tuple[int, float] | None:
        """Give what the last good form says of the action, with its number."""
        if self.good is None:
            return None
        return self._generation, said_by(self.good.scorer, x, action)

    @property
    def lower(self) -> float:
        """The bound of how much worse the leader's log loss is than the last good form's."""
        return self.compared.mean - self.compared.width(self._alpha, self._every)

    def update(self, y: bool, p_lead: float, p_good: tuple[int, float] | None) -> Finding | None:
        """Take in a label with what was said of it; tells what is found, if anything is."""
        lost = loss(p_lead, y)
        before = self._adwin.estimation
        self._adwin.update(lost)
        risen = bool(self._adwin.drift_detected) and self._adwin.estimation > before
        self._taken_count += self.good is None
        if p_good is not None and p_good[0] == self._generation:
            self._taken_count += 1
            self.compared.update(lost - loss(p_good[1], y))
        if self.is_alarmed and self._is_worse():
            return "worse"
        if risen and not self.is_alarmed:
            self.is_alarmed = True
            return "drift"
        return None

    def is_due(self) -> bool:
        """Whether a period has ended."""
        return self._taken_count >= self._every

    def end_period(self, owner: int, form: Form) -> None:
        """Put the leader's form of now on probation; the one before passes if all was well."""
        self._taken_count = 0
        if self.is_alarmed and self.compared.mean > 0:
            return  # not well, but not proven: the same comparison goes on
        self.is_alarmed = False
        passed, self._probation = (
            self._probation,
            Good(owner=owner, form=form, scorer=self._load(form)),
        )
        if passed is not None:
            self._take_over(passed)

    def _is_worse(self) -> bool:
        if self.compared.count < self._least:
            return False
        return self.lower > LEAST_HARM

    def _take_over(self, good: Good | None) -> None:
        self.good = good
        self._generation += 1
        self._taken_count = 0
        self.compared = Mean()


def loss(p: float, y: bool) -> float:
    """Log loss of one label, bounded.

    Examples
    --------
    >>> round(loss(0.5, True), 3), round(loss(0.0, True), 3)
    (0.693, 6.908)
    """
    p = min(max(p, CLIP), 1 - CLIP)
    return -log(p if y else 1 - p)


def said_by(scorer: Scorer, x: dict[str, float], action: Action) -> float:
    """Give the plain P(buy) of one action."""
    given = action.kind != NOTHING.kind
    return scorer.score(x, (action,) if given else ()).expected(0 if given else None)
