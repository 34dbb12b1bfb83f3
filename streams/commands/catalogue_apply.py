"""`coupon-stream catalogue apply|waiting|approve`: put a catalogue in force, propose and approve.

What speaks to Kafka loads much; `catalogue check` does without.
"""

import asyncio
from pathlib import Path
from typing import Any

import click

from coupons.catalogue_file import parse_catalogue
from streams import catalogue_edits
from streams.catalogue_edits import Change, in_words
from streams.commands.catalogue import file_argument, text_of
from streams.commands.ordering import chosen, signed, tell_whom, until, waits
from streams.commands.reaching import reaching
from streams.options import json_option, pass_settings, print_json, print_table
from streams.proposal import Proposal
from streams.settings import Settings

dry_run_option = click.option("--dry-run", is_flag=True, help="Say what would be; send nothing.")


@click.command()
@file_argument
@dry_run_option
@json_option
@pass_settings
def apply(settings: Settings, file: Path, dry_run: bool, as_json: bool) -> None:
    """Put in force what FILE changes of the catalogue, on coupon.catalogue.v1.

    Each campaign that differs gets the next version number. Campaigns that FILE does not name stay
    as they are: pause or close those with `budget`.

    Exit code 0: it is in force, was so before, or is proposed. 2: the file has problems.
    """
    text = text_of(file)
    parse_catalogue(text, str(file))
    try:
        with reaching(settings):
            change = asyncio.run(catalogue_edits.planned(settings, text, str(file)))
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint=str(file)) from error
    proposal = None
    if settings.approvers and change.edits:
        proposal = catalogue_edits.drafted(change, settings)
    if change.edits and not dry_run:
        with reaching(settings):
            asyncio.run(catalogue_edits.send(change, proposal, settings))
    _say(change, proposal, dry_run, as_json)


@click.command()
@json_option
@pass_settings
def waiting(settings: Settings, as_json: bool) -> None:
    """List the versions that wait for another person's approval.

    Exit code 0, whether anything waits or not.
    """
    with reaching(settings):
        found = asyncio.run(catalogue_edits.proposed(settings))
    if as_json:
        told = [
            {**waits(one), "campaigns": _told(change), "refused": change.refused}
            for one, change in found
        ]
        print_json({"proposals": told})
        return
    rows = [
        (
            one.proposal_id,
            one.proposed_by,
            until(one),
            "; ".join(map(in_words, change.edits)),
            change.refused or "yes",
        )
        for one, change in found
    ]
    print_table(("version", "by", "until", "change", "can be put in force"), rows)


@click.command()
@click.argument("version")
@dry_run_option
@json_option
@pass_settings
def approve(settings: Settings, version: str, dry_run: bool, as_json: bool) -> None:
    """Agree to a VERSION of the catalogue that another person proposed, as `waiting` tells it.

    It is sent with both signatures. Nobody can approve what they proposed themselves.
    """
    with reaching(settings):
        found = asyncio.run(catalogue_edits.proposed(settings))
    proposal = chosen([one for one, _ in found], version, "VERSION")
    messages = signed(proposal, settings)
    change = next(change for one, change in found if one is proposal)
    if change.refused is not None:
        raise click.UsageError(change.refused)
    if not dry_run:
        with reaching(settings):
            asyncio.run(catalogue_edits.put(messages, settings))
    _say(change, None, dry_run, as_json)


def _say(change: Change, proposal: Proposal | None, dry_run: bool, as_json: bool) -> None:
    if as_json:
        told: dict[str, Any] = {"before": change.before, "version": change.version}
        asked = None if proposal is None else waits(proposal)
        print_json({**told, "campaigns": _told(change), "dry_run": dry_run, "proposal": asked})
        return
    for edit in change.edits:
        click.echo(in_words(edit))
    if not change.edits:
        click.echo(f"{change.version} is in force already")
    elif dry_run:
        click.echo(f"{change.version} would follow {change.before}; nothing was sent")
    elif proposal is not None:
        click.echo(f"{change.version} waits for another person")
        tell_whom("catalogue", proposal)
    else:
        click.echo(f"{change.version} is in force; it was {change.before}")


def _told(change: Change) -> list[dict[str, Any]]:
    return [
        {
            "campaign_id": edit.campaign.campaign_id,
            "version": edit.campaign.version,
            "budget_minor": edit.campaign.budget_minor,
            "budget_before_minor": None if edit.before is None else edit.before.budget_minor,
        }
        for edit in change.edits
    ]
