"""`coupon-stream insights`: what a file of events tells of customers."""

from collections.abc import Iterable
from decimal import Decimal, InvalidOperation
from pathlib import Path
from random import SystemRandom
from typing import Any

import click

from streams.insights.page import page
from streams.insights.private import EpsilonLedger, count_customers, release
from streams.insights.record import as_record
from streams.insights.report import Insights, events_of, learn
from streams.layouts import LAYOUTS, Accepted, Refused, read
from streams.options import json_option, print_json, print_table, watched


def _number(_context: click.Context, option: click.Parameter, text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation as error:
        message = f"must be a number, was {text!r}"
        raise click.BadParameter(message) from error


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--format", "layout", required=True, type=click.Choice(LAYOUTS))
@click.option(
    "--out", type=click.File("w", encoding="utf-8"), help="Write a page with plots here, as HTML."
)
@click.option(
    "--private",
    "ledger",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Give only counts of customers with noise, and write into this file what they cost.",
)
@click.option(
    "--epsilon",
    default="0.1",
    show_default=True,
    callback=_number,
    help="What a private release costs: the less, the more noise.",
)
@click.option(
    "--epsilon-budget",
    default="1",
    show_default=True,
    callback=_number,
    help="What all private releases together may cost, where the file is new.",
)
@json_option
def insights(
    file: Path,
    layout: str,
    out: Any,
    ledger: Path | None,
    epsilon: Decimal,
    epsilon_budget: Decimal,
    as_json: bool,
) -> None:
    """Learn from a file what goes together, what is hot, who customers are and what they do next.

    Each session is foretold by the sessions before it and learned only then, so the figures are
    those of a live run. The same file gives the same figures.

    With --private it gives nothing but counts of customers, differentially private for each of
    them, until the budget in the file is spent; exit code 2 when it is.

    \b
    Examples:
      coupon-stream insights shop.csv.gz --format rees46 --out shop.html
      coupon-stream insights events.ndjson --format native --json
      coupon-stream insights events.ndjson --format native --private epsilon.json --epsilon 0.2
    """
    if ledger is not None:
        _release(read(file, layout), EpsilonLedger(ledger, epsilon_budget), epsilon, as_json)
        return
    record = as_record(learn(watched(read(file, layout), file)))
    _show(record)
    if out is not None:
        out.write(page(f"Customers in {file.name}", record))
    if as_json:
        print_json(record)


def _release(
    rows: Iterable[Accepted | Refused], ledger: EpsilonLedger, epsilon: Decimal, as_json: bool
) -> None:
    counts = count_customers(events_of(rows, Insights()))
    record = release(counts, epsilon, ledger, SystemRandom())
    told = [(name, str(count)) for name, count in record["counts"].items()]
    print_table(("customers who", "about"), told)
    click.echo(
        f"noise of scale {record['noise_scale']:g} on each; epsilon {record['epsilon']},"
        f" {record['epsilon_left']} left"
    )
    if as_json:
        print_json(record)


def _show(record: dict[str, Any]) -> None:
    click.echo(
        f"{record['events']:,} lines, {record['sessions']:,} sessions,"
        f" {record['views_merged']:,} repeated views merged\n"
    )
    foretold = [
        (name, *(f"{figure:,}" for figure in record[name].values()))
        for name in ("next_action", "add_ons", "next_product")
    ]
    print_table(("foretold", "tries", "ours", "majority or popularity"), foretold)
    rules = [
        (rule["when"], rule["then"], *(str(rule[name]) for name in ("confidence", "lift")))
        for rule in record["associations"] + record["category_associations"]
    ]
    if rules:
        print_table(("who has", "also has", "confidence", "lift"), rules)
    for kind, named in record["hot"].items():
        if named:
            click.echo(f"hot {kind}: " + ", ".join(name for name, _ in named))
    if (given := record["ratings"])["count"]:
        click.echo(f"ratings: {given['count']:,}, {given['mean']} of 5 on average")
    for kind, told in record["demand"].items():
        if told["days"]:
            click.echo(
                f"demand for {kind}: {told['orders']:,} orders on {told['days']} days, foretold"
                f" wrong by {told['missed_ratio']:.2f} for each of them,"
                f" {told['as_yesterday_missed_ratio']:.2f} by what the day before had"
            )
    sized = [
        (one["segment"], one["name"], one["name_zh"], f"{one['ratio']:.1%}")
        for one in record["segments"]
    ]
    if sized:
        print_table(("segment", "name", "", "of sessions"), sized)
