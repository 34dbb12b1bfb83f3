"""The users table: a Faust table whose rows live decoded in memory, apart by partition.

Faust keeps what it is good at: the changelog topic, its assignment and the recovery. Values are
written by the transport once per user and chunk, so the table itself never sends.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import faust
from faust.stores.base import Store
from faust.types import TP, EventT

# A user id holds no control characters, so no user can have this key.
PARTITION_KEY = b"\x00partition"

RawOrRow = bytes | dict[str, Any]


class RowStore(Store[bytes, RawOrRow]):
    """Rows by partition; recovered rows stay bytes until somebody asks for them."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.partitions: dict[int, dict[bytes, RawOrRow]] = {}
        self.recovered_count = 0

    def rows(self, partition: int) -> dict[bytes, RawOrRow]:
        """Give the rows of a partition, an empty mapping for a new one."""
        return self.partitions.setdefault(partition, {})

    def apply_changelog_batch(
        self,
        batch: Iterable[EventT[Any]],
        to_key: Callable[[Any], Any],
        to_value: Callable[[Any], Any],
    ) -> None:
        """Take recovered rows as they are; a tombstone removes its row."""
        for event in batch:
            message = event.message
            rows, key = self.rows(message.partition), message.key or b""
            if message.value is None:
                rows.pop(key, None)
            else:
                rows[key] = message.value
            self.recovered_count += 1

    async def on_rebalance(
        self,
        assigned: set[TP],
        revoked: set[TP],
        newly_assigned: set[TP],
        generation_id: int = 0,
    ) -> None:
        """Drop the rows of partitions that moved away."""
        kept = {tp.partition for tp in assigned}
        for partition in [p for p in self.partitions if p not in kept]:
            del self.partitions[partition]

    def persisted_offset(self, tp: TP) -> int | None:
        """Nothing is kept on disk: recovery reads the whole compacted changelog."""
        return None

    def reset_state(self) -> None:
        """There is no state outside memory."""

    async def on_recovery_completed(self, active_tps: set[TP], standby_tps: set[TP]) -> None:
        """Nothing to do: partitions that moved away were dropped at the rebalance."""

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

    def __getitem__(self, key: bytes) -> RawOrRow:
        for rows in self.partitions.values():
            if key in rows:
                return rows[key]
        raise KeyError(key)

    def __setitem__(self, key: bytes, value: RawOrRow) -> None:
        message = "the users table must be written by the transport, was written by key"
        raise TypeError(message)

    def __delitem__(self, key: bytes) -> None:
        message = "the users table must be written by the transport, was deleted by key"
        raise TypeError(message)


class RowTable(faust.Table[bytes, RawOrRow]):
    """A Faust table on a `RowStore`."""

    def _new_store(self) -> RowStore:
        return RowStore(self.app.conf.store, self.app, self, table_name=self.name, loop=self.loop)
