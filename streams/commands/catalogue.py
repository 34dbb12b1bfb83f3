"""`coupon-stream catalogue`: check a file of coupons, put it in force, propose and approve."""

import importlib
from pathlib import Path

import click

from coupons.catalogue_file import parse_catalogue
from streams.options import json_option, print_json

LATER = ("apply", "approve", "waiting")
file_argument = click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))


class LateGroup(click.Group):
    """A group of which some commands stand in another module, loaded when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Name all commands."""
        return sorted((*super().list_commands(ctx), *LATER))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Give one command."""
        if cmd_name not in LATER:
            return super().get_command(ctx, cmd_name)
        module = importlib.import_module("streams.commands.catalogue_apply")
        command: click.Command = getattr(module, cmd_name)
        return command


@click.group(cls=LateGroup)
def catalogue() -> None:
    """Check a file of campaigns and coupons, and put it in force while workers run.

    Where COUPON_APPROVERS names people, `apply` only proposes, and another person approves.

    \b
    Examples:
      coupon-stream catalogue check deploy/catalogue.yaml
      coupon-stream catalogue apply deploy/catalogue.yaml --dry-run
      coupon-stream catalogue waiting
    """


@catalogue.command()
@file_argument
@json_option
def check(file: Path, as_json: bool) -> None:
    """Read FILE as the worker would, and tell every problem by name and line.

    Exit code 0: the file is good. 2: it has problems, and nothing of it would be used.
    """
    good = parse_catalogue(text_of(file), str(file))
    for campaign in good.campaigns:
        ids = ", ".join(coupon.coupon_id for coupon in campaign.coupons)
        budget = f"{campaign.budget_minor} minor units of {campaign.currency}"
        click.echo(f"{campaign.campaign_id}: budget {budget}; coupons {ids}")
    click.echo(f"{file} is good; campaigns: {len(good.campaigns)}, coupons: {len(good.coupons)}")
    if as_json:
        print_json(
            {
                "campaigns": len(good.campaigns),
                "coupons": len(good.coupons),
                "version": good.version,
            }
        )


def text_of(file: Path) -> str:
    """Read a file of campaigns.

    Raises
    ------
    click.BadParameter
        It is not UTF-8.
    """
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        message = f"must be UTF-8, was not at byte {error.start}"
        raise click.BadParameter(message, param_hint=str(file)) from error
