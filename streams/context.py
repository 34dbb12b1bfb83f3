"""What the step is given besides a row and an event, and what it gives back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, TypedDict

from coupons.arms import Arm, ArmShares, arm_of
from coupons.catalogue import Campaign, Catalogue
from coupons.ledger import Ledger
from coupons.pacing import Pacing
from coupons.policy import PolicySettings
from coupons.wallet import Lifecycle, Wallet
from features.actions import Action
from features.events import EventType
from features.imputation import Imputer
from features.profile import Profile
from online_models.incremental import Incremental
from online_models.labels import Pending
from online_models.outcomes import Outcome
from streams.decisions import Decision
from streams.refusals import Reason


class Row(TypedDict):
    """All we keep of one user: one changelog record, so that a crash cannot tear it.

    `at` holds the next offset to apply of each source topic; `last` the moment and stage of the
    last decision point; `net_minor` the margin earned from the user less the discounts given.
    """

    v: int
    seen: str
    profile: Profile
    pending: list[Pending]
    wallet: Wallet
    at: dict[str, int]
    last: list[int]
    net_minor: int


class Scorer(Protocol):
    """What the step asks of a model; `online_models.response.ResponseModel` is one."""

    def predict_many(self, x: dict[str, float], actions: Sequence[Action]) -> list[float]:
        """Give P(buy within the horizon) for each action."""

    def cautious_many(self, x: dict[str, float], actions: Sequence[Action]) -> list[float]:
        """Give the same with the doubt in what coupons do counted against them."""

    def contributions(self, x: dict[str, float], action: Action) -> list[tuple[str, float]]:
        """Give log-odds by feature; they sum to the logit of the action's score."""

    def is_cold(self, action: Action) -> bool:
        """Tell whether the score still rests on the prior."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """Everything that is fixed for a chunk: settings, catalogue and the model in force."""

    app_id: str
    catalogue: Catalogue
    campaigns: Mapping[str, Campaign]
    model: Scorer
    model_id: str
    model_version: str
    model_learned_count: int = 0
    policy: PolicySettings
    pacing: Pacing
    shares: ArmShares
    salt: str
    triggers: frozenset[EventType]
    horizon_ms: int
    spacing_ms: int
    margin_ratio: float
    currency: str
    dry_run: bool = False

    def arm_of(self, user_id: str) -> Arm:
        """Give the arm that a user belongs to for good."""
        return arm_of(user_id, self.salt, self.shares)


@dataclass(slots=True, kw_only=True)
class PartitionState:
    """What one Kafka partition shares between its users; stored as one record beside their rows."""

    partition: int
    watermark_ms: int = 0
    imputer: Imputer = field(default_factory=Imputer)
    ledger: Ledger
    earnings: Incremental = field(default_factory=Incremental)

    def dump(self) -> dict[str, Any]:
        """Give the state as plain JSON."""
        return {
            "v": 1,
            "watermark_ms": self.watermark_ms,
            "imputer": self.imputer.dump(),
            "ledger": self.ledger.dump(),
            "earnings": self.earnings.dump(),
        }


@dataclass(slots=True, kw_only=True)
class Context:
    """Rules of the chunk and the partition's shared state."""

    rules: Rules
    partition: PartitionState


Verdict = Literal["applied", "duplicate", "refused"]


@dataclass(slots=True)
class Effects:
    """What one event brought about, besides the changed row."""

    verdict: Verdict = "applied"
    late: bool = False
    refusal: Reason | None = None
    decision: Decision | None = None
    outcomes: list[Outcome] = field(default_factory=list)
    lifecycle: list[Lifecycle] = field(default_factory=list)
