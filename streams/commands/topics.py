"""`coupon-stream topics`: create or verify the topics of the contract."""

import asyncio
from collections.abc import Sequence
from dataclasses import asdict

import click

from streams import topic_admin
from streams.access import ROLES, Role, as_commands, grants
from streams.commands.reaching import reaching
from streams.connection import client_options
from streams.options import json_option, pass_settings, print_json
from streams.settings import Settings
from streams.topic_findings import Finding
from streams.topics import specs


@click.group()
def topics() -> None:
    """Create or verify the topics, and tell who must be allowed what."""


@topics.command()
@json_option
@pass_settings
def apply(settings: Settings, as_json: bool) -> None:
    """Create the topics that are missing; never delete or alter one."""
    with reaching(settings):
        done = asyncio.run(topic_admin.apply(client_options(settings), specs(settings)))
    for name in done.created:
        click.echo(f"created  {name}")
    for name in done.existing:
        click.echo(f"present  {name}")
    _show(done.findings)
    if as_json:
        print_json(
            {
                "created": list(done.created),
                "existing": list(done.existing),
                "findings": [asdict(finding) for finding in done.findings],
            }
        )
    _leave(done.findings)


@topics.command()
@json_option
@pass_settings
def check(settings: Settings, as_json: bool) -> None:
    """Compare the topics with the contract; exit 1 if any differs."""
    wanted = specs(settings)
    with reaching(settings):
        findings = asyncio.run(topic_admin.check(client_options(settings), wanted))
    _show(findings)
    if not findings:
        click.echo(f"All {len(wanted)} topics are as they must be.")
    if as_json:
        print_json(
            {
                "topics": [spec.name for spec in wanted],
                "findings": [asdict(finding) for finding in findings],
            }
        )
    _leave(findings)


@topics.command()
@click.argument("role", type=click.Choice(ROLES))
@click.option("--principal", help="Who it is to Kafka; User:ROLE if not given.")
@json_option
@pass_settings
def access(settings: Settings, role: Role, principal: str | None, as_json: bool) -> None:
    """Print what ROLE needs on Kafka, as calls of kafka-acls.sh; nothing is contacted.

    \b
    Examples:
      coupon-stream topics access worker
      coupon-stream topics access producer --principal User:CN=shop --json
    """
    who = principal or f"User:{role}"
    for line in as_commands(role, who, settings):
        click.echo(line)
    if as_json:
        acls = [grant.as_json() for grant in grants(role, settings)]
        print_json({"role": role, "principal": who, "acls": acls})


def _show(findings: Sequence[Finding]) -> None:
    for finding in findings:
        click.echo(f"differs  {finding}")


def _leave(findings: Sequence[Finding]) -> None:
    if findings:
        raise SystemExit(1)
