"""Which model scores, which one learns, and when a snapshot is due."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import structlog
from aiokafka import ConsumerRecord

from coupons.policy import PolicyName
from features.vector import NAMES
from online_models import snapshot
from online_models.league.contracts import Scorer
from online_models.league.loading import scorer_from
from online_models.outcomes import Outcome
from online_models.refusals import SnapshotRefused
from online_models.response import ResponseModel
from online_models.trainer import Trainer
from streams import wire
from streams.lead import OURS, lead_of
from streams.seal import seal_of
from streams.settings import Settings
from streams.typical import BELIEF, TYPICAL

log = structlog.get_logger()

PRIOR = "prior"  # the version of a model that learned nothing


class InForce(NamedTuple):
    """The model that scores now.

    Attributes
    ----------
    version
        What was learned, as it stands in decisions.
    policy
        How its probabilities become a choice where it is not as the settings say.
    """

    scorer: Scorer
    model_id: str
    version: str
    learned_count: int
    policy: PolicyName | None = None


@dataclass(slots=True)
class Trained:
    """What outcomes brought: how many were learned by label, and snapshots with their offsets."""

    learned: Counter[str] = field(default_factory=Counter)
    snapshots: list[tuple[int, dict[str, Any]]] = field(default_factory=list)


def fresh_trainer() -> Trainer:
    """Give a trainer that has seen nothing and scores by its prior."""
    return Trainer(ResponseModel(NAMES, prior=BELIEF, typical=TYPICAL))


class Learning:
    """The scoring model, and on the one worker that trains also the learning one.

    Scores come from snapshots only, on every worker alike, the training one included: what a
    worker learned since would be gone with it, and no replay could repeat its answers.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.seal = seal_of(settings)
        self._latest: dict[str, Any] | None = None
        self._trainer: Trainer | None = None
        self._since_snapshot_count = 0
        self._lead: InForce | None = None
        self._ours = self._scoring(fresh_trainer(), PRIOR)
        self.leader: str | None = None
        self.refused_count = 0

    @property
    def in_force(self) -> InForce:
        """The model that scores now: the newest snapshot, or the league's leader."""
        return self._lead or self._ours

    @property
    def version(self) -> str:
        """The version of the model that scores now."""
        return self.in_force.version

    def take(self, state: dict[str, Any]) -> None:
        """Put a snapshot in force for scoring.

        Raises
        ------
        SnapshotRefused
            It is damaged, foreign or from another version; the model in force stays.
        """
        restored = self._load(state)
        self._ours = self._scoring(restored, str(restored.applied_count))
        self._latest = state

    def hear(self, record: ConsumerRecord) -> None:
        """Put what is broadcast in force; what is refused leaves the last good model there."""
        key = (record.key or b"").decode(errors="replace")
        take = {self._settings.model_id: self.take, self.lead_key: self.take_lead}.get(key)
        if take is None or record.value is None:
            return
        try:
            take(wire.decode_state(record.value))
        except (SnapshotRefused, ValueError) as refused:
            self.refused_count += 1
            log.error("a model was refused", key=key, offset=record.offset, reason=str(refused))

    @property
    def lead_key(self) -> str:
        """The key under which it is broadcast who leads."""
        return f"{self._settings.model_id}.lead"

    def take_lead(self, record: dict[str, Any]) -> None:
        """Let another learner of the league score, or the response model again.

        Raises
        ------
        SnapshotRefused
            It is damaged, or signed by nobody we trust; whoever led before goes on.
        """
        body = lead_of(record, self.seal)
        self.leader = body.name
        if body.name == OURS and not body.pinned:
            self._lead = None
            return
        self._lead = InForce(
            scorer=scorer_from(body.form, names=NAMES),
            model_id=f"{self._settings.model_id}.{body.name}",
            version=str(body.offset),
            learned_count=body.learned_count,
            policy="article" if body.rule == "article" else None,
        )

    def begin(self) -> Trainer:
        """Start training from the newest snapshot."""
        latest = self._latest
        self._trainer = fresh_trainer() if latest is None else self._load(latest)
        self._since_snapshot_count = 0
        return self._trainer

    def end(self) -> None:
        """Stop training."""
        self._trainer = None

    @property
    def trainer(self) -> Trainer | None:
        """The learning model, None on workers that do not train."""
        return self._trainer

    def learn(self, outcomes: Iterable[tuple[int, Outcome]]) -> Trained:
        """Learn outcomes in the order of their offsets.

        A snapshot is due after every so many outcomes, wherever a chunk ends: whoever trains
        after a crash comes to the same snapshots.
        """
        trainer = self._trainer or self.begin()
        trained = Trained()
        for offset, outcome in outcomes:
            if offset <= trainer.offset:
                continue
            if self._settings.model_frozen:
                trainer.offset = offset
                continue
            trainer.learn(outcome, offset)
            trained.learned[str(int(outcome.y))] += 1
            self._since_snapshot_count += 1
            if self._since_snapshot_count >= self._settings.snapshot_every:
                trained.snapshots.append((offset, self._snapshot(trainer)))
        return trained

    def _snapshot(self, trainer: Trainer) -> dict[str, Any]:
        self._since_snapshot_count = 0
        written = snapshot.dump(
            trainer, model_id=self._settings.model_id, model_version=str(trainer.applied_count)
        )
        return written if self.seal is None else snapshot.signed(written, self.seal.sign)

    def _scoring(self, trainer: Trainer, version: str) -> InForce:
        return InForce(trainer.model, self._settings.model_id, version, trainer.counts.opened)

    def _load(self, state: dict[str, Any]) -> Trainer:
        return snapshot.load(
            state,
            names=NAMES,
            model_id=self._settings.model_id,
            verify=None if self.seal is None else self.seal.verify,
        )
