"""`coupon-stream worker`: one worker against Kafka."""

import asyncio
import time

import click

from streams import topic_admin
from streams.caution import require_caution
from streams.commands.reaching import RefusedError, reaching
from streams.connection import client_options
from streams.options import pass_settings
from streams.settings import Settings
from streams.topic_findings import Finding
from streams.topics import specs
from streams.worker import run

# A worker cannot do without these; what else differs is said and left to `topics check`.
VITAL = frozenset({"the topic", "partitions"})
RETRY_SECONDS = 2.0


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

    With a Kafka on another machine it wants TLS and a key for snapshots (COUPON_MODEL_KEY), and it
    serves metrics on this machine only; COUPON_INSECURE allows what else is meant.

    \b
    Examples:
      coupon-stream topics apply
      coupon-stream worker
      COUPON_METRICS_PORT=0 coupon-stream worker   # a second one on the same machine
    """
    require_caution(settings)
    if check:
        _check_topics(settings)
    run(settings)


def _check_topics(settings: Settings) -> None:
    findings = _findings(settings)
    for finding in findings:
        click.echo(f"differs  {finding}", err=True)
    if any(finding.setting in VITAL for finding in findings):
        message = "the topics must be there and equally cut before a worker can start"
        raise click.ClickException(message)


def _findings(settings: Settings) -> list[Finding]:
    """Ask the broker, again and again while it does not answer: it may be starting, too."""
    deadline_s = time.monotonic() + settings.broker_wait_ms / 1000
    while True:
        try:
            with reaching(settings):
                return asyncio.run(topic_admin.check(client_options(settings), specs(settings)))
        except RefusedError:
            raise
        except click.ClickException as silent:
            if time.monotonic() > deadline_s:
                raise
            click.echo(f"waiting  {silent.message}", err=True)
            time.sleep(RETRY_SECONDS)
