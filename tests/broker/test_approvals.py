"""Orders and catalogues that two people must agree to, on a real Kafka; and dry runs of both."""

import asyncio
import json
from base64 import b64encode
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer, ConsumerRecord
from click.testing import CliRunner, Result

from coupons.leases import Ask
from coupons.orders import Order
from streams import topic_admin, wire
from streams.approvers import Signer
from streams.cli import cli
from streams.connection import client_options
from streams.dead_letters import Outbound
from streams.reading import bounds
from streams.recordings import writing as recording
from streams.recordings.repeating import Repeat
from streams.settings import Settings
from streams.topics import specs
from tests.broker.awaiting import read_all, read_count
from tests.broker.test_lending import CATALOGUE, scarce, send, users
from tests.broker.workers import environment_of, running
from tests.builders import NOON_MS

pytestmark = [pytest.mark.broker, pytest.mark.timeout(400)]

PEOPLE = {name: Signer(name, bytes([number]) * 32) for number, name in enumerate(["anna", "ben"])}
WORKERS_KEY = {"COUPON_MODEL_KEY": "the workers' own"}
WAVE_COUNT = 20


class Office:
    """People who order and change the catalogue, each with a key of their own."""

    def __init__(self, topics: Settings, folder: Path) -> None:
        approvers = tuple(one.entry for one in PEOPLE.values())
        self.settings = scarce(topics, folder).model_copy(update={"approvers": approvers})
        self.bootstrap = self.settings.kafka_bootstrap_servers
        self.waiting = users(self.settings.partitions, 10 * WAVE_COUNT)
        self.decided_count = 0

    def run(self, name: str | None, *words: str, **more: str) -> Result:
        environment = {**environment_of(self.settings), **more}
        if name is not None:
            key = b64encode(PEOPLE[name].secret).decode()
            environment["COUPON_APPROVAL_KEY"] = f"{name}:{key}"
        return CliRunner(env=environment).invoke(cli, [*words, "--json"])

    def told(self, name: str | None, *words: str) -> dict[str, Any]:
        done = self.run(name, *words)
        assert done.exit_code == 0, done.output
        found: dict[str, Any] = json.loads(done.stdout)  # all of it, and nothing else
        return found

    def refused(self, name: str | None, *words: str, **more: str) -> str:
        done = self.run(name, *words, **more)
        assert (done.exit_code, done.stdout) == (2, ""), done.output
        return done.stderr

    def topic(self, name: str) -> str:
        return f"{self.settings.topic_prefix}coupon.{name}.v1"

    def tell(self, name: str, message: Outbound) -> None:
        """Send something past the commands, as anybody can who may write the topic."""

        async def send() -> None:
            async with AIOKafkaProducer(bootstrap_servers=self.bootstrap) as producer:
                key, value, headers = message
                await producer.send_and_wait(self.topic(name), value, key=key, headers=headers)

        asyncio.run(send())

    def newest(self, name: str, mark: bytes = b"") -> ConsumerRecord:
        found = asyncio.run(read_all(self.bootstrap, [self.topic(name)]))
        return [one for one in found if mark in (one.value or b"")][-1]

    def decide(self) -> list[str]:
        """Send a wave; gives the versions of the catalogue that its decisions rest on."""
        wave, self.waiting = self.waiting[:WAVE_COUNT], self.waiting[WAVE_COUNT:]
        asyncio.run(send(self.settings, wave, NOON_MS + self.decided_count))
        self.decided_count += len(wave)
        topic = self.topic("decisions")
        records = asyncio.run(read_count(self.bootstrap, [topic], self.decided_count, 120.0))
        decided = [wire.decode_decision(one.value) for one in records]
        return [one.catalogue_version for one in decided if one.user_id in wave]


def as_sent(record: ConsumerRecord) -> Outbound:
    return record.key, record.value, list(record.headers)


def test_n13_an_order_is_obeyed_when_two_people_agree_and_a_stop_when_one_sees_harm(
    topics: Settings, tmp_path: Path
) -> None:
    office = Office(topics, tmp_path)
    with running(office.settings, tmp_path, 1, **WORKERS_KEY) as (worker,):
        asyncio.run(worker.ready())
        asked = office.told("anna", "budget", "top-up", "scarce", "500")
        assert asked["orders"][0]["obeyed"] is None
        name = asked["proposal"]["proposal_id"]
        (waits,) = office.told(None, "budget", "waiting")["proposals"]
        assert (waits["proposal_id"], waits["proposed_by"], waits["refused"]) == (
            *(name, "anna", None),
        )
        assert "another person than anna must approve" in office.refused(
            "anna", "budget", "approve", name
        )
        assert "COUPON_APPROVAL_KEY[_FILE] must be set" in office.refused(
            None, "budget", "approve", name
        )
        # One person alone, past the commands: an order of their own, and an ask in another's name.
        alone = Order(
            campaign_id="scarce", order_id="alone", kind="top_up", version=1, amount_minor=9
        )
        office.tell("budget", wire.encode_order(alone))
        forged = Ask(
            campaign_id="scarce", partition=0, seq=99, now_ms=0, first_minor=0,
            returned={"random": 10**9},
        )  # fmt: skip
        office.tell("budget", wire.encode_ask(forged))
        # It is obeyed as the first order: the one before was not.
        assert office.told("ben", "budget", "approve", name[:6])["orders"][0]["obeyed"]
        office.tell("budget", as_sent(office.newest("budget", b'"top_up"')))
        (waits,) = office.told(None, "budget", "waiting")["proposals"]
        assert "version must be 2, was 1" in waits["refused"]
        assert office.told("anna", "budget", "stop")["orders"][0]["obeyed"]
        resumed = office.told("ben", "budget", "resume", "scarce")["proposal"]["proposal_id"]
        assert office.told("anna", "budget", "approve", resumed)["orders"][0]["obeyed"]
        office.tell("budget", as_sent(office.newest("budget", b'"stop"')))
        assert office.told(None, "budget", "pause", "scarce")["orders"][0]["obeyed"]
        (sheet,) = office.told(None, "budget", "show")["campaigns"]
        assert (sheet["standing"], sheet["version"], sheet["added_minor"]) == ("paused", 4, 500)
        assert sheet["free_minor"] + sheet["leased_minor"] == sheet["budget_minor"]
        page = asyncio.run(worker.metrics())
        assert 'coupon_control_refused_total{kind="ask"} 1.0' in page
        # By nobody, by two people but a second time, and a stop of before.
        assert 'coupon_control_refused_total{kind="order"} 3.0' in page
        assert worker.stop() == 0
    log = worker.log.read_text("utf-8")
    assert "must be signed by 2 of anna, ben, was by nobody" in log
    assert "an ask was not a worker's of ours" in log


def test_n13_a_catalogue_is_in_force_when_two_people_agree_and_the_run_repeats(
    topics: Settings, tmp_path: Path
) -> None:
    office = Office(topics, tmp_path)
    richer = tmp_path / "richer.yaml"
    richer.write_text(CATALOGUE.replace("100.00", "200.00"), "utf-8")
    with running(office.settings, tmp_path, 1, **WORKERS_KEY) as (worker,):
        asyncio.run(worker.ready())
        asked = office.told("anna", "catalogue", "apply", str(richer))
        before, after = asked["before"], asked["version"]
        assert asked["proposal"]["proposal_id"] == after
        assert set(office.decide()) == {before}
        assert "another person than anna must approve" in office.refused(
            "anna", "catalogue", "approve", after
        )
        # One person alone, past the commands: the same campaign with more money still.
        waits = json.loads(office.newest("proposals").value)["messages"][0]
        more = waits["value"].replace("200.00", "900.00").encode()
        office.tell("catalogue", (b"scarce", more, []))
        office.tell("catalogue", (b"scarce", waits["value"].encode(), []))
        assert office.told("ben", "catalogue", "approve", after)["version"] == after
        (change,) = office.told(None, "catalogue", "waiting")["proposals"]
        assert change["refused"].startswith("scarce must have a version of 3 or more, was 2")
        asyncio.run(adopted(office, after))
        (sheet,) = office.told(None, "budget", "show")["campaigns"]
        assert sheet["budget_minor"] == 20_000
        late = office.refused(
            "ben", "catalogue", "approve", after, COUPON_APP_ID="other"
        )  # what was signed for one app is nothing in another
        assert "must be one of those that wait (none)" in late
        assert worker.stop() == 0


def test_a_catalogue_is_in_force_at_once_where_nobody_needs_to_be_asked(
    topics: Settings, tmp_path: Path
) -> None:
    office = Office(topics, tmp_path)
    office.settings = office.settings.model_copy(update={"approvers": ()})
    richer = tmp_path / "richer.yaml"
    richer.write_text(CATALOGUE.replace("100.00", "200.00"), "utf-8")
    applied = office.told(None, "catalogue", "apply", str(richer))
    (campaign,) = applied["campaigns"]
    assert (campaign["version"], campaign["budget_before_minor"]) == (2, 10_000)
    again = office.told(None, "catalogue", "apply", str(richer))
    assert (again["campaigns"], again["version"]) == ([], applied["version"])
    (sheet,) = office.told(None, "budget", "show")["campaigns"]
    assert sheet["budget_minor"] == campaign["budget_minor"] == 20_000
    richer.write_text(richer.read_text("utf-8").replace("save: 5.00", "save: five"), "utf-8")
    assert "save must be money in EUR" in office.refused(None, "catalogue", "apply", str(richer))


async def adopted(office: Office, version: str) -> None:
    """Return when decisions rest on a version of the catalogue."""
    async with asyncio.timeout(60.0):
        while set(await asyncio.to_thread(office.decide)) != {version}:
            pass


async def stands(settings: Settings) -> dict[str, str]:
    """Tell all that stands in Kafka: the digest of every table, the ends of every topic."""
    async with topic_admin.admin_client(client_options(settings)) as admin:
        every = await admin.list_topics()
    ours = [name for name in every if name.startswith(settings.topic_prefix.rstrip("."))]
    tables = [spec.name for spec in specs(settings) if spec.cleanup == "compact"]
    assert f"{settings.app_id}-users-changelog" in ours
    _, ends = await bounds(client_options(settings), ours)
    found = {f"{tp.topic}[{tp.partition}]": str(end) for tp, end in ends.items()}
    for name in tables:
        rows: dict[tuple[int, bytes], bytes] = {}
        for one in await read_all(settings.kafka_bootstrap_servers, [name]):
            rows[one.partition, one.key or b""] = one.value or b""
        found[name] = sha256(repr(sorted(rows.items())).encode()).hexdigest()
    return found


def test_n13_a_dry_run_leaves_every_table_and_every_topic_as_it_was(
    topics: Settings, tmp_path: Path
) -> None:
    office = Office(topics, tmp_path)
    richer = tmp_path / "richer.yaml"
    richer.write_text(CATALOGUE.replace("100.00", "200.00"), "utf-8")
    with running(office.settings, tmp_path, 1, **WORKERS_KEY) as (worker,):
        asyncio.run(worker.ready())
        office.decide()
        assert office.told(None, "budget", "pause", "scarce")["orders"][0]["obeyed"]
        assert worker.stop() == 0
    asyncio.run(recorded(office, tmp_path / "recorded"))
    more = office.told("anna", "budget", "top-up", "scarce", "500")["proposal"]["proposal_id"]
    other = office.told("anna", "catalogue", "apply", str(richer))["version"]
    before = asyncio.run(stands(office.settings))
    for name, *words in (
        *(("anna", "budget", kind, "scarce") for kind in ("resume", "close")),
        ("anna", "budget", "top-up", "scarce", "700"),
        ("anna", "budget", "stop"),
        ("ben", "budget", "approve", more),
        ("anna", "catalogue", "apply", str(richer)),
        ("ben", "catalogue", "approve", other),
    ):
        told = office.told(name, *words, "--dry-run")
        assert told["dry_run"]
        assert asyncio.run(stands(office.settings)) == before, words
    office.run("ben", "budget", "approve", more, "--deadline", "0")
    assert asyncio.run(stands(office.settings)) != before, "what is sent must be seen"


async def recorded(office: Office, folder: Path) -> None:
    """Repeat the run without Kafka: what was obeyed follows from what stands in the log."""
    recording.new_folder(folder)
    await recording.record(office.settings, folder)
    found = Repeat(office.settings, folder).run()
    assert (found.same, found.different, found.lost) == (office.decided_count, 0, 0)
