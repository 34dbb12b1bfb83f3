"""Decisions that wait for their label, let go in the order in which they were made.

Purchases are known at once and the rest only at its horizon. Counted as they come, the first
labels after any change would all be purchases; counted in order, each decision waits for those
before it, and no moment is a special one.
"""

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass

from online_models.league.ballots import Ballot
from online_models.outcomes import Outcome

PATIENCE_MS = 90 * 86_400_000


@dataclass(slots=True, kw_only=True)
class Waiting:
    """One decision: what was believed of it, and its label once it is known.

    Attributes
    ----------
    p_buy
        What each learner said of the action taken, before it learned of it.
    p_lead, p_good
        What the leader said, and what the last good form said, by its number.
    seat
        How many leaders there were before this one.
    """

    decided_ms: int
    p_buy: tuple[float, ...]
    p_lead: float
    p_good: tuple[int, float] | None
    seat: int
    ballot: Ballot | None
    label: tuple[bool, int, int] | None = None


class Room:
    """Decisions in their order, never more than `capacity`.

    A full room turns newcomers away, and counts them: they are a fair sample, since nothing is
    known of them yet. To send the oldest away would leave nobody to see a label.
    """

    def __init__(self, capacity: int):
        self.capacity = capacity
        self.refused_count = 0
        self.lost_count = 0
        self._waiting: OrderedDict[str, Waiting] = OrderedDict()

    def __len__(self) -> int:
        return len(self._waiting)

    def enter(self, decision_id: str, waiting: Waiting) -> None:
        """Let a decision wait, or turn it away; drops one that has waited out all patience."""
        while self._waiting:
            oldest = next(iter(self._waiting))
            if waiting.decided_ms - self._waiting[oldest].decided_ms <= PATIENCE_MS:
                break
            del self._waiting[oldest]
            self.lost_count += 1
        if len(self._waiting) >= self.capacity:
            self.refused_count += 1
        elif decision_id not in self._waiting:
            self._waiting[decision_id] = waiting

    def close(self, outcome: Outcome) -> Iterator[Waiting]:
        """Note a label, or that there will be none; gives those whose turn has come."""
        held = self._waiting.get(outcome.decision_id)
        if held is None:
            return
        if outcome.state == "censored":
            del self._waiting[outcome.decision_id]
        else:
            held.label = outcome.y, outcome.margin_minor, outcome.discount_minor
        while self._waiting:
            first = next(iter(self._waiting))
            if self._waiting[first].label is None:
                return
            yield self._waiting.pop(first)
