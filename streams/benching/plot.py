"""Draws the curves as SVG: logarithmic sizes to the right, microseconds upwards from zero."""

from collections.abc import Sequence
from math import ceil, log10

from streams.svg import label, sheet

Point = tuple[float, float]

WIDTH, HEIGHT, MARGIN = 360, 240, 50


def plot(panels: Sequence[tuple[str, Sequence[Point]]]) -> str:
    """Draw panels side by side, each with its caption and its points (size, microseconds).

    Examples
    --------
    >>> plot([("users", [(10, 5.0), (100, 6.0)])]).count("<circle")
    2
    """
    drawn = "\n".join(
        f'<g transform="translate({number * WIDTH},0)">\n{_panel(caption, points)}\n</g>'
        for number, (caption, points) in enumerate(panels)
    )
    return sheet(drawn, WIDTH * len(panels), HEIGHT)


def _panel(caption: str, points: Sequence[Point]) -> str:
    if not points:
        return label(WIDTH / 2, HEIGHT / 2, f"{caption}: not measured")
    top_us = _round_up(max(us for _, us in points))
    first, last = log10(points[0][0]), log10(points[-1][0])
    span = (last - first) or 1.0

    def place(point: Point) -> Point:
        across = (log10(point[0]) - first) / span
        return (
            round(MARGIN + across * (WIDTH - 2 * MARGIN), 1),
            round(HEIGHT - MARGIN - point[1] / top_us * (HEIGHT - 2 * MARGIN), 1),
        )

    places = [place(point) for point in points]
    line = " ".join(f"{x},{y}" for x, y in places)
    parts = [label(WIDTH / 2, HEIGHT - 10, caption), label(MARGIN, MARGIN - 15, "us an event")]
    for us in (0.0, top_us / 2, top_us):
        y = place((points[0][0], us))[1]
        parts.append(f'<path d="M{MARGIN},{y}H{WIDTH - MARGIN}" stroke="#ddd"/>')
        parts.append(label(MARGIN - 20, y + 4, f"{us:g}"))
    parts.append(f'<polyline points="{line}" fill="none" stroke="#06c" stroke-width="2"/>')
    for (x, y), (size, us) in zip(places, points, strict=True):
        parts.append(f'<circle cx="{x}" cy="{y}" r="3" fill="#06c"/>')
        parts += [label(x, y - 8, f"{us:g}"), label(x, HEIGHT - MARGIN + 16, f"{size:,.0f}")]
    return "\n".join(parts)


def _round_up(us: float) -> float:
    """Find the next round number above, so that the axis ends there."""
    step: float = 10 ** (len(str(ceil(us))) - 1) / 2
    return step * ceil(us * 1.1 / step)
