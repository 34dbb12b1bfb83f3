"""`coupon-stream console`: a web page for those who own the coupons."""

import asyncio
import time
from functools import partial

import click

from coupons.arms import ArmShares
from streams.caution import is_loopback
from streams.commands.reaching import reaching
from streams.console.board import Board
from streams.console.feed import TopicFeed, scrape
from streams.console.server import ConsoleServer
from streams.options import pass_settings
from streams.rules import read_catalogue
from streams.settings import Settings


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port", default=9465, show_default=True, type=click.IntRange(0, 65_535), help="0: a free one."
)
@click.option(
    "--allow-host",
    "names",
    multiple=True,
    metavar="NAME",
    help="A name, besides IP addresses and localhost, that a request may ask for.",
)
@click.option(
    "--metrics",
    "urls",
    multiple=True,
    metavar="URL",
    help="A worker's metrics; may be repeated. Else those of a worker on this machine.",
)
@pass_settings
def console(
    settings: Settings, host: str, port: int, names: tuple[str, ...], urls: tuple[str, ...]
) -> None:
    """Serve a page that shows what is decided, why, and whether it pays.

    It reads decisions, campaigns and the workers' metrics, and changes nothing. Whoever can reach
    it sees customers' ids: it listens on this machine only, unless --host says otherwise; then
    something in front of it has to ask people who they are.

    \b
    Examples:
      coupon-stream console
      coupon-stream console --metrics http://10.0.0.7:9464/metrics --port 8080
    """
    if not is_loopback(host):
        click.echo(f"{host}: whoever reaches this address sees every decision", err=True)
    chosen = urls or (f"http://127.0.0.1:{settings.metrics_port}/metrics",)
    try:
        with reaching(settings):
            asyncio.run(_serve(settings, host, port, (*names, host), chosen))
    except OSError as error:
        message = f"--port must be free and --host this machine's, was not: {error.strerror}"
        raise click.ClickException(message) from error
    except KeyboardInterrupt:
        click.echo("stopped", err=True)


async def _serve(
    settings: Settings, host: str, port: int, names: tuple[str, ...], urls: tuple[str, ...]
) -> None:
    shares = ArmShares(
        random=settings.random_ratio,
        business_as_usual=settings.business_as_usual_ratio,
        holdout=settings.holdout_ratio,
    )
    catalogue, currency = read_catalogue(settings), settings.shop_currency
    board = Board(catalogue, shares, currency, settings.pacing_horizon_ms)
    began_s = time.monotonic()
    feed = TopicFeed(settings, board)
    state = partial(_state, board, began_s)
    server = ConsoleServer(state, feed.find, currency, names=names)
    shown = await server.start(host, port)
    click.echo(f"Page: http://{host}:{shown}/")
    try:
        await asyncio.gather(feed.follow(), scrape(board, urls, began_s))
    finally:
        await server.stop()


def _state(board: Board, began_s: float) -> dict[str, object]:
    return board.state(time.monotonic() - began_s, time.time())
