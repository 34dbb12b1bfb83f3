"""Who must be allowed what on Kafka, and nothing beyond it: one list for people, charts and tests.

Everything else is to be denied (`StandardAuthorizer`, `allow.everyone.if.no.acl.found=false`). No
role may alter or delete a topic, nor change what another is allowed.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal, get_args

from streams.settings import Settings
from streams.topics import DOCTOR_TOPIC, TopicSpec, specs

Role = Literal["producer", "worker", "consumer", "operator"]
Resource = Literal["topic", "group", "transactionalId"]
Pattern = Literal["literal", "prefix"]
Operation = Literal["Read", "Write", "Create", "Describe", "DescribeConfigs"]
ROLES: tuple[Role, ...] = get_args(Role)

MEANING: dict[Role, str] = {
    "producer": "the shop's systems that send events",
    "worker": "`coupon-stream worker`",
    "consumer": "the shop's systems that show offers",
    "operator": "people and jobs: `topics`, `doctor`, `dlq`, `erase`, `record`, `explain`, ...",
}
CONSUMED = ("coupon.decisions.v1", "coupon.replies.v1")
GROUP_OF_CONSUMERS = "coupon-decisions"
# What people say to workers and to each other; all other topics of ours are workers' to write.
COMMANDED = (
    *("coupon.catalogue.v1", "coupon.budget.v1"),
    *("coupon.proposals.v1", DOCTOR_TOPIC),
)
_UNREAD = (
    *("coupon.decisions.v1", "coupon.replies.v1", "coupon.dead-letters.v1"),
    "coupon.proposals.v1",
)
_FLAGS = {"topic": "--topic", "group": "--group", "transactionalId": "--transactional-id"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """What one role may do with one thing, in Kafka's words (and Strimzi's)."""

    resource: Resource
    name: str
    operations: tuple[Operation, ...]
    pattern: Pattern = "literal"

    def as_json(self) -> dict[str, Any]:
        """Give it as plain JSON, shaped as Strimzi's `acls`."""
        resource = {"type": self.resource, "name": self.name, "patternType": self.pattern}
        return {"resource": resource, "operations": list(self.operations), "host": "*"}


def grants(role: Role, settings: Settings) -> tuple[Grant, ...]:
    """List all that a role needs.

    Examples
    --------
    >>> [(one.name, one.operations) for one in grants("consumer", Settings())][1:]
    [('coupon.replies.v1', ('Read', 'Describe')), ('coupon-decisions', ('Read', 'Describe'))]
    """
    wanted = specs(settings)
    match role:
        case "producer":
            return tuple(_producer(wanted, settings))
        case "worker":
            return tuple(_worker(wanted, settings))
        case "consumer":
            return tuple(_consumer(wanted, settings))
        case "operator":
            return tuple(_operator(wanted, settings))


def as_commands(role: Role, principal: str, settings: Settings) -> list[str]:
    """Write the grants as calls of `kafka-acls.sh`, which comes with Kafka.

    Examples
    --------
    >>> print(as_commands("consumer", "User:till", Settings())[2])
    kafka-acls.sh --bootstrap-server 127.0.0.1:9092 --add --allow-principal User:till \
--group coupon-decisions --resource-pattern-type prefixed --operation Read --operation Describe
    """
    start = f"kafka-acls.sh --bootstrap-server {settings.kafka_bootstrap_servers.split(',')[0]}"
    start += f" --add --allow-principal {principal}"
    lines = []
    for one in grants(role, settings):
        what = f"{_FLAGS[one.resource]} {one.name}"
        pattern = " --resource-pattern-type prefixed" if one.pattern == "prefix" else ""
        may = " ".join(f"--operation {operation}" for operation in one.operations)
        lines.append(f"{start} {what}{pattern} {may}")
    return lines


def _producer(wanted: Iterable[TopicSpec], settings: Settings) -> Iterator[Grant]:
    for spec in wanted:
        if _is_shops(spec, settings):
            yield Grant(resource="topic", name=spec.name, operations=("Write", "Describe"))


def _worker(wanted: Iterable[TopicSpec], settings: Settings) -> Iterator[Grant]:
    unread = _named(_UNREAD, settings)
    commanded = _named(COMMANDED, settings) - _named(("coupon.budget.v1",), settings)
    for spec in wanted:
        operations: list[Operation] = ["Describe", "DescribeConfigs"]
        if spec.name not in commanded and not _is_shops(spec, settings):
            operations.insert(0, "Write")
        if spec.name not in unread:
            operations.insert(0, "Read")
        if spec.name == f"{settings.topic_prefix}{DOCTOR_TOPIC}":
            operations.remove("Read")
        yield Grant(resource="topic", name=spec.name, operations=tuple(operations))
    yield Grant(resource="group", name=settings.app_id, operations=("Read", "Describe"))
    yield Grant(
        resource="transactionalId",
        name=f"{settings.app_id}-",
        operations=("Write", "Describe"),
        pattern="prefix",
    )


def _consumer(wanted: Iterable[TopicSpec], settings: Settings) -> Iterator[Grant]:
    for spec in wanted:
        if spec.name in _named(CONSUMED, settings):
            yield Grant(resource="topic", name=spec.name, operations=("Read", "Describe"))
    yield Grant(
        resource="group",
        name=f"{settings.topic_prefix}{GROUP_OF_CONSUMERS}",
        operations=("Read", "Describe"),
        pattern="prefix",
    )


def _operator(wanted: Iterable[TopicSpec], settings: Settings) -> Iterator[Grant]:
    for spec in wanted:
        operations: list[Operation] = ["Read", "Create", "Describe", "DescribeConfigs"]
        if spec.name in _named(COMMANDED, settings) or _is_shops(spec, settings):
            operations.insert(1, "Write")  # dead letters go back to where they came from
        yield Grant(resource="topic", name=spec.name, operations=tuple(operations))
    yield Grant(resource="group", name=settings.app_id, operations=("Describe",))


def _is_shops(spec: TopicSpec, settings: Settings) -> bool:
    return spec.name.startswith(f"{settings.topic_prefix}shop.")


def _named(names: Iterable[str], settings: Settings) -> set[str]:
    return {f"{settings.topic_prefix}{name}" for name in names}
