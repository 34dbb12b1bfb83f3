"""Which knowledge informs decisions, which one learns, and when a snapshot of it is due."""

from collections.abc import Iterable
from hashlib import sha256
from typing import Any

import structlog
from aiokafka import ConsumerRecord

from features.session_record import Session
from online_models.knowledge import written
from online_models.knowledge.knowledge import Knowledge
from online_models.knowledge.known import Known
from online_models.refusals import Reason, SnapshotRefused, require
from streams import wire
from streams.seal import seal_of
from streams.settings import Settings

log = structlog.get_logger()


class Knowing:
    """The knowledge in force, and on the one worker that trains also the learning one.

    Decisions ask snapshots only, as they do of the model (see `streams.learning`). What is learned
    depends on the sessions and their order alone, not on the outcomes between them.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._seal = seal_of(settings)
        self._latest: dict[str, Any] | None = None
        self._learning: Knowledge | None = None
        self._offset = -1
        self._since_snapshot_count = 0
        self.in_force = Known(Knowledge())
        self.refused_count = 0

    @property
    def key(self) -> str:
        """The key under which snapshots are broadcast."""
        return f"{self._settings.model_id}.knowledge"

    @property
    def next_offset(self) -> int:
        """The first session that is not learned yet."""
        return self._offset + 1

    def hear(self, record: ConsumerRecord) -> None:
        """Put a snapshot in force; what is refused leaves the last good one there."""
        if record.key != self.key.encode() or record.value is None:
            return
        try:
            size = len(record.value)
            limit = f"must be at most {written.MAX_BYTES} bytes, was {size}"
            require(size <= written.MAX_BYTES, Reason.TOO_LARGE, limit)
            self.take(wire.decode_state(record.value))
        except (SnapshotRefused, ValueError) as refused:
            self.refused_count += 1
            log.error("knowledge was refused", offset=record.offset, reason=str(refused))

    def take(self, state: dict[str, Any]) -> None:
        """Put a snapshot in force.

        Raises
        ------
        SnapshotRefused
            It is damaged, foreign or of another version; the knowledge in force stays.
        """
        self.in_force = Known(self._load(state)[0])
        self._latest = state

    def begin(self) -> None:
        """Start learning from the newest snapshot."""
        self._learning, self._offset = Knowledge(), -1
        if self._latest is not None:
            self._learning, self._offset = self._load(self._latest)
        self._since_snapshot_count = 0

    def end(self) -> None:
        """Stop learning."""
        self._learning = None

    def learn(self, sessions: Iterable[tuple[int, Session]]) -> list[tuple[int, dict[str, Any]]]:
        """Learn sessions in the order of their offsets; gives snapshots that are due.

        They are due after every so many sessions, wherever a chunk ends, so that whoever learns
        after a crash comes to the same ones.
        """
        if self._learning is None:
            self.begin()
        assert self._learning is not None
        snapshots: list[tuple[int, dict[str, Any]]] = []
        for offset, session in sessions:
            if offset <= self._offset:
                continue
            self._offset = offset
            if self._settings.model_frozen:
                continue
            self._learning.learn(session)
            self._since_snapshot_count += 1
            if self._since_snapshot_count >= self._settings.knowledge_every:
                snapshots.append((offset, self._snapshot(self._learning)))
        return snapshots

    def _snapshot(self, knowledge: Knowledge) -> dict[str, Any]:
        self._since_snapshot_count = 0
        state = written.dump(knowledge, knowledge_id=self.key, offset=self._offset, digest=_digest)
        return state if self._seal is None else written.signed(state, self._seal.sign)

    def _load(self, state: dict[str, Any]) -> tuple[Knowledge, int]:
        verify = None if self._seal is None else self._seal.verify
        return written.load(state, knowledge_id=self.key, digest=_digest, verify=verify)


def _digest(body: dict[str, Any]) -> str:
    return sha256(wire.encode_canonical(body)).hexdigest()
