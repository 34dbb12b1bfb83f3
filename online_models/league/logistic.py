"""Linear learners on River: logistic regression, and a passive-aggressive margin made probable."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence

from river import linear_model

from features.actions import Action
from online_models.ftrl import Ftrl
from online_models.league import linear
from online_models.league.contracts import Form
from online_models.league.forms import sealed
from online_models.league.inputs import Inputs
from online_models.league.lessons import BASE_RATE, LateLearner
from online_models.league.replies import Replies
from online_models.shapes import clipped, delay_weight, log_odds


class Linear(LateLearner):
    """A learner whose whole belief is a weight for each input."""

    def __init__(self, names: Sequence[str], typical: Mapping[str, float] | None):
        super().__init__()
        self._inputs = Inputs(names, typical)

    def score(self, x: dict[str, float], coupons: Sequence[Action]) -> Replies:
        """Give P(buy) under each coupon and without any."""
        return linear.lay_out(self._body(), self._inputs.names, self._labels).score(x, coupons)

    def scoring_form(self) -> Form:
        """Write down the weights, in log-odds."""
        names, counts = self._inputs.names, self._labels.counts
        return sealed("linear", names, counts, self.learned_count, self._body())

    @abstractmethod
    def _body(self) -> Form:
        """Write down the weights as they stand, in log-odds."""


class Logistic(Linear):
    """One logistic regression for users and coupons, stepped by FTRL.

    The plain form of the model that leads from the start: a coupon adds the same log-odds for
    everybody of the same features.
    """

    def __init__(
        self,
        names: Sequence[str],
        typical: Mapping[str, float] | None = None,
        *,
        alpha: float = 0.1,
        l2: float = 1.0,
    ):
        super().__init__(names, typical)
        optimizer = Ftrl(alpha=alpha, l2=l2)
        self._river = linear_model.LogisticRegression(optimizer, intercept_lr=0.0)
        believed = log_odds(BASE_RATE)
        self._river._weights["u|bias"] = believed
        optimizer.z["u|bias"] = -believed * optimizer.initial_strength
        optimizer.n["u|bias"] = 0.0

    def _body(self) -> Form:
        return linear.body_of(self._inputs, self._river.weights, 1.0, 0.0)

    def _learn(self, x: dict[str, float], action: Action, y: bool) -> float:
        wide = self._inputs.learn(x, action)
        p = clipped(float(self._river.predict_proba_one(wide)[True]))
        self._river.learn_one(wide, y, delay_weight(p, y))
        return p


class Margin(Linear):
    """A passive-aggressive separator of buyers, cousin of the SVM, with its margin calibrated.

    Buyers are few, so each weighs as much more as they are fewer; else the best separator calls
    nobody a buyer. What its margin means as a probability is learned beside it (Platt).

    References
    ----------
    [^1]: Crammer et al. (2006), Online passive-aggressive algorithms, JMLR 7.
    [^2]: Platt (1999), Probabilistic outputs for support vector machines.
    """

    def __init__(
        self,
        names: Sequence[str],
        typical: Mapping[str, float] | None = None,
        *,
        aggressiveness: float = 0.001,
    ):
        super().__init__(names, typical)
        self._aggressiveness = aggressiveness
        self._river = linear_model.PAClassifier(C=aggressiveness)
        self._platt = linear_model.LogisticRegression(Ftrl(alpha=0.1), intercept_lr=0.0)
        self._opened, self._bought = 10.0, 1.0  # as if one in ten had bought

    def _body(self) -> Form:
        slope, bias = (float(self._platt.weights.get(key, 0.0)) for key in ("margin", "bias"))
        bias += slope * self._river.intercept
        return linear.body_of(self._inputs, self._river.weights, slope, bias)

    def _learn(self, x: dict[str, float], action: Action, y: bool) -> float:
        self._opened, self._bought = self._opened + (not y), self._bought + y
        wide = self._inputs.learn(x, action)
        weights = self._river.weights
        margin = sum(weights.get(key, 0.0) * value for key, value in wide.items())
        seen = {"margin": margin + self._river.intercept, "bias": 1.0}
        p = clipped(float(self._platt.predict_proba_one(seen)[True]))
        self._platt.learn_one(seen, y, delay_weight(p, y))
        ratio = min(self._opened / self._bought, 50.0) if y else 1.0
        self._river.C = self._aggressiveness * ratio
        self._river.learn_one(wide, y)
        return p
