"""Every example that was ever promised must still be read, to the very same event."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from features.events import FAMILY_OF
from streams import schemas, wire
from streams.topics import EVENTS

GOLDEN = Path(__file__).parent / "golden"
EXAMPLES = sorted(path for path in GOLDEN.glob("*.json") if not path.name.startswith("out."))
ENVELOPES = {"native", "segment", "ga4", "snowplow", "cloudevents-structured", "cloudevents-binary"}


def _read(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def _told(record: Any) -> Any:
    if isinstance(record, dict):
        return {key: _told(value) for key, value in record.items() if value not in (None, ())}
    return [_told(part) for part in record] if isinstance(record, list | tuple) else record


def _decode(example: dict[str, Any]) -> Any:
    key = example["key"]
    value = json.dumps(example["value"], ensure_ascii=False, separators=(",", ":")).encode()
    headers = [(name, text.encode()) for name, text in example["headers"]]
    family = example["family"]
    return wire.decode(family, key and key.encode(), value, headers, example["timestamp_ms"])


def test_every_envelope_and_every_family_has_an_example() -> None:
    named = {tuple(path.stem.split(".")) for path in EXAMPLES}
    assert {envelope for envelope, _ in named} == ENVELOPES
    assert {family.split("-")[0] for envelope, family in named if envelope == "native"} == set(
        EVENTS
    )


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_example_decodes_to_the_promised_event(path: Path) -> None:
    example = _read(path)
    assert _told(asdict(_decode(example))) == example["event"]


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_example_in_the_native_envelope_satisfies_the_schema_and_stays_the_same(path: Path) -> None:
    example = _read(path)
    event = _decode(example)
    native = wire.encode_event(event)
    Draft202012Validator(schemas.inbound(event.family)).validate(json.loads(native))
    key = event.user_id.encode()
    again = wire.decode(event.family, key, native, [], example["timestamp_ms"])
    assert _told(asdict(again)) | {"payload_digest": ""} == example["event"] | {
        "payload_digest": ""
    }


@pytest.mark.parametrize(
    "path",
    [path for path in EXAMPLES if path.name.startswith("native.")],
    ids=lambda path: path.stem,
)
def test_native_example_satisfies_the_schema_of_its_topic(path: Path) -> None:
    example = _read(path)
    validator = Draft202012Validator(schemas.inbound(example["family"]))
    validator.validate(example["value"])
    assert not validator.is_valid(example["value"] | {"unheard_of": 1}), "must be closed"
    assert FAMILY_OF[example["value"]["event_type"]] == example["family"]


@pytest.mark.parametrize("name", ["offer", "holdout"])
def test_decision_example_reads_and_writes_to_the_same_bytes(name: str) -> None:
    value = (GOLDEN / f"out.decision.{name}.json").read_bytes().strip()
    decision = wire.decode_decision(value)
    assert wire.encode_decision(decision)[1] == value
    schema = schemas.SCHEMAS["coupon.decision.v1"]()
    Draft202012Validator(schema).validate(json.loads(value))


@pytest.mark.parametrize("name", ["allowed", "refused"])
def test_reply_example_reads_and_writes_to_the_same_bytes(name: str) -> None:
    value = (GOLDEN / f"out.reply.{name}.json").read_bytes().strip()
    assert wire.encode_reply(wire.decode_reply(value))[1] == value
    Draft202012Validator(schemas.SCHEMAS["coupon.reply.v1"]()).validate(json.loads(value))


def test_outcome_example_reads_and_writes_to_the_same_bytes() -> None:
    value = (GOLDEN / "out.outcome.json").read_bytes().strip()
    assert wire.encode_outcome(wire.decode_outcome(value))[1] == value
    Draft202012Validator(schemas.SCHEMAS["coupon.outcome.v1"]()).validate(json.loads(value))
