"""Examines a set-up and says of each finding how to mend it."""

import asyncio
import platform
import time
from collections import Counter
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, requires, version
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from streams import rights, topic_admin, wire
from streams.access import Role
from streams.admission import refusal
from streams.app import families_of
from streams.checks import Check, Verdict, judge_schema
from streams.connection import client_options
from streams.partitioner import partition_of
from streams.reading import bounds, records
from streams.refusals import MalformedEvent
from streams.settings import Settings
from streams.topic_findings import Finding, Found, compare
from streams.topics import DOCTOR_TOPIC, INBOUND, SHOPS, inbound_name, specs

REACH_SECONDS = 5.0
SKEW_LIMIT_MS = 30_000
SAMPLE_COUNT = 200
_ADMISSION = "settings and certificates: docs/security.md"
PARTITIONER_ADVICE = (
    "producers must hash keys with murmur2: Java and aiokafka do; librdkafka clients (Python's"
    " confluent-kafka, Go, .NET, PHP ...) need partitioner=murmur2_random"
)
_CHECK_OF = {"partitions": "partitions", "message.timestamp.type": "timestamps"}
LIBRARIES = ("aiokafka", "confluent-kafka", "faust-streaming", "msgspec", "orjson", "river")


async def examine(settings: Settings, role: Role = "operator") -> list[Check]:
    """Run every check, in the order in which one would mend things.

    The first failure to reach Kafka ends the examination: nothing after it could be told.
    """
    options = client_options(settings)
    checks = [versions()]
    reached = await reach(settings, options)
    checks.append(reached)
    if reached.verdict == "failed":
        return checks
    checks.append(await asyncio.to_thread(rights.examine, settings, role))
    if role != "operator":
        return checks  # the rest needs the operator's rights
    wanted = specs(settings)
    async with topic_admin.admin_client(options) as admin:
        found = await topic_admin.describe(admin, [spec.name for spec in wanted])
        checks += topic_checks(settings, compare(wanted, found), found)
        checks.append(await _lag(admin, settings, options, found))
    checks += await _samples(settings, options, found)
    checks.append(await _clock(f"{settings.topic_prefix}{DOCTOR_TOPIC}", options, found))
    return checks


def versions() -> Check:
    """Compare Python and the pinned libraries with what the product was made for."""
    stated = [line.split(";")[0] for line in requires("coupon-stream") or ()]
    pins = dict(line.strip().split("==") for line in stated if "==" in line)
    wrong = []
    shown = [f"Python {platform.python_version()}"]
    for library in LIBRARIES:
        try:
            installed = version(library)
        except PackageNotFoundError:
            continue  # an extra that is not installed
        shown.append(f"{library} {installed}")
        pin = pins.get(library, installed)
        if installed != pin:
            wrong.append(f"{library} must be {pin}, was {installed}")
    remedy = "install the pinned versions: pip install coupon-stream" if wrong else ""
    told = "; ".join(wrong) if wrong else ", ".join(shown)
    return Check(name="versions", verdict="failed" if wrong else "good", found=told, remedy=remedy)


async def reach(settings: Settings, options: dict[str, Any]) -> Check:
    """Tell whether Kafka answers and lets us in, and how quickly."""
    bootstrap, started = settings.kafka_bootstrap_servers, time.perf_counter()
    try:
        async with asyncio.timeout(REACH_SECONDS), topic_admin.admin_client(options) as admin:
            cluster = await admin.describe_cluster()
    except (KafkaError, OSError) as error:  # TimeoutError is an OSError
        if why := await refusal(settings):
            return Check(name="reach", verdict="failed", found=why, remedy=_ADMISSION)
        return Check(
            name="reach",
            verdict="failed",
            found=f"no Kafka answers on {bootstrap} ({type(error).__name__})",
            remedy="start one with `coupon-stream kafka` or set COUPON_KAFKA_BOOTSTRAP_SERVERS",
        )
    took_ms = (time.perf_counter() - started) * 1000
    found = f"{bootstrap} answers in {took_ms:.0f} ms; brokers: {len(cluster['brokers'])}"
    return Check(name="reach", verdict="good", found=found)


def topic_checks(
    settings: Settings, findings: Sequence[Finding], found: dict[str, Found]
) -> list[Check]:
    """Sum up the topics: there and shaped as the contract says, cut alike, stamped alike."""
    kinds: dict[str, list[Finding]] = {"topics": [], "partitions": [], "timestamps": []}
    for finding in findings:
        kinds[_CHECK_OF.get(finding.setting, "topics")].append(finding)
    inbound = [inbound_name(family, settings.topic_prefix) for family in INBOUND]
    counts = sorted({found[name].partitions for name in inbound if name in found})
    cut = " and ".join(map(str, counts))
    good = {
        "topics": f"{len(found)} topics are as they must be",
        "partitions": f"inbound topics have {cut} partitions" if counts else "",
        "timestamps": "inbound topics carry the broker's append time" if counts else "",
    }
    return [_summary(name, kinds[name], good[name]) for name in kinds]


def _summary(name: str, findings: Sequence[Finding], good: str) -> Check:
    if not findings:
        nothing = "no inbound topics yet"
        return Check(name=name, verdict="good" if good else "note", found=good or nothing)
    topics_of: dict[str, list[str]] = {}
    for each in findings:
        what = f"{each.setting} must be {each.expected}, was {each.found}"
        topics_of.setdefault(what, []).append(each.topic)
    remedies = list(dict.fromkeys(finding.remedy for finding in findings))
    found = "; ".join(f"{what}: {', '.join(topics)}" for what, topics in topics_of.items())
    return Check(name=name, verdict="failed", found=found, remedy="; ".join(remedies))


async def _samples(
    settings: Settings, options: dict[str, Any], found_topics: dict[str, Found]
) -> list[Check]:
    """Look at the newest events: where murmur2 puts their keys, and whether they can be read."""
    families = families_of(settings)
    seen_count = keyed_count = wrong_count = 0
    refused: Counter[str] = Counter()
    names = _present(settings, found_topics)
    async for one in records(options, names, newest_count=SAMPLE_COUNT):
        seen_count += 1
        if one.key is not None:
            keyed_count += 1
            wrong_count += partition_of(one.key, settings.partitions) != one.partition
        try:
            wire.decode(families[one.topic], one.key, one.value, one.headers, one.timestamp)
        except MalformedEvent as refusal:
            refused[refusal.reason] += 1
    return [_partitioner(keyed_count, wrong_count), judge_schema(seen_count, refused)]


def _partitioner(seen_count: int, wrong_count: int) -> Check:
    if wrong_count:
        found = f"{wrong_count} of the newest {seen_count} events are in another partition"
        return Check(name="partitioner", verdict="failed", found=found, remedy=PARTITIONER_ADVICE)
    if not seen_count:
        found = f"no events yet to judge by; {PARTITIONER_ADVICE}"
        return Check(name="partitioner", verdict="note", found=found)
    found = f"the newest {seen_count} events are where murmur2 puts their keys"
    return Check(name="partitioner", verdict="good", found=found)


async def _clock(topic: str, options: dict[str, Any], found: dict[str, Found]) -> Check:
    if topic not in found or found[topic].config.get("message.timestamp.type") != "LogAppendTime":
        remedy = "run: coupon-stream topics apply"
        told = f"not measured: {topic} is missing or not stamped by the broker"
        return Check(name="clock", verdict="failed", found=told, remedy=remedy)
    async with AIOKafkaProducer(acks="all", **options) as producer:
        await producer.send_and_wait(topic, b"warm-up", partition=0)
        before_ns = time.time_ns()
        done = await producer.send_and_wait(topic, b"what time is it", partition=0)
        after_ns = time.time_ns()
    skew_ms = done.timestamp - (before_ns + after_ns) / 2e6
    doubt_ms = (after_ns - before_ns) / 2e6
    return judge_clock(skew_ms, doubt_ms)


def judge_clock(skew_ms: float, doubt_ms: float) -> Check:
    """Judge the broker's clock against ours.

    Examples
    --------
    >>> judge_clock(3.2, 1.0).found
    "the broker's clock is 3 ms ahead of this machine's (to 1 ms)"
    >>> judge_clock(-400_000.0, 1.0).verdict
    'failed'
    """
    side = "ahead of" if skew_ms >= 0 else "behind"
    found = (
        f"the broker's clock is {abs(skew_ms):.0f} ms {side} this machine's (to {doubt_ms:.0f} ms)"
    )
    if abs(skew_ms) - doubt_ms <= SKEW_LIMIT_MS:
        return Check(name="clock", verdict="good", found=found)
    remedy = (
        f"keep clocks within {SKEW_LIMIT_MS} ms (NTP) here and on the brokers: events more than"
        " five minutes ahead of the broker's clock are refused"
    )
    return Check(name="clock", verdict="failed", found=found, remedy=remedy)


async def _lag(
    admin: AIOKafkaAdminClient,
    settings: Settings,
    options: dict[str, Any],
    found: dict[str, Found],
) -> Check:
    try:
        async with asyncio.timeout(REACH_SECONDS):
            offsets = await admin.list_consumer_group_offsets(settings.app_id)
            members = await topic_admin.members_count(admin, settings.app_id)
    except (KafkaError, TimeoutError):
        offsets, members = {}, 0
    starts, ends = await bounds(options, _present(settings, found))
    lag_count = 0
    for tp, end in ends.items():
        committed = offsets[tp].offset if tp in offsets else starts[tp]
        lag_count += max(0, end - max(committed, starts[tp]))
    return judge_lag(settings.app_id, members, lag_count)


def _present(settings: Settings, found: dict[str, Found]) -> list[str]:
    """Name the topics of customers' events that exist."""
    names = [inbound_name(family, settings.topic_prefix) for family in SHOPS]
    return [name for name in names if name in found]


def judge_lag(group: str, members_count: int, lag_count: int) -> Check:
    """Judge how far the workers are behind.

    Examples
    --------
    >>> judge_lag("engine", 0, 12).remedy
    'start a worker: coupon-stream worker'
    >>> judge_lag("engine", 2, 0).verdict
    'good'
    """
    found = f"workers in group {group}: {members_count}; records behind: {lag_count}"
    if members_count == 0:
        remedy = "start a worker: coupon-stream worker"
        verdict: Verdict = "failed" if lag_count else "note"
        return Check(name="lag", verdict=verdict, found=found, remedy=remedy)
    return Check(name="lag", verdict="good", found=found)
