"""`coupon-stream bench`: what an event costs on this machine."""

import click
from rich.console import Console
from rich.table import Table

from streams.bench import run
from streams.options import json_option, pass_settings, print_json
from streams.settings import Settings


@click.command()
@click.option("--events", "events_count", type=click.IntRange(min=100), default=20_000)
@click.option("--seed", default=1, show_default=True, help="The simulated shop's dice.")
@json_option
@pass_settings
def bench(settings: Settings, events_count: int, seed: int, as_json: bool) -> None:
    """Measure what an event costs: decode, step and encode, on one core, without a broker.

    Read the figures as ratios between two runs on the same quiet machine.

    \b
    Examples:
      coupon-stream bench
      coupon-stream bench --events 100000 --json
    """
    figures = run(events_count, seed, settings)
    if as_json:
        print_json(figures)
        return
    table = Table("what", "figure", box=None)
    table.add_row("events a second, one core", f"{figures['events_per_second']:,}")
    for stage, mean_us in figures["step_us"].items():
        table.add_row(f"{stage}, mean", f"{mean_us} us")
    table.add_row("an event, median and p99", "{p50} and {p99} us".format(**figures["event_us"]))
    table.add_row("a row, mean", f"{figures['row_bytes_mean']:,} bytes")
    Console().print(table)
