"""What learners of late labels share: a provisional negative first, a purchase once more."""

from abc import ABC, abstractmethod

from features.actions import Action
from online_models.league.forms import Labels

BASE_RATE = 0.1  # P(buy) that is believed before the first label


class LateLearner(ABC):
    """Counts its labels, and by action those that tell who is cold; see `contracts.Learner`."""

    def __init__(self) -> None:
        self.learned_count = 0
        self._labels = Labels()

    def learn_opened(self, x: dict[str, float], action: Action) -> float:
        """Learn a provisional negative; gives P(buy) as it was before."""
        p = self._learn(x, action, False)
        self.learned_count += 1
        self._labels.add(action)
        return p

    def learn_bought(self, x: dict[str, float], action: Action) -> None:
        """Learn that a decision shown before was bought."""
        self._learn(x, action, True)
        self.learned_count += 1

    @abstractmethod
    def _learn(self, x: dict[str, float], action: Action, y: bool) -> float:
        """Take in a label, weighed as a late one; gives P(buy) as it was before."""
