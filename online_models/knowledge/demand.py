"""How much is wanted: orders a day by product and category, so that a shop stocks up in time."""

from typing import Any

from features.session_record import Session
from online_models.knowledge.heat import DAY_MS
from online_models.knowledge.sketch import Sketch

KINDS = ("products", "categories")
_LN_2 = 0.6931471805599453


class Demand:
    """Orders of a name, newer ones more: of a steady stream the faded count is rate / decay.

    Orders are those that sessions tell of, a name at most once in each event; how many pieces were
    bought is not in it. At most 1.5 x (384 + 96) names of 96 bytes as JSON, and 400
    around them: 70,000 bytes.
    """

    MAX_BYTES = 70_000

    def __init__(self, half_life_ms: int = 7 * DAY_MS) -> None:
        self._sketches = {
            "products": Sketch(384, half_life_ms),
            "categories": Sketch(96, half_life_ms),
        }
        self._since_ms: int | None = None

    def learn(self, session: Session) -> None:
        """Take in what was bought in a session."""
        if self._since_ms is None:
            self._since_ms = session.start_ms
        told = (session.bought, session.bought_categories)
        for kind, counts in zip(KINDS, told, strict=True):
            if counts:
                sketch = self._sketches[kind]
                factor = sketch.factor(session.end_ms)
                for name, count in counts:
                    sketch.add(name, count * factor)

    def per_day(self, kind: str, name: str, now_ms: int) -> float:
        """Give how many orders of a name a day are to be expected; never too many."""
        return self._sketches[kind].weight(name, now_ms) * self._rate(kind, now_ms)

    def top(self, kind: str, count: int, now_ms: int) -> list[tuple[str, float]]:
        """Give the names of a kind (`KINDS`) that are ordered most, with their orders a day."""
        rate = self._rate(kind, now_ms)
        return [(name, held * rate) for name, held in self._sketches[kind].top(count, now_ms)]

    def dump(self) -> dict[str, Any]:
        """Give the state as plain JSON."""
        sketches = {kind: sketch.dump() for kind, sketch in self._sketches.items()}
        return {"since_ms": self._since_ms, **sketches}

    @classmethod
    def load(cls, state: dict[str, Any]) -> "Demand":
        """Make what `dump` gave."""
        demand = cls()
        demand._sketches = {kind: Sketch.load(state[kind]) for kind in KINDS}
        demand._since_ms = state["since_ms"]
        return demand

    def _rate(self, kind: str, now_ms: int) -> float:
        """Give orders a day for a faded count of 1; what was before the first session is not 0."""
        if self._since_ms is None:
            return 0.0
        half_life_ms = self._sketches[kind].half_life_ms
        seen_ratio = 1.0 - 2.0 ** (-max(1, now_ms - self._since_ms) / half_life_ms)
        return float(_LN_2 * DAY_MS / half_life_ms / seen_ratio)
