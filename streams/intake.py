"""Between the fetches and the agents: records wait, are merged, and leave as chunks.

Records arrive topic by topic and leave partition by partition, merged by append time (see `merge`).
How much may be on its way to the agents is bounded in records, and so is what waits here: a
partition that is full is not fetched.
"""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence

from aiokafka import ConsumerRecord
from faust.types import TP

from streams.chunks import Chunk, ChunkLimits
from streams.merge import Merge

# More than that is not fetched for a partition, except for topics that the merge waits for.
MAX_WAITING_COUNT = 4_000
# So much may be applied before the first of it is durable, in chunks of the largest size.
MAX_IN_FLIGHT_CHUNKS_COUNT = 2

Lane = tuple[str, int]
"""A group of co-partitioned topics and a partition number."""


class Intake:
    """The records of all partitions that were fetched and not yet reported as done.

    Parameters
    ----------
    groups
        Topics by name of their group.
    ends
        Asks the broker how far partitions go, transaction markers included.
    """

    def __init__(
        self,
        groups: Mapping[str, tuple[str, ...]],
        limits: ChunkLimits,
        ends: Callable[[Collection[TP]], Awaitable[Mapping[TP, int]]],
    ) -> None:
        self._groups = groups
        self._limits = limits
        self._ends = ends
        self._member = {
            topic: (name, rank)
            for name, topics in groups.items()
            for rank, topic in enumerate(topics)
        }
        self._record_s = 0.0
        self._arrived: dict[TP, list[ConsumerRecord]] = {}
        self._merges: dict[Lane, Merge[ConsumerRecord]] = {}
        self._fetched: dict[TP, int] = {}
        self._in_flight: defaultdict[Lane, int] = defaultdict(int)

    def knows(self, topic: str) -> bool:
        """Tell whether a topic is one of ours."""
        return topic in self._member

    def accept(
        self, fetched: Mapping[TP, Sequence[ConsumerRecord]], positions: Mapping[TP, int]
    ) -> None:
        """Take what a fetch brought, and how far it went, transaction markers included."""
        for tp, records in fetched.items():
            self._arrived.setdefault(tp, []).extend(records)
        self._fetched.update(positions)

    def fetched(self, tp: TP) -> int | None:
        """Tell how far a partition was fetched, None when it was not yet."""
        return self._fetched.get(tp)

    def wants(self, tp: TP) -> bool:
        """Tell whether more of a partition may be fetched."""
        name, rank = self._member[tp.topic]
        if len(self._arrived.get(tp, ())) >= MAX_WAITING_COUNT:
            return False
        merge = self._merges.get((name, tp.partition))
        return merge is None or merge.size_count < MAX_WAITING_COUNT or rank in merge.empty_ranks()

    @property
    def is_waiting(self) -> bool:
        """Whether there are records that could leave at once, were it sure that none is older."""
        return bool(self._arrived) or any(
            merge.size_count and self._has_room(lane) for lane, merge in self._merges.items()
        )

    def is_clear(self, tp: TP) -> bool:
        """Tell whether everything fetched of a partition's group is done."""
        lane = (self._member[tp.topic][0], tp.partition)
        merge = self._merges.get(lane)
        waits = merge is not None and merge.size_count > 0
        return not waits and not self._in_flight[lane] and tp not in self._arrived

    def applied(self, records_count: int, took_s: float) -> None:
        """Learn how long records take; later chunks are cut so that none takes long."""
        each_s = took_s / records_count
        self._record_s += 0.2 * (each_s - self._record_s) if self._record_s else each_s

    def done(self, chunk: Chunk) -> None:
        """Make room: a chunk has left the pipeline."""
        self._in_flight[chunk.group, chunk.partition] -= len(chunk.records)

    def forget(self) -> None:
        """Start anew: everything will be fetched again."""
        self._arrived.clear()
        self._merges.clear()
        self._fetched.clear()
        self._in_flight.clear()

    async def cut(self, generation: Callable[[], int]) -> list[Chunk]:
        """Cut chunks of what may leave now, at most one for each partition.

        Parameters
        ----------
        generation
            Gives the group's generation; asked when a chunk is made, for it may change while the
            broker is asked.
        """
        self._merge_arrived()
        waiting = {
            lane: merge
            for lane, merge in self._merges.items()
            if merge.size_count and self._has_room(lane)
        }
        if not waiting:
            return []
        caught_up = await self._caught_up(waiting)
        chunks = []
        for lane, merge in waiting.items():
            if self._merges.get(lane) is not merge:
                continue  # forgotten while the broker was asked
            limit = self._records_limit()
            taken = merge.take(limit, caught_up[lane], self._limits.size_bytes)
            if taken:
                chunks.append(self._chunk(lane, generation(), taken))
        return chunks

    def _merge_arrived(self) -> None:
        arrived, self._arrived = self._arrived, {}
        for tp, records in arrived.items():
            name, rank = self._member[tp.topic]
            merge = self._merges.get((name, tp.partition))
            if merge is None:
                merge = self._merges[name, tp.partition] = Merge(len(self._groups[name]))
            merge.add(rank, records)

    def _has_room(self, lane: Lane) -> bool:
        return self._in_flight[lane] < MAX_IN_FLIGHT_CHUNKS_COUNT * self._limits.records_count

    def _records_limit(self) -> int:
        limits = self._limits
        if self._record_s == 0.0:
            return limits.records_count
        return max(1, min(limits.records_count, int(limits.apply_s / self._record_s)))

    async def _caught_up(
        self, waiting: Mapping[Lane, Merge[ConsumerRecord]]
    ) -> dict[Lane, list[int]]:
        """Ask where the silent topics end, after the others were received."""
        silent = {
            (lane, rank): TP(self._groups[lane[0]][rank], lane[1])
            for lane, merge in waiting.items()
            for rank in merge.empty_ranks()
        }
        ends = await self._ends(silent.values()) if silent else {}
        caught_up: dict[Lane, list[int]] = {lane: [] for lane in waiting}
        for (lane, rank), tp in silent.items():
            if tp not in self._arrived and self._fetched.get(tp, -1) >= ends[tp]:
                caught_up[lane].append(rank)
        return caught_up

    def _chunk(self, lane: Lane, generation: int, taken: list[tuple[int, ConsumerRecord]]) -> Chunk:
        name, partition = lane
        topics = self._groups[name]
        positions = {TP(topics[rank], partition): record.offset + 1 for rank, record in taken}
        records = [(topics[rank], record) for rank, record in taken]
        self._in_flight[lane] += len(records)
        return Chunk(name, partition, generation, records, positions)
