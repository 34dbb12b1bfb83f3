"""The league: learners side by side, one of which leads as long as the evidence lets it."""

from collections import Counter, deque
from collections.abc import Sequence

from online_models.league.ballots import Ballot, ballot, place_drawn
from online_models.league.choosing import chosen
from online_models.league.contracts import Answers, Entrant, Form, Learner, Scorer
from online_models.league.loading import scorer_from
from online_models.league.race import Race
from online_models.league.rules import LeagueRules
from online_models.league.standings import Change, Happening, Lead, Standing
from online_models.league.waiting import Room, Waiting
from online_models.league.watch import Good, Watch, loss, said_by
from online_models.outcomes import Outcome

MAX_EVENTS = 256


class League:
    """A fold over the log of outcomes: the same log gives the same leader, at every restart.

    Shadows are never broadcast and never saved. Their state is bounded, and whoever trains after a
    crash folds the log again.

    Every opened decision is asked of all learners before they learn of it. Those that were drawn
    evenly among all eligible actions are ballots: what each entrant would have chosen is kept, and
    judged when the label is known. Nobody is promoted but on the value of its choices in money;
    the leader is rolled back for its probabilities, which tell much sooner that it is sick.

    Parameters
    ----------
    entrants
        Distinct names; an entrant may share its learner with another.
    names
        The user features, for reading scoring forms back.
    leader
        Who leads at first, the first entrant where None.

    Attributes
    ----------
    offset
        The last offset applied, -1 before the first; `learn` is idempotent by it.
    counts
        `repeated`, `unreadable` and `unjudged` outcomes, and happenings by kind.
    """

    def __init__(
        self,
        entrants: Sequence[Entrant],
        *,
        names: Sequence[str],
        leader: str | None = None,
        rules: LeagueRules | None = None,
    ):
        places = {entrant.name: place for place, entrant in enumerate(entrants)}
        if len(places) != len(entrants) or not entrants:
            message = f"entrants must have distinct names, was {[e.name for e in entrants]}"
            raise ValueError(message)
        self.entrants = tuple(entrants)
        self.rules = LeagueRules() if rules is None else rules
        self.offset = -1
        self.counts: Counter[str] = Counter()
        self._names = tuple(names)
        self._learners: list[Learner] = []
        self._taught_by = [self._place_of(entrant.learner) for entrant in entrants]
        self._leading = 0 if leader is None else places[leader]
        self._pinned: Good | None = None
        self._season = self._seats_count = 0
        self._race = self._new_race()
        self._judged = Room(self.rules.waiting_capacity)
        self._others = Room(self.rules.waiting_capacity)
        self._events: deque[Happening] = deque(maxlen=MAX_EVENTS)
        self._watch = Watch(
            self._load,
            every=self.rules.period_labels,
            alpha=self.rules.rollback_alpha,
            least=self.rules.least_compared,
        )

    @property
    def leader(self) -> Lead:
        """Who leads."""
        entrant = self.entrants[self._leading]
        return Lead(name=entrant.name, rule=entrant.rule, is_pinned=self._pinned is not None)

    @property
    def waiting_count(self) -> int:
        """Decisions that wait for their label."""
        return len(self._judged) + len(self._others)

    @property
    def turned_away_count(self) -> int:
        """Decisions that are not counted: no room was left, or they waited out all patience."""
        rooms = (self._judged, self._others)
        return sum(room.refused_count + room.lost_count for room in rooms)

    def scoring_form(self) -> Form:
        """Write down the leader for scoring, as plain JSON; `scorer_from` reads it."""
        if self._pinned is not None:
            return self._pinned.form
        return self.entrants[self._leading].learner.scoring_form()

    def standings(self) -> list[Standing]:
        """Give a record of each entrant in the present race."""
        leading = None if self._pinned is not None else self._leading
        return self._race.standings(self.entrants, leading)

    def take_events(self) -> list[Happening]:
        """Hand over what happened since the last call; forgets it."""
        events = list(self._events)
        self._events.clear()
        return events

    def learn(self, outcome: Outcome, offset: int) -> None:
        """Apply one outcome; an offset at or below the last one is counted and left out."""
        if offset <= self.offset:
            self.counts["repeated"] += 1
            return
        self.offset = offset
        if outcome.state == "opened":
            self._open(outcome)
            return
        if outcome.state == "settled" and outcome.y and outcome.x:
            for learner in self._learners:
                learner.learn_bought(outcome.x, outcome.action)
        for room in (self._judged, self._others):
            for waiting in room.close(outcome):
                self._count(waiting)

    def _open(self, outcome: Outcome) -> None:
        if not outcome.x:
            self.counts["unreadable"] += 1
            return
        x, action = outcome.x, outcome.action
        polled = self._poll(outcome) if outcome.candidates and outcome.arm == "random" else None
        p_good = self._watch.opinion(x, action)
        p_pinned = None if self._pinned is None else said_by(self._pinned.scorer, x, action)
        p_buy = tuple(learner.learn_opened(x, action) for learner in self._learners)
        waiting = Waiting(
            decided_ms=outcome.decided_ms,
            p_buy=p_buy,
            p_lead=p_buy[self._taught_by[self._leading]] if p_pinned is None else p_pinned,
            p_good=p_good,
            seat=self._seats_count,
            ballot=polled,
        )
        room = self._others if polled is None else self._judged
        room.enter(outcome.decision_id, waiting)

    def _poll(self, outcome: Outcome) -> Ballot | None:
        drawn = place_drawn(outcome)
        if drawn is None:
            self.counts["unjudged"] += 1
            return None
        actions = [option.action for option in outcome.candidates]
        answers = [learner.score(outcome.x, actions) for learner in self._learners]
        choices = [
            self._choice(entrant, answers[taught_by], outcome)
            for entrant, taught_by in zip(self.entrants, self._taught_by, strict=True)
        ]
        if self._pinned is None:
            led = answers[self._taught_by[self._leading]]
        else:
            led = self._pinned.scorer.score(outcome.x, actions)
        lead = self._choice(self.entrants[self._leading], led, outcome)
        return ballot(outcome, drawn, led, choices, lead, self._season)

    def _choice(self, entrant: Entrant, answers: Answers, outcome: Outcome) -> int:
        margin = float(outcome.expected_margin_minor)
        at = chosen(entrant.rule, answers, outcome.candidates, margin)
        return 0 if at is None else at + 1

    def _count(self, waiting: Waiting) -> None:
        assert waiting.label is not None
        y = waiting.label[0]
        for place, taught_by in enumerate(self._taught_by):
            self._race.losses[place].update(loss(waiting.p_buy[taught_by], y))
        self._look_back(y, waiting)
        if waiting.ballot is not None and waiting.ballot.season == self._season:
            self._race.judge(waiting.ballot, waiting.label)
            self._look_ahead()

    def _look_ahead(self) -> None:
        winner = self._race.winner()
        if winner is not None:
            bound, count = self._race.lower_minor(winner), self._race.judged_count
            form = self.scoring_form()
            good = Good(owner=self._leading, form=form, scorer=self._load(form))
            self._seat(winner, None, "promoted", bound, count)
            self._watch.restart(good)
        elif self._race.judged_count >= self.rules.season_judged:
            self._next_season()

    def _look_back(self, y: bool, waiting: Waiting) -> None:
        watch = self._watch
        if waiting.seat != self._seats_count:
            return  # what another leader said
        found = watch.update(y, waiting.p_lead, waiting.p_good)
        if found == "drift":
            self._tell(Happening("drift", self.offset, name=self.leader.name))
        elif found == "worse" and watch.good is not None:
            bound, count, good = watch.lower, watch.compared.count, watch.good
            self._seat(good.owner, good, "rolled_back", bound, count)
            watch.restart(None)
        elif watch.is_due():
            watch.end_period(self._leading, self.scoring_form())

    def _seat(
        self, place: int, pinned: Good | None, kind: Change, bound: float, count: int
    ) -> None:
        previous = self.leader.name
        self._leading, self._pinned = place, pinned
        self._seats_count += 1
        self._next_season()
        name = self.leader.name
        self._tell(
            Happening(kind, self.offset, name=name, previous=previous, bound=bound, count=count)
        )

    def _next_season(self) -> None:
        self._season += 1
        self._race = self._new_race()

    def _new_race(self) -> Race:
        rules, season = self.rules, self._season + 1
        return Race(
            len(self.entrants),
            alpha=rules.alpha / (season * (season + 1)),  # over all seasons they sum to alpha
            least=rules.least_judged,
            least_told=rules.least_told,
            tuned=rules.tuned_judged,
        )

    def _tell(self, happening: Happening) -> None:
        self._events.append(happening)
        self.counts[happening.kind] += 1

    def _load(self, form: Form) -> Scorer:
        return scorer_from(form, names=self._names)

    def _place_of(self, learner: Learner) -> int:
        for place, known in enumerate(self._learners):
            if known is learner:
                return place
        self._learners.append(learner)
        return len(self._learners) - 1
