"""Models and knowledge of a recorded run, learned again as far as its decisions ask for them."""

from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from typing import Any, TypeVar

from coupons.stock import EVERYTHING_THERE, Stock
from online_models.knowledge.known import NOTHING, Known
from streams import wire
from streams.context import NOTHING_KNOWN, Rules
from streams.knowing import Knowing
from streams.learning import PRIOR, InForce, Learning
from streams.recordings.writing import OUTCOMES, SESSIONS, STOCK, RecordingError
from streams.rules import read_catalogue, rules_of
from streams.settings import Settings
from streams.stocking import Told, stocks_at

T = TypeVar("T")
# Partitions are at about the same place, so few versions are in use at a time; all stay as bytes.
_KNOWN_COUNT = 4


class Relearned:
    """The rules of a run by versions; outcomes bring forth models, sessions knowledge.

    Neither depends on where the other stood: each is a function of its own topic's beginning.
    """

    def __init__(
        self, settings: Settings, outcomes: Iterator[bytes], sessions: Iterator[bytes]
    ) -> None:
        self._settings = settings
        self.catalogue = read_catalogue(settings)
        self._learning, self._knowing = Learning(settings), Knowing(settings)
        self._outcomes, self._sessions = enumerate(outcomes, 1), enumerate(sessions, 1)
        self._models: dict[str, InForce] = {PRIOR: self._learning.in_force}
        self._knowledge: dict[str, bytes] = {}
        self._stocks: dict[int, Stock] = {0: EVERYTHING_THERE}
        self._known = lru_cache(_KNOWN_COUNT)(self._load)
        self._rules = lru_cache(_KNOWN_COUNT)(self._make)
        self._learning.begin()
        self._knowing.begin()

    @property
    def counts(self) -> tuple[int, int]:
        """How many models and knowledges were in force, those that learned nothing among them."""
        return len(self._models), len(self._knowledge) + 1

    def take_stock(self, levels: Iterable[Told], versions: Iterable[int]) -> None:
        """Find the stock at all versions that decisions name; records are gone through once.

        Raises
        ------
        RecordingError
            The records end before one of them.
        """
        asked = set(versions) - {0}
        try:
            self._stocks |= {one.version: one for one in stocks_at(levels, asked)}
        except LookupError as error:
            message = f"{STOCK}: {error}"
            raise RecordingError(message) from error

    def rules(self, model: str, knowledge: str, stock: int) -> Rules:
        """Give the rules with the model, the knowledge and the stock of these versions.

        Raises
        ------
        RecordingError
            Outcomes or sessions end before them.
        """
        while model not in self._models:
            self._learn(model)
        while knowledge != NOTHING and knowledge not in self._knowledge:
            self._study(knowledge)
        return self._rules(model, knowledge, stock)

    def _make(self, model: str, knowledge: str, stock: int) -> Rules:
        known, there = self._known(knowledge), self._stocks[stock]
        return rules_of(self._settings, self.catalogue, self._models[model], known, there)

    def _load(self, version: str) -> Known:
        if version == NOTHING:
            return NOTHING_KNOWN
        self._knowing.take(wire.decode_state(self._knowledge[version]))
        return self._knowing.in_force

    def _learn(self, version: str) -> None:
        name = f"the model {version!r}", "COUPON_SNAPSHOT_EVERY"
        number, outcome = _next(self._outcomes, OUTCOMES, "an outcome", wire.decode_outcome, name)
        for _, snapshot in self._learning.learn([(number, outcome)]).snapshots:
            self._learning.take(snapshot)
            self._models[self._learning.version] = self._learning.in_force

    def _study(self, version: str) -> None:
        name = f"the knowledge {version!r}", "COUPON_KNOWLEDGE_EVERY"
        number, session = _next(self._sessions, SESSIONS, "a session", wire.decode_session, name)
        for _, snapshot in self._knowing.learn([(number, session)]):
            found: dict[str, Any] = snapshot["header"]
            self._knowledge[found["version"]] = wire.encode_state(snapshot)


def _next(
    lines: Iterator[tuple[int, bytes]],
    file: str,
    kind: str,
    decode: Callable[[bytes], T],
    wanted: tuple[str, str],
) -> tuple[int, T]:
    number, value = next(lines, (0, None))
    if value is None:
        message = (
            f"{file}: must bring forth {wanted[0]} that a decision names, was at its end before;"
            f" {wanted[1]} must be as in the run"
        )
        raise RecordingError(message)
    try:
        return number, decode(value)
    except ValueError as error:
        message = f"{file}, line {number}: must be {kind}, was not: {error}"
        raise RecordingError(message) from error
