"""The documents under docs/messages are what the code says, and say what the code does."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from features.events import FAMILY_OF, Family
from streams import schemas, wire
from streams.commands.schema import schema as command
from streams.native import NEEDS
from streams.refusals import REASONS, MalformedEvent, Reason
from streams.topics import EVENTS
from tests.hostile import good, hostile

DOCS = Path(__file__).resolve().parents[2] / "docs" / "messages"


def test_documents_on_disk_are_those_the_code_generates() -> None:
    kept = {path.name: path.read_text(encoding="utf-8") for path in DOCS.iterdir()}
    assert kept == schemas.documents(), "run: coupon-stream schema --out docs/messages"


@pytest.mark.parametrize("name", sorted(schemas.SCHEMAS))
def test_schema_is_valid_and_every_object_in_it_is_closed(name: str) -> None:
    found = schemas.SCHEMAS[name]()
    Draft202012Validator.check_schema(found)
    parts = [found, *found.get("$defs", {}).values()]
    assert all("additionalProperties" in part for part in parts if "properties" in part)


def test_every_event_type_is_in_exactly_one_schema() -> None:
    listed = [
        event_type
        for family in EVENTS
        for event_type in schemas.inbound(family)["properties"]["event_type"]["enum"]
    ]
    assert sorted(listed) == sorted(FAMILY_OF)
    assert set(NEEDS) < set(FAMILY_OF)


def test_schema_agrees_with_the_decoder_on_good_events() -> None:
    validators: dict[Family, Draft202012Validator] = {
        family: Draft202012Validator(schemas.inbound(family)) for family in EVENTS
    }
    for family, key, value, headers, timestamp_ms in good(5, 300):
        event = wire.decode(family, key, value, headers, timestamp_ms)
        validators[family].validate(json.loads(wire.encode_event(event)))


def test_schema_refuses_what_the_decoder_refuses_for_type_and_range() -> None:
    validator = Draft202012Validator(schemas.inbound("browse"))
    wanted: tuple[Reason, ...] = ("wrong_type", "out_of_range", "missing_field")
    bodies = [(value, reason) for *_, value, _, _, reason in hostile(3, 2_000) if reason in wanted]
    assert len(bodies) > 100
    for value, _ in bodies:
        assert value is not None
        body: Any = json.loads(value)
        assert not validator.is_valid(body), body


@pytest.mark.parametrize("reason", REASONS)
def test_dead_letter_headers_satisfy_their_schema(reason: Reason) -> None:
    refusal = MalformedEvent(reason)
    headers = wire.dead_letter(
        topic="shop.cart.v1",
        partition=3,
        offset=17,
        timestamp_ms=1_795_313_400_000,
        key=b"user-7",
        value=b"{",
        headers=[("traceparent", b"00-1")],
        reason=refusal.reason,
        detail=refusal.detail,
        group="coupon-engine-v1",
        worker_version="0.1.0",
    )[2]
    found = {name: text.decode() for name, text in headers}
    Draft202012Validator(schemas.SCHEMAS["coupon.dead-letter.v1"]()).validate(found)


def test_asyncapi_names_only_channels_messages_and_schemas_that_exist() -> None:
    document = yaml.safe_load((DOCS / "asyncapi.yaml").read_text(encoding="utf-8"))
    assert document["asyncapi"].startswith("3.")
    for channel in document["channels"].values():
        for reference in channel["messages"].values():
            assert reference["$ref"].rsplit("/", 1)[-1] in document["components"]["messages"]
        assert channel["bindings"]["kafka"]["topic"] == channel["address"]
    for operation in document["operations"].values():
        assert operation["channel"]["$ref"].removeprefix("#/channels/") in document["channels"]
    for message in document["components"]["messages"].values():
        content = message.get("payload") or message["headers"]
        assert (DOCS / content["schema"]["$ref"]).is_file()


def test_command_prints_names_one_schema_or_writes_all(tmp_path: Path) -> None:
    runner = CliRunner()
    names = runner.invoke(command, []).output.split()
    assert "shop.cart.v1" in names
    assert "asyncapi" in names
    printed = runner.invoke(command, ["coupon.decision.v1"]).output
    assert printed == schemas.documents()["coupon.decision.v1.schema.json"]
    assert runner.invoke(command, ["--out", str(tmp_path / "new")]).exit_code == 0
    assert {path.name for path in (tmp_path / "new").iterdir()} == set(schemas.documents())


def test_command_refuses_an_unknown_name_with_exit_code_2() -> None:
    result = CliRunner().invoke(command, ["shop.nothing.v1"])
    assert result.exit_code == 2
    assert "must be one of" in result.output
