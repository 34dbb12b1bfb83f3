"""A dashboard as rows of panels, and the classic JSON that Grafana provisions from a file."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal["timeseries", "stat", "gauge", "bargauge", "heatmap"]

COLUMNS = 24
SCHEMA_VERSION = 39
_SOURCE = {"type": "prometheus", "uid": "${datasource}"}
_COLOURS = ("green", "orange", "red")
# A stage of a bargauge or a bucket of a heatmap is asked for as it stands now.
_INSTANT = frozenset({"stat", "gauge", "bargauge"})


@dataclass(frozen=True, slots=True)
class Query:
    """What a panel asks Prometheus for, and how each series is called."""

    expr: str
    legend: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """One picture.

    Attributes
    ----------
    unit
        Grafana's name of it: `s`, `percentunit`, `short`, `reqps`, `bytes` ...
    limits
        From which values on it is orange and red; falling limits mean that less is worse.
    stacked
        The series are parts of a whole.
    """

    title: str
    description: str
    kind: Kind
    queries: tuple[Query, ...]
    unit: str = "short"
    width: int = 8
    height: int = 7
    limits: tuple[float, ...] = ()
    stacked: bool = False
    lowest: float | None = None
    highest: float | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """Panels under one heading."""

    title: str
    panels: tuple[Panel, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Dashboard:
    """One page for one reader."""

    uid: str
    title: str
    description: str
    rows: tuple[Row, ...]

    def panels(self) -> Iterator[Panel]:
        """Give all panels, in order."""
        for row in self.rows:
            yield from row.panels


def grafana(dashboard: Dashboard) -> dict[str, Any]:
    """Give what Grafana loads."""
    return {
        "uid": dashboard.uid,
        "title": dashboard.title,
        "description": dashboard.description,
        "tags": ["coupon-stream"],
        "schemaVersion": SCHEMA_VERSION,
        "version": 1,
        "editable": False,
        "graphTooltip": 1,
        "refresh": "10s",
        "time": {"from": "now-1h", "to": "now"},
        "timezone": "browser",
        "annotations": {"list": [_alarms()]},
        "links": [_others()],
        "templating": {"list": [_source_variable()]},
        "panels": list(_placed(dashboard.rows)),
    }


def _placed(rows: tuple[Row, ...]) -> Iterator[dict[str, Any]]:
    """Set panels from left to right, and rows below one another."""
    number, top = 0, 0
    for row in rows:
        number += 1
        place = {"h": 1, "w": COLUMNS, "x": 0, "y": top}
        yield {
            **{"id": number, "type": "row", "title": row.title, "gridPos": place},
            **{"collapsed": False, "panels": []},
        }
        left, top, lowest = 0, top + 1, top + 1
        for panel in row.panels:
            if left + panel.width > COLUMNS:
                left, top = 0, lowest
            number += 1
            place = {"h": panel.height, "w": panel.width, "x": left, "y": top}
            yield {"id": number, "gridPos": place, **_panel(panel)}
            left, lowest = left + panel.width, max(lowest, top + panel.height)
        top = lowest


def _panel(panel: Panel) -> dict[str, Any]:
    targets = [
        {
            **{"refId": chr(ord("A") + number), "datasource": _SOURCE, "expr": query.expr},
            "legendFormat": query.legend or "__auto",
            "instant": panel.kind in _INSTANT,
            "range": panel.kind not in _INSTANT,
            "format": "heatmap" if panel.kind == "heatmap" else "time_series",
        }
        for number, query in enumerate(panel.queries)
    ]
    return {
        "type": panel.kind,
        "title": panel.title,
        "description": panel.description,
        "datasource": _SOURCE,
        "targets": targets,
        "fieldConfig": {"defaults": _field(panel), "overrides": []},
        "options": _options(panel),
    }


def _field(panel: Panel) -> dict[str, Any]:
    field: dict[str, Any] = {
        "unit": panel.unit,
        "thresholds": {"mode": "absolute", "steps": _steps(panel.limits)},
        "color": {"mode": "thresholds" if panel.limits else "palette-classic"},
    }
    for name, value in (("min", panel.lowest), ("max", panel.highest)):
        if value is not None:
            field[name] = value
    if panel.kind == "timeseries":
        field["color"] = {"mode": "palette-classic"}
        field["custom"] = {
            "lineWidth": 1 if panel.stacked else 2,
            "fillOpacity": 40 if panel.stacked else 8,
            "showPoints": "never",
            "stacking": {"mode": "normal" if panel.stacked else "none", "group": "A"},
            "thresholdsStyle": {"mode": "dashed" if panel.limits else "off"},
        }
    return field


def _steps(limits: tuple[float, ...]) -> list[dict[str, Any]]:
    """Give Grafana's steps, which always rise: falling limits begin with red."""
    falls = len(limits) > 1 and limits[0] > limits[1]
    colours = _COLOURS[: len(limits) + 1]
    ordered = tuple(reversed(colours)) if falls else colours
    bounds = (None, *sorted(limits))
    return [
        {"color": colour, "value": bound} for colour, bound in zip(ordered, bounds, strict=True)
    ]


def _options(panel: Panel) -> Mapping[str, Any]:
    last = {"calcs": ["lastNotNull"], "fields": "", "values": False}
    if panel.kind == "timeseries":
        return {
            "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True},
            "tooltip": {"mode": "multi", "sort": "desc"},
        }
    if panel.kind == "heatmap":
        return {"calculate": False, "yAxis": {"unit": panel.unit}, "color": {"scheme": "Blues"}}
    if panel.kind == "bargauge":
        return {"reduceOptions": last, "orientation": "horizontal", "displayMode": "basic"}
    if panel.kind == "gauge":
        return {"reduceOptions": last, "showThresholdMarkers": True}
    return {"reduceOptions": last, "colorMode": "value", "graphMode": "area", "textMode": "auto"}


def _source_variable() -> dict[str, Any]:
    return {
        **{"name": "datasource", "label": "Prometheus", "type": "datasource"},
        **{"query": "prometheus", "current": {}, "hide": 0, "refresh": 1},
    }


def _alarms() -> dict[str, Any]:
    """Mark where an alert fires."""
    return {
        **{"name": "Alerts", "enable": True, "datasource": _SOURCE, "iconColor": "red"},
        "expr": 'ALERTS{alertstate="firing", alertname=~"Coupon.*"}',
        **{"titleFormat": "{{alertname}}", "step": "60s"},
    }


def _others() -> dict[str, Any]:
    return {
        **{"type": "dashboards", "title": "Coupon Stream", "tags": ["coupon-stream"]},
        **{"asDropdown": True, "includeVars": True, "keepTime": True},
    }
