"""Puts a worker together and runs it until it is told to stop or something cannot go on."""

import asyncio
import faulthandler
import logging
import os
import sys
import time
from importlib.metadata import version
from typing import Any, cast

import faust
import structlog
from faust.types import TP
from mode import Service

from streams import agents
from streams.app import Declared, declare, product_version
from streams.broadcast import Broadcast
from streams.connection import client_options
from streams.engine import Engine
from streams.health import Health, HealthServer
from streams.metrics import Metrics, Tally
from streams.progress import Watchdog
from streams.settings import Settings
from streams.topics import catalogue_topic, stock_topic
from streams.transport import ChunkTransport

GAUGE_SECONDS = 2.0
LOOP_PROBE_SECONDS = 0.5
DRAIN_SECONDS = 8.0
# The interpreter's lock is asked back after so long; Faust's consumer thread waits for it at every
# fetch, while chunks are applied.
SWITCH_SECONDS = 0.001
FAILED = 1

log = structlog.get_logger()


class Surroundings(Service):
    """What a worker needs beside Faust: broadcast reader, watchdog, health and metrics."""

    def __init__(
        self, settings: Settings, engine: Engine, server: HealthServer, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self._settings = settings
        self._engine = engine
        self._server = server
        prefix = settings.topic_prefix
        self._broadcast = Broadcast(
            {
                f"{prefix}coupon.models.v1": engine.grounds.hear,
                catalogue_topic(settings): engine.grounds.hear_campaign,
                stock_topic(settings): engine.grounds.hear_stock,
            },
            client_options(settings),
            check_crcs=settings.kafka_check_crcs,
            loop=self.loop,
        )
        self._watchdog = Watchdog(
            engine.progress,
            end_stalled,
            limit_s=settings.stall_limit_ms / 1000,
            recovery_limit_s=settings.recovery_deadline_ms / 1000,
        )

    async def on_start(self) -> None:
        """Start serving health at once, then connect; the engine waits for all of it."""
        self.log.info("Health and metrics on port %s", await self._server.start())
        self._watchdog.start()
        await self.add_runtime_dependency(self._broadcast)
        self._engine.health.model_loaded = True
        self._engine.catch_up = self._broadcast.catch_up
        self._engine.ready.set()

    async def on_stop(self) -> None:
        """Let go of partitions and port."""
        self._watchdog.stop()
        await self._engine.close()
        await self._server.stop()

    @Service.task
    async def _heartbeat(self) -> None:
        async for _ in self.itertimer(self._settings.heartbeat_idle_ms / 1000, name="heartbeat"):
            await self._engine.ready.wait()
            self._engine.heartbeat()

    @Service.task
    async def _gauges(self) -> None:
        async for _ in self.itertimer(GAUGE_SECONDS, name="gauges"):
            await self._engine.ready.wait()
            if self._engine.health.recovered:
                await self._engine.refresh_gauges()

    @Service.task
    async def _loop_probe(self) -> None:
        while not self.should_stop:
            self._engine.progress.beat()
            asked_s = time.perf_counter()
            await asyncio.sleep(LOOP_PROBE_SECONDS)
            tally = Tally()
            late_s = time.perf_counter() - asked_s - LOOP_PROBE_SECONDS
            tally.observe("event_loop_lag_seconds", max(0.0, late_s))
            self._engine.metrics.apply(tally)


def end_failed(error: BaseException) -> None:
    """End the process at once: nothing of what is in memory may be committed any more.

    Stopping in good order could hang on what has failed; the next owner of the partitions starts
    from what the broker has.
    """
    log.critical("the worker ends", reason=f"{type(error).__name__}: {error}", exc_info=error)
    _leave()


def end_stalled(stall: str) -> None:
    """End the process from the watchdog's thread, and show where every thread stood."""
    log.critical("the worker ends", reason=f"no progress: {stall}")
    faulthandler.dump_traceback(all_threads=True)
    _leave()


def _leave() -> None:
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(FAILED)


def build(settings: Settings) -> tuple[Declared, Engine, Surroundings]:
    """Put app, agents and surroundings together, unstarted."""
    declared = declare(settings)
    metrics, health = Metrics(), Health(poll_age_limit_s=settings.poll_age_limit_ms / 1000)
    metrics.set("build_info", 1, (product_version(), faust.__version__, version("river")))
    engine = Engine(settings, declared, metrics, health, end_failed)
    cast(ChunkTransport, declared.app.transport).owner = engine
    agents.register(declared, engine)
    _watch_assignment(declared.app, engine)
    server = HealthServer(settings, health, metrics)
    return declared, engine, Surroundings(settings, engine, server)


def run(settings: Settings) -> None:
    """Run a worker; leaves the process with its exit code."""
    declared, _, surroundings = build(settings)
    sys.setswitchinterval(SWITCH_SECONDS)
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
    worker.spinner = None  # it would end the first lines of a log in control characters
    worker.execute_from_commandline()


# Faust must not configure logging: `streams.logs` has done it.
_OWN_LOGS: dict[str, Any] = {"version": 1, "disable_existing_loggers": False}


def _watch_assignment(app: faust.App, engine: Engine) -> None:
    """Keep readiness and the metrics of rebalances true, and drain before the end."""
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
        engine.health.started = True
        engine.health.recovered = True
        engine.metrics.set("recovery_duration_seconds", time.monotonic() - began_s)

    @app.on_before_shutdown.connect(weak=False)
    async def before_shutdown(sender: Any, **kwargs: Any) -> None:
        engine.health.stopping = True
        async with asyncio.timeout(DRAIN_SECONDS):
            await engine.drain()
        await engine.consumer.force_commit()
