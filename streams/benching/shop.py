"""The shop that every measurement serves: the same events, the same rules, the same first rows."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from coupons.ledger import Ledger
from coupons.promises import promised
from features.events import Event, Family
from simulation.shop import Shop
from streams import flow, wire
from streams.context import Context, Effects, PartitionState, Row, Rules
from streams.dead_letters import Outbound
from streams.decisions import Decision
from streams.demo_worker import catalogue_path
from streams.learning import Learning
from streams.partitioner import partition_of
from streams.rules import read_catalogue, rules_of
from streams.settings import Settings
from streams.stopwatch import Stopwatch

# Long past on every clock, so that brokers take it for a record's time.
START_MS = 1_700_000_000_000
CUSTOMERS_COUNT = 1_000


@dataclass(frozen=True, slots=True)
class Message:
    """An event on its way to Kafka; `partition` is where its key belongs."""

    event_id: str
    family: Family
    partition: int
    key: bytes
    value: bytes
    ts_ms: int


def bench_settings(settings: Settings, partitions: int = 1) -> Settings:
    """Give the settings of all measurements: one catalogue, and the model's prior for good."""
    fixed = {
        "catalogue_file": catalogue_path(),
        "model_frozen": True,
        "app_id": "bench-engine",  # part of a decision's identity, so the same for all
        "partitions": partitions,
    }
    return settings.model_copy(update=fixed)


class Decider:
    """What every contender does with an event: the pure step, in its own partition's context.

    Only the rows are somebody else's: each contender keeps them in its own way. Ledger and
    imputer, which the users of a partition share, live here in memory; the worker keeps them too.
    `changes` are to the rules.
    """

    def __init__(self, settings: Settings, **changes: Any) -> None:
        prior = Learning(settings).in_force
        rules = rules_of(settings, read_catalogue(settings), prior)
        self.rules: Rules = replace(rules, **changes)
        self._count = settings.partitions
        self._contexts = [self._context(number) for number in range(self._count)]

    def read(self, family: str, key: bytes, value: bytes, timestamp_ms: int) -> Event:
        """Decode a message; `family` stands in its header where one topic carries all of them."""
        return wire.decode(family, key, value, (), timestamp_ms)  # type: ignore[arg-type]

    def step(self, row: Row, event: Event, key: bytes) -> Effects:
        """Apply an event to its user's row."""
        return flow.step(row, event, self._contexts[partition_of(key, self._count)])

    def answer(self, row: Row, event: Event, key: bytes) -> Outbound | None:
        """Apply an event to its user's row, and encode the decision that it asked for."""
        decision = self.step(row, event, key).decision
        return None if decision is None else wire.encode_decision(decision)

    def _context(self, number: int) -> Context:
        ledger = Ledger(partition=number, partitions=self._count)
        ledger.pacing = self.rules.pacing
        ledger.adopt(self.rules.catalogue, self.rules.shares)
        return Context(rules=self.rules, partition=PartitionState(partition=number, ledger=ledger))


@dataclass(frozen=True, slots=True)
class Recorded:
    """A stretch of the shop's life; `answers` has a decision's bytes for each event, or None."""

    messages: list[Message]
    answers: list[bytes | None]

    @property
    def decisions(self) -> list[bytes]:
        """All decisions, in the order of the events that asked for them."""
        return [answer for answer in self.answers if answer is not None]


def record(settings: Settings, events_count: int, seed: int) -> Recorded:
    """Let customers act on what they are offered, and keep what they did and were told."""
    return Recording(settings, seed).take(events_count)


class Recording:
    """A shop whose customers are answered by the step; its life goes on from call to call."""

    def __init__(
        self, settings: Settings, seed: int, customers_count: int = CUSTOMERS_COUNT
    ) -> None:
        self.decider = Decider(settings)
        self.rows: dict[bytes, Row] = {}
        self._partitions = settings.partitions
        catalogue = self.decider.rules.catalogue
        self._coupons = {coupon.coupon_id: coupon for coupon in catalogue.coupons}
        self._shop = Shop(
            seed=seed, customers_count=customers_count, catalogue=catalogue, start_ms=START_MS
        )

    def take(self, events_count: int) -> Recorded:
        """Let `events_count` more events happen."""
        told = [self._next() for _ in range(events_count)]
        return Recorded([message for message, _ in told], [answer for _, answer in told])

    def _next(self) -> tuple[Message, bytes | None]:
        event = self._shop.next_event()
        key, value = event.user_id.encode(), wire.encode_event(event)
        place = partition_of(key, self._partitions)
        message = Message(event.event_id, event.family, place, key, value, event.ts_ms)
        row = self.rows.get(key)
        if row is None:
            row = self.rows[key] = flow.new_row()
        read = self.decider.read(event.family, key, value, event.ts_ms)
        decision = self.decider.step(row, read, key).decision
        if decision is None:
            return message, None
        self._hand_over(decision, event)
        return message, wire.encode_decision(decision)[1]

    def _hand_over(self, decision: Decision, event: Event) -> None:
        offer = decision.offer
        if offer is None:
            return
        coupon = promised(self._coupons[offer.template_id], offer.max_discount_minor)
        self._shop.receive(
            event.user_id,
            coupon,
            decided_ms=event.ts_ms,
            expires_ms=event.ts_ms + coupon.validity_ms,
            decision_id=decision.decision_id,
        )


def applied(
    decider: Decider, rows: dict[bytes, Row], chunk: Sequence[Message], watch: Stopwatch, name: str
) -> list[Effects]:
    """Decode a chunk and apply it to its users' rows; books `decode`, and the step as `name`."""
    began_ns = time.thread_time_ns()
    events = [decider.read(one.family, one.key, one.value, one.ts_ms) for one in chunk]
    watch.add("decode", began_ns, len(chunk))
    for one in chunk:
        if one.key not in rows:
            rows[one.key] = flow.new_row()
    began_ns = time.thread_time_ns()
    told = [
        decider.step(rows[one.key], event, one.key)
        for one, event in zip(chunk, events, strict=True)
    ]
    watch.add(name, began_ns, len(chunk))
    return told


def chunks(records: list[Any], count: int) -> Iterator[list[Any]]:
    """Cut a list as a worker does."""
    for at in range(0, len(records), count):
        yield records[at : at + count]
