"""`coupon-stream simulate`: whom to give what, compared in a shop whose truth is known."""

import os
from collections.abc import Callable
from dataclasses import replace
from itertools import count
from os import SEEK_END
from pathlib import Path

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

from streams import wire
from streams.commands.from_log import or_from_log
from streams.options import json_option, pass_settings, print_json
from streams.settings import Settings
from streams.simulating.hiding import FAMILIES
from streams.simulating.record import as_record
from streams.simulating.rivals import FARMED, POLICIES, STANDARD, PolicyName, playable
from streams.simulating.runs import Asked, Record, play_all, summary
from streams.simulating.tables import print_medians, print_report

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
    help="Play this policy; may be repeated. All of them if not given. With --from-log: one.",
)
@click.option(
    "--budget",
    "budget_minor",
    type=click.IntRange(min=0),
    help="Money for coupons, in minor units; a tight budget if not given. With --from-log what all "
    "campaigns have together, shared out as before.",
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
@click.option(
    "--farmers",
    "farmers_ratio",
    type=click.FloatRange(0.0, 1.0),
    default=0.0,
    show_default=True,
    help="Share of customers who learn to leave carts behind for coupons; plays ours with and "
    "without its pause for them if no policy is given.",
)
@click.option("--stock-outs", is_flag=True, help="Let goods sell out and come back.")
@click.option(
    "--without",
    type=click.Choice(FAMILIES),
    multiple=True,
    help="Hide this family of features from the learners; may be repeated.",
)
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Add one line of JSON a world to this file; worlds that it holds are not played again.",
)
@json_option
@pass_settings
@or_from_log
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
    farmers_ratio: float,
    without: tuple[str, ...],
    stock_outs: bool,
    out: Path | None,
    as_json: bool,
) -> None:
    """Let policies decide for the same simulated customers, and compare what they earn.

    Profit is counted against giving nothing at all. It is the exact expectation of every offer
    that was made, with an interval over customers; beside it stands what came out in this world.
    Each policy runs inside the whole product: its share of customers is held out or drawn at
    random as in production, and pays for it. The oracle knows the truth and is the upper bound.

    With --from-log no customer is invented: what was recorded is decided again as it was and,
    beside it, under another catalogue, budget or policy, with the same models; told is what
    differs in money. The customers' own part is estimated from the chances that were logged, and
    not told as a finding where these are too thin. Files are only read.

    Exit code 0: done. 1: a policy spent more than the budget, or the log is not repeated. 2: bad
    usage.

    \b
    Examples:
      coupon-stream simulate --events 50000 --seed 7
      coupon-stream simulate --policy oracle --policy policy --budget 200000 --json
      coupon-stream simulate --runs 10 --events 500000 --out runs.ndjson --json
      coupon-stream simulate --runs 4 --farmers 0.1
      coupon-stream simulate --from-log sunday --budget 500000
      coupon-stream simulate --from-log may.ndjson --format native --catalogue june.yaml --json
    """
    settings = _fitted(settings, policy_only)
    names, left_out = playable(policies or (FARMED if farmers_ratio else STANDARD))
    if left_out is not None:
        click.echo(left_out, err=True)
    if not names:
        message = "nothing is left to play"
        raise click.UsageError(message)
    asked = Asked(
        settings=settings,
        seed=seed,
        events_count=events_count,
        budget_minor=budget_minor,
        drift=drift,
        policies=tuple(names),
        farmers_ratio=farmers_ratio,
        without=without,
        stock_outs=stock_outs,
    )
    if runs_count > 1 or out is not None:
        worlds = [replace(asked, seed=seed + number) for number in range(runs_count)]
        _many(worlds, processes or os.cpu_count() or 1, out, as_json)
    else:
        _one(asked, as_json)


def _one(asked: Asked, as_json: bool) -> None:
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
            return _ticks(bar, bar.add_task(name, total=asked.events_count))

        report = asked.play(begin)
    print_report(report)
    if as_json:
        print_json(asked.key | as_record(report))
    if any(result.overspend_minor for result in report.results):
        raise SystemExit(1)


def _many(worlds: list[Asked], processes: int, out: Path | None, as_json: bool) -> None:
    records, told = [], Console(stderr=True)
    for record, is_new in play_all(worlds, processes, _finished(out)):
        records.append(record)
        if is_new and out is not None:
            _append(out, wire.to_json(record))
        told.print(f"{len(records)} of {len(worlds)}: {_gist(record)}")
    found = summary(records)
    print_medians(found)
    if as_json:
        print_json(found)
    if found["overspend_minor"]:
        raise SystemExit(1)


def _append(out: Path, line: str) -> None:
    with out.open("a+b") as file:
        if file.tell():
            file.seek(-1, SEEK_END)
            line = line if file.read(1) == b"\n" else f"\n{line}"  # leave a torn line to itself
        file.write(f"{line}\n".encode())


def _finished(out: Path | None) -> list[Record]:
    if out is None or not out.exists():
        return []
    found = []
    for line in out.read_bytes().splitlines():
        try:
            found.append(wire.decode_row(line))
        except ValueError:
            continue  # torn: the run before was stopped while writing it
    return found


def _gist(record: Record) -> str:
    profits: dict[str, int] = record["incremental_profit_minor"]
    return f"seed {record['seed']}: " + ", ".join(f"{n} {p:,}" for n, p in profits.items())


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
