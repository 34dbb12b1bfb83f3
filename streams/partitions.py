"""One Kafka partition's users: rows in memory, timers by event time, and a chunk applied to them.

The live agent and `replay` run this same code; only where records come from and where effects go
differs.
"""

from collections.abc import Iterable, Mapping, MutableMapping
from typing import Any

from coupons.circulation import held_by
from coupons.claims import Permit
from coupons.leases import Grant
from coupons.ledger import Ledger
from features import profile as profiles
from features.events import Event
from streams import flow, sharing, wire
from streams.context import Context, Effects, PartitionState, Row, Rules
from streams.dead_letters import Outbound
from streams.emission import Emission, Source, SourceRecord
from streams.erasure import Erasures, forget
from streams.holdings import Holdings
from streams.partition_reading import read_new
from streams.partitioner import partition_of
from streams.refusals import MalformedEvent
from streams.rows import PARTITION_KEY, WAITS, Rows, encode_waits, waiting, waits_of
from streams.timers import Timers

# A row is capped at 16 KB; well before that its profile gives way.
SHRINK_BYTES = 12_000


class Partition:
    """Rows, shared state and timers of one partition.

    Parameters
    ----------
    stored
        The newest bytes of every row, as the changelog has them; kept up to date in place.
    headers
        What each row waits for, as its record's header says it.
    """

    def __init__(
        self,
        number: int,
        stored: MutableMapping[bytes, bytes],
        source: Source,
        headers: Mapping[bytes, bytes] | None = None,
    ) -> None:
        self.number = number
        self.source = source
        self._erasures = Erasures(stored)
        self._rows = Rows(stored)
        self._state, self._at = self._recover_state(stored.get(PARTITION_KEY))
        self.holdings = Holdings(self._state.circulation)
        self._timers = Timers()
        for key, (due_ms, pending_count) in waiting(stored, headers or {}):
            self.holdings.pending_count += pending_count
            self._timers.set(key, due_ms)

    # -- state -----------------------------------------------------------------------------

    @property
    def state(self) -> PartitionState:
        """What the users of this partition share."""
        return self._state

    @property
    def users_count(self) -> int:
        """How many users have a row here."""
        return len(self._rows)

    @property
    def next_timer_ms(self) -> int | None:
        """At which watermark something is due, None when nothing waits."""
        return self._timers.next_ms

    def next_offset(self, topic: str) -> int:
        """Tell which record of a source topic is applied next."""
        return self._at.get(topic, 0)

    def user_keys(self) -> list[bytes]:
        """Name the users of this partition, sorted."""
        return list(self._rows)

    def canonical(self) -> Iterable[tuple[bytes, bytes]]:
        """Give every row and the shared state as canonical bytes, sorted by key."""
        for key in self.user_keys():
            yield key, wire.encode_canonical(self._rows.read(key))
        yield from self._erasures
        yield PARTITION_KEY, wire.encode_canonical(self._dump_state())

    def _recover_state(self, stored: bytes | None) -> tuple[PartitionState, dict[str, int]]:
        number, count = self.number, self.source.partitions_count
        if stored is None:
            ledger = Ledger(partition=number, partitions=count)
            return PartitionState(partition=number, ledger=ledger), {}
        record = wire.decode_row(stored)
        state = PartitionState.load(record, number, count)
        if "circulation" not in record:  # written before coupons were counted
            for key in self._rows:
                state.circulation.find(held_by(self._rows.read(key)["wallet"]))
        return state, dict(record["at"])

    def _dump_state(self) -> dict[str, Any]:
        return {**self._state.dump(), "at": dict(self._at)}

    # -- a chunk ---------------------------------------------------------------------------

    def apply(self, records: Iterable[tuple[str, SourceRecord]], rules: Rules) -> Emission:
        """Apply records in their order; change rows in place and return all effects.

        Nothing here is undone on error: whoever cannot publish the emission must end the process
        and recover the rows from the log.
        """
        emission = Emission()
        context = Context(rules=rules, partition=self._state)
        self._state.ledger.pacing = rules.pacing
        self._state.ledger.adopt(rules.catalogue, rules.shares, rules.lease_ratio)
        changed: set[bytes] = set()
        # All are read first, and all answers written last: work of one kind at a stretch finds its
        # code and tables at hand, and costs a good deal less.
        for topic, record, event in read_new(records, self._at, self.source, self.number):
            key = self._apply_one(topic, record, event, context, emission)
            if key is not None:
                changed.add(key)
            if self._timers.is_due(self._state.watermark_ms):
                changed.update(self._fire_timers(context, emission))
        emission.rows += [self._encode(key, emission) for key in sorted(changed)]
        emission.close()
        emission.asks += map(wire.encode_ask, self._state.ledger.take_asks())
        emission.asks += map(wire.encode_claim, self._state.claims.take())
        state = wire.encode_row(self._dump_state())
        self._rows.put(PARTITION_KEY, state)
        self._rows.trim()
        emission.rows.append((PARTITION_KEY, state, []))
        return emission

    def _apply_one(
        self,
        topic: str,
        record: SourceRecord,
        event: Event | Grant | Permit | MalformedEvent,
        context: Context,
        emission: Emission,
    ) -> bytes | None:
        source, family = self.source, self.source.families[topic]
        if isinstance(event, MalformedEvent):
            emission.refuse(source, self.number, topic, record, event)
            return None
        if isinstance(event, Grant):
            self._state.ledger.hear(event)
            return None
        if isinstance(event, Permit):
            return self._hear(event)
        emission.read(topic, record, event)
        if event.event_type == "heartbeat":
            self._advance(event.ts_ms)
            return None
        key = event.user_id.encode()
        if partition_of(key, source.partitions_count) != self.number:
            emission.tally.add("events_mispartitioned", (topic,))
        if event.event_type == "profile.erased":
            self._erase(key, event, context, emission)
            return key
        if self._erasures.covers(event.user_id, event.ts_ms, context.rules.mark_keys):
            emission.tally.add("events_erased", (topic,))
            return None
        row = self._row_of(key, event.user_id, context.rules)
        if record.offset < row["at"].get(family, 0):
            return None
        row["at"][family] = record.offset + 1
        self.holdings.leave(row)
        effects = flow.step(row, event, context)
        self.holdings.enter(row, effects, context.rules)
        if effects.refusal is not None:
            conflict = MalformedEvent(effects.refusal)
            emission.refuse(source, self.number, topic, record, conflict)
        elif effects.verdict == "duplicate":
            emission.tally.add("events_duplicate", (topic,))
        else:
            emission.take(effects, context.rules, topic, event, record)
            if effects.outcomes or effects.is_waiting:  # a label, or a session, was opened
                self._timers.set(key, flow.due_ms(row))
            self._advance(event.ts_ms)
        return key

    def _hear(self, permit: Permit) -> bytes | None:
        """Take a permit into its customer's row; who is gone has given it back."""
        key = permit.user_id.encode()
        row = self._rows.get(key) if key in self._rows else None
        return key if sharing.hear(row, permit, self._state) else None

    def _row_of(self, key: bytes, user_id: str, rules: Rules) -> Row:
        """Give a user's row, and count a new user into their arm."""
        if key not in self._rows:
            self._state.earnings.move(rules.arm_of(user_id), None, 0)
        return self._rows.get(key)

    def _erase(self, key: bytes, event: Event, context: Context, emission: Emission) -> None:
        """Forget a user, but for a dated mark that keeps older events from bringing them back."""
        if key in self._rows:
            row = self._rows.get(key)
            self.holdings.leave(row)
            forgotten = forget(row, event.user_id, context)
            self.holdings.enter(row, forgotten, context.rules)
            emission.take(forgotten, context.rules)
            self._rows.drop(key)
            self._timers.clear(key)
        mark = self._erasures.add(event.user_id, event.ts_ms, context.rules.mark_keys)
        emission.rows.append((*mark, []))
        emission.tally.add("users_erased")

    def _encode(self, key: bytes, emission: Emission) -> Outbound:
        """Write a row; one near its cap loses the least valuable detail of its profile first."""
        if key not in self._rows:
            return key, None, []  # erased
        row = self._rows.get(key)
        value = wire.encode_row(row)
        if len(value) > SHRINK_BYTES:
            evicted_count = profiles.shrink(row["profile"])
            emission.tally.add("table_evictions", ("users",), evicted_count)
            value = wire.encode_row(row)
        self._rows.put(key, value)
        return key, value, [(WAITS, encode_waits(waits_of(row)))]

    # -- time ------------------------------------------------------------------------------

    def _advance(self, ts_ms: int) -> None:
        """Move the watermark: the newest accepted event time less the grace for late ones."""
        self._state.watermark_ms = max(self._state.watermark_ms, ts_ms - flow.GRACE_MS)

    def _fire_timers(self, context: Context, emission: Emission) -> list[bytes]:
        fired: list[bytes] = []
        watermark_ms = self._state.watermark_ms
        for key in self._timers.due(watermark_ms):
            row, effects = self._rows.get(key), Effects()
            self.holdings.leave(row)
            flow.settle_due(row, key.decode(), watermark_ms, context, effects)
            self.holdings.enter(row, effects, context.rules)
            emission.take(effects, context.rules)
            self._timers.set(key, flow.due_ms(row))
            fired.append(key)
        return fired
