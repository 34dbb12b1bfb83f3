"""One race: how far each entrant is ahead of the leader, until somebody surely is."""

from collections.abc import Sequence

from online_models.league.ballots import Ballot
from online_models.league.contracts import Entrant
from online_models.league.evidence import Mean
from online_models.league.standings import Standing

CONFIDENCE = 0.95  # of the bounds that are shown


class Race:
    """Sums of one season; a new leader begins a new one.

    Decisions are drawn one by one, so that whatever users and learners did before, each difference
    has the mean of its own decision: the bound holds though users come back and learners learn.

    Parameters
    ----------
    alpha
        Chance that anybody is ever found ahead of the leader who is not, shared evenly among all.
    least
        Decisions judged before anybody may be found ahead.
    least_told
        And of them those that tell the two apart: they differ, and one's choice was drawn.
    tuned
        Decisions at which the bound is narrowest.
    """

    def __init__(
        self, entrants: int, *, alpha: float, least: int, least_told: int, tuned: int
    ) -> None:
        self.alpha = alpha / entrants
        self.least, self.least_told, self.tuned = least, least_told, tuned
        self.ahead = [Mean() for _ in range(entrants)]
        self.value = [Mean() for _ in range(entrants)]
        self.losses = [Mean() for _ in range(entrants)]
        self.given = [0] * entrants
        self.agreed = [0] * entrants
        self.told = [0] * entrants

    @property
    def judged_count(self) -> int:
        """Decisions judged in this race."""
        return self.ahead[0].count

    def judge(self, ballot: Ballot, label: tuple[bool, int, int]) -> None:
        """Take in what came of a decision."""
        brought = ballot.brought_minor(*label)
        lead, drawn = ballot.lead, ballot.drawn
        leads = ballot.value_minor(lead, brought)
        nothing = ballot.value_minor(0, brought)
        for place, choice in enumerate(ballot.choices):
            value = ballot.value_minor(choice, brought)
            self.ahead[place].update(value - leads, ballot.noise(choice, lead))
            self.value[place].update(value - nothing, ballot.noise(choice, 0))
            self.given[place] += choice != 0
            self.agreed[place] += choice == lead
            self.told[place] += choice != lead and drawn in (choice, lead)

    def winner(self) -> int | None:
        """Give the place of the entrant that is surely ahead, the furthest of several."""
        if self.judged_count < self.least:
            return None
        best, at = 0.0, None
        for place, ahead in enumerate(self.ahead):
            if self.told[place] < self.least_told or ahead.mean <= 0.0:
                continue
            bound = ahead.mean - ahead.width(self.alpha, self.tuned)
            if bound > best:
                best, at = bound, place
        return at

    def lower_minor(self, place: int) -> float:
        """Give the bound that decides: by how much the entrant is surely ahead."""
        ahead = self.ahead[place]
        return ahead.mean - ahead.width(self.alpha, self.tuned)

    def standings(self, entrants: Sequence[Entrant], leading: int | None) -> list[Standing]:
        """Give a record of each entrant, in their order."""
        return [self._standing(place, one, leading) for place, one in enumerate(entrants)]

    def _standing(self, place: int, entrant: Entrant, leading: int | None) -> Standing:
        value, ahead, lost = self.value[place], self.ahead[place], self.losses[place]
        count = value.count
        width = value.width(1 - CONFIDENCE, self.tuned)
        known = count >= 2
        return Standing(
            name=entrant.name,
            rule=entrant.rule,
            is_leading=place == leading,
            judged_count=count,
            learned_count=entrant.learner.learned_count,
            given_ratio=self.given[place] / count if count else None,
            agreed_ratio=self.agreed[place] / count if count else None,
            value_minor=value.mean if known else None,
            lower_minor=value.mean - width if known else None,
            upper_minor=value.mean + width if known else None,
            ahead_minor=ahead.mean if known else None,
            ahead_lower_minor=self.lower_minor(place) if known else None,
            log_loss=lost.mean if lost.count else None,
        )
