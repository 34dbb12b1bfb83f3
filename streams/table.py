"""The users table: a Faust table that shows the rows of the partitions that are ours.

Faust keeps what it is good at: the changelog topic and its assignment. Rows are read back and
written by whoever owns the partition (see `streams.ownership`), so the table itself never sends.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import faust
from faust.stores.base import Store
from faust.types import TP, EventT


class RowStore(Store[bytes, bytes]):
    """The newest bytes of every row, by partition."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.partitions: dict[int, dict[bytes, bytes]] = {}

    def put_rows(self, partition: int, rows: dict[bytes, bytes]) -> None:
        """Show the rows of a partition that was taken over."""
        self.partitions[partition] = rows

    def drop_rows(self, partition: int) -> None:
        """Forget the rows of a partition that moved away."""
        self.partitions.pop(partition, None)

    def apply_changelog_batch(
        self,
        batch: Iterable[EventT[Any]],
        to_key: Callable[[Any], Any],
        to_value: Callable[[Any], Any],
    ) -> None:
        """Nothing comes this way: see `streams.recovery`."""

    async def on_rebalance(
        self,
        assigned: set[TP],
        revoked: set[TP],
        newly_assigned: set[TP],
        generation_id: int = 0,
    ) -> None:
        """Nothing to do: who owns the partitions puts and drops their rows."""

    def persisted_offset(self, tp: TP) -> int | None:
        """Nothing is kept on disk: the whole compacted changelog is read."""
        return None

    def reset_state(self) -> None:
        """There is no state outside memory."""

    async def on_recovery_completed(self, active_tps: set[TP], standby_tps: set[TP]) -> None:
        """Nothing to do: rows were put when the partition was taken over."""

    async def backup_partition(
        self, tp: TP | int, flush: bool = True, purge: bool = False, keep: int = 1
    ) -> None:
        """There is nothing on disk to back up: the changelog is the store of record."""

    def restore_backup(self, tp: TP | int, latest: bool = True, backup_id: int = 0) -> None:
        """There is nothing on disk to restore."""

    def __len__(self) -> int:
        return sum(len(rows) for rows in self.partitions.values())

    def __iter__(self) -> Iterator[bytes]:
        for rows in self.partitions.values():
            yield from rows

    def __getitem__(self, key: bytes) -> bytes:
        for rows in self.partitions.values():
            if key in rows:
                return rows[key]
        raise KeyError(key)

    def __setitem__(self, key: bytes, value: bytes) -> None:
        message = "the users table must be written by the transport, was written by key"
        raise TypeError(message)

    def __delitem__(self, key: bytes) -> None:
        message = "the users table must be written by the transport, was deleted by key"
        raise TypeError(message)


class RowTable(faust.Table[bytes, bytes]):
    """A Faust table on a `RowStore`."""

    def _new_store(self) -> RowStore:
        return RowStore(self.app.conf.store, self.app, self, table_name=self.name, loop=self.loop)
