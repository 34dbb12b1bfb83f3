"""What the commands that talk to Kafka share: one plain line when it cannot be reached."""

from collections.abc import Iterator
from contextlib import contextmanager

import click
from aiokafka.errors import KafkaError

from streams.brokers.quiet import quiet_client
from streams.brokers.reach import listens, port_of
from streams.settings import Settings
from streams.topic_admin import TopicError

REACH_SECONDS = 3.0


@contextmanager
def reaching(settings: Settings) -> Iterator[None]:
    """Turn an unreachable or refusing broker into one line on stderr and exit code 1."""
    addresses = settings.kafka_bootstrap_servers.split(",")
    if not any(listens(*port_of(each), REACH_SECONDS / len(addresses)) for each in addresses):
        msg = (
            f"no Kafka answers on {settings.kafka_bootstrap_servers}; start one with"
            " `coupon-stream kafka` or set COUPON_KAFKA_BOOTSTRAP_SERVERS"
        )
        raise click.ClickException(msg)
    try:
        with quiet_client():  # said below, once and in our words
            yield
    except (KafkaError, TopicError, TimeoutError) as error:
        msg = (
            f"Kafka on {settings.kafka_bootstrap_servers} refused: {error or type(error).__name__}"
        )
        raise click.ClickException(msg) from error
