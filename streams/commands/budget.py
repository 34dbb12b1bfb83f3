"""`coupon-stream budget`: see what campaigns have left, and add, pause, resume, close or stop."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any
from uuid import uuid4

import click

from coupons.orders import Order, OrderKind
from streams import budgets
from streams.budgets import Ledgers, Sheet
from streams.commands.reaching import reaching
from streams.options import json_option, pass_settings, print_json, print_table
from streams.settings import Settings

Command = Callable[..., None]


@click.group()
def budget() -> None:
    """See what campaigns have left, and order something of their ledger.

    Amounts are minor units. An order stands in coupon.budget.v1 with its number; the worker that
    keeps the ledger obeys it once, in the order of their coming, and tells every partition.

    \b
    Examples:
      coupon-stream budget show
      coupon-stream budget top-up spring 50000 --dry-run
      coupon-stream budget stop
    """


def ordering(command: Command) -> Command:
    """Add the options that every order has."""
    for option in (
        click.option("--dry-run", is_flag=True, help="Say what would be; send nothing."),
        click.option(
            "--deadline",
            "deadline_seconds",
            type=click.FloatRange(min=0),
            default=60.0,
            show_default=True,
            help="Wait so many seconds for the ledger to have obeyed.",
        ),
        json_option,
    ):
        command = option(command)
    return command


version_option = click.option(
    "--version",
    type=click.IntRange(min=0),
    help="Refuse unless the campaign still stands at this version, as `show` tells it.",
)


@budget.command()
@json_option
@pass_settings
def show(settings: Settings, as_json: bool) -> None:
    """Show each campaign: how it stands, and where its money is.

    Budget = free + leased to partitions; held and spent are parts of what is leased, as partitions
    told it last.
    """
    with reaching(settings):
        ledgers = asyncio.run(budgets.read(settings))
    sheets = [ledgers.sheet(name) for name in ledgers.names]
    _print(sheets)
    if as_json:
        print_json({"campaigns": [asdict(sheet) for sheet in sheets]})


@budget.command()
@click.argument("campaign")
@click.argument("amount_minor", type=click.IntRange(min=1))
@version_option
@ordering
@pass_settings
def top_up(
    settings: Settings, /, campaign: str, amount_minor: int, version: int | None, **how: Any
) -> None:
    """Add AMOUNT_MINOR to the budget of CAMPAIGN."""
    _one(settings, campaign, "top_up", version, amount_minor, **how)


@budget.command()
@click.argument("campaign")
@version_option
@ordering
@pass_settings
def pause(settings: Settings, /, campaign: str, version: int | None, **how: Any) -> None:
    """Give nothing more of CAMPAIGN until it is resumed; coupons that are out stay good."""
    _one(settings, campaign, "pause", version, **how)


@budget.command()
@click.argument("campaign")
@version_option
@ordering
@pass_settings
def resume(settings: Settings, /, campaign: str, version: int | None, **how: Any) -> None:
    """Give again of CAMPAIGN, which was paused or stopped."""
    _one(settings, campaign, "resume", version, **how)


@budget.command()
@click.argument("campaign")
@version_option
@ordering
@pass_settings
def close(settings: Settings, /, campaign: str, version: int | None, **how: Any) -> None:
    """End CAMPAIGN for good: what is left goes back, coupons that are out stay good."""
    _one(settings, campaign, "close", version, **how)


@budget.command()
@ordering
@pass_settings
def stop(settings: Settings, /, **how: Any) -> None:
    """Stop all giving now: every campaign that is open is paused, whatever else was ordered.

    Each is resumed by its own `budget resume`.
    """
    with reaching(settings):
        ledgers = asyncio.run(budgets.read(settings))
    names = [name for name in ledgers.names if ledgers.sheet(name).standing == "open"]
    _give(settings, ledgers, [_order(name, "stop", 0) for name in names], **how)


def _one(
    settings: Settings,
    campaign: str,
    kind: OrderKind,
    version: int | None,
    amount_minor: int = 0,
    **how: Any,
) -> None:
    with reaching(settings):
        ledgers = asyncio.run(budgets.read(settings))
    if campaign not in ledgers.names:
        known = ", ".join(ledgers.names) or "none"
        message = f"must be a campaign of the catalogue ({known}), was {campaign}"
        raise click.BadParameter(message, param_hint="CAMPAIGN")
    before = ledgers.sheet(campaign).version if version is None else version
    _give(settings, ledgers, [_order(campaign, kind, before + 1, amount_minor)], **how)


def _order(campaign_id: str, kind: OrderKind, version: int, amount_minor: int = 0) -> Order:
    return Order(
        campaign_id=campaign_id,
        order_id=uuid4().hex,
        kind=kind,
        version=version,
        amount_minor=amount_minor,
    )


def _give(
    settings: Settings,
    ledgers: Ledgers,
    orders: Sequence[Order],
    *,
    dry_run: bool,
    deadline_seconds: float,
    as_json: bool,
) -> None:
    for order in orders:
        if (refused := ledgers.rehearse(order)) is not None:
            raise click.UsageError(refused)
    sheets = [ledgers.sheet(order.campaign_id) for order in orders]
    obeyed: dict[str, bool] = {}
    if not dry_run and orders:
        with reaching(settings):
            obeyed = asyncio.run(
                budgets.send(orders, settings, ledgers.next_offset, deadline_seconds)
            )
    _print(sheets)
    for order in orders:
        click.echo(f"{order.campaign_id}: {_said(order, dry_run, obeyed)}")
    if as_json:
        told = [{**asdict(order), "obeyed": obeyed.get(order.campaign_id)} for order in orders]
        after = [asdict(sheet) for sheet in sheets]
        print_json({"orders": told, "campaigns": after, "dry_run": dry_run})
    if not dry_run and not all(obeyed.get(order.campaign_id) for order in orders):
        raise SystemExit(1)


def _said(order: Order, dry_run: bool, obeyed: dict[str, bool]) -> str:
    verb = order.kind.replace("_", "-")
    if dry_run:
        return f"{verb} would be obeyed; nothing was sent"
    match obeyed.get(order.campaign_id):
        case True:
            return f"{verb} was obeyed"
        case False:
            return f"{verb} was refused: another order came first; look again with budget show"
        case None:
            return f"{verb} was sent; no worker has confirmed it yet"


def _print(sheets: Sequence[Sheet]) -> None:
    columns = (
        "campaign",
        "stands",
        "version",
        "budget",
        "added",
        "free",
        "leased",
        "held",
        "spent",
    )
    print_table(columns, [tuple(map(str, asdict(sheet).values())) for sheet in sheets])
