"""What the transport hands to the agents, and whom it asks about partitions."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import faust
from aiokafka import ConsumerRecord
from faust.types import TP


class ChunkLostError(RuntimeError):
    """A chunk was dropped, and those after it came: applying them would lose its records."""


@dataclass(frozen=True, slots=True, eq=False)
class Chunk:
    """Consecutive records of one partition, in the order in which they are to be applied.

    Attributes
    ----------
    records
        (topic, record) pairs.
    positions
        For each source topic partition touched, the offset after its last record here.
    starts
        For each of them, where the chunk before it ended, or the last seek went.
    generation
        The group generation it was fetched in; after the next rebalance the chunk is void.
    """

    group: str
    partition: int
    generation: int
    records: list[tuple[str, ConsumerRecord]]
    positions: dict[TP, int]
    starts: dict[TP, int]

    def require_from(self, next_offset: Callable[[str], int]) -> None:
        """Refuse to go on where records before this chunk never came.

        Parameters
        ----------
        next_offset
            By topic, which record of the partition is to be applied next.

        Raises
        ------
        ChunkLostError
            Some were handed out, and not applied.
        """
        for tp, start in self.starts.items():
            wanted = next_offset(tp.topic)
            if start > wanted:
                where = f"{tp.topic} partition {tp.partition}"
                message = f"{where} must go on at {wanted}, was given from {start}"
                raise ChunkLostError(message)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChunkLimits:
    """How large a chunk may be; its time is estimated from those before it.

    `gather_s` is the rest between two fetches, in which records come together.
    """

    records_count: int = 500
    size_bytes: int = 1_000_000
    apply_s: float = 0.05
    gather_s: float = 0.0


class ChunkSchema(faust.Schema[None, Any]):
    """Hands the chunk to the agent untouched: decoding belongs to the step."""

    def loads_key(self, app: Any, message: Any, **kwargs: Any) -> None:
        """Give no key: a chunk has many."""

    def loads_value(self, app: Any, message: Any, **kwargs: Any) -> Any:
        """Give the chunk itself."""
        return message.value


class Owner(Protocol):
    """Whose partitions they are."""

    async def take_over(self, assignment: set[TP]) -> None:
        """Make the partitions of a new assignment ours, before anything is read of them."""

    async def drain(self) -> None:
        """Return when everything applied so far is durable."""

    def positions(self) -> Mapping[TP, int]:
        """Tell from where each source partition is to be read."""

    def fail(self, error: BaseException) -> None:
        """End the process: nothing may be committed any more."""
