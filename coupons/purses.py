"""Purses: what each arm of the standing experiment may take of a campaign's money.

Out of one purse an eager arm would take what the others could have given, and their figures would
tell of an empty purse instead of their policies. So each arm that gives coupons at all has a part
of every budget in proportion to its customers, and the price of money is that of the policy's own.
"""

from typing import TypedDict

from coupons.arms import ArmShares
from coupons.draw import BUCKETS

POLICY = "policy"


class Purse(TypedDict):
    """One arm's part of what is held, spent and settled of an account."""

    held_minor: int
    spent_minor: int
    settled_minor: int


def weights_of(shares: ArmShares) -> dict[str, int]:
    """Give the arms that give coupons, in buckets of 10,000; the holdout needs no money.

    Examples
    --------
    >>> weights_of(ArmShares(random=0.02, business_as_usual=0.0, holdout=0.05))
    {'policy': 9300, 'random': 200}
    """
    counts: dict[str, int] = {arm: round(share * BUCKETS) for arm, share in shares.named()}
    weights = {POLICY: BUCKETS - sum(counts.values()), **counts}
    del weights["holdout"]
    return {arm: weight for arm, weight in weights.items() if weight > 0}


def part_of(total_minor: int, arm: str, weights: dict[str, int]) -> int:
    """Give an arm's part of a share; the parts of all arms sum to it exactly.

    Examples
    --------
    >>> weights = {"policy": 9_300, "random": 200}
    >>> part_of(1_000, "random", weights), part_of(1_000, "policy", weights)
    (21, 979)
    """
    whole = sum(weights.values())
    if arm not in weights:
        return 0
    if arm != next(iter(weights)):
        return total_minor * weights[arm] // whole
    others = (total_minor * weight // whole for name, weight in weights.items() if name != arm)
    return total_minor - sum(others)


def purse(purses: dict[str, Purse], arm: str) -> Purse:
    """Give an arm's purse, opened empty where there is none."""
    return purses.setdefault(arm, {"held_minor": 0, "spent_minor": 0, "settled_minor": 0})


def out_minor(purses: dict[str, Purse], arm: str) -> int:
    """Tell what is out of an arm's purse: held for coupons, or spent."""
    own = purses.get(arm)
    return own["held_minor"] + own["spent_minor"] if own is not None else 0


def take_held(purses: dict[str, Purse], arm: str, amount_minor: int) -> None:
    """Let what was held be spent, in the purse that paid for it."""
    for own, part_minor in _payers(purses, arm, "held_minor", amount_minor):
        own["held_minor"] -= part_minor
        own["spent_minor"] += part_minor
        own["settled_minor"] += part_minor


def give_back(purses: dict[str, Purse], arm: str, amount_minor: int) -> None:
    """Return what was spent to the purse that paid for it."""
    for own, part_minor in _payers(purses, arm, "spent_minor", amount_minor):
        own["spent_minor"] -= part_minor


def _payers(
    purses: dict[str, Purse], arm: str, side: str, amount_minor: int
) -> list[tuple[Purse, int]]:
    """Name whose money it is: the arm's own, as far as it goes.

    A customer may have been in another arm when the coupon was given, since shares can be changed.
    """
    found: list[tuple[Purse, int]] = []
    for name in (arm, *sorted(purses.keys() - {arm})):
        own = purses.get(name)
        if own is None or not amount_minor:
            continue
        has_minor = own["held_minor"] if side == "held_minor" else own["spent_minor"]
        part_minor = min(amount_minor, has_minor)
        amount_minor -= part_minor
        if part_minor:
            found.append((own, part_minor))
    return found
