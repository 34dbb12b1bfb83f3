"""A real Prometheus reads a real worker under load: every rule and every panel has data."""

import asyncio
import json
import math
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import yaml
from aiokafka import AIOKafkaProducer

from streams.brokers.embedded import PARTITIONS, EmbeddedBroker
from streams.brokers.ports import free_ports
from streams.demo import Demo
from streams.demo_worker import read_catalogue
from streams.monitoring.__main__ import DASHBOARDS
from streams.partitioner import partition_of
from tests.monitoring.promql import MONITORING, recorded, rules

MAX_SERIES = 3_000
EVENTS_A_SECOND = 150.0
DEADLINE_SECONDS = 480.0  # half a minute on a machine that has nothing else to do
# Grafana sets it to four scrapes.
RATE_INTERVAL = "10s"

# An hour of the shop's time, so that outcomes are known within seconds of ours.
HORIZON_MS = 3_600_000
# Nobody is promoted within minutes, and hardly anybody is sure to buy within that hour; that their
# metrics and labels exist is checked with all others.
EXEMPT = {
    "coupon-model: Promotions, rollbacks and drift alarms, in a day [0]",
    "coupon-model: Foreseen buyers [0]",
    "coupon-model: Foreseen buyers [2]",
}

pytestmark = [pytest.mark.prometheus, pytest.mark.embedded, pytest.mark.timeout(600)]


def queries() -> dict[str, str]:
    """Give what must have data: of each recorded rule, and of each panel's queries.

    Where a panel draws a zero for what never happened, it has to happen here.
    """
    asked = {name: name for name in recorded()}
    for dashboard in DASHBOARDS:
        for panel in dashboard.panels():
            for number, query in enumerate(panel.queries):
                expr = query.expr.replace("$__rate_interval", RATE_INTERVAL)
                name = f"{dashboard.uid}: {panel.title} [{number}]"
                asked[name] = expr.removesuffix(" or vector(0)")
    return asked


@contextmanager
def prometheus(folder: Path, worker_port: int) -> Iterator[str]:
    """Run Prometheus with our rules, each second; gives the address of its API."""
    port = free_ports(1)[0]
    config = yaml.safe_load((MONITORING / "prometheus.yml").read_text(encoding="utf-8"))
    config["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
    config["rule_files"] = [str(path) for path in (MONITORING / "rules").glob("*.yml")]
    ours = next(job for job in config["scrape_configs"] if job["job_name"] == "coupon-stream")
    ours.pop("dns_sd_configs")
    ours["static_configs"] = [{"targets": [f"127.0.0.1:{worker_port}"]}]
    config["scrape_configs"] = [ours]
    (folder / "prometheus.yml").write_text(yaml.safe_dump(config), encoding="utf-8")
    with (folder / "prometheus.log").open("wb") as log:
        process = subprocess.Popen(
            [
                "prometheus",
                f"--config.file={folder / 'prometheus.yml'}",
                f"--storage.tsdb.path={folder / 'tsdb'}",
                f"--web.listen-address=127.0.0.1:{port}",
            ],
            stdout=log,
            stderr=log,
        )
    try:
        yield f"http://127.0.0.1:{port}/api/v1"
    finally:
        process.terminate()
        process.wait(30)


@asynccontextmanager
async def shop(demo: Demo) -> AsyncIterator["asyncio.Task[None]"]:
    """Let the demo's shop and worker run beside the block."""
    task = asyncio.create_task(demo.run(None, EVENTS_A_SECOND))
    try:
        yield task
    finally:
        begun = asyncio.all_tasks() - {asyncio.current_task()}
        for one in begun:
            one.cancel()
        await asyncio.gather(*begun, return_exceptions=True)


async def spoil(bootstrap: str, turn: int, now_ms: int) -> None:
    """Send what a bad producer does: unreadable, repeated, late and misplaced events."""
    user = f"c{turn:06d}"  # one of the shop's own: it gives away what is decided for this one
    key, partition = user.encode(), partition_of(user.encode(), PARTITIONS)
    viewed, late, misplaced = (
        viewed_by(user, f"{turn}-{name}", ts_ms)
        for name, ts_ms in (("a", now_ms), ("b", now_ms - 3_600_000), ("c", now_ms))
    )
    async with AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all") as producer:
        for value in (viewed, viewed, late, b"{"):
            await producer.send_and_wait("shop.browse.v1", value, key=key, partition=partition)
        wrong = (partition + 1) % PARTITIONS
        await producer.send_and_wait("shop.browse.v1", misplaced, key=key, partition=wrong)
        for event_type in ("coupon.check_requested", "coupon.redeemed"):
            unknown = of_no_coupon(user, f"{turn}-{event_type}", event_type, now_ms)
            await producer.send_and_wait("shop.coupon.v1", unknown, key=key, partition=partition)


def of_no_coupon(user: str, event_id: str, event_type: str, ts_ms: int) -> bytes:
    """Ask about, or redeem, a coupon that nobody gave."""
    at = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(ts_ms / 1000))
    named = {"event_id": event_id, "event_type": event_type, "user_id": user, "occurred_at": at}
    item = {"product_id": "p-1", "price_minor": 1_000, "quantity": 1}
    return json.dumps({**named, "coupon_code": "NOBODYS", "items": [item]}).encode()


def viewed_by(user: str, event_id: str, ts_ms: int) -> bytes:
    at = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(ts_ms / 1000))
    return json.dumps(
        {
            "event_id": event_id,
            "event_type": "product.viewed",
            "user_id": user,
            "occurred_at": at,
            "product_id": "p-1",
            "price_minor": 1_000,
        }
    ).encode()


async def asked(session: aiohttp.ClientSession, api: str, query: str) -> list[float]:
    """Ask for the values of a query as they are now."""
    try:
        async with session.get(f"{api}/query", params={"query": query}) as answer:
            told: dict[str, Any] = await answer.json()
    except aiohttp.ClientError:
        return []  # it does not listen yet
    assert told["status"] == "success", f"{query}: {told}"
    return [float(series["value"][1]) for series in told["data"]["result"]]


async def test_every_rule_and_every_panel_has_data_under_load(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COUPON_HORIZON_MS", str(HORIZON_MS))
    missing = {name: query for name, query in queries().items() if name not in EXEMPT}
    with EmbeddedBroker() as broker:
        demo = Demo(broker.bootstrap, read_catalogue(), 1, None)
        with prometheus(tmp_path, demo.metrics_port) as api:
            async with shop(demo) as running, aiohttp.ClientSession() as session:
                deadline, turn = time.monotonic() + DEADLINE_SECONDS, 0
                while missing and time.monotonic() < deadline and not running.done():
                    if demo.seen.decisions:
                        await spoil(broker.bootstrap, turn, demo.seen.event_ms)
                    for name, query in list(missing.items()):
                        if any(map(math.isfinite, await asked(session, api, query))):
                            del missing[name]
                    await asyncio.sleep(1.0)
                    turn += 1
                await assert_healthy(session, api)
                if running.done():
                    running.result()
    assert sorted(missing) == []


async def assert_healthy(session: aiohttp.ClientSession, api: str) -> None:
    """See that the target is up, small enough, and that no rule failed."""
    async with session.get(f"{api}/targets") as answer:
        (target,) = (await answer.json())["data"]["activeTargets"]
    assert (target["health"], target["lastError"]) == ("up", "")
    (series,) = await asked(session, api, "scrape_samples_scraped")
    assert 100 < series <= MAX_SERIES
    async with session.get(f"{api}/rules") as answer:
        groups = (await answer.json())["data"]["groups"]
    health = [rule["health"] for group in groups for rule in group["rules"]]
    assert health == ["ok"] * len(rules())
