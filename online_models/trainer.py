"""Learning from outcomes in the order of their log, each exactly once."""

from dataclasses import dataclass

from features.actions import NOTHING
from online_models.evaluation import Evaluation
from online_models.outcomes import Outcome
from online_models.response import ResponseModel


@dataclass(slots=True, kw_only=True)
class TrainerCounts:
    """What the trainer did with the outcomes that it saw.

    Attributes
    ----------
    opened, bought, unsold, censored
        Decisions made, and how they ended: by a purchase, at their horizon, forgotten by the row.
    repeated
        Offsets seen before, left out.
    unreadable
        Outcomes without features (remembered under other feature names), left out of learning.
    """

    opened: int = 0
    bought: int = 0
    unsold: int = 0
    censored: int = 0
    repeated: int = 0
    unreadable: int = 0


class Trainer:
    """Feed outcomes to a model that learns with delayed labels.

    A decision is learned at once as a negative ("fake negative") and once more as a positive when
    it is bought; weights make up for the double showing (see `delay_weight`). Waiting for the
    horizon instead would cost the days in which a campaign needs to learn most.

    Evaluation happens when the label is known, on the probability that was logged with the
    decision: nothing that was learned since can flatter it. `drift_ratio` tells how far the
    model has moved on from what decided: an exponential mean of |p now - p then|, taken before
    learning.

    The caller sends only outcomes of users who consent to learning.

    Attributes
    ----------
    offset
        The last offset applied, -1 before the first; `learn` is idempotent by it.
    """

    def __init__(
        self,
        model: ResponseModel,
        *,
        offset: int = -1,
        counts: TrainerCounts | None = None,
        evaluation: Evaluation | None = None,
        drift_ratio: float = 0.0,
    ):
        self.model = model
        self.offset = offset
        self.counts = TrainerCounts() if counts is None else counts
        self.evaluation = Evaluation() if evaluation is None else evaluation
        self.drift_ratio = drift_ratio

    @property
    def applied_count(self) -> int:
        """How many outcomes were applied: the model's version, the same wherever the log lies."""
        counts = self.counts
        return counts.opened + counts.bought + counts.unsold + counts.censored

    def learn(self, outcome: Outcome, offset: int) -> None:
        """Apply one outcome; an offset at or below the last one is counted and left out."""
        if offset <= self.offset:
            self.counts.repeated += 1
            return
        if outcome.state == "censored":
            self.counts.censored += 1
        elif outcome.state == "opened":
            self.counts.opened += 1
            self._open(outcome)
        else:
            self._settle(outcome)
        self.offset = offset

    def _open(self, outcome: Outcome) -> None:
        if not outcome.x:
            self.counts.unreadable += 1
            return
        now = self.model.learn_opened(outcome.x, outcome.action)
        self.drift_ratio += 0.001 * (abs(now - outcome.p_buy) - self.drift_ratio)

    def _settle(self, outcome: Outcome) -> None:
        self.evaluation.update(outcome.p_buy, outcome.y)
        if outcome.clicked is not None and outcome.x and outcome.action != NOTHING:
            self.model.learn_clicked(outcome.x, outcome.action, outcome.clicked)
        if not outcome.y:
            self.counts.unsold += 1
            return
        self.counts.bought += 1
        if outcome.x:
            self.model.learn_bought(outcome.x, outcome.action)
        else:
            self.counts.unreadable += 1
