"""The topics of the contract: what each holds, how it is cut, how long it is kept."""

from dataclasses import dataclass
from typing import Literal

from features.events import Family
from streams.settings import DAY_MS, Settings

Cleanup = Literal["delete", "compact"]
Clock = Literal["LogAppendTime", "CreateTime"]

# The limit is for a whole batch of records, and producers fill batches up to 1 MB unasked; a
# single event above 256 KiB is refused by the worker, into the dead letters.
EVENT_BATCH_BYTES = 1024 * 1024
CHUNK_BATCH_BYTES = 8 * 1024 * 1024  # a worker writes the rows of a chunk as one batch
SNAPSHOT_BYTES = 16 * 1024 * 1024
# What is erased must be gone within a day: a dirty segment is compacted after at most half of it.
COMPACTION_LAG_MS = DAY_MS // 2
_EVENTS_MS = 7 * DAY_MS
# So long a worker may be away and still hear that somebody was erased.
TOMBSTONE_MS = 7 * DAY_MS
_INSYNC_COUNT = 2

# The only way to ask a broker for its time is to append a record; `doctor` does so here.
DOCTOR_TOPIC = "coupon.doctor.v1"

# What the shop sends.
SHOPS: tuple[Family, ...] = ("browse", "search", "cart", "purchase", "coupon", "profiles")
EVENTS: tuple[Family, ...] = (*SHOPS, "heartbeats")
INBOUND: tuple[Family, ...] = (*EVENTS, "grants")

# What workers write for one another, and each reads of its own partitions.
OUR_OWN = {"heartbeats": "none", "grants": "partition"}


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicSpec:
    """One topic as it must be.

    Attributes
    ----------
    key
        What records are keyed by, for people.
    retention_ms
        How long records are kept; None where the newest of each key is kept for ever.
    least_ms
        How long a record stays at least, though a newer one of its key came.
    clock
        Whose time a record carries. Inbound topics carry the broker's append time, by which the
        co-partitioned topics of a partition are merged and future stamps are refused.
    """

    name: str
    key: str
    partitions: int
    replication: int = 1
    cleanup: Cleanup = "delete"
    retention_ms: int | None = None
    clock: Clock = "CreateTime"
    least_ms: int = 0
    max_message_bytes: int = CHUNK_BATCH_BYTES

    def __post_init__(self) -> None:
        if (self.retention_ms is None) != (self.cleanup == "compact"):
            msg = f"retention_ms must be set for delete only, was {self.retention_ms}"
            raise ValueError(msg)

    @property
    def config(self) -> dict[str, str]:
        """The topic's configuration in Kafka's words."""
        config = {
            "cleanup.policy": self.cleanup,
            "max.message.bytes": str(self.max_message_bytes),
            "message.timestamp.type": self.clock,
        }
        if self.retention_ms is not None:
            config["retention.ms"] = str(self.retention_ms)
        else:
            config["max.compaction.lag.ms"] = str(self.least_ms + COMPACTION_LAG_MS)
            if self.least_ms:
                config["min.compaction.lag.ms"] = str(self.least_ms)
            config["delete.retention.ms"] = str(TOMBSTONE_MS)
        if self.replication > _INSYNC_COUNT:
            config["min.insync.replicas"] = str(_INSYNC_COUNT)
        return config


def inbound_name(family: Family, prefix: str = "") -> str:
    """Return the topic that events of a family are read from.

    Examples
    --------
    >>> inbound_name("cart", "eu."), inbound_name("heartbeats")
    ('eu.shop.cart.v1', 'coupon.heartbeats.v1')
    """
    return f"{prefix}{'coupon' if family in OUR_OWN else 'shop'}.{family}.v1"


def stock_topic(settings: Settings) -> str:
    """Name the topic that tells what is left of each product."""
    return f"{settings.topic_prefix}shop.stock.v1"


def catalogue_topic(settings: Settings) -> str:
    """Name the topic of campaigns that are changed at run time."""
    return f"{settings.topic_prefix}coupon.catalogue.v1"


def proposals_topic(settings: Settings) -> str:
    """Name the topic of what people propose to each other."""
    return f"{settings.topic_prefix}coupon.proposals.v1"


def specs(settings: Settings) -> tuple[TopicSpec, ...]:
    """Return every topic of the contract, in the order in which they are shown.

    Examples
    --------
    >>> from streams.settings import Settings
    >>> [(spec.name, spec.partitions) for spec in specs(Settings())][:2]
    [('shop.browse.v1', 12), ('shop.search.v1', 12)]
    """
    inbound = (*_inbound(settings), _stock(settings))
    return (*inbound, *_control(settings), *_told(settings), *_outbound(settings))


def _inbound(settings: Settings) -> tuple[TopicSpec, ...]:
    compacted = {"profiles"}
    return tuple(
        TopicSpec(
            name=inbound_name(family, settings.topic_prefix),
            key=OUR_OWN.get(family, "user id"),
            partitions=settings.partitions,
            replication=settings.replication,
            cleanup="compact" if family in compacted else "delete",
            # Our own as long as events: without them a recorded run could not be repeated.
            retention_ms=None if family in compacted else _EVENTS_MS,
            clock="LogAppendTime",
            max_message_bytes=EVENT_BATCH_BYTES,
        )
        for family in INBOUND
    )


def _stock(settings: Settings) -> TopicSpec:
    return TopicSpec(
        name=stock_topic(settings),
        key="product id",
        partitions=1,  # so that one number names how far it was read
        replication=settings.replication,
        cleanup="compact",
        # As long as events: a decision names how far it was read, and must be repeatable.
        least_ms=_EVENTS_MS,
        max_message_bytes=EVENT_BATCH_BYTES,
    )


def _control(settings: Settings) -> tuple[TopicSpec, ...]:
    prefix, copies = settings.topic_prefix, settings.replication
    return (
        TopicSpec(
            name=catalogue_topic(settings),
            key="campaign id",
            partitions=1,
            replication=copies,
            cleanup="compact",
            clock="LogAppendTime",  # people's approval ends by Kafka's clock, not by theirs
        ),
        TopicSpec(
            name=proposals_topic(settings),
            key="proposal id",
            partitions=1,
            replication=copies,
            retention_ms=30 * DAY_MS,
            clock="LogAppendTime",
        ),
        TopicSpec(
            name=f"{prefix}coupon.models.v1",
            key="model id",
            partitions=1,
            replication=copies,
            cleanup="compact",
            max_message_bytes=SNAPSHOT_BYTES,
        ),
        TopicSpec(
            name=f"{prefix}coupon.budget.v1",
            key="campaign id",
            partitions=1,  # commands of one ledger, applied in the order of their offsets
            replication=copies,
            retention_ms=30 * DAY_MS,
            clock="LogAppendTime",
        ),
    )


def _told(settings: Settings) -> tuple[TopicSpec, ...]:
    cut = (
        ("decisions", settings.partitions, 3),
        ("replies", settings.partitions, 3),
        # One trainer learns in one order, so that a replay learns the same.
        ("outcomes", 1, 30),
        ("sessions", 1, 30),
    )
    return tuple(
        TopicSpec(
            name=f"{settings.topic_prefix}coupon.{name}.v1",
            key="user id",
            partitions=partitions,
            replication=settings.replication,
            retention_ms=days * DAY_MS,
        )
        for name, partitions, days in cut
    )


def _outbound(settings: Settings) -> tuple[TopicSpec, ...]:
    prefix, copies = settings.topic_prefix, settings.replication
    return (
        TopicSpec(
            name=f"{prefix}coupon.dead-letters.v1",
            key="as received",
            partitions=settings.partitions,
            replication=copies,
            retention_ms=14 * DAY_MS,
        ),
        TopicSpec(
            name=f"{prefix}{DOCTOR_TOPIC}",
            key="none",
            partitions=1,
            replication=copies,
            retention_ms=DAY_MS,
            clock="LogAppendTime",
        ),
        TopicSpec(
            name=f"{settings.app_id}-users-changelog",
            key="user id",
            partitions=settings.partitions,
            replication=copies,
            cleanup="compact",
        ),
        TopicSpec(
            name=f"{settings.app_id}-ledger-changelog",
            key="campaign id",
            partitions=1,
            replication=copies,
            cleanup="compact",
        ),
    )
