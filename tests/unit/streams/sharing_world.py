"""Partitions, the ledger and the log between them in memory, while customers share devices.

`python -m tests.unit.streams.sharing_world 1000` plays so many seeds and counts what went wrong.
"""

import json
import sys
from collections import Counter
from dataclasses import dataclass, field
from random import Random
from typing import Any

from coupons.books import Books
from coupons.catalogue import SHARED
from features.events import Event
from features.profile import GRACE_MS
from features.session_text import hashed
from streams import wire
from streams.context import Rules
from streams.dead_letters import Outbound
from streams.emission import Emission, Source
from streams.partitioner import partition_of
from streams.partitions import Partition
from tests.builders import (
    FAMILIES,
    HOUR_MS,
    NOON_MS,
    TOPIC_OF,
    FakeRecord,
    FixedScorer,
    a_catalogue,
    a_coupon,
    an_event,
    an_order,
    some_rules,
)

PARTITIONS = 3
USERS = [f"u{number}" for number in range(7)]
PLACES = ("x", "y")
SEEN = {"device": "anonymous_id", "address": "address_id", "person": "person_id"}
MINUTE_MS = 60_000
PAYS = FixedScorer(nothing=0.05, ten=0.20)
QUIET_ROUNDS = 24


@dataclass
class Durable:
    """What the broker has of a partition, and what waits for it in its topics."""

    rows: dict[bytes, bytes] = field(default_factory=dict)
    log: list[tuple[str, FakeRecord]] = field(default_factory=list)
    read: int = 0


@dataclass(frozen=True)
class Given:
    """A coupon that is out, where, and when."""

    place: tuple[str, str]
    given_ms: int


class World:
    """All of it after any number of steps; every commit is judged as it happens."""

    def __init__(self, seed: int) -> None:
        self.random = random = Random(seed)
        self.window_ms = random.choice((HOUR_MS, 24 * HOUR_MS))
        kinds = random.choice((("device",), ("address",), ("device", "person"), SHARED))
        self.caps = {kind: random.randrange(1, 4) for kind in kinds}
        coupon = a_coupon(per_user=1_000, validity_ms=random.choice((10 * MINUTE_MS, HOUR_MS)))
        terms: dict[str, Any] = {"per_user": 24, "per_user_window_ms": self.window_ms}
        catalogue = a_catalogue(coupon, shared_caps=self.caps, **terms)
        self.rules: Rules = some_rules(PAYS, catalogue, spacing_ms=1)
        self.now_ms = NOON_MS
        self.parts = [Durable() for _ in range(PARTITIONS)]
        self.offsets: Counter[tuple[int, str]] = Counter()
        self.asks: list[bytes] = []
        self.heard = 0
        self.books_state: dict[str, Any] = {}
        self.books_now_ms = 0
        self.out: dict[str, list[Given]] = {}
        self.events: dict[tuple[str, str], Event] = {}
        self.counts: Counter[str] = Counter()
        self.number = 0

    # -- customers and their shop ------------------------------------------------------------

    def happen(self, user: str, kind: str, **told: Any) -> None:
        self.number += 1
        build = an_order if kind == "order.completed" else an_event
        event_id = f"e{self.number}"
        rest: dict[str, Any] = {} if build is an_order else {"event_type": kind}
        event = build(**rest, at_ms=self.now_ms, user_id=user, event_id=event_id, **told)
        self.events[user, event_id] = event
        self.append(partition_of(user.encode(), PARTITIONS), TOPIC_OF[event.family], event)

    def append(self, number: int, topic: str, event: Event) -> None:
        value, key = wire.encode_event(event), event.user_id.encode()
        self._append(number, topic, key, value, event.ts_ms)

    def _append(self, number: int, topic: str, key: bytes, value: bytes, ts_ms: int) -> None:
        record = FakeRecord(self.offsets[number, topic], ts_ms, key, value)
        self.offsets[number, topic] += 1
        self.parts[number].log.append((topic, record))

    def act(self, user: str) -> None:
        """Do something a customer or the shop does."""
        if self.out and self.random.random() < 0.25:
            owner, decision = self.random.choice(list(self.out)).split("/")
            self.end(owner, decision)
        else:
            kinds = ("product.viewed", "cart.added", "checkout.started")
            self.look(user, self.random.choice(kinds))

    def end(self, user: str, decision: str) -> None:
        """Let the shop take a coupon back, or an order use it, and be undone."""
        told = {"decision_id": decision}
        if self.random.random() < 0.5:
            self.happen(user, "coupon.released", **told)
        else:
            order_id = f"o{self.number}"
            paid = {"discount_minor": 500, "coupon_code": "ten"}
            self.happen(user, "order.completed", order_id=order_id, **paid, **told)
            if self.random.random() < 0.6:
                self.happen(user, "order.cancelled", order_id=order_id)

    def look(self, user: str, kind: str) -> None:
        where = {SEEN[one]: self.random.choice(PLACES) for one in SHARED}
        if self.random.random() < 0.2:
            where = {}
        self.happen(user, kind, **where)

    # -- workers -----------------------------------------------------------------------------

    def work(self, number: int, *, is_steady: bool = False) -> None:
        """Apply some of what waits, and commit it or lose it all."""
        durable = self.parts[number]
        left = len(durable.log) - durable.read
        count = left if is_steady else self.random.randint(0, left)
        source = Source(
            families=FAMILIES,  # type: ignore[arg-type]
            group="test",
            worker_version="0",
            partitions_count=PARTITIONS,
        )
        rows = dict(durable.rows)
        partition = Partition(number, rows, source)
        chunk = durable.log[durable.read : durable.read + count]
        emission = partition.apply(chunk, self.rules)
        if not is_steady and self.random.random() < 0.2:
            self.counts["crashes"] += 1
            return
        durable.read += count
        _store(durable.rows, emission.rows)
        self.asks += [value or b"" for _, value, _ in emission.asks]
        self.judge(emission, durable)

    def judge(self, emission: Emission, durable: Durable) -> None:
        """Count what was given and given back, in the order of the chunk."""
        self._take_back(durable)
        for value in [value or b"" for _, value, _ in emission.decisions]:
            decision = wire.decode_decision(value)
            event = self.events[decision.user_id, decision.trigger_event_id]
            if decision.offer is not None:
                name = f"{decision.user_id}/{decision.decision_id}"
                self.out[name] = []
                self.give(name, event)

    def give(self, name: str, event: Event) -> None:
        self.counts["given"] += 1
        for kind in self.caps:
            place = self.place_of(event, kind)
            if place is None:
                continue
            since_ms = event.ts_ms - self.window_ms
            known = [one for given in self.out.values() for one in given if one.place == place]
            recent = [one for one in known if one.given_ms > since_ms]
            assert len(recent) < self.caps[kind], (name, place, recent)
            self.out[name].append(Given(place, event.ts_ms))

    def place_of(self, event: Event, kind: str) -> tuple[str, str] | None:
        """Where the customer was last told to be, up to this event."""
        told = [
            (one.ts_ms, getattr(one, SEEN[kind]))
            for one in self.events.values()
            if one.user_id == event.user_id and one.ts_ms <= event.ts_ms
        ]
        places = [(ts_ms, place) for ts_ms, place in told if place]
        return (kind, max(places, key=lambda one: one[0])[1]) if places else None

    def _take_back(self, durable: Durable) -> None:
        for key, value in durable.rows.items():
            row = json.loads(value)
            for name, closed in row.get("wallet", {}).get("closed", {}).items():
                if closed["stage"] in ("released", "returned"):
                    gone = self.out.pop(f"{key.decode()}/{name}", None)
                    self.counts["given back"] += gone is not None

    # -- the ledger --------------------------------------------------------------------------

    def lend(self, *, is_steady: bool = False) -> None:
        """Answer some of what was asked, in a ledger that goes on from what is durable."""
        left = len(self.asks) - self.heard
        count = left if is_steady else self.random.randint(0, left)
        rules = self.rules
        books = Books(partitions=PARTITIONS, shares=rules.shares, lease_ratio=1.0, horizon_ms=1)
        books.now_ms = self.books_now_ms
        books.adopt(rules.catalogue)
        state = json.loads(json.dumps(self.books_state))
        for name, kept in state.items():
            books.permits.load(name, kept)
        changed = set(books.close_old())
        for value in self.asks[self.heard : self.heard + count]:
            told = wire.decode_ask(value)
            books.hear(told)
            changed |= set(getattr(told, "pots", ()))
            if self.random.random() < 0.1:
                books.hear(told)  # a record that comes twice
        changed |= set(books.close_old())
        answers = books.permitted()
        if not is_steady and self.random.random() < 0.2:
            self.counts["crashes"] += 1
            return
        self.heard += count
        self.books_now_ms = books.now_ms
        for name in changed:
            kept = books.state(name) if name else None
            self.books_state.pop(name, None)
            if kept is not None and name:
                self.books_state[name] = json.loads(json.dumps(kept))
        self.counts["answers"] += len(answers)
        for answer in answers:
            key, sent, _ = wire.encode_grant(answer)
            topic = TOPIC_OF["grants"]
            self._append(answer.partition, topic, key or b"", sent or b"", self.now_ms)

    # -- a run -------------------------------------------------------------------------------

    def play(self, steps_count: int = 150) -> None:
        for _ in range(steps_count):
            self.now_ms += self.random.choice((1_000, MINUTE_MS, 20 * MINUTE_MS))
            self.act(self.random.choice(USERS))
            if self.random.random() < 0.6:
                self.work(self.random.randrange(PARTITIONS))
            if self.random.random() < 0.6:
                self.lend()
        self.settle()

    def settle(self) -> None:
        """Nothing fails any more, everybody comes again, then nobody: all is given that may be."""
        self.steady()
        before_count = self.counts["given"]
        for _ in range(QUIET_ROUNDS):
            self.now_ms += 16 * MINUTE_MS
            for user in USERS:
                self.happen(user, "checkout.started", **dict.fromkeys(SEEN.values(), "x"))
                self.steady(partition_of(user.encode(), PARTITIONS))
        cap_count = min(self.caps.values())
        if self.window_ms == HOUR_MS:  # a coupon counts for an hour, and half of one is waited
            turns_count = QUIET_ROUNDS * 16 // 90
            assert self.counts["given"] - before_count >= cap_count * turns_count
        else:
            assert any(self.is_taken(kind, "x") for kind in self.caps)
        for _ in range(
            2
        ):  # the first tells what is over, by the time of the second it is forgotten
            self.now_ms += 4 * 24 * HOUR_MS
            for number in range(PARTITIONS):
                self.append(
                    number,
                    TOPIC_OF["heartbeats"],
                    an_event("heartbeat", at_ms=self.now_ms, user_id=""),
                )
            self.steady()
        assert not any(0 in pot["out"].values() for pot in self.books_state.values())
        self.counts["forgotten"] += 1

    def steady(self, *numbers: int) -> None:
        """Apply all that waits, and answer it."""
        for _ in range(2):
            for number in numbers or range(PARTITIONS):
                self.work(number, is_steady=True)
            self.lend(is_steady=True)

    def is_taken(self, kind: str, place: str) -> bool:
        """Tell whether all permits of a place are used, or in the hands of who comes soon."""
        pot = f"spring/{kind}/{hashed(place, self.rules.session_key)}"
        ends: list[int] = list(self.books_state.get(pot, {"out": {}})["out"].values())
        since_ms = self.now_ms - GRACE_MS
        return sum(not end_ms or end_ms > since_ms for end_ms in ends) == self.caps[kind]


def _store(rows: dict[bytes, bytes], changed: list[Outbound]) -> None:
    for key, value, _ in changed:
        if value is None:
            rows.pop(key or b"", None)
        else:
            rows[key or b""] = value


def play_all(seeds: range) -> Counter[str]:
    """Play each seed; a failure names it."""
    total: Counter[str] = Counter()
    for seed in seeds:
        world = World(seed)
        try:
            world.play()
        except Exception as failure:
            failure.add_note(f"seed {seed}")
            raise
        total += world.counts
    return total


if __name__ == "__main__":
    print(play_all(range(int(sys.argv[1]))))
