"""The console over a real Apache Kafka: what its page shows is what stands in the topics."""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from streams.brokers.ports import free_ports
from streams.decisions import Decision, rfc3339
from streams.settings import Settings
from tests.broker.test_replies import CART, CUSTOMERS_COUNT, carts, decided, send
from tests.broker.workers import environment_of, listening, running

pytestmark = [pytest.mark.broker, pytest.mark.timeout(300)]

DEADLINE_SECONDS = 90.0
CARTS_MS, ORDERED_MS = 1_795_313_400_000, 1_795_313_460_000
SAVED_MINOR = 120
LOOPBACK = "0100007F"  # as /proc/net/tcp writes 127.0.0.1
Record = dict[str, Any]


class Console:
    """A console in a process of its own, asked as its page asks it."""

    def __init__(self, session: aiohttp.ClientSession, address: str) -> None:
        self._session = session
        self._address = address

    async def get(self, path: str) -> Record:
        async with self._session.get(f"{self._address}{path}") as answer:
            assert answer.status == 200, await answer.text()
            told: Record = await answer.json()
            return told

    async def until(self, look: Callable[[Record], bool]) -> Record:
        """Give the first state of which `look` is true."""
        deadline, state = time.monotonic() + DEADLINE_SECONDS, {}
        while time.monotonic() < deadline:
            try:
                state = await self.get("/api/state")
            except aiohttp.ClientConnectionError:
                pass  # it does not listen yet
            if state and look(state):
                return state
            await asyncio.sleep(0.1)
        message = f"the page must show what was waited for, was {state}"
        raise AssertionError(message)


@contextmanager
def a_console(settings: Settings, folder: Path, worker_port: int) -> Iterator[str]:
    """Run the command over the topics of the settings; gives the address of its page."""
    (port,) = free_ports(1)
    metrics = f"http://127.0.0.1:{worker_port}/metrics"
    command = [sys.executable, "-m", "streams", "console", f"--port={port}", f"--metrics={metrics}"]
    environment = {**os.environ, **environment_of(settings)}
    with (folder / "console.log").open("wb") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait(30)


def order_with(decision: Decision) -> Record:
    """Order with the coupon of a decision, and less saved than it is worth at most."""
    return (
        {"event_id": f"order-{decision.user_id}", "event_type": "order.completed"}
        | {"user_id": decision.user_id, "occurred_at": rfc3339(ORDERED_MS)}
        | {"order_id": f"order-{decision.user_id}", "items": [{**CART, "category": "toys"}]}
        | {"total_minor": CART["price_minor"], "discount_minor": SAVED_MINOR}
        | {"decision_id": decision.decision_id}
    )


def money(state: Record) -> dict[str, float]:
    names = ("budget_minor", "spent_minor", "held_minor", "free_minor")
    return {name: sum(float(one[name]) for one in state["budgets"]) for name in names}


def charged_minor(decisions: Iterable[Decision]) -> int:
    return sum(one.budget.charged_minor for one in decisions if one.budget is not None)


def redeemed(state: Record) -> float:
    return next(float(one["count"]) for one in state["funnel"] if one["stage"] == "redeemed")


async def test_the_console_shows_the_decisions_and_the_money_of_a_worker_with_one_open_port(
    topics: Settings, tmp_path: Path
) -> None:
    drawn = topics.model_copy(update={"policy": "random"})
    with running(drawn, tmp_path, 1) as (worker,):
        await worker.ready()
        assert listening(worker.process.pid) == {f"{LOOPBACK}:{worker.port}"}
        await send(drawn, "cart", carts("first", CARTS_MS))
        made = await decided(drawn, CUSTOMERS_COUNT)
        given = [one for one in made if one.offer is not None]
        with a_console(drawn, tmp_path, worker.port) as address:
            async with aiohttp.ClientSession() as session:
                console = Console(session, address)
                shown = await console.until(
                    lambda state: (
                        state["counts"]["decisions"] == CUSTOMERS_COUNT
                        and money(state)["held_minor"] == charged_minor(given)
                    )
                )
                assert shown["counts"]["offers"] == len(given) > 0
                assert {one["id"] for one in shown["latest"]} <= {one.decision_id for one in made}
                assert money(shown)["spent_minor"] == 0
                told = await console.get(f"/api/decisions/{given[0].decision_id}")
                assert told["decision_id"] == given[0].decision_id
                await send(drawn, "purchase", [order_with(one) for one in given])
                # An order asks for a decision, too: what that gives is held from then on.
                known = {one.decision_id for one in given}
                later = await decided(drawn, CUSTOMERS_COUNT + len(given))
                held_minor = charged_minor(one for one in later if one.decision_id not in known)
                await console.until(
                    lambda state: (
                        redeemed(state) == len(given)
                        and money(state)["spent_minor"] == SAVED_MINOR * len(given)
                        and money(state)["held_minor"] == held_minor
                    )
                )
