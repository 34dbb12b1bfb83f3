"""Scoring by two trees, one for users with a coupon and one for users without."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from features.actions import Action
from online_models.crosses import depth_steps
from online_models.league.forms import Labels, require_numbers
from online_models.league.replies import BIAS, COUPON, Replies
from online_models.refusals import Reason, SnapshotRefused, require, require_shape

MAX_DEPTH = 12
OF_ACTION = ("depth", "match", "gap")


class Split(NamedTuple):
    """A question about one feature; `log_odds` is the mean of everybody who is asked it."""

    feature: str
    threshold: float
    log_odds: float
    left: "Split | float"
    right: "Split | float"


Node = Split | float


def walk(node: Node, x: Mapping[str, float]) -> Iterator[tuple[str, float]]:
    """Follow `x` down a tree: (feature, what its answer added to the log-odds) at each split.

    References
    ----------
    [^1]: Saabas (2014), Interpreting random forests: a path tells a prediction as a sum.

    Examples
    --------
    >>> list(walk(Split("cart", 0.5, -2.0, -3.0, -0.5), {"cart": 1.0}))
    [('cart', 1.5)]
    """
    while isinstance(node, Split):
        below = node.left if x.get(node.feature, 0.0) <= node.threshold else node.right
        yield node.feature, start(below) - node.log_odds
        node = below


def start(node: Node) -> float:
    """Give the log-odds of everybody at a node."""
    return node.log_odds if isinstance(node, Split) else node


def ends(node: Node, x: Mapping[str, float]) -> float:
    """Give the log-odds at the leaf that `x` comes to."""
    while isinstance(node, Split):
        node = node.left if x.get(node.feature, 0.0) <= node.threshold else node.right
    return node


def with_action(x: dict[str, float], action: Action) -> dict[str, float]:
    """Add the numbers of the action to those of the user."""
    numbers = (depth_steps(action), action.match_ratio, action.gap_ratio)
    return x | dict(zip(OF_ACTION, numbers, strict=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class TreeScorer:
    """P(buy) as the leaf says to which a user comes."""

    alone: Node
    given: Node
    labels: Labels

    def score(self, x: dict[str, float], coupons: Sequence[Action]) -> Replies:
        """Give P(buy) under each coupon and without any, in one pass."""
        asked = [with_action(x, one) for one in coupons]
        logits = [ends(self.alone, x), *(ends(self.given, wide) for wide in asked)]

        def reasons(place: int) -> dict[str, float]:
            shares = {BIAS: start(self.alone)}
            tree, wide = self.alone, x
            if place:
                tree, wide = self.given, asked[place - 1]
                shares[COUPON] = start(self.given) - start(self.alone)
            for feature, share in walk(tree, wide):
                name = COUPON if feature in OF_ACTION else feature
                shares[name] = shares.get(name, 0.0) + share
            return shares

        return Replies(logits, reasons)

    def is_cold(self, action: Action) -> bool:
        """Whether few labels were learned about this very action."""
        return self.labels.is_cold(action)


def write(node: Node, names: Sequence[str]) -> list[Any]:
    """Write a tree as nested lists: [log-odds] or [log-odds, feature, threshold, left, right]."""
    if not isinstance(node, Split):
        return [node]
    place = [*names, *OF_ACTION].index(node.feature)
    return [
        node.log_odds,
        place,
        node.threshold,
        write(node.left, names),
        write(node.right, names),
    ]


def read(written: Any, names: Sequence[str], depth: int = 0) -> Node:
    """Read what `write` wrote.

    Raises
    ------
    SnapshotRefused
        It is no tree, too deep, or asks about a feature there is not.
    """
    require(depth <= MAX_DEPTH, Reason.WRONG_VALUE, f"a tree must be at most {MAX_DEPTH} deep")
    require_shape(written[:1] if isinstance(written, list) else written, [float], "node")
    if len(written) == 1:
        require_numbers(written, "log-odds")
        return float(written[0])
    require(len(written) == 5, Reason.WRONG_TYPE, f"a split must hold 5, was {len(written)}")
    log_odds, place, threshold, left, right = written
    known = [*names, *OF_ACTION]
    if type(place) is not int or not 0 <= place < len(known) or type(threshold) is not float:
        detail = f"a split must name one of {len(known)} features, was {place!r:.40}"
        raise SnapshotRefused(Reason.WRONG_VALUE, detail)
    require_numbers((log_odds, threshold), "a split")
    return Split(
        known[place],
        threshold,
        float(log_odds),
        read(left, names, depth + 1),
        read(right, names, depth + 1),
    )


def read_body(body: Any, names: Sequence[str], labels: Labels) -> TreeScorer:
    """Read the two trees.

    Raises
    ------
    SnapshotRefused
        As `read`.
    """
    require_shape(body, {"alone": list, "given": list}, "body")
    return TreeScorer(
        alone=read(body["alone"], names), given=read(body["given"], names), labels=labels
    )
