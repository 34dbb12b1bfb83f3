"""A small shop run through the real pure pipeline, left behind as the records a broker would hold.

The run is closed: orders use coupons that were really given. It is cut into chunks, and now and
then read back from its changelog, as workers do; then it is run again in one piece: that is the
uninterrupted run.
"""

import json
from collections.abc import Iterable
from random import Random
from typing import Any

from coupons.arms import ArmShares
from coupons.books import Books
from coupons.catalogue_file import parse_catalogue
from coupons.claims import Permit
from coupons.leases import Grant
from coupons.orders import Order, OrderKind
from coupons.policy import PolicySettings
from features.events import Family
from streams import wire
from streams.context import Rules
from streams.dead_letters import Outbound
from streams.decisions import rfc3339
from streams.emission import Source
from streams.partitioner import partition_of
from streams.partitions import Partition
from tests.builders import FixedScorer, some_rules
from tests.hostile import NOW_MS, hostile
from tests.unit.verifier.memory import (
    APP_ID,
    PARTITIONS_COUNT,
    TOPICS,
    Broker,
    Incoming,
    empty_log,
)
from tests.verifier.catalogue import read_campaigns
from tests.verifier.log import Log, Record, Terms

START_MS = NOW_MS - 10 * 86_400_000
VISITS_COUNT, RESTART_EVERY = 250, 40
# What people order, by the visit after which they do.
ORDERS: dict[int, tuple[str, OrderKind, int]] = {
    100: ("gifts", "pause", 0),
    120: ("gifts", "resume", 0),
    200: ("gifts", "top_up", 100),
    230: ("gifts", "close", 0),
}
CATALOGUE = """
campaigns:
  - id: spring
    budget: 150.00
    per_user: 3
    per_user_window: 3d
    limits: [{by: day, amount: 90.00}, {by: week, amount: 149.00}]
    coupons:
      - {id: ten, kind: percent_off, off_ratio: 0.1, max_discount: 9.00, validity: 2d, per_user: 4}
      - {id: five, kind: amount_off, save: 5.00, validity: 1d, per_user: 6, cooldown: 12h}
  - id: gifts
    budget: 25.00
    channel_caps: {mail: 2}
    coupons:
      - {id: mug, kind: gift, cost: 2.50, validity: 12h, quota: 9, per_user: 3, stacking: gift}
"""
TOPIC_OF: dict[str, str] = {family: topic for topic, family in TOPICS.families.items()}
RANKS = {topic: rank for rank, topic in enumerate(TOPICS.families)}


SHARED = CATALOGUE.replace("    limits:", "    per_device: 4\n    per_address: 3\n    limits:")


def run_rules(catalogue: str = CATALOGUE) -> Rules:
    """Give rules under which much is given and every arm is met."""
    return some_rules(
        FixedScorer(nothing=0.05, ten=0.3, five=0.25, mug=0.2),
        parse_catalogue(catalogue, "catalogue.yaml"),
        app_id=APP_ID,
        shares=ArmShares(random=0.2, business_as_usual=0.1, holdout=0.1),
        policy=PolicySettings(explore_ratio=0.2),
        lease_ratio=0.5,
    )


def books_of(rules: Rules) -> Books:
    """Give the ledger of all campaigns, with nothing lent."""
    books = Books(
        partitions=PARTITIONS_COUNT,
        shares=rules.shares,
        lease_ratio=rules.lease_ratio,
        horizon_ms=rules.pacing.horizon_ms,
    )
    books.adopt(rules.catalogue)
    return books


def partitions(changelog: Iterable[Record] = ()) -> list[Partition]:
    """Give the partitions as whoever takes them over reads their rows back."""
    rows: list[dict[bytes, Any]] = [{} for _ in range(PARTITIONS_COUNT)]
    for record in changelog:
        rows[record.partition][record.key or b""] = record.value
    source = Source(
        families=TOPICS.families,  # type: ignore[arg-type]
        group=APP_ID,
        worker_version="1.2.3",
        partitions_count=PARTITIONS_COUNT,
    )
    return [Partition(number, rows[number], source) for number in range(PARTITIONS_COUNT)]


class Shop:
    """Customers who view, search, order with what they were given, and repeat themselves.

    Where they share devices and addresses, `spring` is capped by both.
    """

    def __init__(self, seed: int, *, shares_devices: bool = False) -> None:
        self.draw = Random(seed)
        self.asking = Random(seed + 1)  # apart, so that customers do the same without it
        self.broker = Broker(empty_log())
        self.partitions = partitions()
        self.shares_devices = shares_devices
        self.rules = run_rules(SHARED if shares_devices else CATALOGUE)
        self.books = books_of(self.rules)
        self.now_ms = START_MS
        self.given: dict[str, list[dict[str, Any]]] = {}
        self.used: dict[str, list[dict[str, Any]]] = {}
        self._waiting: list[tuple[str, int, Incoming]] = []
        self._count = 0

    def run(self) -> Log:
        """Let time pass; gives all that it leaves behind."""
        damage = hostile(7, VISITS_COUNT)
        for number in range(VISITS_COUNT):
            self.now_ms += self.draw.randrange(60_000, 3_600_000)
            self._visit(f"user-{self.draw.randrange(25)}")
            if number % 9 == 0:
                _, key, value, headers, _, _ = next(damage)
                told = tuple((name, content or b"") for name, content in headers)
                self._send("browse", key, value, told)
            if number in ORDERS:
                self._command(*ORDERS[number])
            if number % 3 == 0:
                self._apply()
            if number % RESTART_EVERY == 0:
                self.partitions = partitions(self.broker.log.changelog)
        self._beat()
        while self._waiting:
            self._apply()
        return self.broker.log

    def _command(self, campaign_id: str, kind: OrderKind, amount_minor: int) -> None:
        """Order something of a ledger, which it obeys at once."""
        order = Order(
            campaign_id=campaign_id,
            order_id=f"order-{self.now_ms}",
            kind=kind,
            version=self.books.of(campaign_id).state["version"] + 1,
            amount_minor=amount_minor,
        )
        self.broker.ordered(self.now_ms, wire.encode_order(order))
        assert self.books.obey(order) is None
        self._lend([])

    def _visit(self, user_id: str) -> None:
        seen: dict[str, Any] = {"product_id": "p1", "price_minor": 9_000}
        if self.shares_devices:
            seen |= {"anonymous_id": f"d{user_id[-1]}", "address_id": f"a{user_id[-2:]}"}
        self._event("browse", user_id, "product.viewed", **seen)
        if self.shares_devices:
            self._apply()  # what is claimed is answered before more is done
        if self.draw.random() < 0.2:
            self._event("search", user_id, "search.performed", query="tea", late=True)
        if self.draw.random() < 0.5:
            self._event("cart", user_id, "cart.added", **seen)
        if self.draw.random() < 0.05:
            consent = self.draw.random() < 0.7
            self._event("profiles", user_id, "profile.updated", basics={"consent": consent})
        if self.draw.random() < 0.05:
            self._segment(user_id)
        if self.asking.random() < 0.7:
            self._ask(user_id)
        if self.draw.random() < 0.4:
            self._order(user_id)

    def _ask(self, user_id: str) -> None:
        """Ask about a coupon, of late or of long ago, once, or by several payments at once."""
        coupons = self.used.get(user_id, [])[-1:] + self.given.get(user_id, [])
        if not coupons:
            return
        name = self.asking.choice([coupons[-1], self.asking.choice(coupons)])["decision_id"]
        item = {"product_id": "p1", "price_minor": 9_000}
        told: dict[str, Any] = {"decision_id": name, "items": [item]}
        order = f"order-{self._count}"
        for number in range(self.asking.choice((1, 1, 2))):
            told |= {"request_id": f"r{self._count}", "reserve": self.asking.random() < 0.5}
            told |= {"order_id": f"{order}-{number}"}
            self._event("coupon", user_id, "coupon.check_requested", **told)
        if self.asking.random() < 0.2:  # the same again, under a new event id
            self._event("coupon", user_id, "coupon.check_requested", **told)
        if self.asking.random() < 0.3:
            kind = self.asking.choice(("coupon.released", "coupon.voided"))
            self._event("coupon", user_id, kind, decision_id=name, reason="payment_failed")

    def _order(self, user_id: str) -> None:
        order_id = f"order-{self._count}"
        told: dict[str, Any] = {"order_id": order_id, "total_minor": 9_000}
        coupons = self.given.get(user_id, [])
        if coupons and self.draw.random() < 0.7:
            told.update(discount_minor=self.draw.randrange(1, 1_000))
            self.used.setdefault(user_id, []).append(coupons.pop())
            told.update(decision_id=self.used[user_id][-1]["decision_id"])
        self._event("purchase", user_id, "order.completed", **told)
        if self.draw.random() < 0.3:
            kind = self.draw.choice(("order.cancelled", "order.refunded"))
            self._event("purchase", user_id, kind, order_id=order_id)
        elif coupons and self.draw.random() < 0.3:
            name = coupons.pop()["decision_id"]
            self._event("coupon", user_id, "coupon.released", decision_id=name)

    def _event(
        self, family: Family, user_id: str, kind: str, late: bool = False, **fields: Any
    ) -> None:
        self._count += 1
        self.now_ms += 20
        ago_ms = self.draw.choice((0, 0, 0, 1_200_000)) if late else 0
        told = {"event_id": f"e{self._count}", "event_type": kind, "user_id": user_id}
        told |= {"occurred_at": rfc3339(self.now_ms - ago_ms), "channel": "mail", **fields}
        if self._count % 31 == 0:
            del told["event_id"]
        value = json.dumps(told).encode()
        self._send(family, user_id.encode(), value)
        if self.draw.random() < 0.04:
            self._send(family, user_id.encode(), value)
        if self.draw.random() < 0.02 and "event_id" in told:
            self._send(family, user_id.encode(), json.dumps({**told, "dwell_ms": 1}).encode())

    def _segment(self, user_id: str) -> None:
        self._count += 1
        body = {"type": "track", "event": "Product Viewed", "messageId": f"s{self._count}"}
        body |= {"userId": user_id, "timestamp": rfc3339(self.now_ms)}
        value = json.dumps({**body, "properties": {"product_id": "p2"}}).encode()
        self._send("browse", user_id.encode(), value)

    def _beat(self) -> None:
        for number in range(PARTITIONS_COUNT):
            beat = {"event_type": "heartbeat", "occurred_at": rfc3339(self.now_ms - 600_000)}
            self._send("heartbeats", b"", json.dumps(beat).encode(), (), number)

    def _send(
        self,
        family: str,
        key: bytes | None,
        value: bytes | None,
        headers: tuple[tuple[str, bytes], ...] = (),
        partition: int | None = None,
    ) -> None:
        self.now_ms += 1
        number = partition_of(key or b"", PARTITIONS_COUNT) if partition is None else partition
        topic = TOPIC_OF[family]
        incoming = Incoming(self.broker.end(topic, number), self.now_ms, key, value, headers)
        self.broker.sent(topic, number, incoming)
        self._waiting.append((topic, number, incoming))

    def _apply(self) -> None:
        waiting, self._waiting = self._waiting, []
        for number, partition in enumerate(self.partitions):
            chunk = [(topic, incoming) for topic, at, incoming in waiting if at == number]
            if not chunk:
                continue
            emission = partition.apply(chunk, self.rules)
            self.broker.published(number, self.now_ms, emission)
            for _, value, _ in emission.decisions:
                decision = json.loads(value or b"")
                if decision["offer"] is not None:
                    self.given.setdefault(decision["user_id"], []).append(decision)
            self._lend(emission.asks)

    def _lend(self, asks: list[Outbound]) -> None:
        """Let the ledger answer."""
        for _, value, _ in asks:
            self.books.hear(wire.decode_ask(value or b""))
        answers: list[Grant | Permit] = [*self.books.answers(), *self.books.permitted()]
        for answer in answers:
            key, value, headers = wire.encode_grant(answer)
            told = tuple((name, content or b"") for name, content in headers)
            self._send("grants", key, value, told, answer.partition)


def uninterrupted(inputs: Iterable[Record]) -> Terms:
    """Run the same records again, each partition in one piece."""
    decisions: list[bytes] = []
    outcomes: list[bytes] = []
    state: list[bytes] = []
    rules = run_rules()
    for number, partition in enumerate(partitions()):
        mine = [record for record in inputs if record.partition == number]
        mine.sort(key=lambda record: (record.timestamp_ms, RANKS[record.topic], record.offset))
        emission = partition.apply(((record.topic, _incoming(record)) for record in mine), rules)
        decisions += [value or b"" for _, value, _ in emission.decisions]
        outcomes += [value or b"" for _, value, _ in emission.outcomes]
        state += [
            json.dumps({"partition": number, "key": key.decode(), "row": json.loads(row)}).encode()
            for key, row in partition.canonical()
        ]
    campaigns = read_campaigns(CATALOGUE)
    return Terms(decisions=decisions, outcomes=outcomes, state=state, campaigns=campaigns)


def _incoming(record: Record) -> Incoming:
    headers = tuple((name, content or b"") for name, content in record.headers)
    return Incoming(record.offset, record.timestamp_ms, record.key, record.value, headers)
