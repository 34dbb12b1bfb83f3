"""What the demo has seen: for its terminal, for its JSON, and on its page's board."""

import time
from collections import Counter, deque
from dataclasses import dataclass, field
from typing import Any

from coupons.arms import ArmShares
from coupons.catalogue import Catalogue
from streams.console.board import Board
from streams.decisions import Decision
from streams.demo_worker import HOLDOUT_RATIO
from streams.settings import load

SHOWN_COUNT = 12


@dataclass(slots=True)
class Seen:
    """What the demo has seen so far.

    `true_minor` is what the policy's offers are worth by the shop's own truth, summed over the
    arm `policy`; the `board` knows what the product itself measures against its holdout.
    """

    board: Board
    began_s: float = field(default_factory=time.monotonic)
    first_decision_s: float | None = None
    events: int = 0
    decisions: int = 0
    dead_letters: int = 0
    actions: Counter[str] = field(default_factory=Counter)
    latest: deque[Decision] = field(default_factory=lambda: deque(maxlen=SHOWN_COUNT))
    true_minor: float = 0.0
    event_ms: int = 0

    @property
    def estimated(self) -> dict[str, float]:
        """What was earned against the holdout, with its bounds as far as there are any."""
        found = self.board.earned().items()
        return {name.removesuffix("_minor"): each for name, each in found if each is not None}

    def record(self) -> dict[str, Any]:
        """Give the figures as the command's JSON."""
        point = self.estimated.get("point")
        return {
            "events": self.events,
            "decisions": self.decisions,
            "first_decision_seconds": self.first_decision_s,
            "dead_letters": self.dead_letters,
            "actions": dict(sorted(self.actions.items())),
            "incremental_profit_minor": round(point) if point is not None else None,
            "incremental_profit_bounds_minor": [
                round(self.estimated[bound]) if bound in self.estimated else None
                for bound in ("lower", "upper")
            ],
            "true_incremental_profit_minor": round(self.true_minor),
        }


def board_of(catalogue: Catalogue) -> Board:
    """Begin the board of the demo's page, by the settings that the worker reads as well.

    Raises
    ------
    SettingsError
        One of them cannot be read.
    """
    settings = load()
    shares = ArmShares(
        random=settings.random_ratio,
        business_as_usual=settings.business_as_usual_ratio,
        holdout=HOLDOUT_RATIO,
    )
    return Board(catalogue, shares, settings.shop_currency, settings.pacing_horizon_ms)
