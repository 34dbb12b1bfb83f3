"""Watches from outside what workers commit: decisions as they become readable, and positions."""

import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, Message, TopicPartition

from streams.app import outbound_topics
from streams.settings import Settings
from tests.verifier.rows import PARTITION_KEY

_POLL_SECONDS = 0.05
_BATCH_COUNT = 2_000
_QUIET = 2  # a broker that is away is the fault under test, and no news


class Observer:
    """A reader of committed records, alive inside a `with` block."""

    def __init__(self, settings: Settings) -> None:
        outbound = outbound_topics(settings)
        self._decisions, self._changelog = outbound.decisions, outbound.changelog
        self._asks, self._grants = outbound.budget, outbound.grants
        self._partitions = range(settings.partitions)
        self._bootstrap = settings.kafka_bootstrap_servers
        self._changed = threading.Condition()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="observer", daemon=True)
        self.decisions_count = self.offers_count = 0
        self.positions: dict[int, dict[str, int]] = {}
        self.counts: Counter[str] = Counter()
        self._asked: dict[tuple[int, str], int] = {}
        self._answered: dict[tuple[int, str], int] = {}
        self._told: dict[int, int] = {}
        self._heard_s: dict[int, float] = {}
        self._longest_s = 0.0
        self._since_s: float | None = None

    def __enter__(self) -> "Observer":
        self._thread.start()
        return self

    def __exit__(self, *failure: object) -> None:
        self._ended.set()
        self._thread.join()

    def begin(self) -> None:
        """Count gaps from now on, while events keep coming to every partition."""
        with self._changed:
            self._since_s, self._longest_s = time.monotonic(), 0.0

    def longest_gap_s(self) -> float:
        """Give the longest time in which some partition had no decision, and stop counting."""
        with self._changed:
            now_s = time.monotonic()
            for number in self._partitions:
                self._gap(number, now_s)
            self._since_s = None
            return self._longest_s

    def until(self, true: Callable[[], bool], deadline_seconds: float, what: str) -> None:
        """Wait until something about what was committed has become true.

        Raises
        ------
        AssertionError
            It did not by then.
        """
        with self._changed:
            assert self._changed.wait_for(true, deadline_seconds), f"{what}, did not"

    def until_decided_everywhere(self, deadline_seconds: float) -> None:
        """Wait until every partition has a decision that became readable after the call."""
        began_s = time.monotonic()
        self.until(
            lambda: all(self._heard_s.get(number, 0.0) > began_s for number in self._partitions),
            deadline_seconds,
            "every partition must decide again",
        )

    def until_more(self, count: int, deadline_seconds: float) -> None:
        """Wait until so many more decisions are readable than at the call."""
        enough_count = self.decisions_count + count
        self.until(
            lambda: self.decisions_count >= enough_count,
            deadline_seconds,
            f"{count} more decisions must be made",
        )

    def until_at(self, ends: Mapping[int, Mapping[str, int]], deadline_seconds: float) -> None:
        """Wait until all records before the ends have been applied and committed."""

        def reached() -> bool:
            return all(
                self.positions.get(number, {}).get(topic, 0) >= end
                for number, topics in ends.items()
                for topic, end in topics.items()
            )

        with self._changed:
            done = self._changed.wait_for(reached, deadline_seconds)
            assert done, f"workers must come to {ends}, came to {self.positions}"

    def is_still(self) -> bool:
        """Tell whether every ask of the ledger is answered, and every answer heard."""
        answered = all(
            self._answered.get(party, 0) >= seq for party, seq in tuple(self._asked.items())
        )
        return answered and all(
            self.positions.get(number, {}).get(self._grants, 0) >= end
            for number, end in tuple(self._told.items())
        )

    def _watch(self) -> None:
        consumer = Consumer(
            {
                "bootstrap.servers": self._bootstrap,
                "group.id": "observer",
                "isolation.level": "read_committed",
                "enable.auto.commit": False,
                "enable.auto.offset.store": False,
                "auto.offset.reset": "earliest",
                "fetch.wait.max.ms": 50,
                "log_level": _QUIET,
            }
        )
        consumer.assign(
            [
                TopicPartition(topic, number, OFFSET_BEGINNING)
                for topic in (self._decisions, self._changelog, self._grants)
                for number in self._partitions
            ]
            + [TopicPartition(self._asks, 0, OFFSET_BEGINNING)]
        )
        while not self._ended.is_set():
            messages = consumer.consume(_BATCH_COUNT, _POLL_SECONDS)
            if messages:
                with self._changed:
                    for message in messages:
                        self._take(message)
                    self._changed.notify_all()
        consumer.close()

    def _take(self, message: Message) -> None:
        error = message.error()
        if error is not None:
            assert error.code() != KafkaError._FATAL, error.str()
            return
        number, topic = message.partition() or 0, message.topic() or ""
        self.counts[topic] += 1
        if topic in (self._asks, self._grants):
            self._take_lease(number, message)
        elif topic == self._decisions:
            self.decisions_count += 1
            self.offers_count += b'"action":"offer"' in (message.value() or b"")
            self._gap(number, time.monotonic())
        elif message.key() == PARTITION_KEY:
            self.positions[number] = json.loads(message.value() or b"{}")["at"]

    def _take_lease(self, number: int, message: Message) -> None:
        told = json.loads(message.value() or b"")
        if "order_id" in told:
            return  # of people, who wait for themselves
        party = told["partition"], told["campaign_id"]
        if message.topic() == self._asks:
            self._asked[party] = told["seq"]
        else:
            self._answered[party] = told["answers"]
            self._told[number] = (message.offset() or 0) + 1

    def _gap(self, number: int, now_s: float) -> None:
        if self._since_s is not None:
            before_s = max(self._heard_s.get(number, 0.0), self._since_s)
            self._longest_s = max(self._longest_s, now_s - before_s)
        self._heard_s[number] = now_s
