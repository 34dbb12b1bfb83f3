"""What is done next: how often one kind of behaviour follows another.

Article 1 divides p(j|i) p(i) by p(j), which is the chance that i came *before* j; the chance that j
comes next is the plain share of moves from i that lead to j, and each row of those sums to 1.
"""

from collections.abc import Sequence
from typing import Any

from features.session_record import CODE_OF, Session

DAY_MS = 86_400_000
BEGIN, END = "begin", "end"
STATES: tuple[str, ...] = (BEGIN, *CODE_OF, END)
LONG_RUN = 3  # of the same: behaves unlike its beginning

_PRIOR = 2.0  # moves by which a seldom row leans on what is done anyway
_REBASE_HALVINGS = 32


class Transitions:
    """Decayed counts of moves between kinds of events, begin and end of a session included.

    States are few: at most 16 kinds x 2 lengths of run x 16 counts of 46 bytes: 24,000 as JSON.
    """

    MAX_BYTES = 24_000

    def __init__(self, half_life_ms: int = 30 * DAY_MS) -> None:
        self.half_life_ms = half_life_ms
        self._landmark_ms: int | None = None
        self._counts: dict[str, dict[str, float]] = {}

    def learn(self, session: Session) -> None:
        """Take in the moves of a session."""
        factor = self._factor(session.end_ms)
        for context, following in moves(session):
            row = self._counts.setdefault(context, {})
            row[following] = row.get(following, 0.0) + factor

    def probabilities(self, context: str) -> dict[str, float]:
        """Give the chance of each next step; they sum to 1.

        A context that was hardly met leans on its kind of event, and that on all moves.

        Parameters
        ----------
        context
            As `context_of` gives it; unknown ones are answered as well.
        """
        kind = context.removesuffix("+")
        chances = _shares(_sum([self._counts.get(name, {}) for name in self._counts]))
        if not chances:
            chances = dict.fromkeys(STATES[1:], 1 / len(STATES[1:]))
        scale = self._factor(self._landmark_ms or 0)
        for row in (
            _sum([self._counts.get(kind, {}), self._counts.get(f"{kind}+", {})]),
            self._counts.get(context, {}),
        ):
            chances = _leaning(row, chances, _PRIOR * scale)
        return chances

    def row(self, kind: str) -> dict[str, float]:
        """Give the plain shares of what follows a kind of event; empty if it was never met."""
        rows = [self._counts.get(kind, {}), self._counts.get(f"{kind}+", {})]
        return _shares(_sum(rows))

    def likeliest(self, context: str) -> str:
        """Name the likeliest next step; on a tie the one that matters most to a shop."""
        chances = self.probabilities(context)
        return max(STATES[1:], key=lambda state: chances.get(state, 0.0))

    def dump(self) -> dict[str, Any]:
        """Give the state as plain JSON."""
        return {
            "half_life_ms": self.half_life_ms,
            "landmark_ms": self._landmark_ms,
            "counts": {context: dict(row) for context, row in self._counts.items()},
        }

    @classmethod
    def load(cls, state: dict[str, Any]) -> "Transitions":
        """Make what `dump` gave."""
        found = cls(state["half_life_ms"])
        found._landmark_ms = state["landmark_ms"]
        found._counts = {context: dict(row) for context, row in state["counts"].items()}
        return found

    def _factor(self, ts_ms: int) -> float:
        if self._landmark_ms is None:
            self._landmark_ms = ts_ms
        halvings = (ts_ms - self._landmark_ms) / self.half_life_ms
        if halvings > _REBASE_HALVINGS:
            shrink = 2.0 ** -int(halvings)
            self._landmark_ms += int(halvings) * self.half_life_ms
            self._counts = {
                context: {name: held * shrink for name, held in row.items()}
                for context, row in self._counts.items()
            }
            halvings = (ts_ms - self._landmark_ms) / self.half_life_ms
        return float(2.0**halvings)


def moves(session: Session) -> list[tuple[str, str]]:
    """Give each move of a session as (context, next step).

    Examples
    --------
    >>> moves(Session(user_id="u", start_ms=0, end_ms=0, steps=(("cart.added", 2),)))
    [('begin', 'cart.added'), ('cart.added', 'cart.added'), ('cart.added', 'end')]
    """
    found: list[tuple[str, str]] = []
    context = BEGIN
    for kind, count in session.steps:
        for number in range(1, count + 1):
            found.append((context, kind))
            context = context_of(kind, number)
    found.append((context, END))
    return found


def context_of(kind: str, run_count: int) -> str:
    """Name the state after so many events of a kind in a row.

    Examples
    --------
    >>> context_of("product.viewed", 1), context_of("product.viewed", 3)
    ('product.viewed', 'product.viewed+')
    """
    return f"{kind}+" if run_count >= LONG_RUN else kind


def _sum(rows: Sequence[dict[str, float]]) -> dict[str, float]:
    whole: dict[str, float] = {}
    for row in rows:
        for name, count in row.items():
            whole[name] = whole.get(name, 0.0) + count
    return whole


def _shares(row: dict[str, float]) -> dict[str, float]:
    whole = sum(row.values())
    return {name: count / whole for name, count in row.items()} if whole else {}


def _leaning(row: dict[str, float], prior: dict[str, float], weight: float) -> dict[str, float]:
    whole = sum(row.values()) + weight
    names = dict.fromkeys((*prior, *row))
    return {name: (row.get(name, 0.0) + weight * prior.get(name, 0.0)) / whole for name in names}
