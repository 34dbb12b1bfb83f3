"""What the response model believes before its first label."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from online_models.shapes import HIGHEST, LOWEST


@dataclass(frozen=True, slots=True, kw_only=True)
class Prior:
    """What the model believes before the first label.

    The beliefs are the learner's starting weights, and FTRL holds a weight at its start with a
    strength that fades as evidence on that very weight comes in: the hand-over is smooth, and each
    coupon, kind and feature is handed over at its own pace.

    Attributes
    ----------
    base_rate
        P(buy within the horizon) of a typical user who gets nothing, 0..1. Better too high than too
        low: a coupon for somebody who buys anyway is the costly error.
    persuaded_rate
        Share of those who would not have bought that a coupon without any depth wins over, 0..1.
    clicked_rate
        Share of those who look at an offer without any depth that click on it, 0..1.
    steepness
        What a fifth off adds to the log-odds of being won over.
    kind_lift
        By coupon kind: what it adds to the log-odds of being won over, whatever the depth.
    depth_lift
        By coupon kind: what a fifth off adds to these log-odds beyond `steepness`.
    name_lift
        By user feature (a segment, say): what a value of 1 adds to the log-odds of buying unaided.
    persuaded_lift
        By user feature: what a value of 1 adds to the log-odds of being won over.
    """

    base_rate: float = 0.1
    persuaded_rate: float = 0.011
    steepness: float = 1.7
    clicked_rate: float = 0.1
    kind_lift: Mapping[str, float] = field(default_factory=dict)
    depth_lift: Mapping[str, float] = field(default_factory=dict)
    name_lift: Mapping[str, float] = field(default_factory=dict)
    persuaded_lift: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("base_rate", "persuaded_rate", "clicked_rate"):
            if not LOWEST <= getattr(self, name) <= HIGHEST:
                message = f"{name} must be within {LOWEST}..{HIGHEST}, was {getattr(self, name)}"
                raise ValueError(message)
        for lifts in (
            {"steepness": self.steepness},
            self.kind_lift,
            self.depth_lift,
            self.name_lift,
            self.persuaded_lift,
        ):
            if odd := {name: lift for name, lift in lifts.items() if not abs(lift) <= 20.0}:
                message = f"a lift must be within -20..20, was {odd}"
                raise ValueError(message)


def persuaded_ratio(factor: float, base_rate: float) -> float:
    """Share won over of those who would not have bought, when P(buy) is multiplied by `factor`.

    Examples
    --------
    A campaign saw one fifth more purchases, where 5 % bought without:

    >>> round(persuaded_ratio(1.2, 0.05), 4)
    0.0105
    """
    if not (0 < base_rate < 1 and 1 <= factor and factor * base_rate < 1):
        message = (
            "base_rate and factor * base_rate must be within (0, 1) and factor at least 1, "
            f"was {base_rate}, {factor}"
        )
        raise ValueError(message)
    return (factor - 1) * base_rate / (1 - base_rate)
