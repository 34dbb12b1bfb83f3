"""The same events through the same step with no broker: the same file gives the same bytes."""

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from streams import wire
from streams.app import families_of, source_of
from streams.context import Rules
from streams.emission import Emission, Watch, nobody
from streams.knowing import Knowing
from streams.layouts import Accepted, Refused
from streams.learning import Learning
from streams.lending_at_once import LendingAtOnce
from streams.partitioner import partition_of
from streams.partitions import Partition
from streams.rules import read_catalogue, rules_of
from streams.settings import Settings
from streams.state_hash import state_hash

BATCH_COUNT = 2_000
# Where customers share caps an answer is waited for; of a live worker it comes well within this.
SHARED_BATCH_MS = 1_000


@dataclass(slots=True)
class Line:
    """An accepted line as a partition takes it: the record that `produce` would have sent."""

    number: int
    offset: int
    timestamp: int
    key: bytes
    value: bytes
    headers: tuple[tuple[str, bytes], ...]


@dataclass(slots=True)
class Replayed:
    """Counts of a replay.

    `refused` holds lines that are no events and events that the step refused, by reason.
    """

    events: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    duplicates: int = 0
    decisions: int = 0
    outcomes: int = 0
    sessions: int = 0
    replies: int = 0
    actions: Counter[str] = field(default_factory=Counter)
    first_refused_line: dict[str, int] = field(default_factory=dict)

    @property
    def accepted(self) -> int:
        """Events that were understood, repeats included."""
        return self.events - self.refused.total()


class Replay:
    """All partitions of a shop in one process, fed line by line; `watch` is told of each chunk."""

    def __init__(self, settings: Settings, watch: Watch = nobody) -> None:
        self.settings = settings
        self._watch = watch
        self.counts = Replayed()
        self.learning = Learning(settings)
        self.knowing = Knowing(settings)
        self.catalogue = read_catalogue(settings)
        self._topics = {family: topic for topic, family in families_of(settings).items()}
        source = source_of(settings)
        self.partitions = [Partition(n, {}, source) for n in range(settings.partitions)]
        self._offsets: Counter[tuple[int, str]] = Counter()
        self._ledger = LendingAtOnce(self.partitions, self._topics["grants"], self._rules())
        self._outcome_offset = 0
        self._session_offset = 0

    def run(
        self,
        rows: Iterable[Accepted | Refused],
        write: Callable[[bytes], object],
        write_outcome: Callable[[bytes], object] = len,
        write_session: Callable[[bytes], object] = len,
        write_reply: Callable[[bytes], object] = len,
    ) -> None:
        """Apply all rows; `write` gets each decision's bytes in the order of its trigger."""
        span_ms = SHARED_BATCH_MS if self._rules().shared else None
        for batch in _batches(rows, BATCH_COUNT, span_ms):
            for value in self._apply(batch, write_outcome, write_session, write_reply):
                write(value)

    def state_hash(self) -> str:
        """Hash all rows and shared states, canonical and in order: equal states, equal hash."""
        return state_hash(self.partitions)

    def _apply(
        self,
        rows: list[Accepted | Refused],
        write_outcome: Callable[[bytes], object],
        write_session: Callable[[bytes], object],
        write_reply: Callable[[bytes], object],
    ) -> Iterator[bytes]:
        chunks: defaultdict[int, list[tuple[str, Line]]] = defaultdict(list)
        for row in rows:
            self.counts.events += 1
            if isinstance(row, Refused):
                self._refuse(row.reason, row.line_number)
                continue
            number = partition_of(row.key, self.settings.partitions)
            topic = self._topics[row.family]
            offset = self._offsets[number, topic]
            self._offsets[number, topic] += 1
            line = Line(row.line_number, offset, row.ts_ms, row.key, row.value, row.headers)
            chunks[number].append((topic, line))
        rules = self._rules()
        decided: list[tuple[int, bytes]] = []
        for number in sorted(chunks):
            emission = self.partitions[number].apply(chunks[number], rules)
            self._watch(number, chunks[number], rules, emission)
            decided += [
                (line.number, value or b"")
                for line, (_, value, _) in zip(emission.triggers, emission.decisions, strict=True)
                if isinstance(line, Line)
            ]
            self._ledger.lend(emission.asks, rules)
            self._count(emission)
            self._learn(emission)
            for _, value, _ in emission.outcomes:
                write_outcome(value or b"")
            for _, value, _ in emission.sessions:
                write_session(value or b"")
            for _, value, _ in emission.replies:
                write_reply(value or b"")
        decided.sort()
        for _, value in decided:
            yield value

    def _rules(self) -> Rules:
        return rules_of(
            self.settings, self.catalogue, self.learning.in_force, self.knowing.in_force
        )

    def _learn(self, emission: Emission) -> None:
        outcomes = [wire.decode_outcome(value or b"") for _, value, _ in emission.outcomes]
        numbered = list(enumerate(outcomes, self._outcome_offset))
        self._outcome_offset += len(numbered)
        trained = self.learning.learn(numbered)
        for _, snapshot in trained.snapshots:
            self.learning.take(wire.decode_state(wire.encode_state(snapshot)))
        sessions = [wire.decode_session(value or b"") for _, value, _ in emission.sessions]
        told = list(enumerate(sessions, self._session_offset))
        self._session_offset += len(told)
        for _, snapshot in self.knowing.learn(told):
            self.knowing.take(wire.decode_state(wire.encode_state(snapshot)))

    def _count(self, emission: Emission) -> None:
        counts = self.counts
        counts.decisions += len(emission.decisions)
        counts.outcomes += len(emission.outcomes)
        counts.sessions += len(emission.sessions)
        counts.replies += len(emission.replies)
        for (name, labels), amount in emission.tally.counts.items():
            if name == "events_rejected":
                counts.refused[labels[1]] += int(amount)
            elif name == "events_duplicate":
                counts.duplicates += int(amount)
            elif name == "decisions":
                counts.actions[labels[0]] += int(amount)

    def _refuse(self, reason: str, line_number: int) -> None:
        self.counts.refused[reason] += 1
        self.counts.first_refused_line.setdefault(reason, line_number)


def _batches(
    rows: Iterable[Accepted | Refused], count: int, span_ms: int | None = None
) -> Iterator[list[Accepted | Refused]]:
    """Cut rows into batches of so many, and of so much event time where a span is given."""
    batch: list[Accepted | Refused] = []
    until_ms = math.inf
    for row in rows:
        ts_ms = row.ts_ms if isinstance(row, Accepted) else None
        if batch and (len(batch) == count or (ts_ms is not None and ts_ms > until_ms)):
            yield batch
            batch, until_ms = [], math.inf
        batch.append(row)
        if span_ms is not None and ts_ms is not None:
            until_ms = min(until_ms, ts_ms + span_ms)
    if batch:
        yield batch
