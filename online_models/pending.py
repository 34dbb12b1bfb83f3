"""How a decision that waits for its label lies in the row, and the outcome it becomes."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Literal, NotRequired, TypedDict
from zlib import crc32

from features.actions import Action
from online_models.outcomes import Arm, Outcome


class Pending(TypedDict):
    """One decision that waits; short keys, because the row travels with every event.

    `x` holds the user's features in the order of `names` and `n` says which names these were, `a`
    the action as (id, kind, depth, match, gap), `q` the propensity, `p` the probability of
    purchase, `due` the first moment at which no purchase counts any more, `m` the version of the
    model, `c` the campaign. `k` stands there once the offer was looked at: 1 if it was clicked on.
    `g` holds category and price of the product that the basket was guessed from, where it was.
    """

    id: str
    at: int
    due: int
    arm: Arm
    a: list[str | float]
    q: float
    p: float
    x: list[float]
    n: str
    m: str
    c: str | None
    k: NotRequired[int]
    g: NotRequired[list[str | int]]


def outcome_of(
    decision: Pending,
    state: Literal["opened", "settled", "censored"],
    user_id: str,
    names: Sequence[str],
    settled_ms: int | None,
    *,
    money: tuple[int, int, int] | None = None,
    x: dict[str, float] | None = None,
) -> Outcome:
    """Tell one step in the life of a waiting decision; with `money`, that it was bought.

    A decision that was remembered under other feature names has an empty `x`.

    Parameters
    ----------
    money
        (paid, discount, margin) of the order, in minor units.
    x
        The features where they are at hand, else they are read from the decision.
    """
    action_id, kind, depth, match, gap = decision["a"]
    order_minor, discount_minor, margin_minor = money or (0, 0, 0)
    clicked = decision.get("k") if state == "settled" else None
    if x is None:
        known = decision["n"] == names_id(tuple(names))
        x = dict(zip(names, map(float, decision["x"]), strict=True)) if known else {}
    return Outcome(
        decision_id=decision["id"],
        user_id=user_id,
        arm=decision["arm"],
        state=state,
        decided_ms=decision["at"],
        settled_ms=settled_ms,
        x=x,
        action=_action(str(action_id), str(kind), float(depth), float(match), float(gap)),
        propensity=decision["q"],
        p_buy=decision["p"],
        y=money is not None,
        order_minor=order_minor,
        discount_minor=discount_minor,
        margin_minor=margin_minor,
        clicked=None if clicked is None else clicked == 1,
        model_version=decision["m"],
        campaign_id=decision["c"],
    )


@lru_cache(maxsize=4_096)  # the same few actions come again and again
def _action(action_id: str, kind: str, depth: float, match: float, gap: float) -> Action:
    return Action(
        action_id=action_id, kind=kind, depth_ratio=depth, match_ratio=match, gap_ratio=gap
    )


@lru_cache(maxsize=64)
def names_id(names: tuple[str, ...]) -> str:
    """Return a short name for a sequence of feature names, to tell rows of other versions apart."""
    return f"{crc32('|'.join(names).encode()):08x}"
