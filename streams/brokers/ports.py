"""Ports of this machine that a broker can listen on."""

import random
import socket

HOST = "127.0.0.1"
# Below the range that the system hands to outgoing connections: a client that keeps knocking at a
# restarting broker could otherwise be given the broker's own port, and connect to itself.
_PORTS = range(21_000, 32_000)


def is_free(port: int) -> bool:
    """Tell whether a port of this machine can be listened on."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def free_ports(count: int) -> list[int]:
    """Pick ports that nobody listens on, at random so that neighbours rarely pick the same."""
    found: list[int] = []
    for port in random.sample(_PORTS, len(_PORTS)):
        if len(found) == count:
            break
        if is_free(port):
            found.append(port)
    return found
