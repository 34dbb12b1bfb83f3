"""Declares the Faust app: its topics, the users table and how chunks reach the agents."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from tempfile import gettempdir
from typing import Any

import faust
from faust.auth import SASLCredentials, SSLCredentials
from faust.types.auth import CredentialsT

from features.events import Family
from streams.chunks import ChunkLimits, ChunkSchema
from streams.connection import client_options
from streams.emission import Source
from streams.publisher import OutboundTopics
from streams.recovery import PartitionTables
from streams.safe import safe_of
from streams.settings import Settings
from streams.signatures import signatures_of
from streams.table import RowTable
from streams.topics import INBOUND, inbound_name
from streams.transport import ChunkTransport

SHOP_GROUP = "shop"
OUTCOMES_GROUP = "outcomes"
SESSIONS_GROUP = "sessions"
BUDGET_GROUP = "budget"
# The group is not asked to judge whether a worker gets on; its watchdog is.
MAX_POLL_INTERVAL_SECONDS = 10.0 * 365 * 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """The app and what is declared on it.

    `families` names the family of each inbound topic; `shop`, `outcomes`, `sessions` and `budget`
    are the topics whose agents get the chunks of their group.
    """

    app: faust.App
    users: RowTable
    shop: Any
    outcomes: Any
    sessions: Any
    budget: Any
    families: dict[str, Family]
    outbound: OutboundTopics


def outbound_topics(settings: Settings) -> OutboundTopics:
    """Name the topics that a worker writes."""
    prefix = settings.topic_prefix
    return OutboundTopics(
        decisions=f"{prefix}coupon.decisions.v1",
        replies=f"{prefix}coupon.replies.v1",
        outcomes=f"{prefix}coupon.outcomes.v1",
        sessions=f"{prefix}coupon.sessions.v1",
        dead_letters=f"{prefix}coupon.dead-letters.v1",
        models=f"{prefix}coupon.models.v1",
        heartbeats=f"{prefix}coupon.heartbeats.v1",
        budget=f"{prefix}coupon.budget.v1",
        grants=f"{prefix}coupon.grants.v1",
        changelog=f"{settings.app_id}-users-changelog",
        ledger=f"{settings.app_id}-ledger-changelog",
    )


def families_of(settings: Settings) -> dict[str, Family]:
    """Map each inbound topic to its family, in the order in which equal append times are taken."""
    return {inbound_name(family, settings.topic_prefix): family for family in INBOUND}


def source_of(settings: Settings) -> Source:
    """Say where events come from and who reads them, as it stands in what is written of them."""
    return Source(
        families=families_of(settings),
        group=settings.app_id,
        worker_version=product_version(),
        partitions_count=settings.partitions,
        safe=safe_of(settings),
    )


def signed_source_of(settings: Settings) -> Source:
    """Say it for what comes from Kafka, where grants are signed if the settings have a key."""
    signatures = signatures_of(settings, outbound_topics(settings))
    return replace(source_of(settings), signatures=signatures)


def declare(settings: Settings) -> Declared:
    """Declare app, topics and table; agents are added by `streams.agents`."""
    families = families_of(settings)
    outbound = outbound_topics(settings)
    app = faust.App(settings.app_id, **_options(settings))
    app.transport = ChunkTransport(
        app.conf.broker_consumer,
        app,
        groups=_groups(families, outbound),
        limits=ChunkLimits(
            records_count=settings.chunk_records,
            size_bytes=settings.chunk_bytes,
            apply_s=settings.chunk_ms / 1000,
            gather_s=settings.fetch_rest_ms / 1000,
        ),
        client_options=client_options(settings),
        awaited=frozenset({outbound.grants}),
    )
    shop, *followers = [app.topic(name, schema=ChunkSchema(), acks=False) for name in families]
    for follower in followers:
        # Subscribed, so that assignment keeps the partition numbers together; their records come
        # in the chunks of the leading topic.
        app.topics.add(follower)
    users = RowTable(
        app,
        name="users",
        key_type=bytes,
        value_type=bytes,
        partitions=settings.partitions,
        help="One row per user: profile, pending decisions, wallet.",
    )
    app.tables.add(users)
    return Declared(
        app=app,
        users=users,
        shop=shop,
        outcomes=app.topic(outbound.outcomes, schema=ChunkSchema(), acks=False),
        sessions=app.topic(outbound.sessions, schema=ChunkSchema(), acks=False),
        budget=app.topic(outbound.budget, schema=ChunkSchema(), acks=False),
        families=families,
        outbound=outbound,
    )


def _groups(families: Iterable[str], outbound: OutboundTopics) -> dict[str, tuple[str, ...]]:
    return {
        SHOP_GROUP: tuple(families),
        OUTCOMES_GROUP: (outbound.outcomes,),
        SESSIONS_GROUP: (outbound.sessions,),
        BUDGET_GROUP: (outbound.budget,),
    }


def _options(settings: Settings) -> dict[str, Any]:
    session_seconds = settings.session_timeout_ms / 1000
    return {
        "broker": [f"kafka://{host}" for host in settings.kafka_bootstrap_servers.split(",")],
        "broker_credentials": _credentials(settings),
        # Faust reads settings from unprefixed variables such as WEB_PORT, and lets them win.
        "env_prefix": "COUPON_FAUST_",
        "web_enabled": False,
        "store": "memory://",
        "TableManager": PartitionTables,
        # Rows live in memory; what Faust would keep on disk beside the code is nothing.
        "datadir": str(Path(gettempdir()) / f"coupon-stream-{settings.app_id}"),
        "topic_allow_declare": False,  # topics come from `topics apply` or the operator's tools
        "topic_disable_leader": True,
        "topic_partitions": settings.partitions,
        "topic_replication_factor": settings.replication,
        "table_standby_replicas": 0,
        "broker_session_timeout": session_seconds,
        "broker_heartbeat_interval": session_seconds / 4,
        "broker_request_timeout": max(40.0, session_seconds * 2),
        "broker_check_crcs": settings.kafka_check_crcs,
        "broker_commit_interval": 1.0,
        "broker_max_poll_interval": MAX_POLL_INTERVAL_SECONDS,
        "consumer_auto_offset_reset": "earliest",
        "consumer_group_instance_id": settings.group_instance_id,
    }


def _credentials(settings: Settings) -> CredentialsT | None:
    options = client_options(settings)
    context = options.get("ssl_context")
    if "sasl_plain_username" in options:
        return SASLCredentials(
            username=options["sasl_plain_username"],
            password=options["sasl_plain_password"],
            ssl_context=context,
            mechanism=options["sasl_mechanism"],
        )
    return SSLCredentials(context) if context is not None else None


def product_version() -> str:
    """Give the version of this product, as it stands in dead letters and metrics."""
    return version("coupon-stream")
