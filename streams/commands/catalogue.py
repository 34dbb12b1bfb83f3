"""`coupon-stream catalogue check`: refuse a bad file of coupons before it reaches a customer."""

from pathlib import Path

import click

from coupons.catalogue_file import parse_catalogue
from streams.options import json_option, print_json


@click.group()
def catalogue() -> None:
    """Check a file of campaigns and coupons.

    \b
    Examples:
      coupon-stream catalogue check deploy/catalogue.yaml
    """


@catalogue.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@json_option
def check(file: Path, as_json: bool) -> None:
    """Read FILE as the worker would, and tell every problem by name and line.

    Exit code 0: the file is good. 2: it has problems, and nothing of it would be used.
    """
    try:
        text = file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        message = f"must be UTF-8, was not at byte {error.start}"
        raise click.BadParameter(message, param_hint=str(file)) from error
    good = parse_catalogue(text, str(file))
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
