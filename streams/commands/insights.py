"""`coupon-stream insights`: what a file of events tells of customers."""

from pathlib import Path
from typing import Any

import click

from streams.insights.page import page
from streams.insights.record import as_record
from streams.insights.report import learn
from streams.layouts import LAYOUTS, read
from streams.options import json_option, print_json, print_table, watched


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--format", "layout", required=True, type=click.Choice(LAYOUTS))
@click.option(
    "--out", type=click.File("w", encoding="utf-8"), help="Write a page with plots here, as HTML."
)
@json_option
def insights(file: Path, layout: str, out: Any, as_json: bool) -> None:
    """Learn from a file what goes together, what is hot, who customers are and what they do next.

    Each session is foretold by the sessions before it and learned only then, so the figures are
    those of a live run. The same file gives the same figures.

    \b
    Examples:
      coupon-stream insights shop.csv.gz --format rees46 --out shop.html
      coupon-stream insights events.ndjson --format native --json
    """
    record = as_record(learn(watched(read(file, layout), file)))
    _show(record)
    if out is not None:
        out.write(page(f"Customers in {file.name}", record))
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
    for kind, told in record["demand"].items():
        if told["days"]:
            click.echo(
                f"demand for {kind}, orders a day: of {told['orders']:,} on {told['days']} days"
                f" {told['missed_ratio']:.0%} were missed,"
                f" {told['as_yesterday_missed_ratio']:.0%} by what the day before had"
            )
    sized = [
        (one["segment"], one["name"], one["name_zh"], f"{one['ratio']:.1%}")
        for one in record["segments"]
    ]
    if sized:
        print_table(("segment", "name", "", "of sessions"), sized)
