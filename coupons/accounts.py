"""What a ledger keeps of one campaign, and how a total is split between partitions."""

from collections.abc import Callable
from typing import NotRequired, TypedDict

from coupons.catalogue import Campaign
from coupons.leases import Lease, Whole, copied_lease
from coupons.pacing import (
    Pacing,
    elapsed_ratio,
    expected_spend_minor,
    shadow_price,
    usual_after,
)
from coupons.purses import POLICY, Purse

Part = Callable[[int], int]


class Account(TypedDict):
    """One campaign's money in this partition.

    `share_minor` is what free, held and spent sum to; it follows `target_minor`, what is leased,
    but never below what is out. `even_minor` is the even share of the budget, which the price is
    computed against before anything is known of other partitions. `lease` is there once the
    partition has dealt with the ledger. `settled_minor` is all that was ever charged and is no
    longer held. `starts_ms` is the first charge where the campaign names no start. `issued` counts
    pieces out of each coupon's quota.
    `purses` says which arm's money it is that is out. `usual_price` is the shadow price of late,
    `priced_ratio` how much of the schedule had passed when it was looked at; absent before there
    was a price.
    """

    share_minor: int
    free_minor: int
    held_minor: int
    spent_minor: int
    settled_minor: int
    target_minor: int
    even_minor: int
    starts_ms: int | None
    ends_ms: int | None
    issued: dict[str, int]
    purses: dict[str, Purse]
    usual_price: NotRequired[float]
    priced_ratio: NotRequired[float]
    lease: NotRequired[Lease]


class LedgerState(TypedDict):
    """What is kept of a ledger: plain JSON; `pots` where campaigns have limits."""

    now_ms: int
    accounts: dict[str, Account]
    pots: NotRequired[dict[str, Account]]


def share_of(total: int, partition: int, partitions: int) -> int:
    """Return a partition's even share; the shares of all partitions sum to `total` exactly.

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
        "even_minor": 0,
        "starts_ms": campaign.starts_ms,
        "ends_ms": campaign.ends_ms,
        "issued": {},
        "purses": {},
    }


def shortage_of(account: Account | None) -> str:
    """Say why there is no room for a coupon: `campaign_paused` by order, else `budget_exhausted`.

    Examples
    --------
    >>> shortage_of(None)
    'budget_exhausted'
    """
    lease = account.get("lease") if account is not None else None
    is_open = lease is None or lease["standing"] == "open"
    return "budget_exhausted" if is_open else "campaign_paused"


def copied(account: Account) -> Account:
    """Return an account that shares nothing with `account`."""
    other = account.copy()
    other["issued"] = dict(account["issued"])
    other["purses"] = {arm: own.copy() for arm, own in _purses(account).items()}
    if "even_minor" not in account:  # an account of before there were leases
        other["even_minor"] = account["target_minor"]
    if "lease" in account:
        other["lease"] = copied_lease(account["lease"])
    return other


def _purses(account: Account) -> dict[str, Purse]:
    """Give the purses; what is out of an account of before there were any was the policy's."""
    if "purses" in account:
        return account["purses"]
    return {
        POLICY: {
            "held_minor": account["held_minor"],
            "spent_minor": account["spent_minor"],
            "settled_minor": account["settled_minor"],
        }
    }


def price_of(
    account: Account,
    paid: Purse | Account,
    share_minor: int,
    now_ms: int,
    pacing: Pacing,
    drift_minor: float = 0.0,
) -> float:
    """Return the shadow price at which a share lasts its account's schedule.

    Parameters
    ----------
    paid
        What is out of that share: of a purse, or of the whole account.
    drift_minor
        What has probably been spent besides, since others told.
    """
    if account["starts_ms"] is None or not share_minor:
        return 0.0
    usual_price = account.get("usual_price", 0.0)
    most_minor = paid["held_minor"] + paid["spent_minor"] + drift_minor
    elapsed = elapsed_of(account, now_ms, pacing)
    if not usual_price and most_minor <= (elapsed + pacing.slack_ratio) * share_minor:
        return 0.0  # not even if every coupon that is out were used; most of the time it is so
    spend_minor = expected_spend_minor(
        share_minor, paid["held_minor"], paid["spent_minor"], paid["settled_minor"], pacing
    )
    return shadow_price((spend_minor + drift_minor) / share_minor, elapsed, pacing, usual_price)


def whole_price(
    account: Account, own: Purse | Account, whole: Whole, part: Part, now_ms: int, pacing: Pacing
) -> float:
    """Return the shadow price at which the whole campaign lasts its schedule.

    Parameters
    ----------
    own
        What is out here.
    whole
        What is out elsewhere; from there on the others are taken to go by the schedule.
    part
        Gives of an amount the part that belongs to the purse that is asked for.
    """
    paid: Purse = {
        "held_minor": own["held_minor"] + whole["held_minor"],
        "spent_minor": own["spent_minor"] + whole["spent_minor"],
        "settled_minor": own["settled_minor"] + whole["settled_minor"],
    }
    since = elapsed_of(account, now_ms, pacing) - elapsed_of(account, whole["at_ms"], pacing)
    drift_minor = part(whole["budget_minor"] - whole["entitled_minor"]) * max(0.0, since)
    share_minor = part(whole["budget_minor"])
    return price_of(account, paid, share_minor, now_ms, pacing, drift_minor)


def learn_price(account: Account, price: float, now_ms: int, pacing: Pacing) -> None:
    """Let the usual price follow the one that is asked now; changes `account`."""
    before = account.get("usual_price", 0.0)
    if price or before:
        elapsed = elapsed_of(account, now_ms, pacing)
        passed = elapsed - account.get("priced_ratio", elapsed)
        account["usual_price"] = usual_after(before, price, passed, pacing)
        account["priced_ratio"] = elapsed


def elapsed_of(account: Account, now_ms: int, pacing: Pacing) -> float:
    """Return which share of the account's schedule has passed, 0..1."""
    starts_ms = account["starts_ms"] or 0
    return elapsed_ratio(now_ms, starts_ms, account["ends_ms"], pacing.horizon_ms)
