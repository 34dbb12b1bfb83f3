"""`coupon-stream demo`: see it work, with nothing to set up."""

import asyncio
import contextlib
import signal

import click
from rich.console import Console
from rich.live import Live

from streams.brokers import BrokerError
from streams.brokers.embedded import EmbeddedBroker
from streams.demo import Demo
from streams.demo_view import line, page
from streams.demo_worker import WorkerFailedError, read_catalogue
from streams.options import json_option, print_json

TERMINAL_SECONDS = 0.25
PLAIN_SECONDS = 5.0


@click.command()
@click.option("--seconds", type=click.FloatRange(min=1), help="Stop after so long; else Ctrl-C.")
@click.option("--rate", default=250.0, show_default=True, help="Events a second.")
@click.option("--seed", default=1, show_default=True, help="The simulated shop's dice.")
@click.option(
    "--port", type=click.IntRange(0, 65_535), help="Port of the page and metrics; else a free one."
)
@json_option
def demo(seconds: float | None, rate: float, seed: int, port: int | None, as_json: bool) -> None:
    """See it work: an embedded broker, a simulated shop and a worker.

    Two thousand simulated customers browse, search and buy, faster than life. A real worker
    decides on their events and learns from what follows. What it says it earned against its
    holdout stands beside what the simulated shop knows to be true. The web page, at the address
    that is printed, shows the same in pictures and lets you break things.

    \b
    Examples:
      coupon-stream demo
      coupon-stream demo --seconds 60 --json
    """
    catalogue = read_catalogue()
    try:
        with EmbeddedBroker() as broker:
            shown = Demo(broker.bootstrap, catalogue, seed, port or None)
            asyncio.run(_show(shown, seconds, rate, broker.limits, quiet=as_json))
    except (BrokerError, WorkerFailedError) as error:
        raise click.ClickException(str(error)) from error
    except KeyboardInterrupt:
        click.echo("stopped", err=True)
    if as_json:
        print_json(shown.seen.record())


async def _show(shown: Demo, seconds: float | None, rate: float, note: str, *, quiet: bool) -> None:
    console = Console(stderr=quiet)
    address = f"http://127.0.0.1:{shown.port}/"
    running = asyncio.create_task(shown.run(seconds, rate))
    # Ended by SIGTERM, too, it takes its worker along.
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, running.cancel)
    try:
        if console.is_terminal:
            with Live(page(shown.seen, note, address), console=console, screen=False) as live:
                while not running.done():
                    await asyncio.wait([running], timeout=TERMINAL_SECONDS)
                    live.update(page(shown.seen, note, address))
        else:
            click.echo(f"{note}\nPage: {address}\nMetrics and health: {address}metrics", err=quiet)
            while not running.done():
                await asyncio.wait([running], timeout=PLAIN_SECONDS)
                click.echo(line(shown.seen), err=quiet)
    finally:
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running
