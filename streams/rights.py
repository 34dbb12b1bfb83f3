"""Tells which of a role's grants the connection of the settings does not have."""

import time
from collections.abc import Iterator
from concurrent.futures import Future
from typing import Any

from confluent_kafka import KafkaError, KafkaException, TopicCollection
from confluent_kafka.admin import AclOperation, AdminClient

from streams.access import Grant, Role, grants
from streams.checks import Check, judge_rights
from streams.connection import librdkafka_options
from streams.settings import Settings

ASK_SECONDS = 60.0  # a new broker is asked for its first group: it lays out fifty partitions
# One question; librdkafka waits for a coordinator that was just made, and never asks again for it.
ANSWER_SECONDS = 5.0
AGAIN_SECONDS = 0.2
_NAMES = {
    AclOperation.READ: "Read",
    AclOperation.WRITE: "Write",
    AclOperation.CREATE: "Create",
    AclOperation.DESCRIBE: "Describe",
    AclOperation.DESCRIBE_CONFIGS: "DescribeConfigs",
}
_UNSETTLED = (
    KafkaError.NOT_COORDINATOR,
    KafkaError.COORDINATOR_NOT_AVAILABLE,
    KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
    KafkaError._TIMED_OUT,
)
_REFUSED = (KafkaError.TOPIC_AUTHORIZATION_FAILED, KafkaError.GROUP_AUTHORIZATION_FAILED)


def examine(settings: Settings, role: Role) -> Check:
    """Judge what a role lacks; a broker that does not tell is a finding too. Blocks."""
    try:
        return judge_rights(role, missing(settings, role))
    except KafkaException as error:
        found = f"Kafka did not tell what role {role} may ({error.args[0].name()})"
        remedy = "try again; if it stays so, the broker's log says why it has no group coordinator"
        return Check(name="rights", verdict="failed", found=found, remedy=remedy)


def missing(settings: Settings, role: Role) -> list[str]:
    """Name what the broker would refuse, as `Write on topic coupon.decisions.v1`.

    Only topics and groups that are there can be asked about: neither names that only begin alike,
    nor transactional ids. Blocks; run it in a thread.

    Raises
    ------
    confluent_kafka.KafkaException
        The broker does not answer.
    """
    wanted = [one for one in grants(role, settings) if one.pattern == "literal"]
    deadline_s = time.monotonic() + ASK_SECONDS
    while True:
        try:
            return _missing(AdminClient(librdkafka_options(settings)), wanted)
        except KafkaException as error:
            # A broker that has just started, or lost a peer, does not know yet who coordinates.
            if error.args[0].code() not in _UNSETTLED or time.monotonic() > deadline_s:
                raise
            time.sleep(AGAIN_SECONDS)


def _missing(admin: AdminClient, wanted: list[Grant]) -> list[str]:
    topics = TopicCollection([one.name for one in wanted if one.resource == "topic"])
    groups = [one.name for one in wanted if one.resource == "group"]
    how: dict[str, Any] = {"include_authorized_operations": True, "request_timeout": ANSWER_SECONDS}
    told: dict[str, Future[Any]] = dict(admin.describe_topics(topics, **how))
    if groups:
        told |= admin.describe_consumer_groups(groups, **how)
    return [lack for one in wanted for lack in _lacking(one, told[one.name])]


def _lacking(grant: Grant, told: Future[Any]) -> Iterator[str]:
    try:
        allowed = told.result(2 * ANSWER_SECONDS).authorized_operations
    except KafkaException as error:
        if error.args[0].code() == KafkaError.UNKNOWN_TOPIC_OR_PART:
            return  # that it is missing is told elsewhere
        if error.args[0].code() not in _REFUSED:
            raise
        allowed = []
    if allowed is None:
        return
    names = {_NAMES.get(one) for one in allowed}
    for operation in grant.operations:
        if operation not in names:
            yield f"{operation} on {grant.resource} {grant.name}"
