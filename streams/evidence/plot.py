"""Draws evidence as SVG: does it sort, is it calibrated, what are policies and arms worth."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import click

from streams.svg import label, sheet

Point = tuple[float, float]

WIDTH, HEIGHT, MARGIN = 420, 300, 50
MAX_BARS_COUNT = 12
COLOURS = ("#06c", "#c30", "#080", "#909")


class Bar(NamedTuple):
    """An estimate with its bounds."""

    name: str
    point: float
    lower: float
    upper: float


class Panel(NamedTuple):
    """A caption over lines from the lower left, or over bars around a line at nothing.

    Attributes
    ----------
    straight
        What a line is compared with: the other end of a straight line from (0, 0).
    """

    caption: str
    lines: Mapping[str, Sequence[Point]] = {}
    straight: Point | None = None
    bars: Sequence[Bar] = ()


def _is_drawing(context: click.Context, option: click.Parameter, path: Path | None) -> Path | None:
    if path is not None and path.suffix != ".svg":
        message = f"must name a .svg file, was {path.name}"
        raise click.BadParameter(message)
    return path


plot_option = click.option(
    "--plot",
    type=click.Path(path_type=Path, dir_okay=False),
    callback=_is_drawing,
    help="Also draw the figures into this .svg file.",
)


def drawing(panels: Iterable[Panel]) -> str:
    """Draw panels side by side, two in a row; one without anything to show is left out.

    Examples
    --------
    >>> bars = [Bar("policy", 2.0, 1.0, 3.0)]
    >>> drawing([Panel("Arms", bars=bars), Panel("Nothing")]).count("<circle")
    1
    """
    shown = [panel for panel in panels if panel.bars or any(panel.lines.values())]
    drawn = "\n".join(
        f'<g transform="translate({at % 2 * WIDTH},{at // 2 * HEIGHT})">\n{_panel(panel)}\n</g>'
        for at, panel in enumerate(shown)
    )
    across, down = min(2, max(1, len(shown))), max(1, -(-len(shown) // 2))
    return sheet(drawn, across * WIDTH, down * HEIGHT)


def of_outcomes(report: Mapping[str, Any]) -> list[Panel]:
    """Choose what to draw of what `evaluate` reports."""
    sorting = report["sorting"]
    curve = sorting["margin_minor"]["curve"] if sorting else []
    incremental = report["incremental"].items()
    values = report["policy_values"].items()
    return [
        _qini("Qini: margin gained a decision, by share treated", {"scores": curve}),
        _calibrated({"model": report["predictive"]["calibration"]}),
        Panel(
            "Margin a customer beyond the holdout, anytime 95 %",
            bars=_bars((n, one["per_customer_adjusted_minor"]) for n, one in incremental),
        ),
        Panel(
            "Policies, margin a decision, doubly robust, 95 %",
            bars=_bars(
                (
                    (n, one["margin_minor"]["dr"] or one["margin_minor"]["snips"])
                    for n, one in values
                ),
                anytime=False,
            ),
        ),
    ]


def of_experiment(report: Mapping[str, Any]) -> list[Panel]:
    """Choose what to draw of what `evaluate-logged` reports."""
    panels = [
        _qini(f"Qini of {arm}: gained a customer, by share treated", _curves(learners))
        for arm, learners in (report["sorting"] or {}).items()
    ]
    learners = report["learners"]
    panels.append(_calibrated({name: one["calibration"] for name, one in learners.items()}))
    named = {**report["estimates"], **learners}
    worth = ((name, one["dr"]) for name, one in named.items())
    panels.append(Panel("Policies, doubly robust, 95 %", bars=_bars(worth, anytime=False)))
    ips = (
        (f"{name} {estimator}", one[estimator])
        for name, one in report["estimates"].items()
        for estimator in ("ips", "snips", "dr")
    )
    panels.append(Panel("By estimator, 95 %", bars=_bars(ips, anytime=False)))
    arms = ((name, one["dr"]) for name, one in report["arms"].items())
    return [*panels, Panel("Arms for everybody, 95 %", bars=_bars(arms, anytime=False))]


def _best(told: Mapping[str, Any]) -> Mapping[str, float | None] | None:
    """Take the doubly robust estimate, or that which needs no model where it alone is known."""
    best: Mapping[str, float | None] | None = told["dr"] or told["snips"]
    return best


def _curves(learners: Mapping[str, Any]) -> dict[str, Sequence[Point]]:
    return {name: one["curve"] for name, one in learners.items()}


def _qini(caption: str, lines: Mapping[str, Sequence[Point]]) -> Panel:
    ends = [line[-1][1] for line in lines.values() if line]
    return Panel(caption, lines=lines, straight=(1.0, ends[0]) if ends else None)


def _calibrated(bins: Mapping[str, Sequence[Mapping[str, float]]]) -> Panel:
    lines = {
        name: [(one["mean_p"], one["bought_ratio"]) for one in own if one["count"]]
        for name, own in bins.items()
    }
    top = max((max(point) for line in lines.values() for point in line), default=1.0)
    return Panel("Calibration: bought, by chance foreseen", lines=lines, straight=(top, top))


def _bars(
    told: Iterable[tuple[str, Mapping[str, float | None] | None]], anytime: bool = True
) -> list[Bar]:
    found = []
    prefix = "anytime_" if anytime else ""
    for name, one in told:
        if one is None or one["point"] is None:
            continue
        lower, upper = one[f"{prefix}lower"], one[f"{prefix}upper"]
        if lower is not None and upper is not None:
            found.append(Bar(name, one["point"], lower, upper))
    return found[:MAX_BARS_COUNT]


def _panel(panel: Panel) -> str:
    parts = [label(WIDTH / 2, MARGIN / 2, panel.caption)]
    if panel.bars:
        return "\n".join(parts + _drawn_bars(panel.bars))
    return "\n".join(parts + _drawn_lines(panel))


def _drawn_lines(panel: Panel) -> list[str]:
    points = [point for line in panel.lines.values() for point in line]
    points += [(0.0, 0.0), panel.straight or (0.0, 0.0)]
    right = max(x for x, _ in points) or 1.0
    low, high = min(y for _, y in points), max(y for _, y in points)
    span = (high - low) or 1.0

    def place(point: Point) -> Point:
        across, up = point[0] / right, (point[1] - low) / span
        x = MARGIN + across * (WIDTH - 2 * MARGIN)
        return round(x, 1), round(HEIGHT - MARGIN - up * (HEIGHT - 2 * MARGIN), 1)

    parts = [_path([place((0.0, y)), place((right, y))], "#ddd") for y in (low, 0.0, high)]
    parts += [label(MARGIN - 24, place((0.0, y))[1] + 4, f"{y:.3g}") for y in {low, 0.0, high}]
    parts.append(label(WIDTH - MARGIN, HEIGHT - MARGIN + 16, f"{right:.3g}"))
    if panel.straight is not None:
        parts.append(_path([place((0.0, 0.0)), place(panel.straight)], "#999", dashed=True))
    for at, (name, line) in enumerate(panel.lines.items()):
        colour = COLOURS[at % len(COLOURS)]
        parts.append(_path([place(point) for point in line], colour))
        parts.append(label(MARGIN + 70, MARGIN + 14 * at, name, colour))
    return parts


def _drawn_bars(bars: Sequence[Bar]) -> list[str]:
    low = min(0.0, *(bar.lower for bar in bars))
    high = max(0.0, *(bar.upper for bar in bars))
    span = (high - low) or 1.0

    def across(value: float) -> float:
        return round(2.4 * MARGIN + (value - low) / span * (WIDTH - 3.2 * MARGIN), 1)

    down = (HEIGHT - 2 * MARGIN) / len(bars)
    parts = [_path([(across(0.0), MARGIN - 10), (across(0.0), HEIGHT - MARGIN)], "#999")]
    parts += [label(across(x), HEIGHT - MARGIN + 16, f"{x:.3g}") for x in sorted({low, 0.0, high})]
    for at, bar in enumerate(bars):
        y = round(MARGIN + (at + 0.5) * down, 1)
        parts.append(label(MARGIN, y + 4, bar.name))
        parts.append(_path([(across(bar.lower), y), (across(bar.upper), y)], COLOURS[0]))
        parts.append(f'<circle cx="{across(bar.point)}" cy="{y}" r="4" fill="{COLOURS[0]}"/>')
    return parts


def _path(points: Sequence[Point], colour: str, dashed: bool = False) -> str:
    line = " ".join(f"{x},{y}" for x, y in points)
    dashes = ' stroke-dasharray="4"' if dashed else ""
    return f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2"{dashes}/>'
