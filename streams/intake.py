"""Between the fetches and the agents: records wait, are merged, and leave as chunks.

Records arrive topic by topic and leave partition by partition, merged by append time (see `merge`).
How much may be on its way to the agents is bounded in records, and so is what waits here: a
partition that is full is not fetched.

That nothing older is still to come is known from the fetches alone: a record may leave when every
topic of its partition was looked at again after it had come, and held nothing more.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from aiokafka import ConsumerRecord
from faust.types import TP

from streams.chunks import Chunk, ChunkLimits
from streams.merge import Merge

# More than that is not fetched for a partition, except for topics that the merge waits for.
MAX_WAITING_COUNT = 4_000
# So much may be applied before the first of it is durable, in chunks of the largest size.
MAX_IN_FLIGHT_CHUNKS_COUNT = 2
# Fewer records than these wait for the chunk before them to become durable. Their own transaction
# could not begin earlier anyway, and so they share a chunk, and a row is written once.
WORTH_A_CHUNK_COUNT = 50

Lane = tuple[str, int]
"""A group of co-partitioned topics and a partition number."""


@dataclass(slots=True)
class Waiting:
    """The records of a lane that may not leave yet, or have not.

    Attributes
    ----------
    came
        The mark after the answer that brought the newest of them.
    newest_ms
        The highest append time that has come.
    due_came, due_ms
        Records up to this append time had come at this mark: they leave as soon as every topic
        has been looked at since then.
    is_over
        Whether all of those have left, so that it can be about what has come since.
    """

    merge: Merge[ConsumerRecord]
    came: int = 0
    newest_ms: int = 0
    due_came: int = 0
    due_ms: int = 0
    is_over: bool = True

    def add(self, rank: int, records: Sequence[ConsumerRecord], mark: int) -> None:
        """Take what an answer brought; `mark` is the one after it."""
        self.merge.add(rank, records)
        self.came = mark
        self.newest_ms = max(self.newest_ms, *(one.timestamp for one in records))

    def go_on(self) -> None:
        """When all that was due has left, what has come since is due next."""
        if self.is_over:
            self.due_came, self.due_ms, self.is_over = self.came, self.newest_ms, False

    def take(
        self, limit: int, looked_at: Sequence[int], size_bytes: int
    ) -> list[tuple[int, ConsumerRecord]]:
        """Give what may leave; `looked_at` has the mark of each topic's last look to its end."""
        self.go_on()
        caught_up = [rank for rank, mark in enumerate(looked_at) if mark >= self.due_came]
        taken = self.merge.take(limit, caught_up, size_bytes, self.due_ms)
        oldest_ms = self.merge.oldest_ms
        self.is_over = oldest_ms is None or oldest_ms > self.due_ms
        return taken


class Intake:
    """The records of all partitions that were fetched and not yet reported as done.

    Parameters
    ----------
    groups
        Topics by name of their group.
    """

    def __init__(self, groups: Mapping[str, tuple[str, ...]], limits: ChunkLimits) -> None:
        self._groups = groups
        self._limits = limits
        self._member = {
            topic: (name, rank)
            for name, topics in groups.items()
            for rank, topic in enumerate(topics)
        }
        self._record_s = 0.0
        self._lanes: dict[Lane, Waiting] = {}
        self._fetched: dict[TP, int] = {}
        self._at_end: dict[TP, int] = {}
        self._cut_to: dict[TP, int] = {}
        self._in_flight: defaultdict[Lane, int] = defaultdict(int)
        self.mark = 0
        """How many answers were taken; to be given along with the next request."""

    def knows(self, topic: str) -> bool:
        """Tell whether a topic is one of ours."""
        return topic in self._member

    def accept(
        self,
        fetched: Mapping[TP, Sequence[ConsumerRecord]],
        positions: Mapping[TP, int],
        at_end: Collection[TP],
        asked: int,
    ) -> None:
        """Take what a fetch brought.

        Parameters
        ----------
        positions
            How far it went, transaction markers included.
        at_end
            Partitions that held nothing more.
        asked
            The mark when the fetch was asked for.
        """
        self.mark += 1
        for tp, records in fetched.items():
            name, rank = self._member[tp.topic]
            waiting = self._lanes.get((name, tp.partition))
            if waiting is None:
                waiting = Waiting(Merge(len(self._groups[name])))
                self._lanes[name, tp.partition] = waiting
            waiting.add(rank, records, self.mark)
        for waiting in self._lanes.values():
            if waiting.came == self.mark:
                waiting.go_on()
        for tp in at_end:
            self._at_end[tp] = asked
        self._fetched.update(positions)

    def fetched(self, tp: TP) -> int | None:
        """Tell how far a partition was fetched, None when it was not yet."""
        return self._fetched.get(tp)

    def wants(self, tp: TP) -> bool:
        """Tell whether more of a partition may be fetched."""
        name, rank = self._member[tp.topic]
        waiting = self._lanes.get((name, tp.partition))
        if waiting is None or waiting.merge.size_count < MAX_WAITING_COUNT:
            return True
        return rank in waiting.merge.empty_ranks()

    @property
    def is_unsure(self) -> bool:
        """Whether the topics must be looked at once more to let go of what waits."""
        return any(
            self._at_end.get(tp, -1) < waiting.came and self.wants(tp)
            for lane, waiting in self._lanes.items()
            if waiting.merge.size_count
            for tp in self._topics_of(lane)
        )

    def is_clear(self, tp: TP) -> bool:
        """Tell whether everything fetched of a partition's group is done."""
        lane = (self._member[tp.topic][0], tp.partition)
        waiting = self._lanes.get(lane)
        return (waiting is None or not waiting.merge.size_count) and not self._in_flight[lane]

    def applied(self, records_count: int, took_s: float) -> None:
        """Learn how long records take; later chunks are cut so that none takes long."""
        each_s = took_s / records_count
        self._record_s += 0.2 * (each_s - self._record_s) if self._record_s else each_s

    def done(self, chunk: Chunk) -> None:
        """Make room: a chunk has left the pipeline."""
        self._in_flight[chunk.group, chunk.partition] -= len(chunk.records)

    def forget(self, positions: Mapping[TP, int]) -> None:
        """Start anew: everything will be fetched again; up to these positions all is applied."""
        self._cut_to = dict(positions)
        self._lanes.clear()
        self._fetched.clear()
        self._at_end.clear()
        self._in_flight.clear()

    def cut(self, generation: int) -> list[Chunk]:
        """Cut chunks of what may leave now, at most one for each partition."""
        chunks = []
        for lane, waiting in self._lanes.items():
            if not waiting.merge.size_count or not self._may_leave(lane, waiting):
                continue
            looked_at = [self._at_end.get(tp, -1) for tp in self._topics_of(lane)]
            taken = waiting.take(self._records_limit(), looked_at, self._limits.size_bytes)
            if taken:
                chunks.append(self._chunk(lane, generation, taken))
        return chunks

    def _topics_of(self, lane: Lane) -> list[TP]:
        name, partition = lane
        return [TP(topic, partition) for topic in self._groups[name]]

    def _may_leave(self, lane: Lane, waiting: Waiting) -> bool:
        in_flight_count = self._in_flight[lane]
        if in_flight_count == 0:
            return True
        has_room = in_flight_count < MAX_IN_FLIGHT_CHUNKS_COUNT * self._limits.records_count
        return has_room and waiting.merge.size_count >= WORTH_A_CHUNK_COUNT

    def _records_limit(self) -> int:
        limits = self._limits
        if self._record_s == 0.0:
            return limits.records_count
        return max(1, min(limits.records_count, int(limits.apply_s / self._record_s)))

    def _chunk(self, lane: Lane, generation: int, taken: list[tuple[int, ConsumerRecord]]) -> Chunk:
        name, partition = lane
        topics = self._groups[name]
        positions = {TP(topics[rank], partition): record.offset + 1 for rank, record in taken}
        records = [(topics[rank], record) for rank, record in taken]
        starts = {tp: self._cut_to.get(tp, 0) for tp in positions}
        self._cut_to.update(positions)
        self._in_flight[lane] += len(records)
        return Chunk(name, partition, generation, records, positions, starts)
