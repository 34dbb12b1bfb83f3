"""The response model of the product as one learner among others."""

from collections.abc import Sequence
from typing import Any

from features.actions import Action
from online_models import snapshot
from online_models.league.contracts import Form, Scorer
from online_models.league.forms import Labels, sealed
from online_models.refusals import Reason, SnapshotRefused
from online_models.response import ResponseModel
from online_models.trainer import Trainer

MODEL_ID = "league"


class TwoCauses:
    """A `ResponseModel` in the league; its scoring form holds the snapshot it is known by."""

    def __init__(self, model: ResponseModel):
        self.model = model
        self.learned_count = 0

    def learn_opened(self, x: dict[str, float], action: Action) -> float:
        """Learn a provisional negative; gives P(buy) as it was before."""
        self.learned_count += 1
        return self.model.learn_opened(x, action)

    def learn_bought(self, x: dict[str, float], action: Action) -> None:
        """Learn that a decision shown before was bought."""
        self.learned_count += 1
        self.model.learn_bought(x, action)

    def score(self, x: dict[str, float], coupons: Sequence[Action]) -> Any:
        """Give P(buy) under each coupon and without any."""
        return self.model.score(x, coupons)

    def scoring_form(self) -> Form:
        """Write down a snapshot of the model."""
        body = snapshot.dump(Trainer(self.model), model_id=MODEL_ID, model_version="")
        names = self.model.crosses.names
        return sealed("two_causes", names, {}, self.learned_count, body)


def read_body(body: Any, names: Sequence[str], labels: Labels) -> Scorer:
    """Read the snapshot; it counts its own labels.

    Raises
    ------
    SnapshotRefused
        As `snapshot.load`.
    """
    try:
        return snapshot.load(body, names=names, model_id=MODEL_ID).model
    except TypeError as error:
        raise SnapshotRefused(Reason.WRONG_TYPE, str(error)) from error
