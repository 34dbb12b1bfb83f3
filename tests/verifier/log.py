"""What a run left behind, as plain records, and what it is measured against."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from tests.verifier.catalogue import Campaign

DAY_MS = 86_400_000

Role = Literal[
    "inputs", "decisions", "replies", "outcomes", "dead_letters", "changelog", "asks", "grants"
]

# The families of the inbound topics, in the order in which equal append times are taken.
FAMILIES = ("browse", "search", "cart", "purchase", "coupon", "profiles", "heartbeats", "grants")
OUR_OWN = ("heartbeats", "grants")  # what workers write for one another
FAMILY_OF = {
    "product.viewed": "browse",
    "list.viewed": "browse",
    "search.performed": "search",
    "cart.added": "cart",
    "cart.removed": "cart",
    "cart.viewed": "cart",
    "checkout.started": "cart",
    "order.completed": "purchase",
    "order.refunded": "purchase",
    "order.cancelled": "purchase",
    "order.rated": "purchase",
    "coupon.viewed": "coupon",
    "coupon.clicked": "coupon",
    "coupon.entered": "coupon",
    "coupon.applied": "coupon",
    "coupon.denied": "coupon",
    "coupon.removed": "coupon",
    "coupon.reserved": "coupon",
    "coupon.redeemed": "coupon",
    "coupon.released": "coupon",
    "coupon.voided": "coupon",
    "coupon.check_requested": "coupon",
    "profile.updated": "profiles",
    "heartbeat": "heartbeats",
}
TRIGGERS = frozenset(
    "product.viewed list.viewed search.performed cart.added cart.removed cart.viewed"
    " checkout.started order.completed".split()
)


class UnreadableError(Exception):
    """What is to be judged cannot be read, so nothing can be said about it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One record as a broker holds it."""

    topic: str
    partition: int
    offset: int
    timestamp_ms: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...] = ()

    @property
    def place(self) -> str:
        """Where it lies, for people."""
        return f"{self.topic}[{self.partition}]@{self.offset}"


@dataclass(slots=True, kw_only=True)
class Log:
    """All records of a run, by what they are for; each source is read once, in offset order.

    Partitions apply `grants` as they do `inputs`, but nobody outside wrote them.
    `app_id` names the consumer group; `prefix` stands before every topic's name but the
    changelog's.
    """

    app_id: str
    partitions_count: int
    prefix: str = ""
    inputs: Iterable[Record] = ()
    decisions: Iterable[Record] = ()
    replies: Iterable[Record] = ()
    outcomes: Iterable[Record] = ()
    dead_letters: Iterable[Record] = ()
    changelog: Iterable[Record] = ()
    asks: Iterable[Record] = ()
    grants: Iterable[Record] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What the run was to do, and what an uninterrupted one did.

    Attributes
    ----------
    triggers
        Event types that ask for a decision.
    horizon_ms
        How long after a decision an order counts as its outcome.
    memory_count
        Of how many events of a customer the worker promises to know a repeat.
    campaigns
        The catalogue that was in force all the time, by campaign.
    decisions, outcomes, state
        Lines of NDJSON that the uninterrupted run wrote. A line of state is
        `{"partition": 0, "key": "user-7", "row": {...}}`.
    """

    triggers: frozenset[str] = TRIGGERS
    horizon_ms: int = DAY_MS
    memory_count: int = 64
    campaigns: dict[str, Campaign] | None = None
    decisions: Iterable[bytes] | None = None
    outcomes: Iterable[bytes] | None = None
    state: Iterable[bytes] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Topics:
    """The names of a run's topics."""

    app_id: str
    prefix: str = ""
    families: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        names = {f"{self.prefix}shop.{family}.v1": family for family in FAMILIES}
        for family in OUR_OWN:
            del names[f"{self.prefix}shop.{family}.v1"]
            names[f"{self.prefix}coupon.{family}.v1"] = family
        object.__setattr__(self, "families", names)

    def of(self, role: Role) -> list[str]:
        """Name the topics that hold what a part of the log is made of."""
        if role == "inputs":
            return [topic for topic, family in self.families.items() if family != "grants"]
        if role == "changelog":
            return [f"{self.app_id}-users-changelog"]
        if role == "asks":
            return [f"{self.prefix}coupon.budget.v1"]
        return [f"{self.prefix}coupon.{role.replace('_', '-')}.v1"]
