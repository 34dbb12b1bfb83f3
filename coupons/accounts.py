"""What a ledger keeps of one campaign, and how a total is split between partitions."""

from typing import TypedDict

from coupons.catalogue import Campaign


class Account(TypedDict):
    """One campaign's money in this partition.

    `share_minor` is what free, held and spent sum to; it follows `target_minor`, the catalogue's
    share, but never below what is out. `settled_minor` is all that was ever charged and is no
    longer held. `starts_ms` is the first charge where the campaign names no start. `issued` counts
    pieces out of each coupon's quota.
    """

    share_minor: int
    free_minor: int
    held_minor: int
    spent_minor: int
    settled_minor: int
    target_minor: int
    starts_ms: int | None
    ends_ms: int | None
    issued: dict[str, int]


class LedgerState(TypedDict):
    """What is kept of a ledger: plain JSON."""

    now_ms: int
    accounts: dict[str, Account]


def share_of(total: int, partition: int, partitions: int) -> int:
    """Return a partition's fixed share; the shares of all partitions sum to `total` exactly.

    Examples
    --------
    >>> [share_of(10, partition, 4) for partition in range(4)]
    [3, 3, 2, 2]
    """
    return total // partitions + (partition < total % partitions)


def opened(campaign: Campaign) -> Account:
    """Return the account of a campaign before any money came in."""
    return {
        "share_minor": 0,
        "free_minor": 0,
        "held_minor": 0,
        "spent_minor": 0,
        "settled_minor": 0,
        "target_minor": 0,
        "starts_ms": campaign.starts_ms,
        "ends_ms": campaign.ends_ms,
        "issued": {},
    }


def copied(account: Account) -> Account:
    """Return an account that shares nothing with `account`."""
    other = account.copy()
    other["issued"] = dict(account["issued"])
    return other
