"""`coupon-stream worker`: one worker against Kafka."""

import asyncio

import click

from streams import topic_admin
from streams.commands.reaching import reaching
from streams.connection import client_options
from streams.options import pass_settings
from streams.settings import Settings
from streams.topics import specs
from streams.worker import run

# A worker cannot do without these; what else differs is said and left to `topics check`.
VITAL = frozenset({"the topic", "partitions"})


@click.command()
@click.option(
    "--check/--no-check",
    default=True,
    help="Verify the topics first; the embedded broker cannot describe its own.",
)
@pass_settings
def worker(settings: Settings, check: bool) -> None:
    """Run one worker; start as many as there are partitions to share.

    It joins the group COUPON_APP_ID, recovers the rows of its partitions, then answers every
    trigger event on coupon.decisions.v1. Health and metrics are served on COUPON_METRICS_PORT.
    SIGTERM or Ctrl-C finishes what is under way and leaves the group.

    \b
    Examples:
      coupon-stream topics apply
      coupon-stream worker
      COUPON_METRICS_PORT=0 coupon-stream worker   # a second one on the same machine
    """
    if check:
        _check_topics(settings)
    run(settings)


def _check_topics(settings: Settings) -> None:
    with reaching(settings):
        findings = asyncio.run(topic_admin.check(client_options(settings), specs(settings)))
    for finding in findings:
        click.echo(f"differs  {finding}", err=True)
    if any(finding.setting in VITAL for finding in findings):
        message = "the topics must be there and equally cut before a worker can start"
        raise click.ClickException(message)
