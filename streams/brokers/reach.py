"""Ask a broker whether it serves clients yet, from any thread and inside or outside a loop."""

import asyncio
import socket
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from streams.brokers.quiet import quiet_client

T = TypeVar("T")


def port_of(bootstrap: str) -> tuple[str, int]:
    """Split the first address of a bootstrap list.

    Examples
    --------
    >>> port_of("127.0.0.1:9092,10.0.0.2:9092")
    ('127.0.0.1', 9092)
    """
    host, _, port = bootstrap.split(",")[0].strip().rpartition(":")
    if not host or not port.isdigit():
        msg = f"a bootstrap address must be host:port, was {bootstrap!r}"
        raise ValueError(msg)
    return host.strip("[]"), int(port)


def listens(host: str, port: int, timeout_seconds: float = 1.0) -> bool:
    """Tell whether somebody accepts connections there."""
    try:
        socket.create_connection((host, port), timeout_seconds).close()
    except OSError:
        return False
    return True


def is_ready(bootstrap: str) -> bool:
    """Tell whether the broker answers metadata requests and knows itself to be alive."""
    if not listens(*port_of(bootstrap)):
        return False
    return in_own_loop(_names_a_broker(bootstrap))


async def _names_a_broker(bootstrap: str) -> bool:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap, request_timeout_ms=2_000)
    with quiet_client():  # a node that is still starting is no error here
        try:
            await admin.start()
            cluster = await admin.describe_cluster()
        except (TimeoutError, KafkaError, OSError):
            return False
        finally:
            await admin.close()
    return bool(cluster["brokers"])


def in_own_loop(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end in a thread of its own, so that a running loop is no obstacle."""
    results: list[T] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            results.append(asyncio.run(work))
        except BaseException as error:  # carried over to the caller's thread, not swallowed
            errors.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if errors:
        raise errors[0]
    return results[0]
