"""Rules and alerts: they ask for what exists, each has its page, and each fires when it must."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.monitoring.promql import MONITORING, ROOT, alerts, recorded, rules, wrong

TEST_FILES = sorted((MONITORING / "tests").glob("*.test.yml"))


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule.get("alert", rule.get("record")))
def test_a_rule_asks_only_for_metrics_and_labels_that_exist(rule: dict[str, Any]) -> None:
    assert list(wrong(rule["expr"])) == []


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("rate(coupon_event_consumed_total[5m])", "coupon_event_consumed_total does not exist"),
        ("coupon:nothing:sum", "coupon:nothing:sum does not exist"),
        ('coupon_decisions_total{arm="policy"}', "coupon_decisions_total has no label arm"),
        ("sum by (arm) (coupon_decisions_total)", "nothing has the label arm"),
        ("coupon_propensity", "coupon_propensity does not exist"),
    ],
)
def test_a_misspelt_metric_or_label_is_found(query: str, said: str) -> None:
    assert said in list(wrong(query))


def test_recorded_rules_are_named_by_level_metric_and_operation() -> None:
    assert [
        name for name in recorded() if not re.fullmatch(r"coupon:[a-z_]+:[a-z0-9_]+", name)
    ] == []
    assert all(re.fullmatch(r"Coupon[A-Z]\w+", alert["alert"]) for alert in alerts())


@pytest.mark.parametrize("alert", alerts(), ids=lambda alert: alert["alert"])
def test_an_alert_says_how_bad_it_is_what_it_means_and_what_to_do(alert: dict[str, Any]) -> None:
    assert set(alert["labels"]) == {"severity"}
    assert alert["labels"]["severity"] in {"page", "warn"}
    assert alert["annotations"]["summary"].endswith(".")
    page = ROOT / alert["annotations"]["runbook_url"]
    assert page == ROOT / "docs" / "runbooks" / f"{alert['alert']}.md"
    text = page.read_text(encoding="utf-8")
    assert text.startswith(f"# {alert['alert']}\n")
    for part in ("**What it means.**", "**Look first**", "**Do.**", "**It is over when**"):
        assert part in text
    assert [fault for quoted in re.findall(r"`([^`]+)`", text) for fault in wrong(quoted)] == []


def test_every_page_is_of_an_alert() -> None:
    pages = {path.stem for path in (ROOT / "docs" / "runbooks").glob("*.md")}
    assert pages == {alert["alert"] for alert in alerts()}


def test_the_operators_page_lists_every_alert_with_its_severity() -> None:
    page = (ROOT / "docs" / "operating.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\| \[(\w+)\]\(runbooks/\1\.md\) \| (\w+) \|", page, re.MULTILINE)
    assert sorted(listed) == sorted((a["alert"], a["labels"]["severity"]) for a in alerts())


def cases() -> Iterator[tuple[str, bool]]:
    """Give (alert, whether it must fire) of all cases."""
    for file in TEST_FILES:
        for test in yaml.safe_load(file.read_text(encoding="utf-8"))["tests"]:
            for case in test["alert_rule_test"]:
                yield case["alertname"], bool(case["exp_alerts"])


@pytest.mark.parametrize("fires", [True, False])
def test_every_alert_has_a_case_that_fires_and_one_that_does_not(fires: bool) -> None:
    assert {name for name, fired in cases() if fired is fires} == {a["alert"] for a in alerts()}


@pytest.mark.prometheus
def test_promtool_finds_nothing_wrong_with_the_rules() -> None:
    promtool("check", "rules", *sorted((MONITORING / "rules").glob("*.yml")))


@pytest.mark.prometheus
@pytest.mark.parametrize("file", TEST_FILES, ids=lambda file: file.stem)
def test_alerts_fire_when_they_must_and_only_then(file: Path) -> None:
    promtool("test", "rules", file)


def promtool(*arguments: str | Path) -> None:
    done = subprocess.run(["promtool", *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
