"""Which model scores, which one learns, and when a snapshot is due."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import structlog
from aiokafka import ConsumerRecord

from features.vector import NAMES
from online_models import snapshot
from online_models.outcomes import Outcome
from online_models.refusals import SnapshotRefused
from online_models.response import ResponseModel
from online_models.trainer import Trainer
from streams import wire
from streams.settings import Settings

log = structlog.get_logger()

# Means of the features over decision points, to one decimal. They only have to be about right: the
# learner counts features from here, which speeds it up and changes nothing it can express.
TYPICAL = {
    "browse_count_5m": 0.4,
    "browse_count_1h": 0.4,
    "browse_count_1d": 0.7,
    "browse_count_7d": 1.2,
    "browse_count_30d": 1.3,
    "browse_count_lifetime": 1.3,
    "search_count_1h": 0.1,
    "search_count_7d": 0.4,
    "search_count_30d": 0.4,
    "cart_count_1h": 0.1,
    "cart_count_1d": 0.2,
    "cart_count_7d": 0.4,
    "cart_count_30d": 0.5,
    "remove_count_7d": 0.3,
    "order_count_7d": 0.1,
    "order_count_30d": 0.1,
    "order_count_lifetime": 0.1,
    "browse_product_distinct_lifetime": 1.1,
    "any_day_distinct_30d": 0.4,
    "order_decayed_30d": 0.1,
    "order_value_sum_30d": 0.3,
    "order_value_mean_lifetime": 1.7,
    "order_value_missing": 0.8,
    "order_value_rank_lifetime": 0.1,
    "browse_price_now": 1.6,
    "browse_price_missing": 0.7,
    "any_gap_now": 2.3,
    "order_gap_now": 3.7,
    "browse_dwell_mean_lifetime": 0.8,
    "browse_dwell_missing": 0.1,
    "browse_cart_rate_lifetime": 0.2,
    "cart_order_rate_lifetime": 0.3,
    "order_again_rate_lifetime": 0.5,
    "any_week_rate_30d": 0.6,
    "coupon_redeem_rate_lifetime": 0.5,
    "cart_value_now": 0.5,
    "cart_quantity_now": 0.1,
    "cart_product_distinct_now": 0.1,
    "cart_age_now": 0.1,
    "browse_hesitation_7d": 0.5,
    "order_overdue_lifetime": 0.1,
    "category_share_now": 0.2,
    "brand_share_now": 0.1,
    "category_missing": 0.7,
    "hour_night_now": 0.1,
    "hour_morning_now": 0.2,
    "hour_evening_now": 0.4,
    "weekend_now": 0.3,
    "device_phone_now": 0.5,
    "channel_app_now": 0.4,
    "trigger_search_now": 0.2,
    "trigger_cart_now": 0.2,
    "trigger_checkout_now": 0.1,
    "profile_member_now": 0.2,
}


@dataclass(slots=True)
class Trained:
    """What outcomes brought: how many were learned by label, and snapshots with their offsets."""

    learned: Counter[str] = field(default_factory=Counter)
    snapshots: list[tuple[int, dict[str, Any]]] = field(default_factory=list)


def fresh_trainer() -> Trainer:
    """Give a trainer that has seen nothing and scores by its prior."""
    return Trainer(ResponseModel(NAMES, typical=TYPICAL))


class Learning:
    """The scoring model, and on the one worker that trains also the learning one.

    Scores come from snapshots only, on every worker alike, the training one included: what a
    worker learned since would be gone with it, and no replay could repeat its answers.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._latest: dict[str, Any] | None = None
        self._trainer: Trainer | None = None
        self._since_snapshot_count = 0
        self.scorer = fresh_trainer()
        self.version = "prior"
        self.snapshot_offset = -1

    def take(self, state: dict[str, Any]) -> None:
        """Put a snapshot in force for scoring.

        Raises
        ------
        SnapshotRefused
            It is damaged, foreign or from another version; the model in force stays.
        """
        restored = snapshot.load(state, names=NAMES, model_id=self._settings.model_id)
        self.scorer = restored
        self.version = str(restored.offset)
        self._latest = state

    def hear(self, record: ConsumerRecord) -> None:
        """Put a snapshot in force; a refused one leaves the last good model where it is."""
        if record.key != self._settings.model_id.encode() or record.value is None:
            return
        try:
            self.take(wire.decode_state(record.value))
        except (SnapshotRefused, ValueError) as refused:
            log.error("a model snapshot was refused", offset=record.offset, reason=str(refused))

    def begin(self) -> None:
        """Start training from the newest snapshot."""
        latest = self._latest
        self._trainer = fresh_trainer() if latest is None else snapshot.load(latest, names=NAMES)
        self._since_snapshot_count = 0
        self.snapshot_offset = self._trainer.offset

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
        if self._trainer is None:
            self.begin()
        trainer = self._trainer
        assert trainer is not None
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
        self.snapshot_offset = trainer.offset
        self._since_snapshot_count = 0
        return snapshot.dump(
            trainer, model_id=self._settings.model_id, model_version=str(trainer.offset)
        )
