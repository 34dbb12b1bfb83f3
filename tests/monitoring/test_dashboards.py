"""Dashboards: committed as generated, readable, and asking only for what exists."""

from itertools import combinations
from typing import Any

import pytest

from streams.monitoring.__main__ import DASHBOARDS, text
from streams.monitoring.panels import COLUMNS, Dashboard, Panel, grafana
from tests.monitoring.promql import MONITORING, wrong

UNITS = {"short", "s", "percentunit", "reqps", "bytes"}
PANELS = [panel for dashboard in DASHBOARDS for panel in dashboard.panels()]

each_dashboard = pytest.mark.parametrize("dashboard", DASHBOARDS, ids=lambda one: one.uid)


@each_dashboard
def test_a_dashboard_is_committed_as_it_is_generated(dashboard: Dashboard) -> None:
    committed = MONITORING / "dashboards" / f"{dashboard.uid}.json"
    assert committed.read_text(encoding="utf-8") == text(dashboard), "run `make docs`"


def test_no_other_dashboard_is_committed() -> None:
    committed = {path.stem for path in (MONITORING / "dashboards").glob("*.json")}
    assert committed == {dashboard.uid for dashboard in DASHBOARDS}


@each_dashboard
def test_panels_lie_beside_and_below_one_another(dashboard: Dashboard) -> None:
    panels = grafana(dashboard)["panels"]
    places = [panel["gridPos"] for panel in panels]
    assert len({panel["id"] for panel in panels}) == len(panels)
    assert all(place["x"] + place["w"] <= COLUMNS for place in places)
    assert not any(overlap(one, other) for one, other in combinations(places, 2))


def overlap(one: dict[str, int], other: dict[str, int]) -> bool:
    beside = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
    below = one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
    return not beside and not below


@pytest.mark.parametrize("panel", PANELS, ids=lambda panel: panel.title)
def test_a_panel_says_what_it_shows_and_asks_for_what_exists(panel: Panel) -> None:
    assert panel.description.endswith(".")
    assert panel.unit in UNITS
    assert [fault for query in panel.queries for fault in wrong(query.expr)] == []


@each_dashboard
def test_every_query_goes_to_the_source_that_the_reader_chose(dashboard: Dashboard) -> None:
    shown: dict[str, Any] = grafana(dashboard)
    targets = [target for panel in shown["panels"] for target in panel.get("targets", ())]
    assert {target["datasource"]["uid"] for target in targets} == {"${datasource}"}
    assert [one["type"] for one in shown["templating"]["list"]] == ["datasource"]


def test_limits_that_fall_turn_red_below() -> None:
    left = next(panel for panel in PANELS if panel.title == "Budget that is left")
    shown = next(
        panel for panel in grafana(DASHBOARDS[0])["panels"] if panel["title"] == left.title
    )
    steps = shown["fieldConfig"]["defaults"]["thresholds"]["steps"]
    assert [step["color"] for step in steps] == ["red", "orange", "green"]
    assert [step["value"] for step in steps] == [None, 0.02, 0.2]
