"""Insights as one HTML page: tables and bars as inline SVG, readable in light and in dark."""

from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

_STYLE = """
:root { color-scheme: light dark; --ink: #222; --paper: #fff; --ours: #06c; --plain: #999; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #ddd; --paper: #181818; --ours: #6af; --plain: #777; }
}
body { font: 15px/1.5 sans-serif; color: var(--ink); background: var(--paper);
  max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; }
td, th { padding: .15rem .8rem .15rem 0; text-align: left; }
th { font-weight: normal; color: var(--plain); }
svg { font: 12px sans-serif; max-width: 100%; } svg text { fill: var(--ink); }
"""
_WIDTH, _ROW, _LABEL = 760, 22, 300
_STEPS_COUNT = 4

Bar = tuple[str, float, str, str]
"""Label, share of the longest in 0..1, figure, colour."""


def page(title: str, record: dict[str, Any]) -> str:
    """Write the page about a record of `as_record`.

    Nothing in it is loaded from anywhere; names out of the file are escaped.
    """
    parts = [
        f"<p>{record['events']:,} lines, {sum(record['refused'].values()):,} refused;"
        f" {record['sessions']:,} sessions, {record['views_merged']:,} repeated views merged.</p>",
        _section("What was foretold", _foretold(record)),
        _section("Segments", _bars(_shares(record["segments"]))),
        *(
            _section(f"Hot {kind}", _bars(_weights(named)))
            for kind, named in record["hot"].items()
            if named
        ),
        *(
            _section(f"Demand for {kind}, orders a day", _demand(told))
            for kind, told in record["demand"].items()
            if told["per_day"]
        ),
        _section("What comes next", _steps(record["transitions"])),
        _section("What goes together", _rules(record["associations"])),
        _section("Categories that go together", _rules(record["category_associations"])),
    ]
    head = (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head>"
    )
    return f"{head}\n<body><h1>{escape(title)}</h1>\n" + "\n".join(parts) + "\n</body></html>\n"


def _section(heading: str, content: str) -> str:
    return f"<h2>{escape(heading)}</h2>\n{content}" if content else ""


def _foretold(record: dict[str, Any]) -> str:
    bars: list[Bar] = []
    for name, words in (
        ("next_action", "next step; commonest step"),
        ("add_ons", "add-on among 20; most popular 20"),
        ("next_product", "next product among 20; hottest 20"),
    ):
        tries, ours, plain = record[name].values()
        if tries:
            first, second = words.split("; ")
            bars += [
                (f"{first} ({tries:,})", ours, f"{ours:.1%}", "--ours"),
                (second, plain, f"{plain:.1%}", "--plain"),
            ]
    return _bars(bars)


def _shares(segments: Iterable[dict[str, Any]]) -> list[Bar]:
    return [
        (f"{one['name']} {one['name_zh']}", one["ratio"], f"{one['ratio']:.1%}", "--ours")
        for one in segments
    ]


def _weights(named: Sequence[tuple[str, float]]) -> list[Bar]:
    most = max(weight for _, weight in named) or 1.0
    return [(name, weight / most, _figure(weight), "--ours") for name, weight in named]


def _figure(weight: float) -> str:
    return f"{weight:,.0f}" if weight >= 10 else f"{weight:.2g}"


def _demand(told: dict[str, Any]) -> str:
    bars = _bars(_weights(told["per_day"]))
    if not told["days"]:
        return f"<p>Less than a day to compare with.</p>\n{bars}"
    return (
        f"<p>What was wanted most had {told['orders']:,} orders on {told['days']} days; foretold"
        f" wrong by {told['missed_ratio']:.2f} for each of them, and by"
        f" {told['as_yesterday_missed_ratio']:.2f} by what the day before had.</p>\n{bars}"
    )


def _steps(transitions: dict[str, dict[str, float]]) -> str:
    """Give the likeliest next steps of each, the likeliest first."""
    bars: list[Bar] = []
    for kind, row in transitions.items():
        likeliest = sorted(row.items(), key=lambda step: (-step[1], step[0]))[:_STEPS_COUNT]
        bars += [(f"{kind} → {name}", share, f"{share:.1%}", "--ours") for name, share in likeliest]
    return _bars(bars)


def _bars(bars: Sequence[Bar]) -> str:
    if not bars:
        return ""
    rows = []
    for number, (label, share, figure, colour) in enumerate(bars):
        y, length = number * _ROW, max(1.0, share * (_WIDTH - _LABEL - 70))
        rows.append(
            f'<text x="{_LABEL - 8}" y="{y + 15}" text-anchor="end">{escape(label[:46])}</text>'
            f'<rect x="{_LABEL}" y="{y + 3}" width="{length:.1f}" height="15"'
            f' style="fill:var({colour})"/>'
            f'<text x="{_LABEL + length + 6:.1f}" y="{y + 15}">{escape(figure)}</text>'
        )
    size = f'viewBox="0 0 {_WIDTH} {len(bars) * _ROW}" width="{_WIDTH}"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img">{"".join(rows)}</svg>'


def _rules(rules: Sequence[dict[str, Any]]) -> str:
    if not rules:
        return "<p>No pair was in baskets often enough.</p>"
    columns = ("when", "then", "support", "confidence", "lift", "error")
    head = "".join(f"<th>{name}</th>" for name in columns)
    lines = ["".join(f"<td>{escape(str(rule[name]))}</td>" for name in columns) for rule in rules]
    return "<table>" + "\n".join(f"<tr>{line}</tr>" for line in (head, *lines)) + "</table>"
