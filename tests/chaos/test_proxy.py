"""The bad network of the trials is as bad as it says."""

import socket
import threading
import time
from collections.abc import Iterator

import pytest

from streams.brokers.ports import HOST, free_ports
from tests.chaos.harness.proxy import Proxy

ANSWER_SECONDS = 5.0
DELAY_S = 0.2


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    """Give a proxy before a server that says again what it hears."""
    port, target_port = free_ports(2)
    with socket.create_server((HOST, target_port)) as server:
        threading.Thread(target=serve, args=(server,), daemon=True).start()
        with Proxy(port, target_port) as found:
            yield found
        server.shutdown(socket.SHUT_RDWR)


def serve(server: socket.socket) -> None:
    while True:
        try:
            connection, _ = server.accept()
        except OSError:
            return  # the test is over
        threading.Thread(target=echo, args=(connection,), daemon=True).start()


def echo(connection: socket.socket) -> None:
    with connection:
        while heard := connection.recv(1_024):
            connection.sendall(heard)


def connect(proxy: Proxy) -> socket.socket:
    return socket.create_connection((HOST, proxy.port), ANSWER_SECONDS)


def test_bytes_arrive_in_order_and_late_by_the_delay_each_way(proxy: Proxy) -> None:
    proxy.delay_s = DELAY_S
    with connect(proxy) as client:
        began_s = time.monotonic()
        client.sendall(b"one,")
        client.sendall(b"two.")
        heard = b""
        while len(heard) < len(b"one,two."):
            heard += client.recv(100)
        assert heard == b"one,two."
        assert time.monotonic() - began_s >= 2 * DELAY_S


def test_a_cut_closes_what_is_open_and_lets_new_connections_in(proxy: Proxy) -> None:
    with connect(proxy) as client:
        client.sendall(b"before")
        assert client.recv(100) == b"before"
        assert proxy.cut() == 1
        assert client.recv(100) == b""
    with connect(proxy) as client:
        client.sendall(b"after")
        assert client.recv(100) == b"after"


def test_a_silent_connection_stays_open_and_carries_nothing(proxy: Proxy) -> None:
    with connect(proxy) as silent:
        silent.sendall(b"before")
        assert silent.recv(100) == b"before"
        assert proxy.go_silent() == 1
        silent.sendall(b"lost")
        silent.settimeout(DELAY_S)
        with pytest.raises(TimeoutError):
            silent.recv(100)
        with connect(proxy) as client:
            client.sendall(b"after")
            assert client.recv(100) == b"after"
