"""What the commands of `budget` share: an order is rehearsed, sent or proposed, and told of."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import click

from coupons.orders import BRAKES, Order, OrderKind
from streams import budgets, proposals, wire
from streams.app import outbound_topics
from streams.approvers import signer_of
from streams.budgets import Ledgers, Sheet
from streams.commands.reaching import reaching
from streams.dead_letters import Outbound
from streams.options import json_option, print_json, print_table
from streams.proposal import Proposal
from streams.settings import Settings

Command = Callable[..., None]
COLUMNS = (
    *("campaign", "stands", "version", "budget", "added"),
    *("free", "leased", "held", "spent", "in"),
)


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


def order_of(campaign_id: str, kind: OrderKind, version: int, amount_minor: int = 0) -> Order:
    """Make an order of its own."""
    return Order(
        campaign_id=campaign_id,
        order_id=uuid4().hex,
        kind=kind,
        version=version,
        amount_minor=amount_minor,
    )


def give(
    settings: Settings,
    ledgers: Ledgers,
    orders: Sequence[Order],
    *,
    dry_run: bool,
    deadline_seconds: float,
    as_json: bool,
    approved: Sequence[Outbound] = (),
) -> None:
    """Send orders, or propose them where two people must agree, and say what came of them.

    Parameters
    ----------
    approved
        The messages to send, where two people have agreed.
    """
    for order in orders:
        if (refused := ledgers.rehearse(order)) is not None:
            raise click.UsageError(refused)
    proposal, obeyed = None, dict[str, bool]()
    if settings.approvers and not approved and any(one.kind not in BRAKES for one in orders):
        proposal = _drafted(orders, settings)
    if orders and not dry_run:
        with reaching(settings):
            if proposal is not None:
                asyncio.run(proposals.propose(proposal, settings))
            else:
                messages = approved or [wire.encode_order(order) for order in orders]
                since = ledgers.next_offset
                sending = budgets.send(orders, messages, settings, since, deadline_seconds)
                obeyed = asyncio.run(sending)
    told = [{**asdict(order), "obeyed": obeyed.get(order.campaign_id)} for order in orders]
    sheets = [ledgers.sheet(order.campaign_id) for order in orders]
    _say(told, sheets, proposal, dry_run, as_json)
    if not (dry_run or proposal) and not all(one["obeyed"] for one in told):
        raise SystemExit(1)


def _drafted(orders: Sequence[Order], settings: Settings) -> Proposal:
    messages = [wire.encode_order(order) for order in orders]
    return proposals.draft(
        orders[0].order_id,
        outbound_topics(settings).budget,
        [((key or b"").decode(), (value or b"").decode()) for key, value, _ in messages],
        signer_of(settings),
        settings.app_id,
        now_ms() + settings.approval_ms,
    )


def _say(
    told: Sequence[Mapping[str, Any]],
    sheets: Sequence[Sheet],
    proposal: Proposal | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    if as_json:
        asked = None if proposal is None else waits(proposal)
        after = [asdict(sheet) for sheet in sheets]
        print_json({"orders": told, "campaigns": after, "dry_run": dry_run, "proposal": asked})
        return
    show_sheets(sheets)
    for one in told:
        verb, found = one["kind"].replace("_", "-"), _found(one["obeyed"], proposal, dry_run)
        click.echo(f"{one['campaign_id']}: {verb} {found}")
    if proposal is not None and not dry_run:
        tell_whom("budget", proposal)


def _found(obeyed: bool | None, proposal: Proposal | None, dry_run: bool) -> str:
    if proposal is not None:
        return "would wait for another person" if dry_run else "waits for another person"
    if dry_run:
        return "would be obeyed; nothing was sent"
    match obeyed:
        case True:
            return "was obeyed"
        case False:
            return "was refused: another order came first; look again with budget show"
        case None:
            return "was sent; no worker has confirmed it yet"


def show_sheets(sheets: Sequence[Sheet]) -> None:
    """Print how campaigns stand."""
    print_table(COLUMNS, [tuple(map(str, asdict(sheet).values())) for sheet in sheets])


# -- what waits for another person -------------------------------------------------------------


def now_ms() -> int:
    """Tell the time, as people go by it."""
    return time.time_ns() // 1_000_000


def until(proposal: Proposal) -> str:
    """Tell until when a proposal may be approved."""
    moment = datetime.fromtimestamp(proposal.ends_ms / 1000, UTC)
    return moment.isoformat(timespec="seconds")


def waits(proposal: Proposal) -> dict[str, Any]:
    """Give a proposal as plain JSON, without its signatures."""
    by, ends_ms = proposal.proposed_by, proposal.ends_ms
    return {"proposal_id": proposal.proposal_id, "proposed_by": by, "ends_ms": ends_ms}


def tell_whom(group: str, proposal: Proposal) -> None:
    """Say what is to be done with a proposal that was sent."""
    name = proposal.proposal_id
    click.echo(f"another person says: coupon-stream {group} approve {name}; by {until(proposal)}")


def chosen(found: Sequence[Proposal], proposal_id: str, hint: str) -> Proposal:
    """Choose what is to be approved.

    Raises
    ------
    click.BadParameter
        Nothing, or more than one, waits under that name.
    """
    try:
        return proposals.named(found, proposal_id)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint=hint) from error


def signed(proposal: Proposal, settings: Settings) -> list[Outbound]:
    """Give the messages of a proposal with our own signature beside the proposer's.

    Raises
    ------
    click.UsageError
        It is our own.
    """
    try:
        return proposals.approved(proposal, signer_of(settings), settings.app_id)
    except ValueError as error:
        raise click.UsageError(str(error)) from error
