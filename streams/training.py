"""The one trainer of the group: learns settled decisions in order, publishes snapshots.

It is whoever owns the single partition of the outcomes. Snapshots go out in transactions of one
name, so that a trainer that was taken for dead cannot put an older model in force again.
"""

import time
from collections.abc import Awaitable, Callable
from typing import Any

from streams import wire
from streams.chunks import Chunk
from streams.learning import Learning
from streams.metrics import Metrics, Tally
from streams.settings import Settings
from streams.transactions import Outgoing, Transactions


class Training:
    """Turns chunks of outcomes into snapshots."""

    def __init__(
        self,
        settings: Settings,
        learning: Learning,
        transactions: Transactions,
        models_topic: str,
        metrics: Metrics,
    ) -> None:
        self._settings = settings
        self._learning = learning
        self._transactions = transactions
        self._topic = models_topic
        self._metrics = metrics
        self.is_ours = False

    @property
    def next_offset(self) -> int:
        """The first outcome that is not in the learning model yet."""
        trainer = self._learning.trainer
        return 0 if trainer is None else trainer.offset + 1

    async def take_over(self, catch_up: Callable[[], Awaitable[None]]) -> None:
        """Fence the trainer before us, then go on from its last snapshot.

        Raises
        ------
        TransactionFailedError
            The broker did not answer, or refused.
        """
        if self.is_ours:
            return
        await self._transactions.open()
        await catch_up()
        self._learning.begin()
        self.is_ours = True

    async def give_up(self) -> None:
        """Stop training; what was learned since the last snapshot is left to the next trainer."""
        if self.is_ours:
            self.is_ours = False
            self._learning.end()
            await self._transactions.close()

    async def learn(self, chunk: Chunk) -> int | None:
        """Learn a chunk; gives the offset after the last outcome that a snapshot now holds.

        Raises
        ------
        TransactionFailedError
            A snapshot could not be published.
        """
        trained = self._learning.learn(
            (record.offset, wire.decode_outcome(record.value)) for _, record in chunk.records
        )
        held: int | None = None
        for offset, snapshot in trained.snapshots:
            await self._publish(snapshot)
            held = offset + 1
        tally = Tally()
        for label, count in trained.learned.items():
            tally.add("model_learned", (self._settings.model_id, label), count)
        self._metrics.apply(tally)
        return held

    async def _publish(self, snapshot: dict[str, Any]) -> None:
        value = wire.encode_state(snapshot)
        key = self._settings.model_id.encode()
        await self._transactions.commit([Outgoing(self._topic, 0, key, value)])
        self._metrics.set("model_checkpoint_bytes", len(value))
        self._metrics.set("model_checkpoint_timestamp_seconds", time.time())
