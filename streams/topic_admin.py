"""Create and examine the topics of the contract on a broker; nothing is ever deleted or altered."""

import asyncio
from collections.abc import AsyncIterator, Collection, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError, TopicAlreadyExistsError, for_code

from streams.topic_findings import Finding, Found, compare
from streams.topics import TopicSpec

_TIMEOUT_MS = 30_000
_POLL_SECONDS = 0.05


class TopicError(RuntimeError):
    """The broker refused to create or describe a topic."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """What `apply` did: topics created now, those that were there, and what still differs."""

    created: tuple[str, ...]
    existing: tuple[str, ...]
    findings: tuple[Finding, ...]


@asynccontextmanager
async def admin_client(options: dict[str, Any]) -> AsyncIterator[AIOKafkaAdminClient]:
    """Open aiokafka's admin client for a while.

    Parameters
    ----------
    options
        As `streams.connection.client_options` gives them.
    """
    admin = AIOKafkaAdminClient(request_timeout_ms=_TIMEOUT_MS, **options)
    try:
        await admin.start()
        yield admin
    finally:
        await admin.close()


async def apply(options: dict[str, Any], wanted: Sequence[TopicSpec]) -> Applied:
    """Create the topics that are missing, and report how the others differ. May be repeated.

    Raises
    ------
    TopicError
        The broker refused a topic.
    TimeoutError
        A topic was created, but did not appear.
    """
    async with admin_client(options) as admin:
        present = set(await admin.list_topics())
        missing = [spec for spec in wanted if spec.name not in present]
        created = await _create(admin, missing) if missing else set()
        found = await _described(admin, [spec.name for spec in wanted])
    return Applied(
        created=tuple(spec.name for spec in wanted if spec.name in created),
        existing=tuple(spec.name for spec in wanted if spec.name not in created),
        findings=tuple(compare(wanted, found)),
    )


async def check(options: dict[str, Any], wanted: Sequence[TopicSpec]) -> list[Finding]:
    """Compare the broker's topics with their specs, changing nothing."""
    async with admin_client(options) as admin:
        return compare(wanted, await describe(admin, [spec.name for spec in wanted]))


async def partition_counts(admin: AIOKafkaAdminClient) -> dict[str, int]:
    """Count the partitions of every topic there is."""
    return {topic["topic"]: len(topic["partitions"]) for topic in await admin.describe_topics()}


async def members_count(admin: AIOKafkaAdminClient, group: str) -> int:
    """Count the members of a consumer group."""
    described = await admin.describe_consumer_groups([group])
    return sum(len(each[5]) for response in described for each in response.groups)


async def describe(admin: AIOKafkaAdminClient, names: Collection[str]) -> dict[str, Found]:
    """Describe those of the named topics that exist."""
    # Asked for all topics and not by name: asking by name creates topics on a lenient broker.
    topics = {topic["topic"]: topic for topic in await admin.describe_topics()}
    present = [name for name in names if name in topics]
    configs = await _configs(admin, present)
    return {name: _found(topics[name]["partitions"], configs[name]) for name in present}


async def _described(admin: AIOKafkaAdminClient, names: Sequence[str]) -> dict[str, Found]:
    """Describe topics that were just created: brokers come to know them one by one."""
    async with asyncio.timeout(_TIMEOUT_MS / 1000):
        while len(found := await describe(admin, names)) < len(names):  # noqa: ASYNC110
            await asyncio.sleep(_POLL_SECONDS)  # a broker announces nothing that could be awaited
    return found


def _found(partitions: Sequence[dict[str, Any]], config: dict[str, str]) -> Found:
    return Found(
        partitions=len(partitions),
        replication=min((len(each["replicas"]) for each in partitions), default=0),
        config=config,
    )


async def _configs(admin: AIOKafkaAdminClient, names: Iterable[str]) -> dict[str, dict[str, str]]:
    asked = [ConfigResource(ConfigResourceType.TOPIC, name) for name in names]
    configs: dict[str, dict[str, str]] = {}
    for response in await admin.describe_configs(asked) if asked else ():
        for code, message, _kind, name, entries in response.resources:
            if code:
                msg = f"the broker must tell the configuration of {name}, was: {message}"
                raise TopicError(msg) from for_code(code)()
            configs[name] = {entry[0]: entry[1] for entry in entries}
    return configs


async def _create(admin: AIOKafkaAdminClient, missing: Sequence[TopicSpec]) -> set[str]:
    """Create topics; return the names of those that nobody else created in the meantime."""
    asked = [
        NewTopic(spec.name, spec.partitions, spec.replication, topic_configs=spec.config)
        for spec in missing
    ]
    response = await admin.create_topics(asked, timeout_ms=_TIMEOUT_MS)
    created = set()
    for name, code, message in response.topic_errors:
        error: type[KafkaError] = for_code(code)
        if not code:
            created.add(name)
        elif error is not TopicAlreadyExistsError:
            msg = f"the broker must create {name}, refused: {message or error.__name__}"
            raise TopicError(msg)
    return created
