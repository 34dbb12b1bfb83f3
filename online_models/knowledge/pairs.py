"""What goes together: products and categories in the same cart or order.

Apriori and FP-growth look for frequent sets in a table of baskets; of a stream without end pairs
are counted as they come, in bounded room, and old baskets fade. Of a rule a -> b:

    support = w(ab) / W      confidence = w(ab) / w(a)      lift = w(ab) W / (w(a) w(b))

with the decayed weights w of baskets and W of all baskets. Each w is exact until something had to
be forgotten, and then at most its stated error too small.

References
----------
[^1]: Agrawal, Srikant (1994), Fast algorithms for mining association rules.
[^2]: Brin, Motwani, Ullman, Tsur (1997), Dynamic itemset counting (lift, there called interest).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from features.session_record import Session
from online_models.knowledge.pair_sketch import PairSketch, pair_name, split
from online_models.knowledge.sketch import Sketch

DAY_MS = 86_400_000
_SHRINK = 3.0  # baskets of doubt: a confidence counts as if so many more had not held `then`
_LEAST = 1.5  # baskets in which a pair must have been seen, so that one customer makes no rule


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Who has `when` in the basket also has `then`.

    Attributes
    ----------
    support, confidence
        In 0..1.
    lift
        How many times likelier `then` is beside `when` than in any basket.
    error
        How many baskets may be missing in the count of the pair.
    """

    when: str
    then: str
    support: float
    confidence: float
    lift: float
    error: float = 0.0


class Pairs:
    """Decayed counts of baskets, of names in them, and of pairs of names.

    Names take 1.5 x `names_count` x 96 bytes as JSON at most, pairs 1.5 x `pairs_count` x 138:
    with the defaults 746,496 bytes.
    """

    def __init__(
        self, names_count: int = 768, pairs_count: int = 3_072, half_life_ms: int = 30 * DAY_MS
    ) -> None:
        self._names = Sketch(names_count, half_life_ms)
        self._pairs = PairSketch(pairs_count, half_life_ms)
        self._baskets = Sketch(1, half_life_ms)

    def add(self, basket: Iterable[str], ts_ms: int) -> None:
        """Take in a basket, a name once; an empty one is none."""
        names = sorted(set(basket))
        if not names:
            return
        self._baskets.update("", ts_ms)
        # Both sketches began with the same basket, so their units are the same.
        factor = self._names.factor(ts_ms)
        self._pairs.factor(ts_ms)
        bounds = [self._names.bound(name) for name in names]
        for name in names:
            self._names.add(name, factor)
        told = zip(names, bounds, strict=True)
        for (one, most), (other, most_too) in combinations(told, 2):
            # Apriori: a pair is no more frequent than either of its names.
            self._pairs.add_pair(one, other, factor, min(most, most_too))

    def baskets(self, now_ms: int) -> float:
        """Give the weight of all baskets."""
        return self._baskets.whole(now_ms)

    def rule(self, when: str, then: str, now_ms: int) -> Rule | None:
        """Give the rule from one name to another; None where too little is known."""
        name = pair_name(when, then)
        both = self._pairs.weight(name, now_ms)
        alone, wanted = self._names.weight(when, now_ms), self._names.weight(then, now_ms)
        if not (both and alone and wanted):
            return None
        whole = self.baskets(now_ms)
        return Rule(
            when=when,
            then=then,
            support=both / whole,
            # A name that was forgotten in between may have lost what its pairs have not.
            confidence=min(1.0, both / alone),
            lift=both * whole / (alone * wanted),
            error=self._pairs.error(name, now_ms),
        )

    def popular(self, count: int, now_ms: int) -> list[str]:
        """Give the names in most baskets: what anybody would be told who is not known."""
        return [name for name, _ in self._names.top(count, now_ms)]

    def rules(self, now_ms: int, least_support: float = 0.0, count: int = 20) -> list[Rule]:
        """Give the rules of enough support by lift, greatest first, each pair in its surer way."""
        found: list[Rule] = []
        least = max(_LEAST, least_support * self.baskets(now_ms))
        for name, both in self._pairs.top(len(self._pairs), now_ms):
            if both < least:
                break
            one, other = split(name)
            ways = [self.rule(one, other, now_ms), self.rule(other, one, now_ms)]
            found += sorted([way for way in ways if way], key=lambda way: -way.confidence)[:1]
        return sorted(found, key=lambda way: (-way.lift, way.when, way.then))[:count]

    def partners_of(self, when: str, now_ms: int) -> list[tuple[float, Rule]]:
        """Give every rule of lift above 1 from a name, each with its score, in no order."""
        weight = self._names.weight(when, now_ms)
        rules = [self.rule(when, then, now_ms) for then in self._pairs.partners(when)]
        return [
            (found.confidence * weight / (weight + _SHRINK), found)
            for found in rules
            if found is not None and found.lift > 1.0
        ]

    def dump(self) -> dict[str, Any]:
        """Give the state as plain JSON."""
        parts = {"names": self._names, "pairs": self._pairs, "baskets": self._baskets}
        return {name: sketch.dump() for name, sketch in parts.items()}

    @classmethod
    def load(cls, state: dict[str, Any]) -> "Pairs":
        """Make what `dump` gave."""
        pairs = cls()
        pairs._names = Sketch.load(state["names"])
        pairs._pairs = PairSketch.load(state["pairs"])
        pairs._baskets = Sketch.load(state["baskets"])
        return pairs


class Associations:
    """Pairs of products and pairs of categories, of carts and orders.

    At most 746,496 bytes of products and 124,416 of categories as JSON, and 1,088 around them:
    872,000.
    """

    MAX_BYTES = 872_000

    def __init__(self) -> None:
        self.products = Pairs()
        self.categories = Pairs(names_count=128, pairs_count=512)

    def learn(self, session: Session) -> None:
        """Take in what was carted or bought in a session as one basket."""
        products = (session.carted, session.bought)
        self.products.add((name for told in products for name, _ in told), session.end_ms)
        categories = (session.carted_categories, session.bought_categories)
        self.categories.add((name for told in categories for name, _ in told), session.end_ms)

    def dump(self) -> dict[str, Any]:
        """Give the state as plain JSON."""
        return {"products": self.products.dump(), "categories": self.categories.dump()}

    @classmethod
    def load(cls, state: dict[str, Any]) -> "Associations":
        """Make what `dump` gave."""
        found = cls()
        found.products = Pairs.load(state["products"])
        found.categories = Pairs.load(state["categories"])
        return found
