"""Scoring by a factorisation machine: every pair of inputs counts by how alike its factors are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from features.actions import NOTHING, Action
from online_models.crosses import depth_steps
from online_models.league.forms import Labels, require_few, require_length, require_numbers
from online_models.league.inputs import OTHERS
from online_models.league.replies import BIAS, COUPON, Replies
from online_models.refusals import Reason, require, require_shape

MAX_FACTORS = 16
OF_COUPON = "c|"

_SHAPE = {
    "bias": float,
    "factors": int,
    "inputs": [{"id": str, "w": float, "v": [float]}],
}


@dataclass(frozen=True, slots=True, kw_only=True)
class FactorScorer:
    """A weight and a few factors by input; inputs of coupons begin with `c|`."""

    bias: float
    factors: int
    weights: Mapping[str, float]
    vectors: Mapping[str, tuple[float, ...]]
    labels: Labels

    def score(self, x: dict[str, float], coupons: Sequence[Action]) -> Replies:
        """Give P(buy) under each coupon and without any; the user's sums only once."""
        user = self._sums(x)
        logits = [self._logit(user)]
        for coupon in coupons:
            own = self._sums(self.of_coupon(coupon))
            sums = tuple(a + b for a, b in zip(user, own, strict=True))
            logits.append(self._logit(sums))

        def reasons(place: int) -> dict[str, float]:
            wide = dict(x) | (self.of_coupon(coupons[place - 1]) if place else {})
            return self._reasons(wide)

        return Replies(logits, reasons)

    def is_cold(self, action: Action) -> bool:
        """Whether few labels were learned about this very action."""
        return self.labels.is_cold(action)

    def of_coupon(self, action: Action) -> dict[str, float]:
        """Name the inputs of a coupon; one never learned about counts as the others."""
        own = f"{OF_COUPON}a|{action.action_id}"
        return coupon_inputs(action, own if own in self.weights else f"{OF_COUPON}a|{OTHERS}")

    def _sums(self, x: Mapping[str, float]) -> tuple[float, ...]:
        """Sum up inputs: weighted, then by factor, then squared by factor."""
        linear, size = 0.0, self.factors
        sums, squares = [0.0] * size, [0.0] * size
        for key, value in x.items():
            vector = self.vectors.get(key)
            if vector is None or not value:
                continue
            linear += self.weights[key] * value
            for at, factor in enumerate(vector):
                term = factor * value
                sums[at] += term
                squares[at] += term * term
        return (linear, *sums, *squares)

    def _logit(self, sums: tuple[float, ...]) -> float:
        size = self.factors
        pairs = sum(a * a for a in sums[1 : size + 1]) - sum(sums[size + 1 :])
        return self.bias + sums[0] + 0.5 * pairs

    def _reasons(self, wide: Mapping[str, float]) -> dict[str, float]:
        """Give each input its own weight and half of each pair that it is in."""
        totals = self._sums(wide)[1 : self.factors + 1]
        shares = {BIAS: self.bias}
        for key, value in wide.items():
            vector = self.vectors.get(key)
            if vector is None or not value:
                continue
            pairs = sum(v * value * (t - v * value) for v, t in zip(vector, totals, strict=True))
            name = COUPON if key.startswith(OF_COUPON) else key
            shares[name] = shares.get(name, 0.0) + self.weights[key] * value + 0.5 * pairs
        return shares


def coupon_inputs(action: Action, own: str) -> dict[str, float]:
    """Tell a coupon by whether there is one, its depth, match and gap, and its own name."""
    if action.kind == NOTHING.kind:
        return {}
    return {
        "c|given": 1.0,
        "c|depth": depth_steps(action),
        "c|match": action.match_ratio,
        "c|gap": action.gap_ratio,
        own: 1.0,
    }


def read_body(body: Any, names: Sequence[str], labels: Labels) -> FactorScorer:
    """Read weights and factors.

    Raises
    ------
    SnapshotRefused
        Of another shape, or a number or a name is none of ours.
    """
    require_shape(body, _SHAPE, "body")
    size, inputs = body["factors"], body["inputs"]
    require(0 < size <= MAX_FACTORS, Reason.WRONG_VALUE, f"factors must be few, was {size}")
    require_few(inputs, "inputs", 80 + len(names))
    require_numbers([body["bias"]], "bias")
    known = set(names)
    for entry in inputs:
        ours = entry["id"] in known or entry["id"].startswith(OF_COUPON)
        require(ours, Reason.WRONG_VALUE, f"an input must be ours, was {entry['id']!r:.40}")
        require_length(entry["v"], size, "factors of an input")
        require_numbers([entry["w"], *entry["v"]], "an input")
    return FactorScorer(
        bias=body["bias"],
        factors=size,
        weights={entry["id"]: entry["w"] for entry in inputs},
        vectors={entry["id"]: tuple(entry["v"]) for entry in inputs},
        labels=labels,
    )
