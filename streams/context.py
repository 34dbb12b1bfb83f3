"""What the step is given besides a row and an event, and what it gives back."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, NotRequired, TypedDict, cast

from coupons.arms import Arm, ArmShares
from coupons.catalogue import Campaign, Catalogue, Coupon
from coupons.circulation import Circulation
from coupons.claims import Claims
from coupons.codes import CodeKey, code_of
from coupons.draw import bucket
from coupons.habit import Habit
from coupons.ledger import Ledger
from coupons.limits import Whose
from coupons.pacing import Pacing
from coupons.policy import PolicySettings
from coupons.promises import PROMISE_RATIO
from coupons.shared import Shared
from coupons.stock import EVERYTHING_THERE, Stock
from coupons.wallet import Lifecycle, Wallet
from features.basket import Basket
from features.events import Event, EventType
from features.growth import BasketGrowth
from features.imputation import Imputer
from features.profile import Profile
from features.session import Sessions
from features.session_record import Session
from online_models.incremental import Incremental
from online_models.knowledge.knowledge import Knowledge
from online_models.knowledge.known import Known
from online_models.labels import Pending
from online_models.league.contracts import Scorer
from online_models.outcomes import Outcome
from streams.decisions import Decision, Experiment, ModelRef, PolicyRef
from streams.families import NO_FAMILIES, Families
from streams.refusals import Reason
from streams.replies import Reply

NOTHING_KNOWN = Known(Knowledge())


class Row(TypedDict):
    """All we keep of one user: one changelog record, so that a crash cannot tear it.

    `at` holds the next offset to apply of each source topic; `last` the moment and stage of the
    last decision point; `net_minor` the margin earned from the user less the discounts given.
    `sessions` holds what the user does now, `last_visit` what their last session looked like,
    `moves` what they did after what. `habit` is there once the user has ordered, where it is asked,
    `shared` once a device, address or person was told, where campaigns have caps by them.
    """

    v: int
    seen: str
    profile: Profile
    pending: list[Pending]
    wallet: Wallet
    at: dict[str, int]
    last: list[int]
    net_minor: int
    sessions: Sessions
    last_visit: list[int]
    moves: dict[str, int]
    habit: NotRequired[Habit]
    shared: NotRequired[Shared]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """Everything that is fixed for a chunk: settings, catalogue, stock, model, knowledge."""

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
    promise_ratio: float = PROMISE_RATIO
    currency: str
    pauses_habits: bool = False
    dry_run: bool = False
    lease_ratio: float = 1.0
    keeps_sessions: bool = False
    session_key: bytes = b""
    mark_keys: tuple[bytes, ...] = (b"",)
    code_key: CodeKey | None = None
    known: Known = NOTHING_KNOWN
    stock: Stock = EVERYTHING_THERE
    families: Families = NO_FAMILIES
    model_ref: ModelRef = field(init=False)
    policy_ref: PolicyRef = field(init=False)
    shared: tuple[Campaign, ...] = field(init=False)  # those with caps by what others share
    _experiments: dict[int, Experiment] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Write down once what stands in every decision."""
        model = ModelRef(
            id=self.model_id, version=self.model_version, learned_count=self.model_learned_count
        )
        object.__setattr__(self, "model_ref", model)
        object.__setattr__(self, "policy_ref", PolicyRef(name=self.policy.name, version="1"))
        shared = tuple([one for one in self.catalogue.campaigns if one.shared_caps])
        object.__setattr__(self, "shared", shared)
        object.__setattr__(self, "_experiments", {})

    def experiment_of(self, user_id: str) -> Experiment:
        """Give the arm that a user belongs to for good, and the bucket that put them there."""
        here = bucket(user_id, self.salt)
        known = self._experiments.get(here)
        if known is None:
            known = Experiment(id=self.salt, variant=self.shares.arm_at(here), bucket=here)
            self._experiments[here] = known
        return known

    def arm_of(self, user_id: str) -> Arm:
        """Give the arm that a user belongs to for good."""
        return self.shares.arm_at(bucket(user_id, self.salt))

    def code_of(self, coupon: Coupon, decision_id: str) -> str | None:
        """Give the code that a coupon is offered with: the catalogue's, else the customer's own."""
        if coupon.code is not None or self.code_key is None:
            return coupon.code
        return code_of(self.code_key, decision_id)


@dataclass(slots=True, kw_only=True)
class PartitionState:
    """What one Kafka partition shares between its users; stored as one record beside their rows."""

    partition: int
    watermark_ms: int = 0
    imputer: Imputer = field(default_factory=Imputer)
    ledger: Ledger
    earnings: Incremental = field(default_factory=Incremental)
    growth: BasketGrowth = field(default_factory=BasketGrowth)
    circulation: Circulation = field(default_factory=Circulation)
    claims: Claims = field(init=False)

    def __post_init__(self) -> None:
        """Begin to count claims."""
        self.claims = Claims(self.partition)

    @classmethod
    def load(cls, record: Mapping[str, Any], partition: int, partitions: int) -> "PartitionState":
        """Take up what `dump` gave; sections that came later begin empty."""
        state = cls(
            partition=partition,
            watermark_ms=record["watermark_ms"],
            imputer=Imputer.load(record["imputer"]),
            ledger=Ledger.load(record["ledger"], partition=partition, partitions=partitions),
            earnings=Incremental.load(record["earnings"]),
            growth=BasketGrowth.load(record.get("growth", {})),
            circulation=Circulation.load(record.get("circulation", {})),
        )
        state.claims.count = record.get("claims", 0)
        return state

    def dump(self) -> dict[str, Any]:
        """Give the state as plain JSON."""
        state = {
            "v": 1,
            "watermark_ms": self.watermark_ms,
            "imputer": self.imputer.dump(),
            "ledger": self.ledger.dump(),
            "earnings": self.earnings.dump(),
            "growth": self.growth.dump(),
            "circulation": self.circulation.dump(),
        }
        return {**state, "claims": self.claims.count} if self.claims.count else state


class Point(NamedTuple):
    """A decision point: what is known of it before the policy is asked."""

    decision_id: str
    event: Event
    x: dict[str, float]
    basket: Basket
    experiment: Experiment
    segment: str | None = None

    @property
    def arm(self) -> Arm:
        """The arm that the user belongs to."""
        return cast(Arm, self.experiment.variant)

    @property
    def whose(self) -> Whose:
        """What limits by name go by."""
        return Whose(self.segment, self.event.store_id)


@dataclass(slots=True, kw_only=True)
class Context:
    """Rules of the chunk and the partition's shared state."""

    rules: Rules
    partition: PartitionState

    def earn(self, row: Row, user_id: str, margin_minor: int) -> None:
        """Book what an order brought under the user's arm; users, not orders, are compared."""
        before_minor = row["net_minor"]
        row["net_minor"] += margin_minor
        self.partition.earnings.move(self.rules.arm_of(user_id), before_minor, row["net_minor"])


Verdict = Literal["applied", "duplicate", "refused"]


@dataclass(slots=True)
class Effects:
    """What one event brought about, besides the changed row.

    Attributes
    ----------
    denial
        Why an event about a coupon moved none (`coupons.denials`).
    sessions
        Those of the user that are over now.
    is_waiting
        Something began for which the row may wait less long than before: a session, a reservation.
    """

    verdict: Verdict = "applied"
    late: bool = False
    refusal: Reason | None = None
    decision: Decision | None = None
    outcomes: list[Outcome] = field(default_factory=list)
    lifecycle: list[Lifecycle] = field(default_factory=list)
    denial: str | None = None
    reply: Reply | None = None
    sessions: list[Session] = field(default_factory=list)
    is_waiting: bool = False
