"""The S-learner and the T-learner of uplift modelling, on River's logistic regression.

References
----------
[^1]: Kunzel, Sekhon, Bickel, Yu (2019), Metalearners for estimating heterogeneous treatment effects
    using machine learning, PNAS 116(10).
"""

from collections.abc import Mapping, Sequence

from river import linear_model, optim

from features.actions import NOTHING, Action
from online_models.outcomes import Outcome
from online_models.shapes import from_log_odds
from simulation.baselines.estimates import Estimates

LEARNING_RATE = 0.05
L2 = 1e-4
COLD_UNTIL = 200
BASE_RATE_LOG_ODDS = -2.0  # about the buying rate of a visit: nobody starts at one half

Block = dict[str, float]


class SLearner:
    """One model for all: what is given is a feature, alone and crossed with every other one.

    Without the crosses a logistic S-learner would rank all customers alike by what a coupon
    changes in log-odds; with them it is at its best.
    """

    def __init__(self) -> None:
        self._model = _logistic()
        self._counts: dict[str, int] = {}

    def score(self, x: dict[str, float], coupons: Sequence[Action]) -> Estimates:
        """Give P(buy) under each action; the user's part is summed once."""
        model = self._model
        user = _sum(model, _prefixed("u", x)) + BASE_RATE_LOG_ODDS
        treated = user + _sum(model, _prefixed("t", x))
        deeper = _sum(model, _prefixed("d", x))
        with_each = [
            treated + one.depth_ratio * deeper + _sum(model, _terms(one)) for one in coupons
        ]
        return Estimates(from_log_odds(user), [*map(from_log_odds, with_each)])

    def is_cold(self, action: Action) -> bool:
        """Whether fewer than `COLD_UNTIL` labels were learned about this action."""
        return self._counts.get(action.action_id, 0) < COLD_UNTIL

    def learn(self, outcome: Outcome) -> None:
        """Learn a decision when its label is known."""
        if outcome.state != "settled" or not outcome.x:
            return
        x, given = outcome.x, outcome.action
        wide = _prefixed("u", x)
        if given.kind != NOTHING.kind:
            wide |= _prefixed("t", x) | _terms(given)
            wide |= {key: given.depth_ratio * v for key, v in _prefixed("d", x).items()}
        _count(self._counts, given)
        self._model.learn_one(wide, outcome.y)


class TLearner:
    """Two models that share nothing: one of customers with a coupon, one of those without."""

    def __init__(self) -> None:
        self._without, self._with = _logistic(), _logistic()
        self._counts: dict[str, int] = {}

    def score(self, x: dict[str, float], coupons: Sequence[Action]) -> Estimates:
        """Give P(buy) under each action; the user's part is summed once."""
        user = _prefixed("u", x)
        treated = _sum(self._with, user) + _sum(self._with, {"bias": 1.0}) + BASE_RATE_LOG_ODDS
        return Estimates(
            from_log_odds(_sum(self._without, user) + BASE_RATE_LOG_ODDS),
            [from_log_odds(treated + _sum(self._with, _terms(one))) for one in coupons],
        )

    def is_cold(self, action: Action) -> bool:
        """Whether fewer than `COLD_UNTIL` labels were learned about this action."""
        return self._counts.get(action.action_id, 0) < COLD_UNTIL

    def learn(self, outcome: Outcome) -> None:
        """Learn a decision when its label is known, in the model of its kind."""
        if outcome.state != "settled" or not outcome.x:
            return
        _count(self._counts, outcome.action)
        user = _prefixed("u", outcome.x)
        if outcome.action.kind == NOTHING.kind:
            self._without.learn_one(user, outcome.y)
        else:
            self._with.learn_one(user | {"bias": 1.0} | _terms(outcome.action), outcome.y)


def _logistic() -> linear_model.LogisticRegression:
    model = linear_model.LogisticRegression(optim.AdaGrad(LEARNING_RATE), l2=L2, intercept_lr=0.0)
    model.intercept = BASE_RATE_LOG_ODDS
    return model


def _prefixed(group: str, x: Mapping[str, float]) -> Block:
    block = {f"{group}|{name}": value for name, value in x.items() if value}
    block[f"{group}|"] = 1.0
    return block


def _terms(given: Action) -> Block:
    """Name what is given: which coupon, of which kind, how deep and how fitting."""
    return {
        f"a|{given.action_id}": 1.0,
        f"k|{given.kind}": 1.0,
        f"k|{given.kind}|depth": given.depth_ratio,
        "depth": given.depth_ratio,
        "match": given.match_ratio,
        "gap": given.gap_ratio,
    }


def _sum(model: linear_model.LogisticRegression, block: Block) -> float:
    weights = model._weights
    return float(sum(weights[key] * value for key, value in block.items() if key in weights))


def _count(counts: dict[str, int], given: Action) -> None:
    counts[given.action_id] = counts.get(given.action_id, 0) + 1
