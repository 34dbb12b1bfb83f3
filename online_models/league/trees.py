"""Hoeffding trees on River: what splits buyers from others, found while the outcomes come in."""

from collections.abc import Mapping, Sequence
from typing import Any

from river import tree

from features.actions import NOTHING, Action
from online_models.crosses import require_sane
from online_models.league.contracts import Form
from online_models.league.forms import sealed
from online_models.league.lessons import BASE_RATE, LateLearner
from online_models.league.replies import Replies
from online_models.league.tree_scorer import Node, Split, TreeScorer, with_action, write
from online_models.shapes import delay_weight, from_log_odds, log_odds

BELIEF_WEIGHT = 20.0  # labels that the belief counts for in every leaf
MAX_DEPTH = 6


class Trees(LateLearner):
    """A tree for users with a coupon and one for users without.

    One tree for both would seldom ask whether there is a coupon: its effect is small beside what
    users want anyway, and a tree that does not ask believes that coupons do nothing.

    Parameters
    ----------
    grace
        Weight of labels between two looks for a split.
    """

    def __init__(self, names: Sequence[str], *, grace: int = 300):
        super().__init__()
        self._names = tuple(names)
        self._alone, self._given = (
            tree.HoeffdingTreeClassifier(
                grace_period=grace, max_depth=MAX_DEPTH, delta=1e-4, leaf_prediction="mc"
            )
            for _ in range(2)
        )

    def score(self, x: dict[str, float], coupons: Sequence[Action]) -> Replies:
        """Give P(buy) under each coupon and without any."""
        alone, given = _copy(self._alone._root)[0], _copy(self._given._root)[0]
        return TreeScorer(alone=alone, given=given, labels=self._labels).score(x, coupons)

    def scoring_form(self) -> Form:
        """Write down both trees."""
        body = {
            "alone": write(_copy(self._alone._root)[0], self._names),
            "given": write(_copy(self._given._root)[0], self._names),
        }
        return sealed("trees", self._names, self._labels.counts, self.learned_count, body)

    def _learn(self, x: dict[str, float], action: Action, y: bool) -> float:
        wide = {name: x.get(name, 0.0) for name in self._names}
        require_sane(wide, action, 1.0)
        river = self._alone
        if action.kind != NOTHING.kind:
            river, wide = self._given, with_action(wide, action)
        leaf: Any = river._root
        if isinstance(leaf, tree.base.Branch):
            leaf = leaf.traverse(wide, until_leaf=True)
        p = from_log_odds(_log_odds({} if leaf is None else leaf.stats))
        river.learn_one(wide, y, w=delay_weight(p, y))
        return p


def _copy(node: Any) -> tuple[Node, dict[bool, float]]:
    """Copy River's tree with the log-odds at its nodes, and sum up the labels below."""
    is_split = isinstance(node, tree.base.Branch)
    if not is_split:
        stats = {} if node is None else dict(node.stats)
        return _log_odds(stats), stats
    (left, own), (right, other) = (_copy(child) for child in node.children)
    stats = {y: own.get(y, 0.0) + other.get(y, 0.0) for y in (False, True)}
    split = Split(node.feature, float(node.threshold), _log_odds(stats), left, right)
    return split, stats


def _log_odds(stats: Mapping[bool, float]) -> float:
    """Log-odds of a leaf's labels, held back by the belief where they are few."""
    bought = stats.get(True, 0.0) + BASE_RATE * BELIEF_WEIGHT
    unsold = stats.get(False, 0.0) + (1 - BASE_RATE) * BELIEF_WEIGHT
    return log_odds(bought / (bought + unsold))
