"""What a file of events tells of customers: sessions are made and learned, each tested before."""

import heapq
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from features import seen
from features import session as sessions
from features.events import Event
from features.session_record import Session
from online_models.knowledge.add_ons import AddOns
from online_models.knowledge.demand import KINDS
from online_models.knowledge.heat import DAY_MS
from online_models.knowledge.knowledge import Knowledge
from online_models.knowledge.similar import ratings_of
from online_models.knowledge.transitions import moves
from streams import wire
from streams.insights.demand import Foretold
from streams.layouts import Accepted, Refused

HINTS_COUNT = 20


@dataclass(slots=True)
class Hits:
    """How often something was foretold, and how often a plain rule foretold it."""

    tries: int = 0
    ours: int = 0
    plain: int = 0

    def add(self, ours: bool, plain: bool) -> None:
        """Count one try."""
        self.tries += 1
        self.ours += ours
        self.plain += plain

    def ratios(self) -> tuple[float, float]:
        """Give both shares of hits; 0.0 without a try."""
        return (
            (round(self.ours / self.tries, 4), round(self.plain / self.tries, 4))
            if self.tries
            else (0.0, 0.0)
        )


def _foretold() -> tuple[Foretold, ...]:
    return tuple(Foretold(kind, DAY_MS) for kind in KINDS)


@dataclass(slots=True)
class Insights:
    """What was learned, and how well each session was foretold by those before it.

    Attributes
    ----------
    next_action
        The next step of a session, its end included; plain is the commonest step so far.
    add_ons
        One product of a cart or order, from the others: among 20 hints, filled up with the most
        popular ones; plain are the 20 that are in most baskets.
    next_product
        One product that a session cared for, from the others: among 20 that are alike, filled up
        with the hottest ones; plain are the 20 hottest.
    ratings
        How often each number of stars was given, by events that may come twice.
    demand
        Orders of the next day, by product and by category.
    """

    knowledge: Knowledge = field(default_factory=Knowledge)
    events_count: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    merged_count: int = 0
    ratings: Counter[int] = field(default_factory=Counter)
    next_action: Hits = field(default_factory=Hits)
    add_ons: Hits = field(default_factory=Hits)
    next_product: Hits = field(default_factory=Hits)
    demand: tuple[Foretold, ...] = field(default_factory=_foretold)
    _steps: Counter[str] = field(default_factory=Counter)

    def take(self, session: Session) -> None:
        """Test what is known on a session, then learn it."""
        self._foretell(session)
        for one in self.demand:
            one.see(session, self.knowledge.demand)
        self.knowledge.learn(session)
        self.merged_count += session.merged_count

    def _foretell(self, session: Session) -> None:
        known, now_ms = self.knowledge, session.end_ms
        commonest = max(self._steps, key=lambda step: self._steps[step], default="")
        told = moves(session)
        for context, following in told:
            ours = known.transitions.likeliest(context)
            self.next_action.add(ours == following, commonest == following)
        self._steps.update(following for _, following in told)
        basket = list(dict.fromkeys(name for name, _ in (*session.carted, *session.bought)))
        if len(basket) > 1:
            *held, hidden = basket
            products = known.associations.products
            hints = [rule.then for rule in AddOns(products, now_ms).hints(held, HINTS_COUNT)]
            popular = products.popular(HINTS_COUNT + len(held), now_ms)
            self.add_ons.add(*_found(hidden, held, hints, popular))
        ratings = ratings_of(session)
        if len(ratings) > 1:
            hidden = list(ratings)[-1]
            rest = {name: rating for name, rating in ratings.items() if name != hidden}
            alike = [name for name, _ in known.similar.suggestions(rest, HINTS_COUNT, now_ms)]
            hottest = known.heat.most_bought(rest, HINTS_COUNT, now_ms)
            self.next_product.add(*_found(hidden, list(rest), alike, hottest))


def _found(
    hidden: str, held: Sequence[str], hints: Sequence[str], popular: Sequence[str]
) -> tuple[bool, bool]:
    plain = [name for name in popular if name not in held][:HINTS_COUNT]
    filled = list(dict.fromkeys((*hints, *plain)))[:HINTS_COUNT]
    return hidden in filled, hidden in plain


def learn(rows: Iterable[Accepted | Refused]) -> Insights:
    """Make sessions of a file's events, and learn them in the order in which they end."""
    found = Insights()
    for session in sessions_of(events_of(rows, found)):
        found.take(session)
    return found


def events_of(rows: Iterable[Accepted | Refused], found: Insights) -> Iterator[Event]:
    """Give the events of a file and count them, its ratings and what is refused."""
    for row in rows:
        found.events_count += 1
        if isinstance(row, Refused):
            found.refused[row.reason] += 1
        else:
            event = wire.decode_line(row.value, "native")
            if event.rating is not None:
                found.ratings[event.rating] += 1
            yield event


def sessions_of(events: Iterable[Event]) -> Iterator[Session]:
    """Give all users' sessions when they are over by the newest event time, all at the end.

    As in the step, of events of a user that share an id the first counts, among the last 64.
    """
    marks: dict[str, str] = {}
    states: dict[str, sessions.Sessions] = {}
    waiting: list[tuple[int, str]] = []
    newest_ms = 0
    for event in events:
        known, marks[event.user_id] = seen.meet(
            marks.get(event.user_id, ""), event.event_id, event.payload_digest
        )
        if known != "new":
            continue
        newest_ms = max(newest_ms, event.ts_ms)
        yield from _over(states, waiting, newest_ms)
        state = states.setdefault(event.user_id, sessions.empty())
        if sessions.update(state, event) and (due_ms := sessions.due_ms(state)) is not None:
            heapq.heappush(waiting, (due_ms, event.user_id))
    yield from _over(states, waiting, newest_ms + 2 * (sessions.GAP_MS + sessions.GRACE_MS))


def _over(
    states: dict[str, sessions.Sessions], waiting: list[tuple[int, str]], now_ms: int
) -> Iterator[Session]:
    while waiting and waiting[0][0] < now_ms:
        _, user_id = heapq.heappop(waiting)
        state = states.get(user_id)
        if state is None:
            continue
        yield from sessions.close(state, user_id, now_ms)
        if not state["open"]:
            del states[user_id]
