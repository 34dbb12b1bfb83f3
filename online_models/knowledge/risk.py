"""How risky it is to give somebody an offer: suspicions put together, each with its code.

One weak sign proves nothing: an odd session or a shared address alone stays below a half. Signs
count as if they were independent: the risk is the chance that at least one of them is right.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from features.session_record import Session
from online_models.knowledge import rings

Sign = rings.Reason | Literal["odd_session"]
# How often a sign alone means abuse: by the scripted set of the tests, rounded down.
WEIGHTS: dict[Sign, float] = {
    "shared_device": 0.6,
    "shared_address": 0.45,
    "code_guessing": 0.6,
    "order_velocity": 0.5,
    "odd_session": 0.3,
}


@dataclass(frozen=True, slots=True)
class Risk:
    """A score in 0..1 and the signs behind it, the heaviest first."""

    score: float = 0.0
    signs: tuple[Sign, ...] = ()


NO_RISK = Risk()


def risk_of(signs: Iterable[Sign]) -> Risk:
    """Put signs together.

    Examples
    --------
    >>> risk_of(["odd_session", "shared_address"])
    Risk(score=0.615, signs=('shared_address', 'odd_session'))
    """
    found = sorted(set(signs), key=lambda sign: (-WEIGHTS[sign], sign))
    innocent = 1.0
    for sign in found:
        innocent *= 1.0 - WEIGHTS[sign]
    return Risk(round(1.0 - innocent, 6), tuple(found)) if found else NO_RISK


def signs_of(known: rings.Rings, session: Session) -> list[Sign]:
    """Name what is suspicious about a session that goes on, and about its user's last ones."""
    found: list[Sign] = list(known.reasons(session))
    if session.codes_count - session.orders_count >= rings.GUESSES_LIMIT:
        found.append("code_guessing")
    if session.orders_count >= rings.ORDERS_LIMIT:
        found.append("order_velocity")
    return found
