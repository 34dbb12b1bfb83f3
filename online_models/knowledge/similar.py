"""What is alike: products that the same sessions cared about.

A session rates products by what it did with them (viewed 1, carted 3, bought 5); two products are
as alike as the cosine of their ratings. Article 2 compares a product with itself (always 1) and
takes one neighbour's product of numbers for a score; here a product has *other* products for
neighbours, and all of them count for its score.

References
----------
[^1]: Sarwar, Karypis, Konstan, Riedl (2001), Item-based collaborative filtering recommendation
    algorithms.
[^2]: Miranda, Jorge (2008), Incremental collaborative filtering for binary ratings.
"""

from collections.abc import Mapping
from itertools import combinations
from math import sqrt
from typing import Any

from features.session_record import Session
from online_models.knowledge.pair_sketch import PairSketch, pair_name
from online_models.knowledge.sketch import Sketch

DAY_MS = 86_400_000
RATINGS = (1.0, 3.0, 5.0)  # viewed, carted, bought
MAX_RATED = 12  # products of a session, the best rated: their pairs grow with the square
NEIGHBOURS_COUNT = 20
_SHRINK = 2.0  # rating mass of doubt: two products that met once are hardly known to be alike


class Similar:
    """Decayed sums of products of ratings, by product and by pair of products.

    At most 1.5 x 768 names of 96 bytes and 1.5 x 2,048 pairs of 138 as JSON, and 480 around
    them: 535,000 bytes.
    """

    MAX_BYTES = 535_000

    def __init__(
        self, names_count: int = 768, pairs_count: int = 2_048, half_life_ms: int = 14 * DAY_MS
    ) -> None:
        self._squares = Sketch(names_count, half_life_ms)
        self._dots = PairSketch(pairs_count, half_life_ms)

    def learn(self, session: Session) -> None:
        """Take in a session's ratings."""
        self.add(ratings_of(session), session.end_ms)

    def add(self, ratings: Mapping[str, float], ts_ms: int) -> None:
        """Take in the ratings of one session or customer."""
        chosen = sorted(ratings, key=lambda name: (-ratings[name], name))[:MAX_RATED]
        # Both sketches began with the same ratings, so their units are the same.
        factor = self._squares.factor(ts_ms)
        self._dots.factor(ts_ms)
        bounds = {name: self._squares.bound(name) for name in chosen}
        for name in chosen:
            self._squares.add(name, ratings[name] ** 2 * factor)
        for one, other in combinations(sorted(chosen), 2):
            # Cauchy and Schwarz: no pair has more than this.
            most = sqrt(bounds[one] * bounds[other])
            self._dots.add_pair(one, other, ratings[one] * ratings[other] * factor, most)

    def similarity(self, one: str, other: str, now_ms: int) -> float:
        """Give the cosine of two products, in 0..1; of a product with itself 1."""
        if one == other:
            return 1.0
        dot = self._dots.weight(pair_name(one, other), now_ms)
        size = sqrt(self._squares.weight(one, now_ms) * self._squares.weight(other, now_ms))
        return min(1.0, dot / size) if size else 0.0

    def neighbours(
        self, product: str, now_ms: int, count: int = NEIGHBOURS_COUNT
    ) -> list[tuple[str, float]]:
        """Give the products most alike, never the product itself, ties by name."""
        found = [
            (other, self.similarity(product, other, now_ms))
            for other in self._dots.partners(product)
        ]
        return sorted(found, key=lambda pair: (-pair[1], pair[0]))[:count]

    def suggestions(
        self, ratings: Mapping[str, float], count: int, now_ms: int
    ) -> list[tuple[str, float]]:
        """Give products that somebody with these ratings will care about, best first.

        The order is by the sum of ratings by similarity, each similarity shrunk where little is
        known: a mean alone puts those first that one neighbour speaks for.
        """
        scores: dict[str, float] = {}
        for product, rating in ratings.items():
            known = self._squares.weight(product, now_ms)
            trust = rating * known / (known + _SHRINK)
            for other, alike in self.neighbours(product, now_ms):
                if other not in ratings:
                    scores[other] = scores.get(other, 0.0) + alike * trust
        return sorted(scores.items(), key=lambda pair: (-pair[1], pair[0]))[:count]

    def dump(self) -> dict[str, Any]:
        """Give the state as plain JSON."""
        return {"squares": self._squares.dump(), "dots": self._dots.dump()}

    @classmethod
    def load(cls, state: dict[str, Any]) -> "Similar":
        """Make what `dump` gave."""
        found = cls()
        found._squares = Sketch.load(state["squares"])
        found._dots = PairSketch.load(state["dots"])
        return found


def ratings_of(session: Session) -> dict[str, float]:
    """Rate the products of a session by the most that was done with each.

    Examples
    --------
    >>> ratings_of(Session(user_id="u", start_ms=0, end_ms=0, viewed=(("p", 9), ("q", 1)),
    ...     bought=(("p", 1),)))
    {'p': 5.0, 'q': 1.0}
    """
    ratings: dict[str, float] = {}
    for counts, rating in zip(
        (session.viewed, session.carted, session.bought), RATINGS, strict=True
    ):
        for name, _ in counts:
            ratings[name] = rating
    return ratings
