"""What partitions and the ledger of a campaign tell each other: money asked for, granted, returned.

All amounts are totals since the beginning, not differences: a record that comes twice changes
nothing, and the newest one makes up for any that was passed over.
"""

from dataclasses import dataclass, field
from typing import Literal, TypedDict

from coupons.purses import Purse

Standing = Literal["open", "paused", "closed"]


class Whole(TypedDict):
    """A campaign beyond one partition: plain JSON.

    `budget_minor` is all of its money, `entitled_minor` the part of it that falls to the partition
    by what its customers are given. The rest is out in the other partitions, as they told at
    `at_ms`, event time, on average; of the purse whose price is asked.
    """

    budget_minor: int
    entitled_minor: int
    at_ms: int
    held_minor: int
    spent_minor: int
    settled_minor: int


class Lease(TypedDict):
    """What a partition knows of its dealings with the ledger, for one campaign: plain JSON.

    `seq` counts the asks sent, the newest at `told_ms`; `heard` is the newest grant. `granted` and
    `returned` are totals by arm, `sizes` the latest grant of each. `wants` holds what each waiting
    arm needs at least, `dry` those of them that had to refuse a coupon. `whole` is what the price
    is computed by, None before the first grant.
    """

    seq: int
    heard: int
    granted: dict[str, int]
    returned: dict[str, int]
    sizes: dict[str, int]
    wants: dict[str, int]
    dry: dict[str, int]
    told_ms: int
    whole: Whole | None
    standing: Standing


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """A partition tells how it stands, and what it needs.

    Attributes
    ----------
    seq
        Rises with every ask of the partition for the campaign.
    first_minor
        The lease that it had without asking.
    wants
        For each arm whose purse runs dry, the least that helps it.
    returned
        All that it ever gave back, by arm.
    purses
        What is out, by arm.
    """

    campaign_id: str
    partition: int
    seq: int
    now_ms: int
    first_minor: int
    wants: dict[str, int] = field(default_factory=dict)
    returned: dict[str, int] = field(default_factory=dict)
    purses: dict[str, Purse] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """The ledger tells a partition what it may give.

    Attributes
    ----------
    seq
        Rises with every grant to the partition for the campaign.
    answers
        The newest ask of the partition that it takes into account; 0 before the first.
    granted
        All that was ever granted to it beyond its first lease, by arm; it never falls.
    whole
        How the campaign stands beyond the partition: the price of money is computed by it.
    tells
        The partition is to tell how it stands.
    call_minor
        Others need at least so much, 0 for nothing: the partition is to give back what it spares.
    """

    campaign_id: str
    partition: int
    seq: int
    answers: int = 0
    granted: dict[str, int] = field(default_factory=dict)
    whole: Whole | None = None
    standing: Standing = "open"
    tells: bool = False
    call_minor: int = 0


def first_lease(share_minor: int, partitions: int, lease_ratio: float) -> int:
    """Return how much of its even share a partition has without asking.

    A single partition need not ask anybody.

    Examples
    --------
    >>> first_lease(1_001, 12, 0.5), first_lease(1_001, 1, 0.5)
    (500, 1001)
    """
    return share_minor if partitions == 1 else int(share_minor * lease_ratio)


def nothing_leased() -> Lease:
    """Return the dealings of a partition that has not asked yet."""
    return {
        "seq": 0,
        "heard": 0,
        "granted": {},
        "returned": {},
        "sizes": {},
        "wants": {},
        "dry": {},
        "told_ms": 0,
        "whole": None,
        "standing": "open",
    }


def copied_lease(lease: Lease) -> Lease:
    """Return a lease that shares nothing with `lease`."""
    other = lease.copy()
    other["granted"] = dict(lease["granted"])
    other["returned"] = dict(lease["returned"])
    other["sizes"] = dict(lease["sizes"])
    other["wants"] = dict(lease["wants"])
    other["dry"] = dict(lease["dry"])
    other["whole"] = None if lease["whole"] is None else lease["whole"].copy()
    return other


def beyond_first(lease: Lease | None, arm: str | None = None) -> int:
    """Return what was granted and not returned since the first lease, of one arm or of all.

    Examples
    --------
    >>> beyond_first({**nothing_leased(), "granted": {"policy": 500}, "returned": {"policy": 90}})
    410
    """
    if lease is None:
        return 0
    granted, returned = lease["granted"], lease["returned"]
    if arm is not None:
        return granted.get(arm, 0) - returned.get(arm, 0)
    return sum(granted.values()) - sum(returned.values())
