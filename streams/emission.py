"""What a chunk brings about, counted and encoded, ready to be published together."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from features.events import Event, Family
from online_models.outcomes import Outcome
from streams import wire
from streams.context import Effects, Rules
from streams.dead_letters import Outbound
from streams.decisions import Decision
from streams.metrics import Tally
from streams.refusals import MalformedEvent
from streams.safe import Safe
from streams.signatures import Signatures
from streams.tallies import Flock, count_effects, count_order


class SourceRecord(Protocol):
    """What a chunk needs of a record; aiokafka's ConsumerRecord is one."""

    @property
    def offset(self) -> int:
        """Position in its topic partition."""

    @property
    def timestamp(self) -> int:
        """The broker's append time, epoch milliseconds."""

    @property
    def key(self) -> bytes | None:
        """The user id, in UTF-8."""

    @property
    def value(self) -> bytes | None:
        """The payload."""

    @property
    def headers(self) -> Sequence[tuple[str, bytes]]:
        """Headers, in their order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Names that decoding and dead letters need: the family of each topic and who we are.

    `signatures` know the grants that are to be believed, None where all are.
    """

    families: dict[str, Family]
    group: str
    worker_version: str
    partitions_count: int
    safe: Safe | None = None
    signatures: Signatures | None = None


@dataclass(slots=True)
class Emission:
    """All effects of a chunk.

    Attributes
    ----------
    triggers
        For each decision, in the same order, the record that asked for it.
    newest_ms
        For each topic, the newest event time applied.
    """

    decisions: list[Outbound] = field(default_factory=list)
    triggers: list[SourceRecord] = field(default_factory=list)
    replies: list[Outbound] = field(default_factory=list)
    outcomes: list[Outbound] = field(default_factory=list)
    sessions: list[Outbound] = field(default_factory=list)
    dead_letters: list[Outbound] = field(default_factory=list)
    heartbeats: list[Outbound] = field(default_factory=list)
    asks: list[Outbound] = field(default_factory=list)
    rows: list[Outbound] = field(default_factory=list)
    newest_ms: dict[str, int] = field(default_factory=dict)
    tally: Tally = field(default_factory=Tally)
    _flock: Flock = field(default_factory=Flock)
    _decided: list[Decision] = field(default_factory=list)
    _settled: list[Outcome] = field(default_factory=list)

    def read(self, topic: str, record: SourceRecord, event: Event) -> None:
        """Count an event that was understood."""
        self._flock.note_event(topic, event, record.timestamp, self.tally)
        if event.ts_ms > self.newest_ms.get(topic, 0):
            self.newest_ms[topic] = event.ts_ms

    def take(
        self,
        effects: Effects,
        rules: Rules,
        topic: str = "",
        event: Event | None = None,
        trigger: SourceRecord | None = None,
    ) -> None:
        """Take, and count, what an event, or time alone, brought about."""
        if effects.decision is not None and trigger is not None:
            self._decided.append(effects.decision)
            self.triggers.append(trigger)
        if effects.late:
            self.tally.add("events_late", (topic,))
        if event is not None and event.event_type == "order.completed":
            count_order(event, rules, self.tally)
        if effects.reply is not None:
            self.replies.append(wire.encode_reply(effects.reply))
        if event is not None and event.rating is not None:
            self.tally.add("ratings", (str(event.rating),))
        if effects.outcomes or effects.lifecycle or effects.denial or effects.reply:
            self._settled += effects.outcomes
            count_effects(effects, rules, self.tally)
        if effects.sessions:
            self.sessions += map(wire.encode_session, effects.sessions)
            self.tally.add("sessions_closed", (), len(effects.sessions))

    def close(self) -> None:
        """Encode and add up what was taken; the chunk is over."""
        self.decisions += map(wire.encode_decision, self._decided)
        self.outcomes += map(wire.encode_outcome, self._settled)
        for decision in self._decided:
            self._flock.note_decision(decision, self.tally)
        self._flock.add_up(self.tally)
        self._decided, self._settled = [], []

    def refuse(
        self,
        source: Source,
        partition: int,
        topic: str,
        record: SourceRecord,
        refusal: MalformedEvent,
    ) -> None:
        """Make a dead letter of a record, with its bytes and headers untouched."""
        self.tally.add("events_rejected", (topic, refusal.reason))
        self.tally.add("dead_letters", (topic, refusal.reason))
        self.dead_letters.append(
            wire.dead_letter(
                topic=topic,
                partition=partition,
                offset=record.offset,
                timestamp_ms=record.timestamp,
                key=record.key,
                value=record.value,
                headers=record.headers,
                reason=refusal.reason,
                detail=refusal.detail,
                group=source.group,
                worker_version=source.worker_version,
                safe=source.safe,
            )
        )


# Told after each chunk: its partition, its records, the rules that it was decided by, what came
# of it. Whoever is told changes nothing of them.
Watch = Callable[[int, Sequence[tuple[str, SourceRecord]], Rules, Emission], object]


def nobody(*_: object) -> None:
    """Watch nothing."""
