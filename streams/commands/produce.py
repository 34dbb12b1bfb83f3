"""`coupon-stream produce`: send a file of events."""

import asyncio
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from streams import produce as production
from streams.commands.reaching import reaching
from streams.edge import EdgePseudonyms, pseudonyms_of, renamed
from streams.lanes import SendingFailedError, Sent
from streams.layouts import LAYOUTS, read
from streams.options import json_option, pass_settings, print_json
from streams.settings import Settings

SHOWN_ROWS_COUNT = 20
_LINE_EVERY_COUNT = 50_000


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--format", "layout", type=click.Choice(LAYOUTS), required=True, help="What the file holds."
)
@click.option("--dry-run", is_flag=True, help="Show what would be sent; contact no broker.")
@click.option(
    "--rate", type=click.FloatRange(min=0, min_open=True), help="At most so many events a second."
)
@click.option(
    "--pseudonyms",
    is_flag=True,
    help="Replace user and anonymous ids by pseudonyms of COUPON_USER_KEY; send known fields only.",
)
@json_option
@pass_settings
def produce(
    settings: Settings,
    file: Path,
    layout: str,
    dry_run: bool,
    rate: float | None,
    pseudonyms: bool,
    as_json: bool,
) -> None:
    """Send FILE to the inbound topics; each partition keeps the file's order.

    Rows that are no event are refused, counted and named; they never stop the run.
    """
    reading, started = production.Reading(), time.monotonic()
    sent = Sent()
    names = pseudonyms_of(settings) if pseudonyms else None
    if dry_run:
        _rehearse(settings, file, layout, reading, names)
    else:
        sent = _send(settings, file, layout, reading, names, rate)
    seconds = time.monotonic() - started
    _tell(reading, sent, seconds, dry_run)
    if as_json:
        print_json(_summary(reading, sent, seconds, dry_run))


def _rehearse(
    settings: Settings,
    file: Path,
    layout: str,
    reading: production.Reading,
    names: EdgePseudonyms | None,
) -> None:
    click.echo(f"{file.name} read as {layout}; nothing is sent.")
    for count, row in enumerate(production.survey(renamed(read(file, layout), names), reading)):
        if count < SHOWN_ROWS_COUNT:
            click.echo(production.describe(row, settings))
        elif count == SHOWN_ROWS_COUNT:
            click.echo("... further rows are only counted.")


def _send(
    settings: Settings,
    file: Path,
    layout: str,
    reading: production.Reading,
    names: EdgePseudonyms | None,
    rate: float | None,
) -> Sent:
    read(file, layout)  # a missing file is told before a missing broker
    with reaching(settings), _progress() as tell:
        sending = production.produce(
            file,
            layout,
            settings,
            reading=reading,
            names=names,
            rate_per_second=rate,
            progress=tell,
        )
        try:
            return asyncio.run(sending)
        except SendingFailedError as error:
            raise click.ClickException(str(error)) from error


@contextmanager
def _progress() -> Iterator[Callable[[int], None]]:
    if not sys.stderr.isatty():
        yield _plain_lines()
        return
    columns = (
        SpinnerColumn(),
        BarColumn(),
        TextColumn("{task.completed:,.0f} events sent, {task.fields[rate]:,.0f}/s"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        # How many events a compressed file holds is known at its end: the bar pulses.
        task = bar.add_task("sending", total=None, rate=0.0)
        started = time.monotonic()

        def move(count: int) -> None:
            seconds = time.monotonic() - started
            bar.update(task, completed=count, rate=count / seconds if seconds else 0.0)

        yield move


def _plain_lines() -> Callable[[int], None]:
    told = 0

    def tell(count: int) -> None:
        nonlocal told
        if count - told >= _LINE_EVERY_COUNT:
            told = count
            click.echo(f"{count:,} events sent", err=True)

    return tell


def _tell(reading: production.Reading, sent: Sent, seconds: float, dry_run: bool) -> None:
    if dry_run:
        click.echo(f"{reading.accepted_count:,} events would be sent.")
    else:
        rate = sent.count / seconds if seconds else 0.0
        click.echo(f"{sent.count:,} events sent in {seconds:.1f} s ({rate:,.0f}/s).")
    for topic, count in sorted(sent.by_topic.items()):
        click.echo(f"  {topic}: {count:,}")
    for reason, count in sorted(reading.refused.items()):
        first = ", ".join(map(str, reading.first_lines[reason]))
        more = " ..." if count > len(reading.first_lines[reason]) else ""
        click.echo(f"  refused, {reason}: {count:,} (line {first}{more})")
    if sent.disorder_count:
        click.echo(
            f"The broker's clock stepped back {sent.disorder_count} times: there, the order across"
            " topics is not the file's. See: coupon-stream doctor",
            err=True,
        )


def _summary(
    reading: production.Reading, sent: Sent, seconds: float, dry_run: bool
) -> dict[str, Any]:
    return {
        "events": reading.accepted_count + reading.refused.total(),
        "accepted": reading.accepted_count,
        "refused": dict(sorted(reading.refused.items())),
        "refused_lines": dict(sorted(reading.first_lines.items())),
        "sent": sent.count,
        "sent_by_topic": dict(sorted(sent.by_topic.items())),
        "disorder": sent.disorder_count,
        "seconds": round(seconds, 3),
        "dry_run": dry_run,
    }
