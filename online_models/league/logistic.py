"""Linear learners on River: logistic regression, and a passive-aggressive margin made probable."""

from collections.abc import Mapping, Sequence

from river import linear_model

from features.actions import Action
from online_models.ftrl import Ftrl
from online_models.league import linear
from online_models.league.contracts import Form
from online_models.league.forms import Labels, sealed
from online_models.league.inputs import Inputs
from online_models.league.replies import Replies
from online_models.shapes import HIGHEST, LOWEST, delay_weight, log_odds

BASE_RATE = 0.1  # P(buy) that is believed before the first label


class Logistic:
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
        self.learned_count = 0
        self._inputs = Inputs(names, typical)
        self._labels = Labels()
        optimizer = Ftrl(alpha=alpha, l2=l2)
        self._river = linear_model.LogisticRegression(optimizer, intercept_lr=0.0)
        believed = log_odds(BASE_RATE)
        self._river._weights["u|bias"] = believed
        optimizer.z["u|bias"] = -believed * optimizer.initial_strength
        optimizer.n["u|bias"] = 0.0

    def learn_opened(self, x: dict[str, float], action: Action) -> float:
        """Learn a provisional negative; gives P(buy) as it was before."""
        p = self._learn(x, action, False)
        self._labels.add(action)
        return p

    def learn_bought(self, x: dict[str, float], action: Action) -> None:
        """Learn that a decision shown before was bought."""
        self._learn(x, action, True)

    def score(self, x: dict[str, float], coupons: Sequence[Action]) -> Replies:
        """Give P(buy) under each coupon and without any."""
        return linear.lay_out(self._body(), self._inputs.names, self._labels).score(x, coupons)

    def scoring_form(self) -> Form:
        """Write down the weights."""
        names, counts = self._inputs.names, self._labels.counts
        return sealed("linear", names, counts, self.learned_count, self._body())

    def _body(self) -> Form:
        return linear.body_of(self._inputs, self._river.weights, 1.0, 0.0)

    def _learn(self, x: dict[str, float], action: Action, y: bool) -> float:
        wide = self._inputs.learn(x, action)
        p = min(max(float(self._river.predict_proba_one(wide)[True]), LOWEST), HIGHEST)
        self._river.learn_one(wide, y, delay_weight(p, y))
        self.learned_count += 1
        return p


class Margin:
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
        self.learned_count = 0
        self._inputs = Inputs(names, typical)
        self._labels = Labels()
        self._aggressiveness = aggressiveness
        self._river = linear_model.PAClassifier(C=aggressiveness)
        self._platt = linear_model.LogisticRegression(Ftrl(alpha=0.1), intercept_lr=0.0)
        self._opened, self._bought = 10.0, 1.0  # as if one in ten had bought

    def learn_opened(self, x: dict[str, float], action: Action) -> float:
        """Learn a provisional negative; gives P(buy) as it was before."""
        self._opened += 1
        p = self._learn(x, action, False)
        self._labels.add(action)
        return p

    def learn_bought(self, x: dict[str, float], action: Action) -> None:
        """Learn that a decision shown before was bought."""
        self._bought += 1
        self._learn(x, action, True)

    def score(self, x: dict[str, float], coupons: Sequence[Action]) -> Replies:
        """Give P(buy) under each coupon and without any."""
        return linear.lay_out(self._body(), self._inputs.names, self._labels).score(x, coupons)

    def scoring_form(self) -> Form:
        """Write down the weights, in log-odds."""
        names, counts = self._inputs.names, self._labels.counts
        return sealed("linear", names, counts, self.learned_count, self._body())

    def _body(self) -> Form:
        slope, bias = (float(self._platt.weights.get(key, 0.0)) for key in ("margin", "bias"))
        bias += slope * self._river.intercept
        return linear.body_of(self._inputs, self._river.weights, slope, bias)

    def _learn(self, x: dict[str, float], action: Action, y: bool) -> float:
        wide = self._inputs.learn(x, action)
        weights = self._river.weights
        margin = sum(weights.get(key, 0.0) * value for key, value in wide.items())
        seen = {"margin": margin + self._river.intercept, "bias": 1.0}
        p = min(max(float(self._platt.predict_proba_one(seen)[True]), LOWEST), HIGHEST)
        self._platt.learn_one(seen, y, delay_weight(p, y))
        ratio = min(self._opened / self._bought, 50.0) if y else 1.0
        self._river.C = self._aggressiveness * ratio
        self._river.learn_one(wide, y)
        self.learned_count += 1
        return p
