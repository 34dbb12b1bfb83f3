"""`coupon-stream features`: the table of all that is known of a customer."""

from dataclasses import asdict

import click

from features.table import FEATURES
from streams.options import json_option, print_json, print_table


@click.command()
@click.option("--family", help="Only the features of this family.")
@json_option
def features(family: str | None, as_json: bool) -> None:
    """List every feature with its unit, window, family and meaning.

    \b
    Examples:
      coupon-stream features
      coupon-stream features --family cart --json
    """
    families = sorted({feature.family for feature in FEATURES})
    if family is not None and family not in families:
        message = f"must be one of {', '.join(families)}, was {family!r}"
        raise click.BadParameter(message, param_hint="--family")
    chosen = [feature for feature in FEATURES if family in (None, feature.family)]
    if as_json:
        print_json({"features": [asdict(feature) for feature in chosen]})
        return
    columns = ("name", "unit", "window", "family", "meaning")
    print_table(columns, ([getattr(feature, column) for column in columns] for feature in chosen))
