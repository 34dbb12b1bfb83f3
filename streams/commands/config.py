"""`coupon-stream config`: show, check and describe the settings."""

import os

import click

from streams import settings as every_setting
from streams.approvers import own_signer
from streams.options import json_option, pass_settings, print_json, print_table, settings_of
from streams.reference import settings_page
from streams.rules import read_catalogue
from streams.setting_problems import unknown
from streams.setting_sources import secret_names
from streams.settings import Settings


@click.group()
def config() -> None:
    """Show or check the settings, or print their schema.

    \b
    Examples:
      coupon-stream config show
      COUPON_PARTITIONS=24 coupon-stream config check
      coupon-stream config schema > settings.schema.json
    """


@config.command()
@json_option
@pass_settings
def show(settings: Settings, as_json: bool) -> None:
    """Print every value in force; secrets are masked."""
    values = settings.show()
    if as_json:
        print_json(values)
        return
    rows = ((name, "" if value is None else str(value)) for name, value in values.items())
    print_table(("setting", "value"), rows)


@config.command()
@json_option
@click.pass_context
def check(context: click.Context, as_json: bool) -> None:
    """Check all values, the files they name, and that no COUPON_ variable is misspelt.

    Exit code 0: all good. 1: a variable is unknown. 2: a value cannot be used.
    """
    fields = Settings.model_fields
    strangers = unknown(os.environ, fields, secret_names(fields))
    for problem in strangers:
        click.echo(f"Error: {problem}", err=True)
    settings = settings_of(context)
    read_catalogue(settings)
    if as_json:
        print_json({"good": not strangers, "problems": [str(problem) for problem in strangers]})
    elif not strangers:
        click.echo(f"{len(fields)} settings are good; the catalogue is {settings.catalogue_path}")
    raise SystemExit(1 if strangers else 0)


@config.command()
@click.option("--markdown", is_flag=True, help="As a table for people, instead of JSON Schema.")
def schema(markdown: bool) -> None:
    """Print the JSON Schema of the YAML file."""
    if markdown:
        click.echo(settings_page(), nl=False)
    else:
        print_json(every_setting.schema())


@config.command()
@json_option
@pass_settings
def approver(settings: Settings, as_json: bool) -> None:
    """Print how you stand in COUPON_APPROVERS, by your own COUPON_APPROVAL_KEY.

    Nothing of it is secret.
    """
    signer = own_signer(settings)
    if as_json:
        print_json({"name": signer.name, "entry": signer.entry})
    else:
        click.echo(signer.entry)
