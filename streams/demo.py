"""The whole product in one terminal: embedded broker, a shop with known truth, a worker, a view."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from functools import partial

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from coupons.catalogue import Catalogue
from coupons.promises import promised
from simulation.shop import Shop
from streams import wire
from streams.brokers.ports import free_ports
from streams.console.feed import scrape
from streams.console.server import Fault
from streams.decisions import Decision, epoch_ms
from streams.demo_faults import cut, poison
from streams.demo_page import DemoPage
from streams.demo_seen import Seen, board_of
from streams.demo_worker import DemoWorker
from streams.partitioner import partition_of
from streams.settings import DAY_MS
from streams.topics import inbound_name

CUSTOMERS_COUNT = 2_000
HISTORY_DAYS = 60
WAITING_COUNT, WAIT_SECONDS = 1_000, 0.2


class Demo:
    """A simulated shop in front of a real worker."""

    def __init__(self, bootstrap: str, catalogue: Catalogue, seed: int, port: int | None) -> None:
        self.seen = Seen(board_of(catalogue))
        free_port, self.metrics_port = free_ports(2)
        self.port = port if port is not None else free_port
        self._bootstrap = bootstrap
        self._seed = seed
        self._is_open = asyncio.Event()
        self._coupons = {coupon.coupon_id: coupon for coupon in catalogue.coupons}
        self._open_shop = partial(
            Shop,
            customers_count=CUSTOMERS_COUNT,
            catalogue=catalogue,
        )
        self._shop: Shop
        self._producer: AIOKafkaProducer

    async def run(self, seconds: float | None, rate: float) -> None:
        """Run until the time is over; the worker is stopped with it.

        Raises
        ------
        WorkerFailedError
            The worker ended, with the end of its log.
        """
        worker = DemoWorker(self._bootstrap, self.metrics_port)
        async with self._page(worker), worker:
            # The worker takes its seconds to start; the customers are made meanwhile.
            start_ms = int(time.time() * 1000) - HISTORY_DAYS * DAY_MS
            self.seen.board.opened_ms = start_ms
            opened = partial(self._open_shop, seed=self._seed, start_ms=start_ms)
            self._shop = await asyncio.to_thread(opened)
            await self._serve(worker, seconds, rate)

    def _page(self, worker: DemoWorker) -> DemoPage:
        async def kill() -> None:
            worker.kill()

        faults = {"poison": self._poison, "drift": self._drift, "budget": self._cut, "kill": kill}
        return DemoPage(
            self.seen.board,
            {kind: partial(self._broken, kind, fault) for kind, fault in faults.items()},
            began_s=self.seen.began_s,
            port=self.port,
            metrics_port=self.metrics_port,
        )

    async def _serve(self, worker: DemoWorker, seconds: float | None, rate: float) -> None:
        url = f"http://127.0.0.1:{self.metrics_port}/metrics"
        async with self._clients() as (self._producer, decisions, dead_letters):
            self._is_open.set()
            tasks = [
                asyncio.create_task(self._shop_along(self._producer, rate)),
                asyncio.create_task(self._hear_decisions(decisions)),
                asyncio.create_task(self._hear_dead_letters(dead_letters)),
                asyncio.create_task(worker.watch()),
                asyncio.create_task(scrape(self.seen.board, [url], self.seen.began_s)),
            ]
            try:
                done, _ = await asyncio.wait(
                    tasks, timeout=seconds, return_when=asyncio.FIRST_EXCEPTION
                )
            finally:  # before the clients stop, which wait for what is still being sent
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
            for task in done:
                task.result()

    async def _shop_along(self, producer: AIOKafkaProducer, rate: float) -> None:
        """Let customers act at `rate` events a second, faster than life but never ahead of now.

        On a machine that is too slow for it they wait for the worker: an offer that comes when
        its day is over reaches nobody.
        """
        due_s = time.monotonic()
        while True:
            while self.seen.board.lag_count > WAITING_COUNT:
                await asyncio.sleep(WAIT_SECONDS)
                due_s = time.monotonic()
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
            due_s += 1.0 / rate
            ahead_s = due_s - time.monotonic()
            if ahead_s > 0:
                await asyncio.sleep(ahead_s)

    async def _hear_decisions(self, consumer: AIOKafkaConsumer) -> None:
        async for message in consumer:
            decision = wire.decode_decision(message.value)
            seen = self.seen
            seen.board.decided(decision, message.value)
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
            self.seen.board.truth_minor = self.seen.true_minor
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

    # -- what the page may break -------------------------------------------------------------

    async def _broken(self, kind: str, fault: Fault) -> None:
        await self._is_open.wait()
        await fault()
        self.seen.board.mark(kind, time.monotonic() - self.seen.began_s)

    async def _poison(self) -> None:
        await poison(self._producer)

    async def _drift(self) -> None:
        """Deal the customers' natures anew: who was won over by coupons may be no longer."""
        self._seed += 1
        opened = partial(self._open_shop, seed=self._seed, start_ms=self.seen.event_ms)
        self._shop = await asyncio.to_thread(opened)

    async def _cut(self) -> None:
        self.seen.board.catalogue, messages = cut(self.seen.board.catalogue)
        for campaign_id, message in messages.items():
            topic = "coupon.catalogue.v1"
            await self._producer.send_and_wait(topic, key=campaign_id.encode(), value=message)

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
