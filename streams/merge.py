"""One order for the co-partitioned topics of a partition: the order in which the broker got them.

Faust hands out each topic at its own pace, so a purchase could overtake the views that led to it
and no run would repeat another. Here the records of all inbound topics with the same partition
number are merged by append time, and a record waits until every other topic is known to hold
nothing older. Kafka Streams calls the same idea stream time synchronisation (KIP-353, KIP-695).
"""

import sys
from collections import deque
from collections.abc import Collection, Iterable
from typing import Generic, Protocol, TypeVar


class Record(Protocol):
    """What the merge looks at; aiokafka's ConsumerRecord is one."""

    @property
    def offset(self) -> int:
        """Position in its topic partition."""

    @property
    def timestamp(self) -> int:
        """Append time, UTC epoch milliseconds."""

    @property
    def value(self) -> bytes | None:
        """The payload; only its size matters here."""


R = TypeVar("R", bound=Record)


class Merge(Generic[R]):
    """Buffers of one partition, one per topic, emptied in (append time, rank, offset) order.

    A topic's own records never change their order, even where their times step back.

    Examples
    --------
    >>> from types import SimpleNamespace as R
    >>> merge = Merge(topics_count=2)
    >>> merge.add(1, [R(offset=0, timestamp=5, value=b"late")])
    >>> merge.take(10, caught_up=[1])  # topic 0 may still bring something older
    []
    >>> merge.add(0, [R(offset=7, timestamp=4, value=b"early")])
    >>> [(rank, record.timestamp) for rank, record in merge.take(10, caught_up=[0, 1])]
    [(0, 4), (1, 5)]
    """

    def __init__(self, topics_count: int) -> None:
        self._buffers: tuple[deque[R], ...] = tuple(deque() for _ in range(topics_count))
        self.size_count = 0

    def add(self, rank: int, records: Collection[R]) -> None:
        """Append what a fetch brought for one topic."""
        self._buffers[rank].extend(records)
        self.size_count += len(records)

    def clear(self) -> None:
        """Forget everything; it will be fetched again."""
        for buffer in self._buffers:
            buffer.clear()
        self.size_count = 0

    def empty_ranks(self) -> list[int]:
        """Name the topics whose buffer is empty: those that must be known to be caught up."""
        return [rank for rank, buffer in enumerate(self._buffers) if not buffer]

    @property
    def oldest_ms(self) -> int | None:
        """Append time of the record that is due next, None when there is none."""
        return min((buffer[0].timestamp for buffer in self._buffers if buffer), default=None)

    def take(
        self,
        limit: int,
        caught_up: Iterable[int],
        size_bytes: int | None = None,
        until_ms: int = sys.maxsize,
    ) -> list[tuple[int, R]]:
        """Give out up to `limit` (rank, record) in order, stopping where an older one may be due.

        Parameters
        ----------
        caught_up
            Ranks of topics that held nothing beyond their buffer at a moment after the records
            up to `until_ms` had been received.
        size_bytes
            Stop when the values taken reach this size; at least one record is given.
        until_ms
            The newest append time that may be given out, inclusive.
        """
        known = frozenset(caught_up)
        taken: list[tuple[int, R]] = []
        left_bytes = size_bytes if size_bytes is not None else sys.maxsize
        while len(taken) < limit and left_bytes > 0:
            heads: list[tuple[int, int]] = []
            for rank, buffer in enumerate(self._buffers):
                if buffer:
                    heads.append((buffer[0].timestamp, rank))
                elif rank not in known:
                    self.size_count -= len(taken)
                    return taken
            heads.sort()
            if not heads or heads[0][0] > until_ms:
                break
            rank = heads[0][1]
            until = heads[1] if len(heads) > 1 else None
            buffer = self._buffers[rank]
            while buffer and len(taken) < limit and left_bytes > 0:
                at_ms = buffer[0].timestamp
                if at_ms > until_ms or (until is not None and (at_ms, rank) > until):
                    break
                record = buffer.popleft()
                left_bytes -= len(record.value or b"")
                taken.append((rank, record))
        self.size_count -= len(taken)
        return taken
