"""What decisions ask of a knowledge that does not change any more, prepared as far as asked."""

from collections.abc import Sequence, Set
from dataclasses import dataclass
from functools import cached_property, lru_cache

from features.session_record import Session
from features.session_text import is_cut
from online_models.knowledge.add_ons import AddOns
from online_models.knowledge.knowledge import Knowledge
from online_models.knowledge.pairs import Rule
from online_models.knowledge.risk import NO_RISK, Risk, risk_of, signs_of

NOTHING = "none"  # the version of a knowledge that learned nothing
_VISITS_COUNT = 4_096
_DRAWN_EVERY = 4  # of the sampled sessions
_USUAL_COUNT = 100
_PRODUCTS_COUNT = 2_048


@dataclass(frozen=True, slots=True)
class Seen:
    """What the numbers of a visit tell of a customer.

    Attributes
    ----------
    segment, name
        The segment's label and its English name; empty before there are any.
    share
        Of all sessions, those of this segment, in 0..1.
    is_odd
        Odder than each of a hundred sessions of the sample.
    """

    segment: str = ""
    name: str = ""
    share: float = 0.0
    is_odd: bool = False


class Known:
    """A snapshot of what is known of all customers, as scorers use it.

    Answers are for the moment of the newest session that was learned, so that they are the same
    until the next snapshot.
    """

    def __init__(self, knowledge: Knowledge) -> None:
        self.knowledge = knowledge
        count, self._now_ms = knowledge.sessions_count, knowledge.now_ms
        self.version = str(count) if count else NOTHING
        self._add_ons = AddOns(knowledge.associations.products, self._now_ms)
        self._chances: dict[str, dict[str, float]] = {}
        self.seen = lru_cache(_VISITS_COUNT)(self._look)
        self.alike = lru_cache(_PRODUCTS_COUNT)(self._neighbours)

    def hints(
        self, basket: Sequence[str], count: int, besides: Set[str] = frozenset()
    ) -> list[Rule]:
        """Give what to add to a basket, likeliest first; never a name that was cut short.

        Parameters
        ----------
        besides
            Names that are no hints, such as those of what is sold out.
        """
        found = self._add_ons.hints(basket, count, besides)
        return [rule for rule in found if not is_cut(rule.then)]

    def risk(self, session: Session, visit: tuple[float, ...]) -> Risk:
        """Say how risky an offer is, by a session that goes on and by the last visit."""
        if self.version == NOTHING:
            return NO_RISK
        signs = signs_of(self.knowledge.rings, session)
        if visit and self.seen(visit).is_odd:
            signs.append("odd_session")
        return risk_of(signs)

    def heat(self, product: str) -> float:
        """Give a product's share of all heat, in 0..1."""
        return self.knowledge.heat.heat("products", product, self._now_ms)

    def chance(self, kind: str, following: str) -> float:
        """Give the chance that a kind of event is followed by another at once."""
        chances = self._chances.get(kind)
        if chances is None:
            chances = self._chances[kind] = self.knowledge.transitions.probabilities(kind)
        return chances.get(following, 0.0)

    def _neighbours(self, product: str) -> tuple[tuple[str, float], ...]:
        """Give the products most alike, with how much, in 0..1; never a name that was cut short."""
        found = self.knowledge.similar.neighbours(product, self._now_ms)
        return tuple([(other, alike) for other, alike in found if alike and not is_cut(other)])

    def _look(self, visit: tuple[float, ...]) -> Seen:
        segment = self.knowledge.segments.segment_of(visit) or ""
        name, _ = self._names.get(segment, ("", ""))
        odd = self.knowledge.oddness.score_one(visit) > self._usual
        return Seen(segment, name, round(self._shares.get(segment, 0.0), 4), odd)

    @cached_property
    def _names(self) -> dict[str, tuple[str, str]]:
        return self.knowledge.segments.named()

    @cached_property
    def _shares(self) -> dict[str, float]:
        return self.knowledge.segments.shares()

    @cached_property
    def _usual(self) -> float:
        rows = self.knowledge.segments.sample()[::_DRAWN_EVERY]
        if len(rows) < _USUAL_COUNT:
            return 1.0  # too few to say what is usual
        return max([self.knowledge.oddness.score_one(row) for row in rows])
