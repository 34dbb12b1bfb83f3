"""Figures as tables: for the terminal, and between the markers of the page about benchmarks."""

from collections.abc import Iterator, Sequence
from math import ceil
from typing import Any

BEGIN = "<!-- figures: begin, written by `coupon-stream bench --page` -->"
END = "<!-- figures: end -->"

LOADS = (1_000, 10_000, 100_000)
USED_RATIO = 0.7  # room for rebalances and for catching up

Table = tuple[Sequence[str], list[Sequence[str]]]


def tables(figures: dict[str, Any]) -> Iterator[Table]:
    """Give the tables that a run has figures for, each as its heading and rows of text."""
    yield _step(figures)
    if "contenders" in figures:
        yield _contenders(figures)
        if figures["contenders"]["ours"]["events_per_cpu_second"]:
            yield _growth(figures)
    if figures.get("scaling"):
        yield _scaling(figures["scaling"])
    for name in ("users", "history"):
        if figures["curves"][name]:
            yield _curve(name, figures["curves"][name])


def failures(figures: dict[str, Any]) -> list[str]:
    """Name the contenders that were there and failed."""
    found = figures.get("contenders", {})
    return [name for name, one in found.items() if one["failed"]]


def renewed(page: str, figures: dict[str, Any]) -> str:
    """Write the tables into a page, between its markers.

    Raises
    ------
    ValueError
        The page has no markers.
    """
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        message = f"the page must hold the lines {BEGIN} and {END}, did not"
        raise ValueError(message)
    parts = [_measured(figures), *(_markdown(table) for table in tables(figures))]
    return f"{before}{begin}\n\n" + "\n\n".join(parts) + f"\n\n{end}{after}"


def panels(figures: dict[str, Any]) -> list[tuple[str, list[tuple[float, float]]]]:
    """Give the curves as the plot takes them; sizes that were not measured are left out."""
    captions = {"users": "users", "history": "events that one user had before"}
    return [
        (
            caption,
            [
                (point[name], point["us"])
                for point in figures["curves"][name]
                if point["us"] is not None
            ],
        )
        for name, caption in captions.items()
    ]


def _step(figures: dict[str, Any]) -> Table:
    rows: list[Sequence[str]] = [
        (f"{stage}, mean of a call", f"{mean_us} us")
        for stage, mean_us in figures["step_us"].items()
    ]
    spread = "{p50} and {p99} us".format(**figures["event_us"])
    rows += [
        ("a whole event, median and p99", spread),
        ("events a second, the step alone", f"{figures['step_events_per_second']:,}"),
        ("share of the time that scoring 20 candidates takes", str(figures["scoring_share_ratio"])),
        ("outcomes a second of a trainer that catches up", f"{figures['catch_up_per_second']:,}"),
        ("share of events that are decision points", str(figures["decision_points_ratio"])),
        ("outcomes to learn, by event", str(figures["outcomes_per_event"])),
        ("a row in Kafka, mean", f"{figures['row_bytes_mean']:,} bytes"),
        ("a user in memory, mean", f"{figures['memory_per_user_bytes']:,} bytes"),
    ]
    return ("the step", "figure"), rows


def _contenders(figures: dict[str, Any]) -> Table:
    heading = (
        "contender",
        "events/s",
        "slowest to fastest",
        "ours is",
        "events per CPU second",
        "ours is, by CPU",
        "CPU an event over the limit's",
        "p50, p99 at half load",
        "broker CPU an event",
        "same decisions",
    )
    return heading, [_contender(name, one, figures) for name, one in figures["contenders"].items()]


def _contender(name: str, one: dict[str, Any], figures: dict[str, Any]) -> Sequence[str]:
    if one["missing"] or one["failed"]:
        why = f"not measured: {one['missing']}" if one["missing"] else "failed"
        return (name, why, *[""] * 8)
    late, spread = one["latency_ms"], one["spread"]
    return (
        name,
        _number(one["events_per_second"]),
        f"{spread[0]:,} to {spread[1]:,}",
        _times(figures["ratios"].get(name)),
        _number(one["events_per_cpu_second"]),
        _times(figures["ratios_cpu"].get(name)),
        "" if one["cpu_us_over_limit"] is None else f"{one['cpu_us_over_limit']:,} us",
        f"{late['p50']}, {late['p99']} ms" if late else "",
        f"{_number(one['broker_cpu_us_per_event'])} us",
        _number(one["same_decisions_ratio"]),
    )


def _growth(figures: dict[str, Any]) -> Table:
    """Work out from measured costs what larger loads take; see the page for what it leaves out."""
    ours = figures["contenders"]["ours"]
    per_core = ours["events_per_cpu_second"] * USED_RATIO
    learn_us = figures["step_us"]["learn"] * figures["outcomes_per_event"]
    stored_bytes = sum(ours["broker_bytes_per_event"].values())
    rows: list[Sequence[str]] = [
        (
            f"{load:,}",
            f"{ceil(load / per_core):,}",
            f"{load * (ours['broker_cpu_us_per_event'] or 0) / 1e6:.1f}",
            f"{load * stored_bytes / 1e6:.1f} MB/s",
            f"{load * learn_us / 1e6:.0%}",
        )
        for load in LOADS
    ]
    heading = (
        "events/s",
        f"workers, each on a core used to {USED_RATIO:.0%}",
        "broker cores, one copy",
        "written to brokers, one copy",
        "the one trainer's core",
    )
    return heading, rows


def _scaling(steps: list[dict[str, Any]]) -> Table:
    heading = ("workers", "events/s", "slowest to fastest", "events per CPU second")
    rows: list[Sequence[str]] = []
    for step in steps:
        spread = step["spread"]
        rows.append(
            (
                str(step["workers"]),
                _number(step["events_per_second"]),
                f"{spread[0]:,} to {spread[1]:,}" if spread else "failed",
                _number(step["events_per_cpu_second"]),
            )
        )
    return heading, rows


def _curve(name: str, points: list[dict[str, Any]]) -> Table:
    what = "users" if name == "users" else "events of one user before"
    rows: list[Sequence[str]] = [
        (
            f"{point[name]:,}",
            "more than the free memory" if point["us"] is None else str(point["us"]),
        )
        for point in points
    ]
    return (what, "us an event"), rows


def _measured(figures: dict[str, Any]) -> str:
    machine = figures.get("machine")
    if machine is None:
        return f"Measured over {figures['events']:,} events."
    return (
        f"Measured over {figures['events']:,} events on {machine['cores']} cores"
        f" ({machine['system']}, Python {machine['python']}), shared with the broker."
    )


def _markdown(table: Table) -> str:
    heading, rows = table
    lines = [heading, ["---"] * len(heading), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _number(figure: float | None) -> str:
    return "" if figure is None else f"{figure:,}"


def _times(ratio: float | None) -> str:
    return "" if ratio is None else f"{ratio} x"
