"""What the ledger of a campaign keeps: what each partition was granted, and what it told."""

from typing import NotRequired, TypedDict

from coupons.leases import Ask, Standing, Whole
from coupons.purses import Purse

# What partitions are supposed to have charged before they have told, as a share of the budget.
PRIOR_RATIO = 0.05


class LendingImbalance(Exception):
    """The ledger's books cannot be: a bug, never data; it has to stop."""


class Lent(TypedDict):
    """One partition's dealings: plain JSON.

    `seq` is the newest ask, `turn` since when it waits, `sent` the newest grant, `served_ms` when
    it last was granted something. `granted` is by arm, and so is all that the partition told;
    `used` is what had been charged at the newest grant of an arm. `asked` is the turn of a
    question that was not answered yet, else 0.
    """

    seq: int
    turn: int
    sent: int
    told_ms: int
    served_ms: int
    first_minor: int
    granted: dict[str, int]
    returned: dict[str, int]
    used: dict[str, int]
    wants: dict[str, int]
    purses: dict[str, Purse]
    asked: int


class BookState(TypedDict):
    """What is kept of a campaign's ledger: plain JSON, bounded by the number of partitions.

    `added_minor` came on top of the catalogue's budget; `version` counts the orders obeyed, and
    `order_id` names the last of them. `stops` gives the version of each stop that is known by its
    id, `stops_forgotten` that of the newest one that is not any more; absent before there was one.
    """

    budget_minor: int
    added_minor: int
    standing: Standing
    version: int
    order_id: str
    stops: NotRequired[dict[str, int]]
    stops_forgotten: NotRequired[int]
    turn: int
    length_ms: int
    lent: dict[str, Lent]


def nothing_lent() -> Lent:
    """Return the dealings with a partition that has not asked yet."""
    return {
        "seq": 0,
        "turn": 0,
        "sent": 0,
        "told_ms": 0,
        "served_ms": 0,
        "first_minor": 0,
        "granted": {},
        "returned": {},
        "used": {},
        "wants": {},
        "purses": {},
        "asked": 0,
    }


def nothing_booked() -> BookState:
    """Return the state of a campaign's ledger before anything was told."""
    return {
        "budget_minor": 0,
        "added_minor": 0,
        "standing": "open",
        "version": 0,
        "order_id": "",
        "turn": 0,
        "length_ms": 0,
        "lent": {},
    }


def note(lent: Lent, ask: Ask, turn: int, now_ms: int) -> None:
    """Take over what a partition tells; whoever waited already keeps the turn; changes `lent`."""
    if not (lent["wants"] and ask.wants):
        lent["turn"] = turn
    lent["seq"] = ask.seq
    lent["told_ms"] = now_ms
    lent["first_minor"] = ask.first_minor
    lent["returned"] = dict(ask.returned)
    lent["wants"] = dict(ask.wants)
    lent["purses"] = {arm: own.copy() for arm, own in ask.purses.items()}
    lent["asked"] = 0


def check(campaign_id: str, lent: dict[str, Lent]) -> None:
    """Look whether no partition owes anything.

    Raises
    ------
    LendingImbalance
        One does.
    """
    for number, one in lent.items():
        amounts = [*one["granted"].values(), *one["returned"].values(), one["first_minor"]]
        if min(amounts) < 0:
            message = f"{campaign_id}: partition {number} must not owe, was {one}"
            raise LendingImbalance(message)


def charged_minor(lent: Lent, arm: str | None = None) -> int:
    """Return all that was ever charged, by what the partition told; of one arm, or of all."""
    purses = [own for name, own in lent["purses"].items() if arm in (None, name)]
    return sum(own["held_minor"] + own["settled_minor"] for own in purses)


def whole_for(
    partition: int, lent: dict[str, Lent], budget_minor: int, arms: tuple[str, ...]
) -> Whole:
    """Tell a partition how all others stand, and which part of the budget is its own.

    Parameters
    ----------
    arms
        Those whose money has the price; () for all.
    """
    own = lent[str(partition)]
    others = [one for name, one in sorted(lent.items()) if one is not own]
    purses = [
        purse
        for one in others
        for arm, purse in sorted(one["purses"].items())
        if not arms or arm in arms
    ]
    elsewhere_minor = sum(charged_minor(one) for one in others)
    prior_minor = max(1, int(budget_minor * PRIOR_RATIO))
    own_parts = len(lent) * charged_minor(own) + prior_minor
    parts = len(lent) * (charged_minor(own) + elsewhere_minor + prior_minor)
    when = sum(charged_minor(one) * one["told_ms"] for one in others)
    return {
        "budget_minor": budget_minor,
        "entitled_minor": budget_minor * own_parts // parts,
        "at_ms": when // max(1, elsewhere_minor),
        "held_minor": sum(purse["held_minor"] for purse in purses),
        "spent_minor": sum(purse["spent_minor"] for purse in purses),
        "settled_minor": sum(purse["settled_minor"] for purse in purses),
    }
