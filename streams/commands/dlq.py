"""`coupon-stream dlq`: list, show or replay dead letters."""

import asyncio
from collections import Counter
from collections.abc import Callable
from typing import Any

import click

from streams import dlq as dead
from streams.commands.reaching import reaching
from streams.lanes import SendingFailedError
from streams.options import json_option, pass_settings, print_json
from streams.settings import Settings

SHOWN_COUNT = 20


def _conditions(
    _context: click.Context, _option: click.Parameter, texts: tuple[str, ...]
) -> list[tuple[str, str]]:
    try:
        return [dead.condition(text) for text in texts]
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


def _where(command: Callable[..., Any]) -> Callable[..., Any]:
    return click.option(
        "--where",
        multiple=True,
        metavar="NAME=VALUE",
        callback=_conditions,
        help=f"Only these; may be repeated. NAME is one of {', '.join(dead.CONDITIONS)}.",
    )(command)


@click.group()
def dlq() -> None:
    """List, show or replay dead letters."""


@dlq.command("list")
@_where
@click.option("--limit", type=click.IntRange(min=0), default=SHOWN_COUNT, show_default=True)
@json_option
@pass_settings
def list_(settings: Settings, where: list[tuple[str, str]], limit: int, as_json: bool) -> None:
    """Count the dead letters by reason, and name the newest."""
    found = _read(settings, where)
    reasons = Counter(letter.reason for letter in found)
    for letter in found[len(found) - min(limit, len(found)) :]:
        source = f"{letter.topic}[{letter.partition}]@{letter.offset}"
        click.echo(f"{letter.place}  {source}  {letter.reason}: {letter.detail}")
    click.echo(f"{len(found):,} dead letters")
    for reason, count in sorted(reasons.items()):
        click.echo(f"  {reason}: {count:,}")
    if as_json:
        print_json({"dead_letters": len(found), "reasons": dict(sorted(reasons.items()))})


@dlq.command()
@click.argument("place", metavar="PARTITION:OFFSET")
@json_option
@pass_settings
def show(settings: Settings, place: str, as_json: bool) -> None:
    """Show one dead letter in full, as `list` names it."""
    found = [letter for letter in _read(settings, []) if letter.place == place]
    if not found:
        msg = f"no dead letter at {place}; see: coupon-stream dlq list"
        raise click.ClickException(msg)
    shown = found[0].as_json()
    for name, value in shown.items():
        click.echo(f"{name}: {value}")
    if as_json:
        print_json(shown)


@dlq.command()
@_where
@click.option("--dry-run", is_flag=True, help="Count what would go back; send nothing.")
@json_option
@pass_settings
def replay(settings: Settings, where: list[tuple[str, str]], dry_run: bool, as_json: bool) -> None:
    """Send dead letters back to the topics they came from, in the order of their arrival.

    Each carries the header dlq.replayed=1; one that was refused a second time stays here. Replaying
    twice is harmless: an event id that was seen is not applied again.
    """
    found = _read(settings, where)
    ways = [dead.way_back(letter, settings) for letter in found]
    back = [message for message in ways if message is not None]
    sent_count = 0
    if back and not dry_run:
        with reaching(settings):
            try:
                sent_count = asyncio.run(dead.replay(settings, back)).count
            except SendingFailedError as error:
                raise click.ClickException(str(error)) from error
    stay_count = len(found) - len(back)
    click.echo(f"{len(back):,} go back, {sent_count:,} were sent; {stay_count:,} stay.")
    if as_json:
        print_json({"matched": len(found), "sent": sent_count, "stay": stay_count})


def _read(settings: Settings, where: list[tuple[str, str]]) -> list[dead.DeadLetter]:
    async def gather() -> list[dead.DeadLetter]:
        return [letter async for letter in dead.letters(settings, where)]

    with reaching(settings):
        return dead.in_order(asyncio.run(gather()))
