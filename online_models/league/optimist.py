"""LinUCB: a linear bandit that counts its doubt in a coupon in the coupon's favour."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from operator import mul
from typing import Any

from features.actions import NOTHING, Action
from online_models.crosses import require_sane
from online_models.league.contracts import Form
from online_models.league.forms import Labels, require_few, require_length, require_numbers, sealed
from online_models.league.inputs import MAX_ACTIONS, OTHERS, opened
from online_models.league.lessons import BASE_RATE, LateLearner
from online_models.league.replies import BIAS, COUPON, Replies
from online_models.refusals import Reason, require, require_shape
from online_models.shapes import clipped, delay_weight, log_odds

OPTIMISM = 0.2
MAX_CHOSEN = 24

_ARM = {"id": str, "weights": [float], "spread": [float]}
_SHAPE = {"chosen": [str], "optimism": float, "arms": [_ARM]}


@dataclass(slots=True)
class LinearArm:
    """Ridge regression of purchases on a few features, for one action.

    `spread` is the inverse of I + sum of z z', row by row; `sums` the sum of y z, which starts so
    that the first belief is `BASE_RATE` for everybody.
    """

    spread: list[list[float]]
    sums: list[float]

    def learn(self, z: Sequence[float], y: bool, weight: float) -> None:
        """Take in one example (Sherman-Morrison)."""
        across = [sum(map(mul, row, z)) for row in self.spread]
        scale = weight / (1.0 + weight * sum(map(mul, across, z)))
        for row, a in zip(self.spread, across, strict=True):
            step = scale * a
            row[:] = [value - step * b for value, b in zip(row, across, strict=True)]
        if y:
            self.sums = [s + weight * value for s, value in zip(self.sums, z, strict=True)]

    @property
    def weights(self) -> list[float]:
        """The regression's weights."""
        return [sum(map(mul, row, self.sums)) for row in self.spread]


class Optimist(LateLearner):
    """LinUCB with an arm of its own for each coupon and for nothing.

    The upper bound is what coupons are compared by; nothing is told plainly, since what a user
    does unaided is known from many more labels. Beyond `MAX_ACTIONS` coupons share an arm.

    References
    ----------
    [^1]: Li, Chu, Langford, Schapire (2010), A contextual-bandit approach to personalized news
        article recommendation, WWW.
    """

    def __init__(self, names: Sequence[str], chosen: Sequence[str], *, optimism: float = OPTIMISM):
        if not set(chosen) <= set(names) or len(chosen) > MAX_CHOSEN:
            message = f"chosen must be at most {MAX_CHOSEN} of the names, was {tuple(chosen)}"
            raise ValueError(message)
        super().__init__()
        self._names, self._chosen, self._optimism = tuple(names), tuple(chosen), optimism
        self._arms: dict[str, LinearArm] = {}
        self._places: dict[str, str] = {}

    def score(self, x: dict[str, float], coupons: Sequence[Action]) -> Replies:
        """Give P(buy) under each coupon, doubt in its favour, and without any."""
        places = {OTHERS, NOTHING.action_id, *(one.action_id for one in coupons)}
        arms = {key: (arm.weights, arm.spread) for key, arm in self._arms.items() if key in places}
        return OptimistScorer(
            chosen=self._chosen, optimism=self._optimism, arms=arms, labels=self._labels
        ).score(x, coupons)

    def scoring_form(self) -> Form:
        """Write down each arm's weights and its spread, the upper half."""
        counts = self._labels.counts
        return sealed("linucb", self._names, counts, self.learned_count, self._body())

    def _body(self) -> Form:
        arms = [
            {
                "id": key,
                "weights": arm.weights,
                "spread": [v for at, row in enumerate(arm.spread) for v in row[at:]],
            }
            for key, arm in self._arms.items()
        ]
        return {"chosen": list(self._chosen), "optimism": self._optimism, "arms": arms}

    def _learn(self, x: dict[str, float], action: Action, y: bool) -> float:
        z = row_of(x, self._chosen)
        require_sane(dict(zip(self._chosen, z, strict=False)), action, 1.0)
        key = opened(self._places, action.action_id, MAX_ACTIONS)
        arm = self._arms.get(key) or self._new(key)
        p = clipped(sum(map(mul, arm.weights, z)))
        arm.learn(z, y, delay_weight(p, y))
        return p

    def _new(self, key: str) -> LinearArm:
        size = len(self._chosen) + 1
        spread = [[float(a == b) for b in range(size)] for a in range(size)]
        arm = LinearArm(spread, [0.0] * (size - 1) + [BASE_RATE])
        self._arms[key] = arm
        return arm


@dataclass(frozen=True, slots=True, kw_only=True)
class OptimistScorer:
    """Weights and spreads by arm."""

    chosen: tuple[str, ...]
    optimism: float
    arms: Mapping[str, tuple[list[float], list[list[float]]]]
    labels: Labels

    def score(self, x: dict[str, float], coupons: Sequence[Action]) -> Replies:
        """Give P(buy) under each coupon, doubt in its favour, and without any."""
        z = row_of(x, self.chosen)
        plain, wide = [], []
        for one in (NOTHING, *coupons):
            weights, spread = self._arm(one.action_id)
            plain.append(sum(map(mul, weights, z)))
            variance = sum(v * sum(map(mul, row, z)) for v, row in zip(z, spread, strict=True))
            wide.append(self.optimism * sqrt(max(variance, 0.0)))

        def reasons(place: int) -> dict[str, float]:
            alone, _ = self._arm(NOTHING.action_id)
            return _shares(self.chosen, z, alone, plain[0], plain[place])

        return Replies([log_odds(clipped(p)) for p in plain], reasons, wide[1:])

    def is_cold(self, action: Action) -> bool:
        """Whether few labels were learned about this very action."""
        return self.labels.is_cold(action)

    def _arm(self, key: str) -> tuple[list[float], list[list[float]]]:
        known = self.arms.get(key) or self.arms.get(OTHERS)
        if known is not None:
            return known
        size = len(self.chosen) + 1
        believed = [0.0] * (size - 1) + [BASE_RATE]
        return believed, [[float(a == b) for b in range(size)] for a in range(size)]


def _shares(
    chosen: Sequence[str], z: Sequence[float], alone: Sequence[float], p0: float, p: float
) -> dict[str, float]:
    """Turn shares of a probability into shares of its log-odds, in proportion."""
    typical = log_odds(clipped(alone[-1]))
    whole = log_odds(clipped(p0)) - typical
    parts = [w * v for w, v in zip(alone, z[:-1], strict=False)]
    total = sum(parts)
    scale = whole / total if abs(total) > 1e-9 else 0.0
    shares = {name: part * scale for name, part in zip(chosen, parts, strict=True)}
    return shares | {BIAS: typical, COUPON: log_odds(clipped(p)) - log_odds(clipped(p0))}


def row_of(x: Mapping[str, float], chosen: Sequence[str]) -> list[float]:
    """Give the chosen features and a constant."""
    return [*(x.get(name, 0.0) for name in chosen), 1.0]


def read_body(body: Any, names: Sequence[str], labels: Labels) -> OptimistScorer:
    """Read the arms.

    Raises
    ------
    SnapshotRefused
        Of another shape, or a number or a name is none of ours.
    """
    require_shape(body, _SHAPE, "body")
    chosen, size = body["chosen"], len(body["chosen"]) + 1
    require_few(chosen, "chosen", MAX_CHOSEN)
    require(set(chosen) <= set(names), Reason.OTHER_FEATURES, "chosen must be of the names")
    require_few(body["arms"], "arms")
    require_numbers([body["optimism"]], "optimism")
    arms = {}
    for arm in body["arms"]:
        require_length(arm["weights"], size, "weights")
        require_length(arm["spread"], size * (size + 1) // 2, "spread")
        require_numbers([*arm["weights"], *arm["spread"]], "an arm")
        arms[arm["id"]] = arm["weights"], _mirrored(arm["spread"], size)
    return OptimistScorer(chosen=tuple(chosen), optimism=body["optimism"], arms=arms, labels=labels)


def _mirrored(half: Sequence[float], size: int) -> list[list[float]]:
    square = [[0.0] * size for _ in range(size)]
    places = ((a, b) for a in range(size) for b in range(a, size))
    for (a, b), value in zip(places, half, strict=True):
        square[a][b] = square[b][a] = value
    return square
