"""`coupon-stream budget`: see what campaigns have left; order, propose and approve."""

import asyncio
from dataclasses import asdict
from typing import Any

import click

from coupons.limits import is_pot
from coupons.orders import OrderKind
from streams import budgets
from streams.budgets import in_words, orders_of, proposed
from streams.commands.ordering import (
    chosen,
    give,
    order_of,
    ordering,
    show_sheets,
    signed,
    until,
    waits,
)
from streams.commands.reaching import reaching
from streams.options import json_option, pass_settings, print_json, print_table
from streams.settings import Settings


@click.group()
def budget() -> None:
    """See what campaigns have left, and order something of their ledger.

    Amounts are minor units. An order stands in coupon.budget.v1 with its number; the worker that
    keeps the ledger obeys it once, in the order of their coming, and tells every partition.

    Where COUPON_APPROVERS names people, `top-up`, `resume` and `close` only propose, and another
    person approves; `pause` and `stop` wait for nobody. With --json nothing but JSON is printed.

    \b
    Examples:
      coupon-stream budget show
      coupon-stream budget top-up spring 50000 --dry-run
      coupon-stream budget stop
      coupon-stream budget waiting
    """


version_option = click.option(
    "--version",
    type=click.IntRange(min=0),
    help="Refuse unless the campaign still stands at this version, as `show` tells it.",
)


@budget.command()
@json_option
@pass_settings
def show(settings: Settings, as_json: bool) -> None:
    """Show each campaign, limit and quota: how it stands, and where its money is.

    Budget = free + leased to partitions; held and spent are parts of what is leased, as partitions
    told it last. Amounts are minor units; of a quota, pieces.
    """
    with reaching(settings):
        ledgers = asyncio.run(budgets.read(settings))
    sheets = [ledgers.sheet(name) for name in ledgers.names]
    if as_json:
        print_json({"campaigns": [asdict(sheet) for sheet in sheets]})
    else:
        show_sheets(sheets)


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
    orders = [
        order_of(sheet.campaign_id, "stop", sheet.version + 1) for sheet in ledgers.open_sheets()
    ]
    give(settings, ledgers, orders, **how)


@budget.command()
@json_option
@pass_settings
def waiting(settings: Settings, as_json: bool) -> None:
    """List what waits for another person's approval, and whether it could still be obeyed.

    Exit code 0, whether anything waits or not.
    """
    with reaching(settings):
        ledgers = asyncio.run(budgets.read(settings))
        found = asyncio.run(proposed(settings))
    told = []
    for proposal in found:
        orders = orders_of(proposal)
        refused = next(filter(None, map(ledgers.refusal, orders)), None)
        told.append({**waits(proposal), "orders": list(map(asdict, orders)), "refused": refused})
    if as_json:
        print_json({"proposals": told})
        return
    rows = [
        (
            proposal.proposal_id,
            proposal.proposed_by,
            until(proposal),
            ", ".join(map(in_words, orders_of(proposal))),
            one["refused"] or "yes",
        )
        for proposal, one in zip(found, told, strict=True)
    ]
    print_table(("proposal", "by", "until", "order", "can be obeyed"), rows)


@budget.command()
@click.argument("proposal_id", metavar="PROPOSAL")
@ordering
@pass_settings
def approve(settings: Settings, /, proposal_id: str, **how: Any) -> None:
    """Agree to an order that another person proposed; PROPOSAL is as `waiting` tells it.

    It is sent with both signatures, and obeyed as any order is. Nobody can approve what they
    proposed themselves.
    """
    with reaching(settings):
        ledgers = asyncio.run(budgets.read(settings))
        found = asyncio.run(proposed(settings))
    proposal = chosen(found, proposal_id, "PROPOSAL")
    messages = signed(proposal, settings)
    give(settings, ledgers, orders_of(proposal), approved=messages, **how)


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
    campaigns = [name for name in ledgers.names if not is_pot(name)]
    if campaign not in campaigns:
        known = ", ".join(campaigns) or "none"
        message = f"must be a campaign of the catalogue ({known}), was {campaign}"
        raise click.BadParameter(message, param_hint="CAMPAIGN")
    before = ledgers.sheet(campaign).version if version is None else version
    give(settings, ledgers, [order_of(campaign, kind, before + 1, amount_minor)], **how)
