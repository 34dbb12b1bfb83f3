"""`coupon-stream bench`: what an event costs on this machine, alone and beside others."""

import sys
from pathlib import Path
from typing import Any

import click

from streams import wire
from streams.benching import curves as bench_curves
from streams.benching import page as bench_page
from streams.benching import peers as bench_peers
from streams.benching.plot import plot
from streams.benching.stages import run
from streams.options import json_option, pass_settings, print_json, print_table
from streams.settings import Settings

CURVE_EVENTS_COUNT = 2_000


def _sizes(ctx: click.Context, param: click.Parameter, text: str | None) -> tuple[int, ...]:
    try:
        sizes = tuple(int(part) for part in text.split(",")) if text else ()
    except ValueError:
        sizes = (0,)
    if any(size < 1 for size in sizes):
        message = f"must be whole numbers above 0, separated by commas, was {text!r}"
        raise click.BadParameter(message)
    return tuple(sorted(set(sizes)))


@click.command()
@click.option(
    "--events", "events_count", type=click.IntRange(min=500), default=20_000, show_default=True
)
@click.option("--seed", default=1, show_default=True, help="The simulated shop's dice.")
@click.option("--peers", is_flag=True, help="Compare with others on a real Kafka (Java 17).")
@click.option(
    "--peers-python",
    default=sys.executable,
    metavar="PATH",
    help="The interpreter that has the peers' libraries; this one if not given.",
)
@click.option(
    "--repeats", "repeats_count", type=click.IntRange(min=1), default=3, show_default=True
)
@click.option("--users", callback=_sizes, metavar="N,N", help="Cost per event at so many users.")
@click.option("--history", callback=_sizes, metavar="N,N", help="Cost per event of old customers.")
@click.option("--full", is_flag=True, help="Both curves, and with --peers also scaling.")
@click.option("--plot", "plot_path", type=click.Path(path_type=Path), help="Draw curves as SVG.")
@click.option("--out", type=click.Path(path_type=Path), help="Keep the figures as JSON.")
@click.option("--page", type=click.Path(path_type=Path, exists=True), help="Renew its tables.")
@json_option
@pass_settings
def bench(
    settings: Settings,
    events_count: int,
    seed: int,
    peers: bool,
    peers_python: str,
    repeats_count: int,
    users: tuple[int, ...],
    history: tuple[int, ...],
    full: bool,
    plot_path: Path | None,
    out: Path | None,
    page: Path | None,
    as_json: bool,
) -> None:
    """Measure what an event costs: the step by stage, and the worker beside others.

    Read the figures as ratios between runs on the same quiet machine; docs/benchmarks.md says what
    each of them means. Exit code 0: done, also where a peer's library is missing. 1: a contender
    failed.

    \b
    Examples:
      coupon-stream bench
      coupon-stream bench --users 1000,100000 --history 10,1000 --plot cost.svg
      coupon-stream bench --peers --peers-python .venv/peers/bin/python --json
      coupon-stream bench --peers --full --out docs/benchmarks/latest.json \\
        --plot docs/benchmarks/cost.svg --page docs/benchmarks.md
    """
    figures = run(events_count, seed, settings)
    figures["step_events_per_second"] = figures["events_per_second"]
    figures["curves"] = _curves(settings, seed, users, history, full)
    if peers:
        plan = bench_peers.Plan(
            events_count=events_count,
            seed=seed,
            repeats_count=repeats_count,
            python=peers_python,
            full=full,
        )
        figures |= bench_peers.compare(plan, settings, _say)
    _keep(figures, plot_path, out, page)
    if as_json:
        print_json(figures)
    else:
        for columns, rows in bench_page.tables(figures):
            print_table(columns, rows)
            click.echo()
    if bench_page.failures(figures):
        raise SystemExit(1)


def _say(line: str) -> None:
    click.echo(line, err=True)


def _curves(
    settings: Settings, seed: int, users: tuple[int, ...], history: tuple[int, ...], full: bool
) -> dict[str, Any]:
    users = users or (bench_curves.USERS_COUNTS if full else ())
    history = history or (bench_curves.HISTORY_COUNTS if full else ())
    return {
        "users": bench_curves.users_curve(settings, users, CURVE_EVENTS_COUNT, seed),
        "history": bench_curves.history_curve(settings, history, CURVE_EVENTS_COUNT, seed),
    }


def _keep(
    figures: dict[str, Any], plot_path: Path | None, out: Path | None, page: Path | None
) -> None:
    if plot_path is not None:
        plot_path.write_text(plot(bench_page.panels(figures)), encoding="utf-8")
    if out is not None:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(wire.to_json(figures, pretty=True) + "\n", encoding="utf-8")
    if page is not None:
        text = page.read_text(encoding="utf-8")
        page.write_text(bench_page.renewed(text, figures), encoding="utf-8")
