"""The reference pages say what the code says."""

import re
from pathlib import Path

import pytest
import yaml

from streams import reference
from streams.metric_names import DEFINITIONS
from streams.setting_problems import unknown
from streams.setting_sources import secret_names
from streams.settings import Settings

ROOT = Path(reference.__file__).resolve().parent.parent
DOCS = ROOT / "docs"


@pytest.mark.parametrize(
    ("name", "page"),
    [("settings.md", reference.settings_page()), ("metrics.md", reference.metrics_page())],
)
def test_a_page_equals_what_the_code_generates(name: str, page: str) -> None:
    assert (DOCS / name).read_text(encoding="utf-8") == page, "run `make docs`"


def test_every_setting_stands_on_its_page() -> None:
    page = (DOCS / "settings.md").read_text(encoding="utf-8")
    for name in Settings.model_fields:
        assert f"| `COUPON_{name}`".upper() in page.upper()


def test_every_metric_stands_on_its_page() -> None:
    page = (DOCS / "metrics.md").read_text(encoding="utf-8")
    for definition in DEFINITIONS:
        assert f"| `{definition.exposed_name}` | {definition.kind} |" in page


def test_no_secret_has_a_default_on_the_page() -> None:
    lines = (DOCS / "settings.md").read_text(encoding="utf-8").splitlines()
    secrets = [line for line in lines if "| a secret |" in line]
    assert len(secrets) == 3
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
