"""What a query names: its metrics, with the labels that it asks each for, and what it groups by."""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from streams.metric_names import DEFINITIONS

ROOT = Path(__file__).resolve().parents[2]
MONITORING = ROOT / "deploy" / "monitoring"

# What Prometheus itself and the client library add to every scrape.
OF_EVERY_SCRAPE = {"up", "scrape_samples_scraped", "ALERTS"}
OF_THE_PROCESS = {"process_resident_memory_bytes", "process_cpu_seconds_total"}
OF_EVERY_SERIES = {"job", "instance"}

_STRING = r'"(?:\\.|[^"\\])*"'
_SELECTOR = re.compile(rf"([a-zA-Z_:][\w:]*)\s*\{{((?:{_STRING}|[^}}\"])*)\}}")
_NAME = re.compile(r"\b(?:coupon[_:][\w:]+|process_\w+|up|scrape_\w+|ALERTS)\b")
_GROUPING = re.compile(r"\b(?:by|on|group_left|group_right|without|ignoring)\s*\(([^)]*)\)")


def names(query: str) -> set[str]:
    """Give the metrics and recorded rules of a query.

    Examples
    --------
    >>> sorted(names('sum(rate(coupon_a_total{b="up"}[5m])) / coupon:c:sum'))
    ['coupon:c:sum', 'coupon_a_total']
    """
    return set(_NAME.findall(re.sub(_STRING, "", query)))


def wrong(query: str) -> Iterator[str]:
    """Say what a query asks for that no worker and no rule gives."""
    for name in names(query):
        if labels_of(name) is None:
            yield f"{name} does not exist"
    for name, matchers in _SELECTOR.findall(query):
        asked = set(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", re.sub(_STRING, "", matchers)))
        for label in asked - (labels_of(name) or set()):
            yield f"{name} has no label {label}"
    known = {"__name__"}.union(*(labels_of(name) or set() for name in names(query)))
    for grouped in _GROUPING.findall(query):
        for label in set(re.findall(r"\w+", grouped)) - known:
            yield f"nothing has the label {label}"


@cache
def labels_of(name: str) -> set[str] | None:
    """Give the labels that a metric or a recorded rule may have; None where there is none."""
    if name in OF_EVERY_SCRAPE | OF_THE_PROCESS:
        return {*OF_EVERY_SERIES, "alertname", "alertstate", "severity"}
    if name in recorded():
        of_parts = (labels_of(part) or set() for part in names(recorded()[name]))
        return set().union(*of_parts)
    for definition in DEFINITIONS:
        if definition.kind == "histogram":
            if name in {f"{definition.exposed_name}_{end}" for end in ("bucket", "sum", "count")}:
                return {*definition.labels, *OF_EVERY_SERIES, "le"}
        elif name == definition.exposed_name:
            return {*definition.labels, *OF_EVERY_SERIES}
    return None


@cache
def rules() -> tuple[Mapping[str, Any], ...]:
    """Give all rules, of recording and of alerts."""
    files = sorted((MONITORING / "rules").glob("*.yml"))
    read = (yaml.safe_load(file.read_text(encoding="utf-8")) for file in files)
    return tuple(rule for file in read for group in file["groups"] for rule in group["rules"])


@cache
def recorded() -> Mapping[str, str]:
    """Give the recorded rules: name -> query."""
    return {rule["record"]: rule["expr"] for rule in rules() if "record" in rule}


def alerts() -> list[Mapping[str, Any]]:
    """Give the alerts."""
    return [rule for rule in rules() if "alert" in rule]
