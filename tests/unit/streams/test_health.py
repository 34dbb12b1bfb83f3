"""Health and its server: what is answered, to whom, and nothing else."""

import asyncio
import threading
from collections.abc import AsyncIterator

import aiohttp
import pytest

from streams import settings
from streams.health import Health, HealthServer, allowed_host
from streams.metrics import Metrics


class Clock:
    def __init__(self) -> None:
        self.now_s = 1_000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def health(clock: Clock) -> Health:
    return Health(poll_age_limit_s=60.0, clock=clock)


def ready(health: Health) -> Health:
    health.started = health.assigned = health.recovered = health.model_loaded = True
    health.polled()
    return health


def server_of(health: Health) -> HealthServer:
    chosen = settings.load(overrides={"metrics_port": "0", "metrics_allowed_hosts": "worker"})
    return HealthServer(chosen, health, Metrics())


@pytest.fixture
async def server(health: Health) -> AsyncIterator[HealthServer]:
    server = server_of(health)
    await server.start()
    yield server
    await server.stop()


async def ask(
    server: HealthServer, path: str, method: str = "GET", **headers: str
) -> tuple[int, str, str]:
    url = f"http://127.0.0.1:{server.port}{path}"
    async with (
        aiohttp.ClientSession() as session,
        session.request(method, url, headers=headers, allow_redirects=False) as answer,
    ):
        return answer.status, await answer.text(), answer.headers.get("Content-Type", "")


def test_a_worker_is_ready_when_assigned_and_recovered_and_with_a_model(health: Health) -> None:
    assert len(health.unready()) == 4
    for field in ("started", "assigned", "recovered"):
        setattr(health, field, True)
    assert health.unready() == ["no model is loaded"]
    health.model_loaded = True
    assert health.unready() == []


@pytest.mark.parametrize("field", ["started", "assigned", "recovered", "model_loaded"])
def test_a_worker_that_loses_one_of_them_is_not_ready(field: str, health: Health) -> None:
    setattr(ready(health), field, False)
    assert len(health.unready()) == 1
    assert health.unhealthy() == []


def test_a_worker_that_stops_is_alive_but_not_ready(health: Health) -> None:
    ready(health).stopping = True
    assert health.unready() == ["the worker is stopping"]
    assert health.unhealthy() == []


def test_a_worker_that_does_not_poll_is_unhealthy(health: Health, clock: Clock) -> None:
    assert health.unhealthy() == []
    ready(health)
    clock.now_s += 60
    assert health.unhealthy() == []
    clock.now_s += 1
    assert health.unhealthy() == ["Kafka was last polled 61 s ago"]
    assert health.unready() == health.unhealthy()


def test_a_failed_worker_is_unhealthy(health: Health) -> None:
    ready(health).failed = "fenced"
    assert health.unhealthy() == ["failed: fenced"]


@pytest.mark.parametrize("slash", ["", "/"])
async def test_probes_answer_with_and_without_a_slash(
    slash: str, server: HealthServer, health: Health
) -> None:
    assert (await ask(server, f"/healthz{slash}"))[:2] == (200, "ok\n")
    status, text, _ = await ask(server, f"/readyz{slash}")
    assert status == 503
    assert "tables are not recovered\n" in text
    assert (await ask(server, f"/startupz{slash}"))[0] == 503
    ready(health)
    for path in ("/healthz", "/readyz", "/startupz"):
        assert (await ask(server, f"{path}{slash}"))[:2] == (200, "ok\n")


async def test_metrics_are_served_in_the_form_that_is_asked_for(server: HealthServer) -> None:
    status, text, kind = await ask(server, "/metrics")
    assert (status, kind.split(";")[0]) == (200, "text/plain")
    assert "coupon_rebalances_total 0.0" in text
    _, opened, kind = await ask(server, "/metrics/", Accept="application/openmetrics-text")
    assert kind.split(";")[0] == "application/openmetrics-text"
    assert opened.endswith("# EOF\n")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH"])
async def test_nothing_but_get_is_answered(method: str, server: HealthServer) -> None:
    assert (await ask(server, "/metrics", method))[0] == 405


@pytest.mark.parametrize("path", ["/", "/table/users/ann", "/healthz/x", "/metrics/../", "/stats"])
async def test_nothing_else_is_served(path: str, server: HealthServer) -> None:
    assert (await ask(server, path))[0] == 404


async def test_a_rebound_name_is_refused_and_told_nothing(server: HealthServer) -> None:
    for path in ("/metrics", "/healthz", "/nowhere"):
        status, text, _ = await ask(server, path, Host="evil.example")
        assert status == 421
        assert "coupon_" not in text
    assert (await ask(server, "/healthz", Host="worker:9464"))[0] == 200


@pytest.mark.parametrize(
    ("host", "allowed"),
    [
        ("127.0.0.1:9464", True),
        ("10.1.2.3", True),
        ("[::1]:9464", True),
        ("WORKER", True),
        ("worker.evil.example", False),
        ("127.0.0.1.evil.example:80", False),
        ("127.0.0.1@evil.example", False),
        ("", False),
    ],
)
def test_hosts_are_addresses_or_listed_names(host: str, allowed: bool) -> None:
    assert allowed_host(host, {"worker"}) is allowed


async def test_it_can_be_stopped_twice_and_frees_its_port(health: Health) -> None:
    server = server_of(health)
    await server.stop()
    port = await server.start()
    await server.stop()
    await server.stop()
    with pytest.raises(OSError, match="Connect"):
        await asyncio.open_connection("127.0.0.1", port)


async def test_a_taken_port_is_an_error(server: HealthServer, health: Health) -> None:
    chosen = settings.load(overrides={"metrics_port": str(server.port)})
    second = HealthServer(chosen, health, Metrics())
    with pytest.raises(OSError, match="address already in use"):
        await second.start()
    await second.stop()


async def test_it_runs_in_a_thread_of_its_own(health: Health) -> None:
    server = server_of(ready(health))
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        asyncio.run_coroutine_threadsafe(server.start(), loop).result(10)
        assert (await ask(server, "/readyz"))[0] == 200
        asyncio.run_coroutine_threadsafe(server.stop(), loop).result(10)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()
