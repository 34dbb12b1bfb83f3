"""What the commands that talk to Kafka share: one plain line when it cannot be reached."""

from collections.abc import Iterator
from contextlib import contextmanager

import click
from aiokafka.errors import (
    ClusterAuthorizationFailedError,
    GroupAuthorizationFailedError,
    KafkaError,
    TopicAuthorizationFailedError,
)

from streams.admission import refusal
from streams.brokers.quiet import quiet_client
from streams.brokers.reach import in_own_loop, listens, port_of
from streams.settings import Settings
from streams.topic_admin import TopicError

REACH_SECONDS = 3.0
_FORBIDDEN = (
    ClusterAuthorizationFailedError,
    GroupAuthorizationFailedError,
    TopicAuthorizationFailedError,
)


class RefusedError(click.ClickException):
    """Kafka answers and does not let us in; asking again would not help."""


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
    except _FORBIDDEN as error:
        msg = (
            f"Kafka on {settings.kafka_bootstrap_servers} does not allow this:"
            f" {error or type(error).__name__}; what each role needs: coupon-stream topics access"
        )
        raise RefusedError(msg) from error
    except (KafkaError, TopicError, TimeoutError) as error:
        if why := in_own_loop(refusal(settings)):
            raise RefusedError(why) from error
        msg = (
            f"Kafka on {settings.kafka_bootstrap_servers} refused: {error or type(error).__name__}"
        )
        raise click.ClickException(msg) from error
