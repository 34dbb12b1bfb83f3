"""`coupon-stream simulate`: whom to give what, compared in a shop whose truth is known."""

import os
from collections.abc import Callable
from dataclasses import replace
from itertools import count

import click
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Table

from streams.options import json_option, pass_settings, print_json
from streams.settings import Settings
from streams.simulating import play as simulation
from streams.simulating.play import Report, Result
from streams.simulating.record import as_record
from streams.simulating.rivals import POLICIES, PolicyName, playable
from streams.simulating.runs import Asked, Record, play_all, summary

# Scores follow what was learned sooner than in a worker, whose snapshots go over Kafka.
SNAPSHOT_EVERY = 250
TICK_COUNT = 500


@click.command()
@click.option(
    "--events",
    "events_count",
    type=click.IntRange(1_000, 100_000_000),
    default=100_000,
    show_default=True,
    help="How long the world lasts: so many events when nothing is offered.",
)
@click.option("--seed", type=int, default=1, show_default=True, help="Names the world.")
@click.option(
    "--policy",
    "policies",
    type=click.Choice(POLICIES),
    multiple=True,
    help="Play this policy; may be repeated. All of them if not given.",
)
@click.option(
    "--budget",
    "budget_minor",
    type=click.IntRange(min=0),
    help="Money for coupons, in minor units; a tight budget if not given.",
)
@click.option(
    "--policy-only",
    is_flag=True,
    help="No arms: the policy decides for everybody, without holdout and random shares.",
)
@click.option(
    "--runs",
    "runs_count",
    type=click.IntRange(1, 1_000),
    default=1,
    show_default=True,
    help="Play so many worlds, of this seed and the next ones, and tell the medians.",
)
@click.option(
    "--processes",
    type=click.IntRange(1, 256),
    help="How many worlds are played side by side; as many as there are cores if not given.",
)
@click.option("--drift", is_flag=True, help="Let some customers change their nature half-way.")
@json_option
@pass_settings
def simulate(
    settings: Settings,
    events_count: int,
    seed: int,
    policies: tuple[PolicyName, ...],
    budget_minor: int | None,
    policy_only: bool,
    runs_count: int,
    processes: int | None,
    drift: bool,
    as_json: bool,
) -> None:
    """Let policies decide for the same simulated customers, and compare what they earn.

    Profit is counted against giving nothing at all. It is the exact expectation of every offer
    that was made, with an interval over customers; beside it stands what came out in this world.
    Each policy runs inside the whole product: its share of customers is held out or drawn at
    random as in production, and pays for it. The oracle knows the truth and is the upper bound.

    Exit code 0: done. 1: a policy spent more than the budget. 2: bad usage.

    \b
    Examples:
      coupon-stream simulate --events 50000 --seed 7
      coupon-stream simulate --policy oracle --policy policy --budget 200000 --json
      coupon-stream simulate --runs 10 --events 500000 --json
    """
    settings = _fitted(settings, policy_only)
    names, left_out = playable(policies or POLICIES)
    if left_out is not None:
        click.echo(left_out, err=True)
    if not names:
        message = "nothing is left to play"
        raise click.UsageError(message)
    if runs_count > 1:
        asked = Asked(
            settings=settings,
            seed=seed,
            events_count=events_count,
            budget_minor=budget_minor,
            drift=drift,
            policies=tuple(names),
        )
        worlds = [replace(asked, seed=seed + number) for number in range(runs_count)]
        _many(worlds, processes or os.cpu_count() or 1, as_json)
        return
    world = simulation.build_world(events_count, seed, budget_minor, drift=drift)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    console = Console(stderr=True)
    silent = not console.is_terminal
    with Progress(*columns, console=console, transient=True, disable=silent) as bar:

        def begin(name: PolicyName) -> Callable[[], None]:
            return _ticks(bar, bar.add_task(name, total=events_count))

        report = simulation.run(world, settings, names, begin)
    _print_table(report)
    if as_json:
        print_json(as_record(report))
    if any(result.overspend_minor for result in report.results):
        raise SystemExit(1)


def _many(worlds: list[Asked], processes: int, as_json: bool) -> None:
    records, told = [], Console(stderr=True)
    for record in play_all(worlds, processes):
        records.append(record)
        told.print(f"{len(records)} of {len(worlds)}: {_gist(record)}")
    found = summary(records)
    _print_medians(found)
    if as_json:
        print_json(found)
    if found["overspend_minor"]:
        raise SystemExit(1)


def _gist(record: Record) -> str:
    profits: dict[str, int] = record["incremental_profit_minor"]
    return f"seed {record['seed']}: " + ", ".join(f"{n} {p:,}" for n, p in profits.items())


def _print_medians(found: Record) -> None:
    title = f"Medians over {len(found['seeds'])} worlds of {found['events']} events, minor units"
    table = Table(title=title)
    table.add_column("policy", no_wrap=True)
    for name in ("profit", "of oracle", "after 1/5", "in arm", "of budget"):
        table.add_column(name, justify="right")
    profit, *shares = found["median"].values()
    for name in sorted(profit, key=lambda one: -profit[one]):
        told = ("" if share[name] is None else f"{share[name]:.1%}" for share in shares)
        table.add_row(name, f"{profit[name]:,.0f}", *told)
    Console().print(table)


def _ticks(bar: Progress, task: TaskID) -> Callable[[], None]:
    """Count events, and move the bar now and then: it is slower than the simulation."""
    counts = count(1)

    def tick() -> None:
        if next(counts) % TICK_COUNT == 0:
            bar.advance(task, TICK_COUNT)

    return tick


def _fitted(settings: Settings, policy_only: bool) -> Settings:
    # What the shop did before stands beside the others as a policy; it needs no arm as well.
    changes: dict[str, object] = {
        "snapshot_every": SNAPSHOT_EVERY,
        "business_as_usual_ratio": 0.0,
    }
    if policy_only:
        names = ("random_ratio", "business_as_usual_ratio", "holdout_ratio")
        changes |= dict.fromkeys(names, 0.0)
    return settings.model_copy(update=changes)


def _print_table(report: Report) -> None:
    world = report.world
    table = Table(
        title=f"Incremental profit, minor units: seed {world.seed}, {world.events_count} events, "
        f"{world.customers_count} customers, budget {world.budget_minor}"
    )
    table.add_column("policy", no_wrap=True)
    for name in (
        "profit",
        "± 95 %",
        "came out",
        "of oracle",
        "after 1/5",
        "in arm",
        "spent",
        "offers",
    ):
        table.add_column(name, justify="right")
    for result in sorted(report.results, key=lambda one: -one.expected.point):
        table.add_row(*_cells(report, result))
    Console().print(table)


def _cells(report: Report, result: Result) -> tuple[str, ...]:
    expected, name = result.expected, result.name
    shares = (
        report.share_of_oracle(name),
        report.learned_share(name),
        report.learned_share(name, "policy"),
    )
    return (
        result.name,
        f"{expected.point:,.0f}",
        f"{expected.upper - expected.point:,.0f}",
        f"{result.realised.point:,.0f}",
        *("" if share is None else f"{share:.0%}" for share in shares),
        f"{result.run.spent_minor:,}",
        f"{result.run.offers_count:,}",
    )
