"""A factorisation machine on River, taught one outcome in ten: it costs what ten others do."""

from collections.abc import Sequence

from river import facto, optim

from features.actions import NOTHING, Action
from online_models.crosses import require_sane
from online_models.league.contracts import Form
from online_models.league.factor_scorer import OF_COUPON, FactorScorer, coupon_inputs
from online_models.league.forms import sealed
from online_models.league.inputs import MAX_ACTIONS, opened
from online_models.league.lessons import BASE_RATE, LateLearner
from online_models.league.replies import Replies
from online_models.shapes import delay_weight, log_odds

FACTORS = 4


class Factors(LateLearner):
    """A factorisation machine over a few user features and the coupon.

    Parameters
    ----------
    chosen
        The user features it looks at: its cost grows with the square of their number.
    every
        One in so many provisional negatives is learned, and one in so many purchases.
    """

    def __init__(
        self, names: Sequence[str], chosen: Sequence[str], *, every: int = 10, seed: int = 1
    ):
        if every < 1 or not chosen or not set(chosen) <= set(names):
            message = f"every must be >= 1 and chosen among names, was {every}, {chosen}"
            raise ValueError(message)
        super().__init__()
        self._names, self._chosen, self._every = tuple(names), tuple(chosen), every
        self._seen = {False: 0, True: 0}
        self._actions: dict[str, str] = {}
        self._scorer: FactorScorer | None = None
        self._river = facto.FMClassifier(
            n_factors=FACTORS,
            weight_optimizer=optim.AdaGrad(0.1),
            latent_optimizer=optim.SGD(0.02),
            intercept=log_odds(BASE_RATE),
            intercept_lr=0.02,
            seed=seed,
        )

    def score(self, x: dict[str, float], coupons: Sequence[Action]) -> Replies:
        """Give P(buy) under each coupon and without any."""
        return self._read().score(x, coupons)

    def scoring_form(self) -> Form:
        """Write down weights and factors."""
        scorer = self._read()
        inputs = [
            {"id": key, "w": weight, "v": list(scorer.vectors[key])}
            for key, weight in scorer.weights.items()
        ]
        body = {"bias": scorer.bias, "factors": FACTORS, "inputs": inputs}
        return sealed("factors", self._names, self._labels.counts, self.learned_count, body)

    def _p(self, x: dict[str, float], action: Action) -> float:
        given = action.kind != NOTHING.kind
        return self._read().score(x, (action,) if given else ()).expected(0 if given else None)

    def _read(self) -> FactorScorer:
        if self._scorer is None:
            weights = {key: float(weight) for key, weight in self._river.weights.items()}
            vectors = {key: tuple(map(float, self._river.latents[key])) for key in weights}
            self._scorer = FactorScorer(
                bias=float(self._river.intercept),
                factors=FACTORS,
                weights=weights,
                vectors=vectors,
                labels=self._labels,
            )
        return self._scorer

    def _learn(self, x: dict[str, float], action: Action, y: bool) -> float:
        require_sane({name: x[name] for name in self._chosen if name in x}, action, 1.0)
        p = self._p(x, action)
        self._seen[y] += 1
        if self._seen[y] % self._every:
            return p
        own = OF_COUPON + "a|" + opened(self._actions, action.action_id, MAX_ACTIONS)
        wide = {name: x[name] for name in self._chosen if x.get(name)}
        wide |= {key: v for key, v in coupon_inputs(action, own).items() if v}
        self._river.learn_one(wide, y, w=delay_weight(p, y))
        self._scorer = None
        return p
