"""Faust's table recovery, replaced: partitions are taken over through transactions.

Faust would read the changelog through its own consumer, record by record, towards an offset that
no record has when a transaction's marker stands last; and it would trust the group's committed
positions. Here the owner of the partitions does both (see `streams.ownership`), and Faust keeps
what it is good at: when to start, and how to go on afterwards.
"""

from typing import TYPE_CHECKING, cast

from aiokafka.errors import IllegalStateError
from faust.tables.manager import TableManager
from faust.tables.recovery import RebalanceAgain, Recovery, ServiceStopped
from mode import Service

if TYPE_CHECKING:
    from streams.transport import ChunkTransport


class PartitionRecovery(Recovery):
    """Waits for an assignment, lets the owner take it over, and starts the flow."""

    @Service.task
    async def _restart_recovery(self) -> None:
        owner = cast("ChunkTransport", self.app.transport).owner
        while not self.should_stop:
            if await self.wait_for_stopped(self.signal_recovery_start.wait()):
                return
            self.signal_recovery_start.clear()
            generation_id = self._generation_id
            try:
                await self._wait(owner.take_over(set(self.app.consumer.assignment())))
                await self._resume_streams(generation_id=generation_id)
            except (RebalanceAgain, IllegalStateError):
                continue  # the assignment is gone; the next one signals again
            except ServiceStopped:
                return
            except Exception as error:
                owner.fail(error)
                raise

    @Service.task
    async def _slurp_changelogs(self) -> None:
        """Read nothing: changelog partitions stay paused."""


class PartitionTables(TableManager):
    """Faust's tables with our recovery."""

    async def on_start(self) -> None:
        """Start at once: Faust rests a second for tables declared late, and ours never are."""
        if not self.should_stop:
            await self._update_channels()
            await self.recovery.start()

    @property
    def recovery(self) -> Recovery:
        """The recovery service, made at the first question."""
        if self._recovery is None:
            self._recovery = PartitionRecovery(self.app, self, beacon=self.beacon, loop=self.loop)
        return self._recovery
