"""What the league shows: who stands where, and what happened."""

from dataclasses import dataclass
from typing import Literal

from online_models.league.contracts import Rule

Change = Literal["promoted", "rolled_back"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lead:
    """Who leads; `is_pinned` where it is a form of the past that does not learn."""

    name: str
    rule: Rule
    is_pinned: bool = False


@dataclass(frozen=True, slots=True)
class Happening:
    """Something to be logged and counted.

    Attributes
    ----------
    kind
        `promoted`: `name` leads instead of `previous`, being surely ahead by `bound` minor units
        per decision. `rolled_back`: the last good form of `name` leads instead of `previous`, whose
        log loss is surely worse by `bound`. `drift`: the leader's log loss rose.
    count
        Decisions judged (labels compared) up to here in this race.
    """

    kind: Literal["promoted", "rolled_back", "drift"]
    offset: int
    name: str
    previous: str = ""
    bound: float = 0.0
    count: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """One entrant in the present race.

    Attributes
    ----------
    given_ratio, agreed_ratio
        Share of judged decisions in which it gives a coupon, and in which it does as the leader.
    value_minor, lower_minor, upper_minor
        What a decision brings beyond giving nothing (doubly robust), with anytime bounds; None
        below two decisions.
    ahead_minor, ahead_lower_minor
        The same less the leader's, and the bound that decides promotion.
    log_loss
        Of every label in this race, on what was said before learning; None before the first.
    """

    name: str
    rule: Rule
    is_leading: bool
    judged_count: int
    learned_count: int
    given_ratio: float | None = None
    agreed_ratio: float | None = None
    value_minor: float | None = None
    lower_minor: float | None = None
    upper_minor: float | None = None
    ahead_minor: float | None = None
    ahead_lower_minor: float | None = None
    log_loss: float | None = None
