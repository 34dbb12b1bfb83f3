"""Scoring by weighted sums: one for the user, one for whom coupons move, and the coupon's part."""

from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import mul
from typing import Any

from features.actions import Action
from online_models.crosses import depth_steps
from online_models.league.contracts import Form
from online_models.league.forms import (
    Labels,
    require_few,
    require_length,
    require_numbers,
)
from online_models.league.inputs import EXTRAS, OTHERS, Inputs
from online_models.league.replies import BIAS, COUPON, Replies
from online_models.refusals import require_shape

_ENTRY = [{"id": str, "w": float}]
_SHAPE = {
    "typical": [float],
    "user": [float],
    "lift": [float],
    "user_bias": float,
    "lift_extras": [float],
    "kinds": _ENTRY,
    "actions": _ENTRY,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class LinearScorer:
    """Logistic in a weighted sum; the user's part is worked out once for all coupons."""

    names: tuple[str, ...]
    typical: "array[float]"
    user: "array[float]"
    lift: "array[float]"
    user_bias: float
    lift_extras: tuple[float, float, float, float]
    kinds: Mapping[str, float]
    actions: Mapping[str, float]
    labels: Labels

    def score(self, x: dict[str, float], coupons: Sequence[Action]) -> Replies:
        """Give P(buy) under each coupon and without any, in one pass."""
        row = self._row(x)
        alone = sum(map(mul, row, self.user), self.user_bias)
        logits = [alone]
        if coupons:
            given = sum(map(mul, row, self.lift), alone)
            logits.extend([given + self.part(one) for one in coupons])

        def reasons(place: int) -> dict[str, float]:
            own = list(map(mul, row, self.user))
            if place:
                own = [a + v * w for a, v, w in zip(own, row, self.lift, strict=True)]
            shares = dict(zip(self.names, own, strict=True)) | {BIAS: self.user_bias}
            if place:
                shares[COUPON] = self.part(coupons[place - 1])
            return shares

        return Replies(logits, reasons)

    def is_cold(self, action: Action) -> bool:
        """Whether few labels were learned about this very action."""
        return self.labels.is_cold(action)

    def part(self, action: Action) -> float:
        """Give what the coupon itself adds to the log-odds."""
        bias, depth, match, gap = self.lift_extras
        kinds, actions = self.kinds, self.actions
        return (
            bias
            + depth * depth_steps(action)
            + match * action.match_ratio
            + gap * action.gap_ratio
            + kinds.get(action.kind, kinds.get(OTHERS, 0.0))
            + actions.get(action.action_id, actions.get(OTHERS, 0.0))
        )

    def _row(self, x: dict[str, float]) -> list[float]:
        return [
            x.get(name, 0.0) - usual for name, usual in zip(self.names, self.typical, strict=True)
        ]


def body_of(inputs: Inputs, weights: Mapping[str, float], scale: float, bias: float) -> Form:
    """Write down weights by input, times `scale`, and `bias` more for everybody."""

    def weight(key: str) -> float:
        return float(weights.get(key, 0.0)) * scale

    return {
        "typical": list(inputs.typical),
        "user": [weight(f"u|{name}") for name in inputs.names],
        "lift": [weight(f"t|{name}") for name in inputs.names],
        "user_bias": weight(f"u|{BIAS}") + bias,
        "lift_extras": [weight(f"t|{extra}") for extra in EXTRAS],
        "kinds": _entries("k|", weights, scale),
        "actions": _entries("a|", weights, scale),
    }


def _entries(level: str, weights: Mapping[str, float], scale: float) -> list[Form]:
    return [
        {"id": key[len(level) :], "w": float(weight) * scale}
        for key, weight in weights.items()
        if key.startswith(level)
    ]


def read_body(body: Any, names: Sequence[str], labels: Labels) -> LinearScorer:
    """Read what `body_of` wrote.

    Raises
    ------
    SnapshotRefused
        It is of another shape, or a number is out of scale.
    """
    require_shape(body, _SHAPE, "body")
    for part in ("typical", "user", "lift"):
        require_length(body[part], len(names), part)
        require_numbers(body[part], part)
    require_length(body["lift_extras"], len(EXTRAS), "lift_extras")
    require_numbers([body["user_bias"], *body["lift_extras"]], "weights")
    for part in ("kinds", "actions"):
        require_few(body[part], part)
        require_numbers([entry["w"] for entry in body[part]], part)
    return lay_out(body, names, labels)


def lay_out(body: Form, names: Sequence[str], labels: Labels) -> LinearScorer:
    """Lay out the weights of a body that is known to be sound."""
    bias, depth, match, gap = body["lift_extras"]
    return LinearScorer(
        names=tuple(names),
        typical=array("d", body["typical"]),
        user=array("d", body["user"]),
        lift=array("d", body["lift"]),
        user_bias=body["user_bias"],
        lift_extras=(bias, depth, match, gap),
        kinds={entry["id"]: entry["w"] for entry in body["kinds"]},
        actions={entry["id"]: entry["w"] for entry in body["actions"]},
        labels=labels,
    )
