"""Puts a worker together and runs it until it is told to stop or something cannot go on."""

import asyncio
import time
from importlib.metadata import version
from typing import Any

import faust
from faust.types import TP
from mode import Service

from streams import agents
from streams.app import Declared, declare, product_version
from streams.broadcast import Broadcast
from streams.connection import client_options
from streams.engine import Engine
from streams.health import Health, HealthServer
from streams.metrics import Metrics, Tally
from streams.publisher import Publisher
from streams.settings import Settings

GAUGE_SECONDS = 2.0
LOOP_PROBE_SECONDS = 0.5


class Surroundings(Service):
    """What a worker needs beside Faust: producer, broadcast reader, health and metrics."""

    def __init__(
        self,
        settings: Settings,
        engine: Engine,
        publisher: Publisher,
        server: HealthServer,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self._settings = settings
        self._engine = engine
        self._publisher = publisher
        self._server = server
        prefix = settings.topic_prefix
        self._broadcast = Broadcast(
            {
                f"{prefix}coupon.models.v1": engine.on_model,
                f"{prefix}coupon.catalogue.v1": engine.on_campaign,
            },
            client_options(settings),
            loop=self.loop,
        )

    async def on_start(self) -> None:
        """Start serving health at once, then connect; the engine waits for all of it."""
        self.log.info("Health and metrics on port %s", await self._server.start())
        await self._publisher.start()
        await self.add_runtime_dependency(self._broadcast)
        self._engine.health.model_loaded = True
        self._engine.catch_up = self._broadcast.catch_up
        self._engine.ready.set()

    async def on_stop(self) -> None:
        """Let go of producer and port."""
        await self._publisher.stop()
        await self._server.stop()

    @Service.task
    async def _heartbeat(self) -> None:
        async for _ in self.itertimer(self._settings.heartbeat_idle_ms / 1000, name="heartbeat"):
            await self._engine.ready.wait()
            await self._engine.heartbeat()

    @Service.task
    async def _gauges(self) -> None:
        async for _ in self.itertimer(GAUGE_SECONDS, name="gauges"):
            await self._engine.ready.wait()
            if self._engine.health.recovered:
                await self._engine.refresh_gauges()

    @Service.task
    async def _loop_probe(self) -> None:
        while not self.should_stop:
            asked_s = time.perf_counter()
            await asyncio.sleep(LOOP_PROBE_SECONDS)
            tally = Tally()
            late_s = time.perf_counter() - asked_s - LOOP_PROBE_SECONDS
            tally.observe("event_loop_lag_seconds", max(0.0, late_s))
            self._engine.metrics.apply(tally)


def build(settings: Settings) -> tuple[Declared, Engine, Surroundings]:
    """Put app, agents and surroundings together, unstarted."""
    declared = declare(settings)
    metrics, health = Metrics(), Health(poll_age_limit_s=settings.poll_age_limit_ms / 1000)
    metrics.set("build_info", 1, (product_version(), faust.__version__, version("river")))
    publisher = Publisher(declared.outbound, client_options(settings))
    engine = Engine(settings, declared, publisher, metrics, health)
    agents.register(declared, engine)
    _watch_assignment(declared.app, engine)
    server = HealthServer(settings, health, metrics)
    return declared, engine, Surroundings(settings, engine, publisher, server)


def run(settings: Settings) -> None:
    """Run a worker; leaves the process with its exit code."""
    declared, _, surroundings = build(settings)
    worker = faust.Worker(
        declared.app,
        surroundings,
        loglevel=None,
        logging_config=_OWN_LOGS,
        override_logging=False,
        redirect_stdouts=False,
        quiet=True,
        daemon=True,
    )
    worker.execute_from_commandline()


# Faust must not configure logging: `streams.logs` has done it.
_OWN_LOGS: dict[str, Any] = {"version": 1, "disable_existing_loggers": False}


def _watch_assignment(app: faust.App, engine: Engine) -> None:
    """Keep readiness and the metrics of rebalances true."""
    began_s = time.monotonic()

    @app.on_partitions_revoked.connect(weak=False)
    async def revoked(sender: Any, revoked: set[TP], **kwargs: Any) -> None:
        nonlocal began_s
        began_s = time.monotonic()
        engine.health.recovered = False
        tally = Tally()
        tally.add("rebalances")
        engine.metrics.apply(tally)

    @app.on_partitions_assigned.connect(weak=False)
    async def assigned(sender: Any, assigned: set[TP], **kwargs: Any) -> None:
        engine.health.assigned = True

    @app.on_rebalance_complete.connect(weak=False)
    async def complete(sender: Any, **kwargs: Any) -> None:
        engine.take_over()
        engine.health.started = True
        engine.health.recovered = True
        engine.metrics.set("recovery_duration_seconds", time.monotonic() - began_s)
