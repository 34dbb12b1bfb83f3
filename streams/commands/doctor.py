"""`coupon-stream doctor`: examine the set-up and say what to mend."""

import asyncio
from dataclasses import asdict

import click

from streams.access import ROLES, Role
from streams.brokers.quiet import quiet_client
from streams.doctor import examine
from streams.options import json_option, pass_settings, print_json
from streams.settings import Settings

_MARKS = {"good": "good  ", "note": "note  ", "failed": "FAILED"}


@click.command()
@click.option(
    "--role",
    type=click.Choice(ROLES),
    default="operator",
    show_default=True,
    help="Whose rights to examine; with another than the operator's, nothing that needs those.",
)
@json_option
@pass_settings
def doctor(settings: Settings, role: Role, as_json: bool) -> None:
    """Examine versions, Kafka, rights, topics, producers, clocks, workers.

    Exit code 0: all good. 1: a check failed.
    """
    with quiet_client():  # every failure becomes a check
        checks = asyncio.run(examine(settings, role))
    for check in checks:
        click.echo(f"{_MARKS[check.verdict]} {check.name}: {check.found}")
        if check.remedy:
            click.echo(f"       -> {check.remedy}")
    failed = [check.name for check in checks if check.verdict == "failed"]
    if as_json:
        print_json({"checks": [asdict(check) for check in checks], "failed": failed})
    if failed:
        raise SystemExit(1)
