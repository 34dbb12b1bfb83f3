"""A real Apache Kafka for the whole session, and topics that no other test uses."""

import asyncio
import uuid
from collections.abc import Iterator

import pytest

from streams import topic_admin
from streams.brokers.embedded import EmbeddedBroker
from streams.brokers.local import LocalKafka
from streams.connection import client_options
from streams.settings import Settings
from streams.topics import specs


@pytest.fixture(scope="session")
def kafka() -> Iterator[LocalKafka]:
    """One real broker, shared: a test that stops or pauses it starts its own instead."""
    with LocalKafka(quick=True) as broker:
        yield broker


@pytest.fixture
def embedded() -> Iterator[EmbeddedBroker]:
    """Librdkafka's mock cluster; quick, without transactions or topic settings."""
    with EmbeddedBroker() as broker:
        yield broker


def settings_for(broker: LocalKafka, partitions: int = 4) -> Settings:
    """Build settings whose topics and consumer group no other test uses."""
    unique = uuid.uuid4().hex[:8]
    return Settings(
        kafka_bootstrap_servers=broker.bootstrap,
        topic_prefix=f"t{unique}.",
        app_id=f"t{unique}-engine-v1",
        partitions=partitions,
    )


@pytest.fixture
def fresh(kafka: LocalKafka) -> Settings:
    """Settings for the shared broker whose topics do not exist yet."""
    return settings_for(kafka)


@pytest.fixture
def topics(fresh: Settings) -> Settings:
    """Settings for the shared broker with all topics of the contract created."""
    asyncio.run(topic_admin.apply(client_options(fresh), specs(fresh)))
    return fresh
