"""Fetch sessions (KIP-227): broker and worker remember what is read, and tell only what changes.

A worker reads all inbound topics of all its partitions, and most of them are silent most of the
time; to list them in every request and answer took the worker as long as to decide.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from aiokafka.protocol.api import Request
from aiokafka.protocol.fetch import FetchRequest_v11
from faust.types import TP

MAX_BYTES = 50_000_000
MAX_PARTITION_BYTES = 1_048_576
READ_COMMITTED = 1
_ANY_REPLICA = _ANY_EPOCH = _NO_LOG_START = -1
_MAX_EPOCH = 2**31 - 1


class SessionFetch(Request[FetchRequest_v11]):  # type: ignore[misc]  # aiokafka has no types
    """A request within a session: the positions that changed, and the partitions left out."""

    API_KEY = 1

    def __init__(
        self,
        session: tuple[int, int],
        wait_ms: int,
        positions: Iterable[tuple[TP, int]],
        forgotten: Iterable[TP],
    ) -> None:
        self.session = session
        self.wait_ms = wait_ms
        self.positions = dict(positions)
        self.forgotten = list(forgotten)

    def build(self, request_struct_class: type[FetchRequest_v11]) -> FetchRequest_v11:
        """Lay it out for the wire."""
        topics: defaultdict[str, list[tuple[int, int, int, int, int]]] = defaultdict(list)
        for (topic, number), at in self.positions.items():
            asked = (number, _ANY_EPOCH, at, _NO_LOG_START, MAX_PARTITION_BYTES)
            topics[topic].append(asked)
        forgotten: defaultdict[str, list[int]] = defaultdict(list)
        for topic, number in self.forgotten:
            forgotten[topic].append(number)
        return request_struct_class(
            _ANY_REPLICA,
            self.wait_ms,
            1,
            MAX_BYTES,
            READ_COMMITTED,
            *self.session,
            list(topics.items()),
            list(forgotten.items()),
            "",
        )


class Told(NamedTuple):
    """What an answer says of a partition.

    `end` is where committed records end, or all of them in a topic that is awaited.
    """

    tp: TP
    code: int
    end: int
    aborted: Any
    batches: bytes


@dataclass(slots=True)
class FetchSession:
    """One broker's session, begun with the first request and after everything that breaks it.

    A broker that keeps none gives it the id 0, and is asked for everything each time. Topics that
    are `awaited` are not at their end while a transaction is open in them.
    """

    awaited: frozenset[str] = frozenset()
    id: int = 0
    _epoch: int = 0
    _known: dict[TP, int] = field(default_factory=dict)
    _ends: dict[TP, int] = field(default_factory=dict)

    def request(self, positions: Mapping[TP, int], wait_ms: int) -> SessionFetch:
        """Ask for these partitions, from these positions, and for no others."""
        changed = [(tp, at) for tp, at in positions.items() if self._known.get(tp) != at]
        forgotten = self._known.keys() - positions.keys()
        for tp in forgotten:
            self._ends.pop(tp, None)
        self._known = dict(positions)
        return SessionFetch((self.id, self._epoch), wait_ms, changed, sorted(forgotten))

    def accept(self, answer: Any) -> list[Told] | None:
        """Give what is told of the partitions that changed, None when the session is broken."""
        if answer.error_code:
            self.reset()
            return None
        told = list(_told(answer, self.awaited))
        for one in told:
            if one.code == 0:
                self._ends[one.tp] = one.end
            else:
                self._ends.pop(one.tp, None)
        self.id = answer.session_id
        self._epoch = self._epoch % _MAX_EPOCH + 1
        if self.id == 0:
            self._epoch = 0
            self._known = {}
        return told

    def reset(self) -> None:
        """Begin anew with the next request."""
        self.id = self._epoch = 0
        self._known, self._ends = {}, {}

    def at_end(self, positions: Mapping[TP, int], told: Iterable[Told]) -> set[TP]:
        """Name those of the asked partitions that hold nothing beyond these positions.

        A partition of which nothing is told holds what it held; but where there was much to tell,
        the broker may have had no room for it.
        """
        there = {one.tp for one in told if one.code == 0}
        if sum(len(one.batches) for one in told) < MAX_BYTES // 2:
            there = set(self._ends)
        return {tp for tp in there if self._ends[tp] <= positions.get(tp, -1)}


def _told(answer: Any, awaited: frozenset[str]) -> Iterator[Told]:
    for topic, partitions in answer.topics:
        for number, code, high, stable, _, aborted, _, batches in partitions:
            end = high if stable < 0 or topic in awaited else stable
            yield Told(TP(topic, number), code, end, aborted, batches or b"")
