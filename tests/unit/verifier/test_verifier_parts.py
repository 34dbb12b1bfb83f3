"""The verifier stands alone, reads as the contract says, and judges what no clean run shows."""

import ast
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coupons.catalogue_file import parse_catalogue
from coupons.price import worst_case_minor
from streams import wire
from streams.partitioner import partition_of
from streams.refusals import MalformedEvent
from tests.builders import TOPIC_OF
from tests.hostile import good, hostile
from tests.unit.verifier.memory import empty_log
from tests.unit.verifier.planting import on
from tests.unit.verifier.runs import Shop, uninterrupted
from tests.verifier import ids
from tests.verifier.catalogue import read_campaigns
from tests.verifier.inputs import DECIDABLE, read_sent
from tests.verifier.log import Log, Record, Terms, UnreadableError
from tests.verifier.verify import verify

ROOT = Path(__file__).resolve().parents[3]
ALLOWED = frozenset({"tests.verifier", "confluent_kafka", "yaml"}) | sys.stdlib_module_names


def test_the_verifier_imports_nothing_of_the_worker() -> None:
    for path in sorted((ROOT / "tests" / "verifier").glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                named = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                named = [node.module or ""]
            else:
                continue
            roots = {".".join(name.split(".")[: 1 + name.startswith("tests.")]) for name in named}
            assert roots <= ALLOWED, f"{path.name} imports {roots - ALLOWED}"


def test_nothing_that_the_verifier_loads_is_the_workers() -> None:
    rooms = "streams features coupons online_models simulation faust aiokafka orjson msgspec"
    script = (
        "import sys, tests.verifier.__main__;"
        f"print(sorted(set('{rooms}'.split()) & set(sys.modules)))"
    )
    found = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert found.stdout.strip() == "[]"


@given(st.binary(max_size=40), st.integers(1, 1_000))
def test_keys_fall_into_the_partitions_that_producers_choose(key: bytes, count: int) -> None:
    assert ids.partition_of(key, count) == partition_of(key, count)


def _record(family: str, key: bytes | None, value: bytes | None, **more: object) -> Record:
    return Record(
        topic=TOPIC_OF[family],
        partition=0,
        offset=0,
        key=key,
        value=value,
        **more,  # type: ignore[arg-type]
    )


def test_what_the_verifier_calls_no_event_the_worker_refuses_and_not_the_other_way_round() -> None:
    bad_count = 0
    for family, key, value, headers, timestamp_ms, _ in hostile(3, 2_000):
        record = _record(family, key, value, timestamp_ms=timestamp_ms, headers=tuple(headers))
        sent = read_sent(record, family)
        with pytest.raises(MalformedEvent) as refused:
            wire.decode(family, key, value, headers, timestamp_ms)
        bad_count += sent.state == "bad"
        assert sent.state != "native" or refused.value.reason not in DECIDABLE
    assert bad_count > 1_200
    for family, key, value, headers, timestamp_ms in good(3, 500):
        record = _record(family, key, value, timestamp_ms=timestamp_ms, headers=tuple(headers))
        event = wire.decode(family, key, value, headers, timestamp_ms)
        sent = read_sent(record, family)
        assert sent.state == "native"
        assert (sent.user_id, sent.event_id) == (event.user_id, event.event_id)
        assert (sent.event_type, sent.ts_ms) == (event.event_type, event.ts_ms)


@pytest.mark.parametrize("name", ["catalogue.yaml", "demo-catalogue.yaml"])
def test_the_shops_catalogue_is_read_as_the_worker_reads_it(name: str) -> None:
    text = (ROOT / "deploy" / name).read_text("utf-8")
    found = read_campaigns(text)
    for campaign in parse_catalogue(text, name).campaigns:
        ours = found[campaign.campaign_id]
        assert ours.budget_minor == campaign.budget_minor
        assert (ours.per_user, ours.per_user_window_ms, ours.channel_caps) == (
            campaign.per_user,
            campaign.per_user_window_ms,
            campaign.channel_caps,
        )
        for coupon in campaign.coupons:
            one = ours.coupons[coupon.coupon_id]
            assert one.worst_minor == worst_case_minor(coupon)
            assert (one.quota, one.per_user, one.cooldown_ms) == (
                coupon.quota,
                coupon.per_user,
                coupon.cooldown_ms,
            )


@pytest.fixture(scope="module")
def run() -> tuple[Log, Terms]:
    log = Shop(seed=2).run()
    return log, uninterrupted([*log.inputs, *log.grants])


OVER_A_LIMIT = ["leases_within", "limits_within"]


@pytest.mark.parametrize(
    ("campaign_id", "changes", "broken"),
    [
        ("spring", {"per_user": 1}, ["caps"]),
        ("spring", {"per_user_window_ms": 31 * 86_400_000, "per_user": 3}, ["caps"]),
        ("gifts", {"channel_caps": {"mail": 1}}, ["caps"]),
        ("spring", {"budget_minor": 10_000}, ["money_within", "leases_within"]),
        ("spring", {"limits": {("day", ""): 400, ("week", ""): 12_000}}, OVER_A_LIMIT),
        ("spring", {"limits": {("day", ""): 4_000, ("week", ""): 400}}, OVER_A_LIMIT),
    ],
)
def test_a_stricter_catalogue_than_the_workers_is_seen_to_be_broken(
    run: tuple[Log, Terms], campaign_id: str, changes: dict[str, object], broken: list[str]
) -> None:
    log, terms = run
    campaigns = dict(terms.campaigns or {})
    campaigns[campaign_id] = replace(campaigns[campaign_id], **changes)  # type: ignore[arg-type]
    assert verify(log, Terms(campaigns=campaigns)).broken == broken


@pytest.mark.parametrize("limit", [{"per_user": 1}, {"cooldown_ms": 9 * 86_400_000}])
def test_a_coupon_given_too_often_or_too_soon_is_seen(
    run: tuple[Log, Terms], limit: dict[str, int]
) -> None:
    log, terms = run
    campaigns = dict(terms.campaigns or {})
    coupons = dict(campaigns["spring"].coupons)
    coupons["five"] = replace(coupons["five"], **limit)  # type: ignore[arg-type]
    campaigns["spring"] = replace(campaigns["spring"], coupons=coupons)
    assert verify(log, Terms(campaigns=campaigns)).broken == ["caps"]


@settings(max_examples=15)
@given(st.data())
def test_any_changed_byte_of_what_was_published_is_seen(
    run: tuple[Log, Terms], data: st.DataObject
) -> None:
    log, terms = run
    role = data.draw(st.sampled_from(["decisions", "outcomes", "dead_letters"]))
    records = list(getattr(log, role))
    at = data.draw(st.sampled_from([at for at, one in enumerate(records) if one.value]))
    value = bytearray(records[at].value)
    value[data.draw(st.integers(0, len(value) - 1))] ^= data.draw(st.integers(1, 255))
    records[at] = replace(records[at], value=bytes(value))
    damaged = on(role, lambda _: records)(log)
    assert not verify(damaged, terms).holds


def test_a_repeat_that_was_refused_and_another_content_that_was_applied_are_seen(
    run: tuple[Log, Terms],
) -> None:
    log, _ = run
    foreign = {one.key for one in log.inputs if b'"track"' in (one.value or b"")}
    last = [
        one
        for one in log.inputs
        if one.key not in foreign and b'"event_id": "e' in (one.value or b"")
    ][-1]
    again = replace(last, offset=last.offset + 500, timestamp_ms=last.timestamp_ms + 10**6)
    other = replace(again, value=(last.value or b"") + b" ")
    assert "repeats" not in verify(replace(log, inputs=[*log.inputs, again])).broken
    assert "repeats" in verify(replace(log, inputs=[*log.inputs, other])).broken


def test_nothing_can_be_said_about_a_log_without_inputs() -> None:
    with pytest.raises(UnreadableError, match="nothing can be judged"):
        verify(empty_log())


def test_a_report_tells_people_and_machines_the_same(run: tuple[Log, Terms]) -> None:
    log, terms = run
    report = verify(replace(log, dead_letters=[]), terms)
    assert {"refused", "repeats"} <= set(report.broken)
    assert report.to_text().splitlines()[-1] == f"BROKEN: {', '.join(report.broken)}"
    told = json.loads(report.to_json())
    assert (told["holds"], told["broken"]) == (False, report.broken)
    assert told["checks"]["refused"]["faults"] == report.check("refused").faults_count
    assert len(told["checks"]["refused"]["offenders"]) == 10
