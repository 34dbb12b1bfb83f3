"""P(buy within the horizon | user, action): one response model for every coupon and for none."""

from array import array
from collections.abc import Hashable, Mapping, Sequence

from river import linear_model

from features.actions import NOTHING, Action
from online_models.answers import Answers
from online_models.causes import Doubt, Part, Weights, either, slope_of
from online_models.crosses import (
    BIAS,
    CLICK,
    DEPTH,
    LIFT,
    SHARED,
    STEEP,
    USER,
    Crosses,
    Limits,
    require_sane,
)
from online_models.ftrl import Ftrl
from online_models.prior import Prior
from online_models.shapes import clipped, delay_weight, log_odds

# What users with a coupon teach about buying unaided. Where most users get one, their purchases
# would otherwise be put down to the coupon or to the user as chance has it; the users without one
# (the holdout at least) tell the two apart.
UNAIDED_CREDIT_RATIO = 0.1
# Squared gradients that a feature's weight of whom *deeper* coupons move counts as having seen
# before its first. There are as many of these weights as of whom any coupon moves, and a coupon's
# depth says little beyond the rest: at full steps they follow noise first (ADR 0046).
STEEP_SEEN = 100.0
# Standard deviations of doubt that count against a coupon.
CAUTION = 0.2


class ResponseModel:
    """A purchase has two possible causes: the user wanted it anyway, or the coupon won them over.

    P(buy | coupon) = p + (1 - p) q, where p (unaided) and q (won over) are logistic in the user's
    features and the coupon's. One logistic regression for both would add the same log-odds for
    everybody, and so believe until it has learned better that coupons move most whom they move
    least: those who buy anyway. Here such a user has nothing left to be won over. Of a purchase
    with a coupon each cause is taught its share: p / P and q / P. River steps the weights.

    Two ways to teach it. `learn_one` takes an example whose label is known. `learn_opened` and
    `learn_bought` are for labels that come late: a decision is shown at once as a negative, and
    once more as a positive if it is bought, both weighted so that the double showing leaves the
    probability right (see `delay_weight`).

    Parameters
    ----------
    names
        The user features that are used, in their order.
    typical
        A usual value by feature name, see `Crosses`.
    cold_until
        Labels until a coupon no longer counts as cold.
    """

    def __init__(
        self,
        names: Sequence[str],
        *,
        prior: Prior | None = None,
        typical: Mapping[str, float] | None = None,
        limits: Limits | None = None,
        cold_until: int = 200,
        alpha: float = 0.2,
        beta: float = 1.0,
        l2: float = 1.0,
        caution: float = CAUTION,
    ):
        self.caution = caution
        self.crosses = Crosses(names, limits, typical)
        self.cold_until = cold_until
        self.labels_count: dict[str, int] = {}
        self.optimizer = Ftrl(alpha=alpha, beta=beta, l2=l2)
        # the bias is a weight like the others: FTRL then steps it by its own evidence
        self.river = linear_model.LogisticRegression(self.optimizer, intercept_lr=0.0)
        self._weights: Weights | None = None
        self._parts: dict[tuple[str, str], Part] = {}
        for group in self.crosses.groups:
            self._start(group)
        self._believe(Prior() if prior is None else prior)

    def score(self, x: dict[str, float], coupons: Sequence[Action]) -> Answers:
        """Answer for each coupon and for none of them in one pass; the user's part only once.

        In `Answers.p_buy` the log-odds of being won over are lowered by `caution` standard
        deviations of whom coupons move. Of many customers those whose estimate errs upwards are
        given coupons; without this the policy pays for its errors. Doubt in a coupon or in its
        depth counts for nothing: a coupon that was seldom tried would never be. What is known of a
        weight is l2 plus FTRL's sum of squared gradients, which estimates its Fisher information;
        weights count as independent.

        References
        ----------
        [^1]: Swaminathan, Joachims (2015), Counterfactual Risk Minimization, ICML: prefer the lower
            bound when a policy is learned from what another one logged.
        """
        known, read_part = self._parts, self._read_part
        parts = [known.get((one.action_id, one.kind)) or read_part(one) for one in coupons]
        weights = self._weights or self._read_weights()
        crosses = self.crosses
        return Answers(crosses.names, weights, crosses.values(x), coupons, parts, self.caution)

    def predict_many(self, x: dict[str, float], actions: Sequence[Action]) -> list[float]:
        """P(buy) for each action, nothing among them, within [1e-6, 1 - 1e-6]; without caution."""
        answers = self.score(x, actions)
        return [
            answers.expected(None if action.kind == NOTHING.kind else at)
            for at, action in enumerate(actions)
        ]

    def predict_one(self, x: dict[str, float], action: Action) -> float:
        """P(buy) for one action."""
        return self.predict_many(x, (action,))[0]

    def learn_one(self, x: dict[str, float], action: Action, y: bool, weight: float = 1.0) -> None:
        """Learn that `y` followed `action`; `x` is not changed.

        Raises
        ------
        ValueError
            A feature or the weight is not finite or far out of scale: one such example could spoil
            every weight for good.
        """
        touched = self._opened(x, action, weight)
        self._learn(x, action, y, weight)
        self._count(touched)

    def learn_opened(self, x: dict[str, float], action: Action) -> float:
        """Learn a decision whose label is not known yet, as a provisional negative.

        Learns and answers, to expand the features once: returns P(buy) as it was before.
        """
        touched = self._opened(x, action)
        p = self._learn(x, action, False)
        self._count(touched)
        return p

    def learn_bought(self, x: dict[str, float], action: Action) -> None:
        """Learn that a decision shown to `learn_opened` before was bought."""
        self._opened(x, action)
        self._learn(x, action, True)

    def learn_clicked(self, x: dict[str, float], action: Action, clicked: bool) -> None:
        """Learn that an offer which was looked at was clicked on, or not.

        References
        ----------
        [^1]: Athey, Chetty, Imbens, Kang (2019), The surrogate index, NBER 26463: what follows soon
            and often stands in for what follows late and seldom.
        """
        self._opened(x, action)
        wide = self.crosses.click(x, action)
        error = self._river_p(wide) - clicked
        gradient: dict[Hashable, float] = {key: error * value for key, value in wide.items()}
        self.optimizer.step(self.river._weights, gradient)
        self._weights = None

    def is_cold(self, action: Action) -> bool:
        """Whether fewer than `cold_until` labels were learned about this very coupon."""
        group = USER if action.kind == NOTHING.kind else self.crosses.action_group(action.action_id)
        return self.labels_count.get(group, 0) < self.cold_until

    def open(self, group: str) -> None:
        """Open a group of weights at zero."""
        self.crosses.add(group)
        self._start(group)

    def _start(self, group: str) -> None:
        # All keys of a group enter together, so that the order of the weights, and with it the
        # last bit of a sum, depends only on the order in which groups were opened.
        for key in self.crosses.keys(group):
            self.river._weights[key] = self.optimizer.z[key] = self.optimizer.n[key] = 0.0
        if group == STEEP:
            features = self.crosses.keys(group)[: len(self.crosses.names)]
            self.optimizer.n.update(dict.fromkeys(features, STEEP_SEEN))

    def _believe(self, prior: Prior) -> None:
        beliefs = {f"{USER}|{BIAS}": log_odds(prior.base_rate)}
        beliefs |= {f"{USER}|{name}": lift for name, lift in prior.name_lift.items()}
        beliefs |= {
            f"{LIFT}|{BIAS}": log_odds(prior.persuaded_rate),
            f"{STEEP}|{BIAS}": prior.steepness,
            f"{CLICK}|{BIAS}": log_odds(prior.clicked_rate),
        }
        beliefs |= {f"{LIFT}|{name}": lift for name, lift in prior.persuaded_lift.items()}
        for term, lifts in ((BIAS, prior.kind_lift), (DEPTH, prior.depth_lift)):
            for kind, lift in lifts.items():
                group = self.crosses.kind_group(kind)
                if group not in self.crosses.groups:
                    self.open(group)
                beliefs[f"{group}|{term}"] = lift
        if unknown := sorted(key for key in beliefs if key not in self.optimizer.z):
            message = f"a prior must name user features, was {unknown}"
            raise ValueError(message)
        for key, weight in beliefs.items():
            self.river._weights[key] = weight
            self.optimizer.z[key] = -weight * self.optimizer.initial_strength

    def _river_p(self, wide: dict[str, float]) -> float:
        return clipped(float(self.river.predict_proba_one(wide)[True]))

    def _learn(
        self, x: dict[str, float], action: Action, y: bool, weight: float | None = None
    ) -> float:
        """Step the weights, by default with the weight of a late label; gives P(buy) before."""
        unaided = self.crosses.unaided(x)
        p = total = self._river_p(unaided)
        won_over, credit, wide = 0.0, 1.0, {}
        if action.kind != NOTHING.kind:
            wide = self.crosses.persuasion(x, action)
            won_over = self._river_p(wide)
            total = either(p, won_over)
            credit = UNAIDED_CREDIT_RATIO * p / total
        error = (total - y) * (delay_weight(total, y) if weight is None else weight)
        gradient: dict[Hashable, float] = {k: error * credit * v for k, v in unaided.items()}
        gradient |= {key: error * won_over / total * value for key, value in wide.items()}
        self.optimizer.step(self.river._weights, gradient)
        self._weights = None
        if wide:
            self._parts.clear()
        return total

    def _count(self, touched: list[str]) -> None:
        self.labels_count[touched[-1]] = self.labels_count.get(touched[-1], 0) + 1

    def _opened(self, x: dict[str, float], action: Action, weight: float = 1.0) -> list[str]:
        """Refuse a spoilt example, else open the groups that it touches."""
        require_sane({name: x[name] for name in self.crosses.names if name in x}, action, weight)
        opened = set(self.crosses.groups)
        touched = self.crosses.open(action)
        for group in touched:
            if group not in opened:
                self._start(group)
        return touched

    def _read_weights(self) -> Weights:
        typical = self.crosses.typical
        unaided, lift, steep = map(self._block, SHARED)
        match, gap = lift[len(typical) + 1 :]
        self._weights = Weights(
            typical=array("d", typical),
            unaided=slope_of(unaided, typical),
            lift=slope_of(lift, typical),
            steep=slope_of(steep, typical),
            match=match,
            gap=gap,
            lift_doubt=self._read_doubt(),
        )
        return self._weights

    def _read_doubt(self) -> Doubt:
        size = len(self.crosses.names)
        *variances, bias = map(self._variance, self.crosses.keys(LIFT)[: size + 1])
        return Doubt(array("d", variances), bias)

    def _variance(self, key: str) -> float:
        return float(1.0 / (self.optimizer.l2 + self.optimizer.n[key]))

    def _read_part(self, action: Action) -> Part:
        kind = self._block(self.crosses.kind_group(action.kind)) or (0.0, 0.0)
        own = self._block(self.crosses.action_group(action.action_id)) or (0.0,)
        part = Part(kind[0] + own[0], kind[1])
        if len(self._parts) >= 1024:  # a stream of unknown coupons must not fill the memory
            self._parts.clear()
        self._parts[action.action_id, action.kind] = part
        return part

    def _block(self, group: str) -> tuple[float, ...]:
        weights = self.river._weights
        return tuple(weights[key] for key in self.crosses.keys(group))
