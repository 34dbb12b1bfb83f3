"""Learners of P(success | features, arm) for logged experiments: the product's, and others."""

from collections.abc import Callable, Sequence
from typing import Protocol

from river import linear_model, optim

from features.actions import NOTHING, Action
from online_models.laplace import LaplaceLogistic
from online_models.response import ResponseModel

NONE = "none"


class ArmLearner(Protocol):
    """Learns one example at a time, and answers for every arm."""

    def learn(self, x: dict[str, float], arm: str, success: bool) -> None:
        """Learn that `success` followed `arm`."""

    def predict(self, x: dict[str, float]) -> list[float]:
        """P(success) under each arm, in the order of the arms."""


class Ours:
    """The product's response model, with the arms as coupons and `none` as nothing.

    It holds that an offer never drives a customer away, which is true of coupons and not of every
    letter: where an arm does harm, only the others can tell.
    """

    def __init__(self, names: Sequence[str], arms: Sequence[str]):
        self._model = ResponseModel(names, caution=0.0)
        self._actions = [
            NOTHING if arm == NONE else Action(action_id=arm, kind="offer") for arm in arms
        ]
        self._by_arm = dict(zip(arms, self._actions, strict=True))

    def learn(self, x: dict[str, float], arm: str, success: bool) -> None:
        """Learn that `success` followed `arm`."""
        self._model.learn_one(x, self._by_arm[arm], success)

    def predict(self, x: dict[str, float]) -> list[float]:
        """P(success) under each arm, in the order of the arms."""
        return self._model.predict_many(x, self._actions)


class Crossed:
    """River's logistic regression on the features, the arm, and each feature within each arm."""

    def __init__(self, names: Sequence[str], arms: Sequence[str]):
        self._arms = tuple(arms)
        self._shared = {name: f"*|{name}" for name in names}
        self._own = [{name: f"{arm}|{name}" for name in names} for arm in arms]
        self._place = {arm: place for place, arm in enumerate(arms)}
        self._model = linear_model.LogisticRegression(
            optim.AdaGrad(0.05), l2=0.0005, intercept_lr=0.0
        )

    def learn(self, x: dict[str, float], arm: str, success: bool) -> None:
        """Learn that `success` followed `arm`."""
        self._model.learn_one(self._wide(x, self._place[arm]), success)

    def predict(self, x: dict[str, float]) -> list[float]:
        """P(success) under each arm, in the order of the arms."""
        return [
            float(self._model.predict_proba_one(self._wide(x, place))[True])
            for place in range(len(self._arms))
        ]

    def _wide(self, x: dict[str, float], place: int) -> dict[str, float]:
        own, shared = self._own[place], self._shared
        wide = {shared[name]: value for name, value in x.items()}
        wide |= {own[name]: value for name, value in x.items()}
        wide["*"] = 1.0
        wide[self._arms[place]] = 1.0
        return wide


class SecondOrder:
    """A second-order logistic regression for each arm: slow to start, and the most out of a row."""

    def __init__(self, names: Sequence[str], arms: Sequence[str]):
        self._learners = {arm: LaplaceLogistic(names) for arm in arms}

    def learn(self, x: dict[str, float], arm: str, success: bool) -> None:
        """Learn that `success` followed `arm`."""
        self._learners[arm].learn(x, success)

    def predict(self, x: dict[str, float]) -> list[float]:
        """P(success) under each arm, in the order of the arms."""
        return [learner.predict(x) for learner in self._learners.values()]


LEARNERS: dict[str, Callable[[Sequence[str], Sequence[str]], ArmLearner]] = {
    "response": Ours,
    "second_order": SecondOrder,
    "crossed": Crossed,
}
