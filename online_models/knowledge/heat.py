"""What is hot: products, categories and words that sessions speak of, recent ones most."""

from collections.abc import Iterable
from typing import Any

from features.session_record import Session
from online_models.knowledge.sketch import Sketch

DAY_MS = 86_400_000
KINDS = ("products", "categories", "words")
_CARTED, _BOUGHT = 2.0, 3.0  # how much hotter than a view; of a session, not of each event


class Heat:
    """Decayed top lists, one for each kind of name.

    At most 1.5 x (2 x 768 + 384) names of 96 bytes as JSON: 277,000 bytes.
    """

    MAX_BYTES = 277_000

    def __init__(self, half_life_ms: int = 3 * DAY_MS) -> None:
        self._sketches = {
            "products": Sketch(768, half_life_ms),
            "categories": Sketch(384, half_life_ms),
            "words": Sketch(768, half_life_ms),
        }

    def learn(self, session: Session) -> None:
        """Take in what a session spoke of; a name counts once for each of viewed, carted, bought.

        So no customer makes anything hot alone by looking at it again and again.
        """
        ts_ms = session.end_ms
        for kind, told in (
            ("products", (session.viewed, session.carted, session.bought)),
            (
                "categories",
                (
                    session.viewed_categories,
                    session.carted_categories,
                    session.bought_categories,
                ),
            ),
            ("words", (session.words,)),
        ):
            sketch = self._sketches[kind]
            factor = sketch.factor(ts_ms)
            for counts, weight in zip(told, (1.0, _CARTED, _BOUGHT), strict=False):
                for name, _ in counts:
                    sketch.add(name, weight * factor)

    def top(self, kind: str, count: int, now_ms: int) -> list[tuple[str, float]]:
        """Give the hottest names of a kind (`KINDS`) with their weights, hottest first."""
        return self._sketches[kind].top(count, now_ms)

    def heat(self, kind: str, name: str, now_ms: int) -> float:
        """Give the share of a name in all heat of its kind, in 0..1, never too large."""
        sketch = self._sketches[kind]
        whole = sketch.whole(now_ms)
        return sketch.weight(name, now_ms) / whole if whole else 0.0

    def most_bought(self, exclude: Iterable[str], count: int, now_ms: int) -> list[str]:
        """Give the hottest products except some: what is recommended when nothing else is known."""
        known = set(exclude)
        found = self.top("products", count + len(known), now_ms)
        return [name for name, _ in found if name not in known][:count]

    def dump(self) -> dict[str, Any]:
        """Give the state as plain JSON."""
        return {kind: sketch.dump() for kind, sketch in self._sketches.items()}

    @classmethod
    def load(cls, state: dict[str, Any]) -> "Heat":
        """Make what `dump` gave."""
        heat = cls()
        heat._sketches = {kind: Sketch.load(state[kind]) for kind in KINDS}
        return heat
