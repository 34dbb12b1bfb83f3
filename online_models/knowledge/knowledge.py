"""All that is known across customers, learned from one stream of sessions in order."""

from typing import Any

from features.session_record import Session
from online_models.knowledge.demand import Demand
from online_models.knowledge.heat import Heat
from online_models.knowledge.oddness import Oddness
from online_models.knowledge.pairs import Associations
from online_models.knowledge.rings import Rings
from online_models.knowledge.segments import Segments
from online_models.knowledge.similar import Similar
from online_models.knowledge.transitions import Transitions

FORMAT = 2


class Knowledge:
    """What every learner of this package knows.

    As JSON at most the sum of their bounds and 1,000 around them: 2,145,000 bytes.

    Attributes
    ----------
    sessions_count
        How many sessions were learned.
    now_ms
        The newest event time among them: the moment for questions that need one.
    """

    MAX_BYTES = 1_000 + sum(
        (
            Heat.MAX_BYTES,
            Associations.MAX_BYTES,
            Transitions.MAX_BYTES,
            Segments.MAX_BYTES,
            Similar.MAX_BYTES,
            Oddness.MAX_BYTES,
            Rings.MAX_BYTES,
            Demand.MAX_BYTES,
        )
    )

    def __init__(self) -> None:
        self.sessions_count = 0
        self.now_ms = 0
        self.heat = Heat()
        self.associations = Associations()
        self.transitions = Transitions()
        self.segments = Segments()
        self.similar = Similar()
        self.oddness = Oddness()
        self.rings = Rings()
        self.demand = Demand()

    def learn(self, session: Session) -> None:
        """Take in a session that is over; the order of sessions is part of what is learned."""
        self.sessions_count += 1
        self.now_ms = max(self.now_ms, session.end_ms)
        self.heat.learn(session)
        self.associations.learn(session)
        self.transitions.learn(session)
        self.segments.learn(session)
        self.similar.learn(session)
        self.oddness.learn(session)
        self.rings.learn(session)
        self.demand.learn(session)

    def dump(self) -> dict[str, Any]:
        """Give the state as plain JSON; `load` makes the same of it."""
        return {
            "format": FORMAT,
            "sessions": self.sessions_count,
            "now_ms": self.now_ms,
            "heat": self.heat.dump(),
            "associations": self.associations.dump(),
            "transitions": self.transitions.dump(),
            "segments": self.segments.dump(),
            "similar": self.similar.dump(),
            "oddness": self.oddness.dump(),
            "rings": self.rings.dump(),
            "demand": self.demand.dump(),
        }

    @classmethod
    def load(cls, state: dict[str, Any]) -> "Knowledge":
        """Make what `dump` gave.

        Raises
        ------
        ValueError
            The state is of another format.
        """
        if state["format"] != FORMAT:
            msg = f"format must be {FORMAT}, was {state['format']!r}"
            raise ValueError(msg)
        found = cls()
        found.sessions_count, found.now_ms = state["sessions"], state["now_ms"]
        found.heat = Heat.load(state["heat"])
        found.associations = Associations.load(state["associations"])
        found.transitions = Transitions.load(state["transitions"])
        found.segments = Segments.load(state["segments"])
        found.similar = Similar.load(state["similar"])
        found.oddness = Oddness.load(state["oddness"])
        found.rings = Rings.load(state["rings"])
        found.demand = Demand.load(state["demand"])
        return found
