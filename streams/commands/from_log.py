"""`coupon-stream simulate --from-log`: a log decided again under other rules, in money."""

from collections.abc import Callable, Mapping
from functools import wraps
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, get_args

import click
from rich.console import Console
from rich.table import Table

from coupons.catalogue import Catalogue
from coupons.catalogue_file import parse_catalogue
from coupons.policy import PolicyName
from streams.layouts import LAYOUTS, read
from streams.options import print_json, progress_bar, watched
from streams.recordings.reading import manifest_of
from streams.recordings.repeating import Repeat
from streams.replay import Replay
from streams.rules import read_catalogue
from streams.settings import Settings
from streams.simulating.from_log import WhatIf
from streams.simulating.other_rules import Change

P = ParamSpec("P")
SHARED = ("policies", "budget_minor", "as_json")
MONEY = {
    "offers": "offers",
    "promised_minor": "promised at most",
    "expected_cost_minor": "expected to cost",
    "expected_profit_minor": "expected to earn",
    "held_minor": "held at the end",
    "spent_minor": "spent at the end",
}


def or_from_log(
    command: Callable[Concatenate[Settings, P], None],
) -> Callable[Concatenate[Settings, ...], None]:
    """Let a command that invents its customers decide a log instead, where one is named."""

    @click.option(
        "--from-log",
        "log",
        type=click.Path(exists=True, path_type=Path),
        help="Invent no customers: decide this again, a folder that `record` wrote or a file of "
        "events, as it was and under another --catalogue, --budget or --policy.",
    )
    @click.option("--format", "layout", type=click.Choice(list(LAYOUTS)), help="Of the file.")
    @click.option(
        "--catalogue",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        help="With --from-log: decide by this file of campaigns.",
    )
    @wraps(command)
    def run(settings: Settings, /, *args: Any, **asked: Any) -> None:
        log, layout, file = (asked.pop(name) for name in ("log", "layout", "catalogue"))
        if log is not None:
            _refuse_others()
            change = _change(file, asked["budget_minor"], asked["policies"])
            _compare(settings, log, layout, change, asked["as_json"])
            return
        if layout is not None or file is not None:
            message = "--format and --catalogue must be given with --from-log, were without"
            raise click.UsageError(message)
        command(settings, *args, **asked)

    return run


def _refuse_others() -> None:
    context = click.get_current_context()
    for parameter in context.command.params:
        name = parameter.name or ""
        source = context.get_parameter_source(name)
        given = source is not None and source.name == "COMMANDLINE"
        if given and name not in (*SHARED, "log", "layout", "catalogue"):
            message = f"{parameter.opts[0]} must not be given with --from-log: its events are facts"
            raise click.UsageError(message)


def _change(file: Path | None, budget_minor: int | None, policies: tuple[str, ...]) -> Change:
    known = get_args(PolicyName)
    if len(policies) > 1 or not set(policies) <= set(known):
        message = f"must be one of {', '.join(known)} with --from-log, was {', '.join(policies)}"
        raise click.BadParameter(message, param_hint="--policy")
    if file is None and budget_minor is None and not policies:
        message = "--from-log must come with another --catalogue, --budget or --policy, was alone"
        raise click.UsageError(message)
    name: Any = policies[0] if policies else None
    return Change(catalogue=_read(file), budget_minor=budget_minor, policy=name)


def _read(file: Path | None) -> Catalogue | None:
    return None if file is None else parse_catalogue(file.read_text(encoding="utf-8"), str(file))


def _compare(
    settings: Settings, log: Path, layout: str | None, change: Change, as_json: bool
) -> None:
    try:
        version = change.catalogue_after(read_catalogue(settings)).version
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--budget") from error
    if log.is_dir():
        found = _repeated(settings, log, change)
    elif layout is not None:
        found = _replayed(settings, log, layout, change)
    else:
        message = f"--format must be one of {', '.join(LAYOUTS)} for a file, was missing"
        raise click.UsageError(message)
    told = {"log": log.name, "catalogue_version": version, **found}
    _show(told, Console())
    if as_json:
        print_json(told)
    if not told["repeated"]:
        raise SystemExit(1)


def _repeated(settings: Settings, folder: Path, change: Change) -> dict[str, Any]:
    manifest = manifest_of(folder)
    shaped = settings.model_copy(update={"partitions": manifest["partitions"]})
    what_if = WhatIf(shaped, change)
    repeat = Repeat(settings, folder, watch=what_if.watch)
    with progress_bar() as progress:
        task = progress.add_task(folder.name, total=None)
        found = repeat.run(lambda: progress.advance(task))
    return {"repeated": found.holds, **what_if.told(repeat.partitions)}


def _replayed(settings: Settings, file: Path, layout: str, change: Change) -> dict[str, Any]:
    what_if = WhatIf(settings, change)
    replay = Replay(settings, what_if.watch)
    replay.run(watched(read(file, layout), file), len)
    return {"repeated": True, **what_if.told(replay.partitions)}


def _show(told: Mapping[str, Any], console: Console) -> None:
    table = Table(title=f"{told['log']}, money in minor units", title_justify="left")
    for place, column in enumerate(("", "as decided", "what if", "difference")):
        table.add_column(column, justify="right" if place else "left")
    sides = [told[side] for side in ("decided", "what_if", "difference")]
    for name, words in MONEY.items():
        table.add_row(words, f"{sides[0][name]:,}", f"{sides[1][name]:,}", f"{sides[2][name]:+,}")
    console.print(table)
    moved = told["offers_compared"]
    console.print(
        f"Offers: {moved['same']:,} the same, {moved['other_coupon']:,} of another coupon, "
        f"{moved['dropped']:,} no longer made, {moved['added']:,} made where there was none."
    )
    console.print(
        "Expected figures are the model's belief. The events stay as they were: what customers "
        "would have done is not known, and an offer that was not made then is never used here."
    )
    _show_estimate(told["estimate"], console)
    if not told["repeated"]:
        console.print(
            "[bold red]The recording is not repeated to the byte: `replay` says where.[/]"
        )


def _show_estimate(estimate: Mapping[str, Any], console: Console) -> None:
    gain = estimate.get("gain_minor")
    if gain is not None:
        console.print(
            f"Margin a decision, from what chance gave to customers alike: {gain['point']:+,.2f} "
            f"[{gain['lower']:,.2f}, {gain['upper']:,.2f}] by {estimate['compared']:,} decisions, "
            f"{estimate['effective_sample_size']:,.0f} effective.",
            markup=False,
        )
    console.print(f"Verdict: {estimate['verdict']}.")
