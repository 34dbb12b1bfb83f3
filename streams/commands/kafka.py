"""`coupon-stream kafka`: a real broker in the foreground."""

import signal
import threading
from pathlib import Path

import click

from streams.brokers import BrokerError
from streams.brokers.local import LocalKafka
from streams.brokers.ports import is_free

DEFAULT_PORT = 9092


@click.command()
@click.option("--port", type=click.IntRange(1, 65_535), help="Where to listen; 9092 if it is free.")
@click.option(
    "--directory",
    type=click.Path(path_type=Path, file_okay=False),
    help="Keep the records there; without it they go when the broker stops.",
)
def kafka(port: int | None, directory: Path | None) -> None:
    """Run a local Apache Kafka until Ctrl-C.

    Needs Java 17, and Maven the first time only.
    """
    chosen = port if port is not None else (DEFAULT_PORT if is_free(DEFAULT_PORT) else None)
    if port is None and chosen is None:
        click.echo(f"Port {DEFAULT_PORT} is taken; choosing another.", err=True)
    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    signal.signal(signal.SIGINT, lambda *_: ended.set())
    try:
        with LocalKafka(port=chosen, directory=directory, say=click.echo) as broker:
            click.echo(_next_commands(broker.bootstrap, directory))
            while broker.is_running and not ended.wait(0.5):
                pass
            if not ended.is_set():
                msg = f"Kafka ended by itself; its log ends:\n{broker.log_tail()}"
                raise click.ClickException(msg)
            click.echo("Stopping Kafka ...")
    except BrokerError as error:
        raise click.ClickException(str(error)) from error


def _next_commands(bootstrap: str, directory: Path | None) -> str:
    kept = f"kept in {directory}" if directory else "gone when it stops (keep them: --directory)"
    return (
        f"Apache Kafka is ready on {bootstrap}; records are {kept}.\n\n"
        "In another terminal:\n"
        f"  export COUPON_KAFKA_BOOTSTRAP_SERVERS={bootstrap}\n"
        "  coupon-stream topics apply\n"
        "  coupon-stream doctor\n"
        "  coupon-stream worker\n"
        "  coupon-stream produce FILE --format native\n\n"
        "Ctrl-C stops it."
    )
