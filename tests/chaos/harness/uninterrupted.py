"""The run that nothing interrupted: the same records through the same step, with no broker."""

import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from streams.dead_letters import Outbound
from streams.emission import Emission
from streams.merge import Merge
from streams.replay import Replay
from streams.rules import rules_of
from streams.settings import Settings
from tests.builders import FakeRecord
from tests.verifier.log import Record

CHUNK_COUNT = 500
Letter = tuple[bytes | None, bytes | None, tuple[tuple[str, bytes], ...]]


@dataclass(slots=True, kw_only=True)
class Uninterrupted:
    """What must come of the records of a run.

    Attributes
    ----------
    decisions, letters
        By partition, in the order in which they must stand.
    rows
        By partition, canonical, sorted by key.
    ends
        By partition, the position after the last record of each topic.
    """

    decisions: dict[int, list[bytes]] = field(default_factory=lambda: defaultdict(list))
    letters: dict[int, list[Letter]] = field(default_factory=lambda: defaultdict(list))
    outcomes: list[bytes] = field(default_factory=list)
    rows: dict[int, list[tuple[bytes, bytes]]] = field(default_factory=dict)
    ends: dict[int, dict[str, int]] = field(default_factory=lambda: defaultdict(dict))
    state_hash: str = ""
    inputs_count: int = 0

    def state_lines(self) -> Iterable[bytes]:
        """Give every row as a line of NDJSON, as the verifier reads them."""
        for number, rows in self.rows.items():
            for key, row in rows:
                entry = {"partition": number, "key": key.decode(), "row": json.loads(row)}
                yield json.dumps(entry).encode()

    def take(self, number: int, emission: Emission) -> None:
        """Add what a chunk brought about."""
        self.decisions[number] += [value or b"" for _, value, _ in emission.decisions]
        self.letters[number] += [letter(one) for one in emission.dead_letters]
        self.outcomes += [value or b"" for _, value, _ in emission.outcomes]


def letter(outbound: Outbound) -> Letter:
    """Give a dead letter as something that can be compared and counted."""
    key, value, headers = outbound
    return key, value, tuple((name, content or b"") for name, content in headers)


def last_ends(inputs: Iterable[Record]) -> dict[int, dict[str, int]]:
    """Tell, by partition, the position after the last record of each topic."""
    ends: defaultdict[int, dict[str, int]] = defaultdict(dict)
    for record in inputs:
        known = ends[record.partition].get(record.topic, 0)
        ends[record.partition][record.topic] = max(known, record.offset + 1)
    return dict(ends)


def run_uninterrupted(settings: Settings, inputs: Iterable[Record]) -> Uninterrupted:
    """Apply records in the order of their append times, as one worker would that never fails."""
    replay, whole = Replay(settings), Uninterrupted()
    learning = replay.learning
    rules = rules_of(settings, replay.catalogue, learning.in_force)
    topics = list(replay.partitions[0].source.families)
    merges: defaultdict[int, Merge[FakeRecord]] = defaultdict(lambda: Merge(len(topics)))
    for record in inputs:
        whole.inputs_count += 1
        whole.ends[record.partition][record.topic] = record.offset + 1
        merges[record.partition].add(topics.index(record.topic), [_fake(record)])
    for number, merge in sorted(merges.items()):
        while taken := merge.take(CHUNK_COUNT, range(len(topics))):
            chunk = [(topics[rank], record) for rank, record in taken]
            whole.take(number, replay.partitions[number].apply(chunk, rules))
    whole.rows = {one.number: list(one.canonical()) for one in replay.partitions}
    whole.state_hash = replay.state_hash()
    return whole


def _fake(record: Record) -> FakeRecord:
    headers = tuple((name, content or b"") for name, content in record.headers)
    return FakeRecord(record.offset, record.timestamp_ms, record.key, record.value, headers)
