"""A guarded Kafka: who gets in, what each role may do, and what nobody may."""

import asyncio
import gc
import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import GroupAuthorizationFailedError, TopicAuthorizationFailedError
from click.testing import CliRunner, Result
from confluent_kafka import KafkaError, KafkaException, Message, Producer
from confluent_kafka import TopicPartition as Place
from confluent_kafka.admin import (
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewTopic,
    ResourceType,
)

from streams import topic_admin
from streams.access import ROLES, Role
from streams.cli import cli
from streams.connection import client_options, librdkafka_options
from streams.settings import Settings
from streams.topics import specs
from tests.broker.guarded import PASSWORD, Guarded, guarded_kafka
from tests.broker.workers import RunningWorker

pytestmark = [pytest.mark.broker, pytest.mark.timeout(300)]

DAY = timedelta(days=1)
ANSWER_SECONDS = 30.0
DECISIONS, CHANGELOG = "guarded.coupon.decisions.v1", "guarded-engine-v1-users-changelog"
EVENT = {
    "event_id": "e1",
    "event_type": "cart.added",
    "user_id": "u1",
    "occurred_at": "2026-01-01T00:00:00Z",
    "product_id": "p1",
    "price_minor": 5_000,
}
REFUSED = {
    KafkaError.TOPIC_AUTHORIZATION_FAILED,
    KafkaError.GROUP_AUTHORIZATION_FAILED,
    KafkaError.CLUSTER_AUTHORIZATION_FAILED,
    KafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
}
REFUSALS = (KafkaException, GroupAuthorizationFailedError, TopicAuthorizationFailedError)


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    with guarded_kafka(tmp_path_factory.mktemp("guarded")) as broker:
        operator = broker.login("operator")
        asyncio.run(topic_admin.apply(client_options(operator), specs(operator)))
        yield broker


def environment_of(settings: Settings) -> dict[str, str]:
    """Write settings the way an operator would, the password included."""
    shown = settings.model_dump(mode="json", exclude_defaults=True)
    if settings.kafka_sasl_password is not None:
        shown["kafka_sasl_password"] = settings.kafka_sasl_password.get_secret_value()
    return {f"COUPON_{name.upper()}": str(value) for name, value in shown.items()}


def run(settings: Settings, *arguments: str) -> Result:
    return CliRunner().invoke(cli, arguments, env=environment_of(settings))


# -- who gets in ---------------------------------------------------------------------------------


def test_p22_every_role_does_its_work_over_tls_with_no_more_rights_than_it_needs(
    guarded: Guarded, tmp_path: Path
) -> None:
    file = tmp_path / "events.ndjson"
    file.write_text(json.dumps(EVENT) + "\nnot an event\n")
    login = guarded.login("worker", broker_wait_ms=20_000)
    worker = RunningWorker(login, tmp_path, "worker", COUPON_KAFKA_SASL_PASSWORD=PASSWORD)
    try:
        sent = run(guarded.login("producer"), "produce", str(file), "--format", "native")
        assert sent.exit_code == 0, sent.output
        asyncio.run(worker.ready())
        asyncio.run(decided(guarded.login("consumer")))
        looked = run(guarded.showing(guarded.authority.issue("operator")), "doctor", "--json")
        assert looked.exit_code == 0, looked.output
        for role in ROLES:
            examined = run(guarded.login(role), "doctor", "--role", role)
            assert "good   rights" in examined.output, examined.output
        forgotten = run(guarded.login("operator"), "erase", "u1", "--json")
        assert forgotten.exit_code == 0, forgotten.output
        assert json.loads(forgotten.stdout.splitlines()[-1])["confirmed"]
        run(guarded.login("producer"), "produce", str(file), "--format", "native")
        asyncio.run(worker.shows("coupon_events_erased_total", 1))
        asyncio.run(worker.shows("coupon_table_entries", 0))
        arguments = Path(f"/proc/{worker.process.pid}/cmdline").read_bytes()
        assert worker.stop() == 0, worker.tail()
    finally:
        if worker.process.poll() is None:
            worker.kill()
    assert PASSWORD.encode() not in arguments
    assert PASSWORD not in worker.log.read_text()
    assert PASSWORD not in run(login, "config", "show").output


async def decided(settings: Settings) -> None:
    """Return when the consumer of decisions has read one, in a group of its own."""
    topic = f"{settings.topic_prefix}coupon.decisions.v1"
    group = f"{settings.topic_prefix}coupon-decisions-till"
    async with (
        asyncio.timeout(90),
        AIOKafkaConsumer(
            topic, group_id=group, auto_offset_reset="earliest", **client_options(settings)
        ) as consumer,
    ):
        assert (await consumer.getone()).key == b"u1"


def wrong_doors(guarded: Guarded) -> Iterator[tuple[Settings, str]]:
    """Give settings that must not get in, and what must be said of each."""
    yield guarded.login("worker", "another"), "COUPON_KAFKA_SASL_PASSWORD must be known"
    yield guarded.login("nobody"), "refused for 'nobody'"
    unknown = guarded.login("worker", kafka_ssl_cafile=guarded.stranger.file)
    yield unknown, "signed by an authority in COUPON_KAFKA_SSL_CAFILE, was not"
    yield guarded.through("EXPIRED"), "must be valid now, has expired"
    yield guarded.through("ELSEWHERE"), "was for another host"
    yield guarded.through("MTLS"), "COUPON_KAFKA_SSL_CERTFILE must be set"
    for issued in (guarded.authority.issue("late", None, -DAY), guarded.stranger.issue("worker")):
        yield guarded.showing(issued), "COUPON_KAFKA_SSL_CERTFILE must be valid now and signed"
    plain = guarded.login("worker").kafka_bootstrap_servers
    yield (
        guarded.plain.model_copy(update={"kafka_bootstrap_servers": plain}),
        "COUPON_KAFKA_SECURITY_PROTOCOL must be that of",
    )
    other = guarded.login("worker", kafka_sasl_mechanism="PLAIN")
    yield other, "COUPON_KAFKA_SASL_MECHANISM must be one that"


@pytest.fixture
def swept() -> Iterator[None]:
    """Collect garbage while its test is still forgiven for it, not in one that comes later."""
    yield
    gc.collect()


# aiokafka leaves a connection that was not let in to the garbage collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.usefixtures("swept")
def test_whoever_must_not_get_in_is_told_which_setting_is_wrong(guarded: Guarded) -> None:
    for settings, told in wrong_doors(guarded):
        refused = run(settings, "worker")
        assert refused.exit_code == 1, (told, refused.output)
        assert told in refused.output
        assert len(refused.output.splitlines()) == 1, refused.output
        examined = run(settings, "doctor")
        assert examined.exit_code == 1
        assert told in examined.output


def test_a_certificate_that_cannot_be_read_is_bad_input(guarded: Guarded, tmp_path: Path) -> None:
    torn = tmp_path / "torn.pem"
    torn.write_text("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
    refused = run(guarded.login("worker", kafka_ssl_cafile=torn), "topics", "check")
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert "COUPON_KAFKA_SSL_CAFILE must be certificates in PEM" in refused.stderr


# -- what nobody may -------------------------------------------------------------------------------

Attempt = Callable[[Guarded, Role], None]


def writing(topic: str) -> Attempt:
    def attempt(guarded: Guarded, role: Role) -> None:
        failures: list[KafkaError] = []

        def delivered(error: KafkaError | None, message: Message) -> None:
            if error is not None:
                failures.append(error)

        producer = Producer({**options(guarded, role), "linger.ms": 0})
        producer.produce(topic, b"forged", b"u1", on_delivery=delivered)
        assert producer.flush(ANSWER_SECONDS) == 0
        for failure in failures:
            raise KafkaException(failure)

    return attempt


def reading(topic: str) -> Attempt:
    async def attempt(settings: Settings) -> None:
        consumer = AIOKafkaConsumer(auto_offset_reset="earliest", **client_options(settings))
        async with asyncio.timeout(ANSWER_SECONDS), consumer:
            numbers = await consumer._client._wait_on_metadata(topic)
            consumer.assign([TopicPartition(topic, number) for number in sorted(numbers)])
            await consumer.getone()

    return lambda guarded, role: asyncio.run(attempt(guarded.login(role)))


def joining(group: str) -> Attempt:
    async def attempt(settings: Settings) -> None:
        consumer = AIOKafkaConsumer(group_id=group, **client_options(settings))
        async with asyncio.timeout(ANSWER_SECONDS), consumer:
            place = TopicPartition(DECISIONS, 0)
            consumer.assign([place])
            await consumer.committed(place)

    return lambda guarded, role: asyncio.run(attempt(guarded.login(role)))


def fencing(name: str) -> Attempt:
    def attempt(guarded: Guarded, role: Role) -> None:
        Producer({**options(guarded, role), "transactional.id": name}).init_transactions(
            ANSWER_SECONDS
        )

    return attempt


def administering(what: Callable[[AdminClient], dict[Any, Any]]) -> Attempt:
    def attempt(guarded: Guarded, role: Role) -> None:
        admin = AdminClient(options(guarded, role))
        for future in what(admin).values():
            future.result(ANSWER_SECONDS)

    return attempt


def options(guarded: Guarded, role: Role) -> dict[str, Any]:
    return {**librdkafka_options(guarded.login(role)), "log_level": 0}


CREATE = administering(lambda admin: admin.create_topics([NewTopic("guarded.mine", 1, 1)]))
DELETE = administering(lambda admin: admin.delete_topics([DECISIONS]))
SOON = ConfigEntry("retention.ms", "1", incremental_operation=AlterConfigOpType.SET)
KEEP = ConfigResource(ResourceType.TOPIC, DECISIONS, incremental_configs=[SOON])
ALTER = administering(lambda admin: admin.incremental_alter_configs([KEEP]))
TRUNCATE = administering(lambda admin: admin.delete_records([Place(DECISIONS, 0, 1)]))

FORBIDDEN: list[tuple[Role, str, Attempt]] = [
    ("producer", "write a decision", writing(DECISIONS)),
    ("producer", "write an outcome", writing("guarded.coupon.outcomes.v1")),
    ("producer", "write a model", writing("guarded.coupon.models.v1")),
    ("producer", "write a row", writing(CHANGELOG)),
    ("producer", "write a grant", writing("guarded.coupon.grants.v1")),
    ("producer", "write a campaign", writing("guarded.coupon.catalogue.v1")),
    ("producer", "let time pass", writing("guarded.coupon.heartbeats.v1")),
    ("producer", "read what customers do", reading("guarded.shop.purchase.v1")),
    ("producer", "create a topic", CREATE),
    ("consumer", "write a decision", writing(DECISIONS)),
    ("consumer", "write an event", writing("guarded.shop.purchase.v1")),
    ("consumer", "read what is learned from", reading("guarded.coupon.outcomes.v1")),
    ("consumer", "read rows", reading(CHANGELOG)),
    ("consumer", "join the workers", joining("guarded-engine-v1")),
    ("worker", "write an event", writing("guarded.shop.purchase.v1")),
    ("worker", "write a campaign", writing("guarded.coupon.catalogue.v1")),
    ("worker", "propose something", writing("guarded.coupon.proposals.v1")),
    ("worker", "read dead letters", reading("guarded.coupon.dead-letters.v1")),
    ("worker", "write under a foreign name", fencing("somebody-else-0")),
    ("worker", "create a topic", CREATE),
    ("worker", "alter a topic", ALTER),
    ("operator", "write a decision", writing(DECISIONS)),
    ("operator", "write a model", writing("guarded.coupon.models.v1")),
    ("operator", "write a row", writing(CHANGELOG)),
    ("operator", "shut a worker out", fencing("guarded-engine-v1-0")),
    ("operator", "delete a topic", DELETE),
    ("operator", "delete records", TRUNCATE),
]


@pytest.mark.parametrize(
    ("role", "what", "attempt"), FORBIDDEN, ids=[f"{role}-{what}" for role, what, _ in FORBIDDEN]
)
def test_what_a_role_need_not_do_is_refused(
    guarded: Guarded, role: Role, what: str, attempt: Attempt
) -> None:
    with pytest.raises(REFUSALS) as refused:
        attempt(guarded, role)
    if isinstance(refused.value, KafkaException):
        assert refused.value.args[0].code() in REFUSED, what


def test_what_is_refused_to_a_role_is_allowed_where_it_belongs(guarded: Guarded) -> None:
    writing("guarded.shop.purchase.v1")(guarded, "producer")
    reading(DECISIONS)(guarded, "consumer")
    fencing("guarded-engine-v1-try")(guarded, "worker")
    writing("guarded.coupon.catalogue.v1")(guarded, "operator")
