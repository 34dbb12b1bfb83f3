"""The whole product in one terminal: embedded broker, a shop with known truth, a worker, a view."""

import asyncio
import contextlib
import time
from collections import Counter, deque
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import aiohttp
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from coupons.catalogue import Catalogue
from coupons.promises import promised
from simulation.shop import Shop
from streams import wire
from streams.brokers.ports import free_ports
from streams.decisions import Decision, epoch_ms
from streams.demo_worker import DemoWorker
from streams.partitioner import partition_of
from streams.settings import DAY_MS
from streams.topics import inbound_name

CUSTOMERS_COUNT = 2_000
HISTORY_DAYS = 60
SHOWN_COUNT = 12


@dataclass(slots=True)
class Seen:
    """What the demo has seen so far.

    `true_minor` is what the policy's offers are worth by the shop's own truth, summed over the
    arm `policy`; `estimated` is what the product itself measures against its holdout.
    """

    began_s: float = field(default_factory=time.monotonic)
    first_decision_s: float | None = None
    events: int = 0
    decisions: int = 0
    dead_letters: int = 0
    actions: Counter[str] = field(default_factory=Counter)
    latest: deque[Decision] = field(default_factory=lambda: deque(maxlen=SHOWN_COUNT))
    true_minor: float = 0.0
    estimated: dict[str, float] = field(default_factory=dict)
    event_ms: int = 0

    def record(self) -> dict[str, Any]:
        """Give the figures as the command's JSON."""
        point = self.estimated.get("point")
        return {
            "events": self.events,
            "decisions": self.decisions,
            "first_decision_seconds": self.first_decision_s,
            "dead_letters": self.dead_letters,
            "actions": dict(sorted(self.actions.items())),
            "incremental_profit_minor": round(point) if point is not None else None,
            "incremental_profit_bounds_minor": [
                round(self.estimated[bound]) if bound in self.estimated else None
                for bound in ("lower", "upper")
            ],
            "true_incremental_profit_minor": round(self.true_minor),
        }


class Demo:
    """A simulated shop in front of a real worker."""

    def __init__(self, bootstrap: str, catalogue: Catalogue, seed: int, port: int | None) -> None:
        self.seen = Seen()
        self.metrics_port = port if port is not None else free_ports(1)[0]
        self._bootstrap = bootstrap
        self._coupons = {coupon.coupon_id: coupon for coupon in catalogue.coupons}
        self._open_shop = partial(
            Shop,
            seed=seed,
            customers_count=CUSTOMERS_COUNT,
            catalogue=catalogue,
            start_ms=int(time.time() * 1000) - HISTORY_DAYS * DAY_MS,
        )
        self._shop: Shop

    async def run(self, seconds: float | None, rate: float) -> None:
        """Run until the time is over; the worker is stopped with it.

        Raises
        ------
        WorkerFailedError
            The worker ended, with the end of its log.
        """
        worker = DemoWorker(self._bootstrap, self.metrics_port)
        async with worker:
            # The worker takes its seconds to start; the customers are made meanwhile.
            self._shop = await asyncio.to_thread(self._open_shop)
            await self._serve(worker, seconds, rate)

    async def _serve(self, worker: DemoWorker, seconds: float | None, rate: float) -> None:
        async with self._clients() as (producer, decisions, dead_letters):
            tasks = [
                asyncio.create_task(self._shop_along(producer, rate)),
                asyncio.create_task(self._hear_decisions(decisions)),
                asyncio.create_task(self._hear_dead_letters(dead_letters)),
                asyncio.create_task(worker.watch()),
                asyncio.create_task(self._read_metrics()),
            ]
            done, pending = await asyncio.wait(
                tasks, timeout=seconds, return_when=asyncio.FIRST_EXCEPTION
            )
            for task in pending:
                task.cancel()
            await asyncio.gather(*pending, return_exceptions=True)
            for task in done:
                task.result()

    async def _shop_along(self, producer: AIOKafkaProducer, rate: float) -> None:
        """Let customers act at `rate` events a second, faster than life but never ahead of now."""
        began_s = time.monotonic()
        while True:
            event = self._shop.next_event()
            # Where the simulated time has caught up with the clock, life goes on at its pace.
            await asyncio.sleep(max(0.0, event.ts_ms / 1000 - time.time()))
            key = event.user_id.encode()
            await producer.send(
                inbound_name(event.family),
                key=key,
                value=wire.encode_event(event),
                partition=partition_of(key, 4),
            )
            self.seen.events += 1
            self.seen.event_ms = event.ts_ms
            ahead_s = self.seen.events / rate - (time.monotonic() - began_s)
            if ahead_s > 0:
                await asyncio.sleep(ahead_s)

    async def _hear_decisions(self, consumer: AIOKafkaConsumer) -> None:
        async for message in consumer:
            decision = wire.decode_decision(message.value)
            seen = self.seen
            if seen.first_decision_s is None:
                seen.first_decision_s = round(time.monotonic() - seen.began_s, 3)
            seen.decisions += 1
            seen.actions[decision.action] += 1
            if decision.action != "suppressed":
                seen.latest.append(decision)
            if decision.offer is not None and decision.expires_at is not None:
                self._hand_over(decision)

    def _hand_over(self, decision: Decision) -> None:
        """Give the customer the coupon, and note what the truth says it is worth."""
        offer = decision.offer
        assert offer is not None
        assert decision.expires_at is not None
        coupon = promised(self._coupons[offer.template_id], offer.max_discount_minor)
        now_ms = max(self.seen.event_ms, epoch_ms(decision.decided_at))
        expires_ms = epoch_ms(decision.expires_at)
        if expires_ms <= now_ms:
            return
        worth = self._shop.worth(decision.user_id, coupon, now_ms=now_ms, expires_ms=expires_ms)
        if decision.experiment.variant == "policy":
            self.seen.true_minor += worth.profit_minor
        self._shop.receive(
            decision.user_id,
            coupon,
            decided_ms=now_ms,
            expires_ms=expires_ms,
            decision_id=decision.decision_id,
        )

    async def _hear_dead_letters(self, consumer: AIOKafkaConsumer) -> None:
        async for _ in consumer:
            self.seen.dead_letters += 1

    async def _read_metrics(self) -> None:
        """Read what the product itself says of its earnings, where an operator would."""
        url = f"http://127.0.0.1:{self.metrics_port}/metrics"
        async with aiohttp.ClientSession() as session:
            while True:
                await asyncio.sleep(1.0)
                with contextlib.suppress(aiohttp.ClientError):  # it may not listen yet
                    async with session.get(url) as answer:
                        self.seen.estimated = _effect_of(await answer.text())

    # -- the parts ---------------------------------------------------------------------------

    @contextlib.asynccontextmanager
    async def _clients(
        self,
    ) -> AsyncIterator[tuple[AIOKafkaProducer, AIOKafkaConsumer, AIOKafkaConsumer]]:
        options = {"bootstrap_servers": self._bootstrap}
        hearing = {
            "auto_offset_reset": "earliest",
            "enable_auto_commit": False,
            "check_crcs": False,  # the mock cluster's transactions do not add up
        }
        producer = AIOKafkaProducer(acks="all", linger_ms=2, **options)
        decisions = AIOKafkaConsumer("coupon.decisions.v1", **options, **hearing)
        dead_letters = AIOKafkaConsumer("coupon.dead-letters.v1", **options, **hearing)
        clients = (producer, decisions, dead_letters)
        try:
            for client in clients:
                await client.start()
            yield clients
        finally:
            for client in clients:
                await client.stop()


def _effect_of(exposition: str) -> dict[str, float]:
    """Find the bounds of the effect in a page of metrics."""
    found = {}
    for line in exposition.splitlines():
        if line.startswith("coupon_experiment_effect{"):
            bound = line.split('bound="')[1].split('"')[0]
            found[bound] = float(line.rsplit(" ", 1)[1])
    return found
