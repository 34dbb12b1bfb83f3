"""The one trainer of the group: learns settled decisions and sessions, publishes snapshots.

It is whoever owns the single partition of the outcomes, and with it, since topics of as many
partitions are dealt out together, that of the sessions. Snapshots go out in transactions of one
name, so that a trainer that was taken for dead cannot put an older model in force again.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from online_models.league.standings import Happening, Standing
from online_models.outcomes import Outcome
from streams import wire
from streams.chunks import Chunk
from streams.evidence.live import LiveEvidence
from streams.knowing import Knowing
from streams.lead import as_record
from streams.leading import Leading
from streams.learning import Learning
from streams.metrics import Metrics, Tally
from streams.settings import Settings
from streams.transactions import Outgoing, Transactions
from streams.unbroken import unbroken

Snapshot = tuple[int, dict[str, Any]]
"""The offset of the last record that was learned, and the state."""


class Training:
    """Turns chunks of outcomes, and of sessions, into snapshots."""

    def __init__(
        self,
        settings: Settings,
        learning: Learning,
        knowing: Knowing,
        transactions: Transactions,
        models_topic: str,
        metrics: Metrics,
    ) -> None:
        self._settings = settings
        self._learning = learning
        self._knowing = knowing
        self._taking = asyncio.Lock()
        self._writing = asyncio.Lock()  # outcomes and sessions come side by side
        self._transactions = transactions
        self._topic = models_topic
        self._metrics = metrics
        self.is_ours = False
        self._leading: Leading | None = None
        self.evidence = LiveEvidence(settings.horizon_ms)

    @property
    def next_offset(self) -> int:
        """The first outcome that is not learned yet, by the model or by the league."""
        trainer = self._learning.trainer
        if trainer is None:
            return 0
        return min(trainer.offset, self._leading.offset if self._leading else trainer.offset) + 1

    @property
    def next_session(self) -> int:
        """The first session that is not learned yet."""
        return self._knowing.next_offset

    @property
    def standings(self) -> list[Standing]:
        """How the learners of the league stand; none on workers that do not train."""
        return [] if self._leading is None else self._leading.standings

    async def take_over(self, catch_up: Callable[[], Awaitable[None]]) -> None:
        """Fence the trainer before us, then go on from its last snapshot.

        Raises
        ------
        TransactionFailedError
            The broker did not answer, or refused.
        """
        await unbroken(self._take_over(catch_up))

    async def _take_over(self, catch_up: Callable[[], Awaitable[None]]) -> None:
        async with self._taking:
            if not self.is_ours:
                await self._begin(catch_up)

    async def _begin(self, catch_up: Callable[[], Awaitable[None]]) -> None:
        await self._transactions.open()
        await catch_up()
        trainer = self._learning.begin()
        self._knowing.begin()
        if self._settings.league_ratio and not self._settings.model_frozen:
            self._leading = Leading(self._settings, trainer.offset, self._learning.leader)
        self.evidence = LiveEvidence(self._settings.horizon_ms)
        self.is_ours = True

    async def give_up(self) -> None:
        """Stop training; what was learned since the last snapshot is left to the next trainer."""
        async with self._taking:
            if self.is_ours:
                self.is_ours = False
                self._leading = None
                self._learning.end()
                self._knowing.end()
                await self._transactions.close()

    async def learn(self, chunk: Chunk) -> int | None:
        """Learn a chunk; gives the offset after the last outcome that a snapshot now holds.

        Raises
        ------
        TransactionFailedError
            A snapshot could not be published.
        """
        outcomes = [(one.offset, wire.decode_outcome(one.value)) for _, one in chunk.records]
        happenings = await self._compete(outcomes)
        self._judge(outcomes)
        trained = self._learning.learn(outcomes)
        held = await self._publish_all(self._settings.model_id, trained.snapshots)
        tally = Tally()
        for label, count in trained.learned.items():
            tally.add("model_learned", (self._settings.model_id, label), count)
        for one in happenings:
            tally.add("league_events", (one.kind,))
        self._metrics.apply(tally)
        return held

    async def learn_sessions(self, chunk: Chunk) -> int | None:
        """Learn a chunk of sessions; gives the offset after the last that a snapshot now holds.

        Raises
        ------
        TransactionFailedError
            A snapshot could not be published.
        """
        sessions = [(one.offset, wire.decode_session(one.value)) for _, one in chunk.records]
        return await self._publish_all(self._knowing.key, self._knowing.learn(sessions))

    def _judge(self, outcomes: list[tuple[int, Outcome]]) -> None:
        """Keep the evidence up, by the model as it was before it learned these outcomes."""
        trainer = self._learning.trainer
        if trainer is not None:
            new = (outcome for offset, outcome in outcomes if offset > trainer.offset)
            self.evidence.learn(new, trainer.model)

    async def _compete(self, outcomes: list[tuple[int, Outcome]]) -> list[Happening]:
        """Let the league learn, and broadcast who leads where that has changed."""
        if self._leading is None:
            return []
        happenings = self._leading.learn(outcomes)
        if any(one.kind != "drift" for one in happenings):
            lead = as_record(self._leading.lead(), self._learning.seal)
            await self._publish(self._learning.lead_key, lead)
        return happenings

    async def _publish_all(self, key: str, snapshots: Sequence[Snapshot]) -> int | None:
        """Publish what is due; gives the offset after the last record that it holds."""
        for _, snapshot in snapshots:
            await self._publish(key, snapshot)
        return snapshots[-1][0] + 1 if snapshots else None

    async def _publish(self, key: str, record: dict[str, Any]) -> None:
        value = wire.encode_state(record)
        async with self._writing:
            await self._transactions.commit([Outgoing(self._topic, 0, key.encode(), value)])
        if key == self._settings.model_id:
            self._metrics.set("model_checkpoint_bytes", len(value))
            self._metrics.set("model_checkpoint_timestamp_seconds", time.time())
