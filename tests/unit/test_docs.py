"""The reference pages say what the code says."""

import re
from pathlib import Path
from typing import cast

import click
import pytest
import yaml

from streams import reference
from streams.benching import capacity
from streams.capabilities import COSTS_US, Capability, capabilities
from streams.cli import cli
from streams.command_reference import commands_page
from streams.metric_names import DEFINITIONS
from streams.setting_problems import unknown
from streams.setting_sources import secret_names
from streams.settings import Settings
from streams.vectors import Vector, vectors
from streams.wire import parse

ROOT = Path(reference.__file__).resolve().parent.parent
DOCS = ROOT / "docs"
MEASURED = DOCS / "benchmarks" / "latest.json"


@pytest.mark.parametrize(
    ("name", "page"),
    [
        ("settings.md", reference.settings_page()),
        ("metrics.md", reference.metrics_page()),
        ("coupons.md", reference.coupons_page()),
        ("capabilities.md", reference.capabilities_page()),
        ("commands.md", commands_page()),
        ("capacity.md", capacity.page(parse(MEASURED.read_bytes())[0])),
    ],
)
def test_a_page_equals_what_the_code_generates(name: str, page: str) -> None:
    assert (DOCS / name).read_text(encoding="utf-8") == page, "run `make docs`"


def test_every_capability_stands_once_in_its_order() -> None:
    assert [row.id for row in capabilities()] == [f"C{number:02}" for number in range(1, 71)]


@pytest.mark.parametrize("row", capabilities(), ids=lambda row: row.id)
def test_what_a_capability_names_is_there(row: Capability) -> None:
    kind, _, why = row.state.partition(": ")
    assert kind in ("done", "partly", "not done")
    assert bool(why) == (kind != "done"), "what is missing, or why, must be said"
    assert row.stage in {"-", "catch_up", *COSTS_US}
    if kind == "not done":
        assert (row.module, row.test) == ("", "")
        return
    assert (ROOT / row.module).is_file()
    path, _, name = row.test.partition("::")
    tests = re.findall(r"def (test_\w+)", (ROOT / path).read_text(encoding="utf-8"))
    if name:
        assert name in tests
    else:
        assert [one for one in tests if f"_{row.id.lower()}_" in one], f"none is named by {row.id}"


def test_every_vector_stands_once_in_its_order() -> None:
    assert [row.id for row in vectors()] == [f"V{number:02}" for number in range(1, 27)]


@pytest.mark.parametrize("row", vectors(), ids=lambda row: row.id)
def test_every_vector_is_held_by_a_test_that_is_named_by_it(row: Vector) -> None:
    source = (ROOT / row.test).read_text(encoding="utf-8")
    assert re.search(rf"def test_(\w+_)?{row.id.lower()}_", source), row.test


def test_every_test_that_the_security_page_names_is_there() -> None:
    page = (DOCS / "security.md").read_text(encoding="utf-8")
    named = re.findall(r"`(tests/[\w/]+\.py)(?:::(test_\w+))?`", page)
    assert len(named) > 20
    for path, name in named:
        source = (ROOT / path).read_text(encoding="utf-8")
        assert not name or f"def {name}(" in source, f"{path}::{name}"
    rows = page.split("## Threats")[1].split("##")[0].splitlines()[4:]
    assert [row for row in rows if row.startswith("|") and "`tests/" not in row] == []


def test_every_setting_stands_on_its_page() -> None:
    page = (DOCS / "settings.md").read_text(encoding="utf-8")
    for name in Settings.model_fields:
        assert f"| `COUPON_{name}`".upper() in page.upper()


def test_every_metric_stands_on_its_page() -> None:
    page = (DOCS / "metrics.md").read_text(encoding="utf-8")
    for definition in DEFINITIONS:
        assert f"| `{definition.exposed_name}` | {definition.kind} |" in page


def commands_named() -> set[str]:
    """Give every `coupon-stream ...` that a page names within a line."""
    pages = [ROOT / "README.md", *DOCS.rglob("*.md")]
    texts = [path.read_text(encoding="utf-8") for path in pages if path.name != "commands.md"]
    return {found for text in texts for found in re.findall(r"`coupon-stream ([^`]*)`", text)}


@pytest.mark.parametrize("line", sorted(commands_named()))
def test_every_command_that_a_page_names_exists_with_its_options(line: str) -> None:
    command: click.Command = cli
    words = line.split()
    while words and isinstance(command, click.Group) and not words[0].startswith("-"):
        # `list|show|replay` stands for each of them.
        below = [command.get_command(click.Context(command), name) for name in words[0].split("|")]
        assert all(below), line
        command = cast(click.Command, below[0])
        words = words[1:]
    known = {name for parameter in command.params for name in parameter.opts}
    asked = re.findall(r"--[a-z][a-z-]*", " ".join(words))
    assert set(asked) <= known | {"--help"}, line


def test_no_secret_has_a_default_on_the_page() -> None:
    lines = (DOCS / "settings.md").read_text(encoding="utf-8").splitlines()
    secrets = [line for line in lines if "| a secret |" in line]
    assert len(secrets) == 10
    assert all("` |  | a secret |" in line for line in secrets)


def test_every_setting_that_a_page_or_a_deployment_names_exists() -> None:
    paths = [ROOT / "README.md", ROOT / "Makefile", ROOT / "docker-compose.yml"]
    paths += [path for path in (ROOT / "deploy").rglob("*") if path.is_file()]
    paths += DOCS.rglob("*.md")
    named = {
        name
        for path in paths
        for name in re.findall(r"COUPON_[A-Z][A-Z_]*[A-Z]", path.read_text(encoding="utf-8"))
    }
    assert "COUPON_KAFKA_BOOTSTRAP_SERVERS" in named
    fields = Settings.model_fields
    assert [str(problem) for problem in unknown(named, fields, secret_names(fields))] == []


def test_compose_starts_the_worker_after_its_topics_and_only_on_this_machine() -> None:
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))["services"]
    assert services["worker"]["depends_on"]["topics"] == {
        "condition": "service_completed_successfully"
    }
    ports = [port for service in services.values() for port in service.get("ports", [])]
    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)
