"""Double entry: money moves between the sides of an account, and the sides always sum to it."""

from typing import Literal

from coupons.accounts import Account
from coupons.lifecycle import Lifecycle
from coupons.purses import give_back, purse, take_held

Side = Literal["free_minor", "held_minor", "spent_minor"]


class LedgerImbalance(Exception):
    """The books would not balance: a bug, never data; the worker has to stop."""


def fit(name: str, account: Account) -> None:
    """Let the share follow what is leased, but never below what is out; changes `account`."""
    out_minor = account["held_minor"] + account["spent_minor"]
    account["share_minor"] = max(account["target_minor"], out_minor)
    account["free_minor"] = account["share_minor"] - out_minor
    check(name, account)


def move(name: str, account: Account, source: Side, target: Side, amount_minor: int) -> None:
    """Take from one side what is added to another; changes `account`.

    Raises
    ------
    LedgerImbalance
        The side does not hold as much.
    """
    if not 0 <= amount_minor <= account[source]:
        message = f"{name}: move must be in 0..{account[source]} {source}, was {amount_minor}"
        raise LedgerImbalance(message)
    account[source] -= amount_minor
    account[target] += amount_minor
    check(name, account)


def check(name: str, account: Account) -> None:
    """Look whether the sides sum to the share, and none is negative.

    Raises
    ------
    LedgerImbalance
        They do not.
    """
    sides = account["free_minor"], account["held_minor"], account["spent_minor"]
    if min(sides) < 0 or sum(sides) != account["share_minor"]:
        message = f"{name}: share must be free + held + spent, was {account}"
        raise LedgerImbalance(message)


def hold(name: str, account: Account, arm: str, charge_minor: int, now_ms: int) -> None:
    """Set the worst case of a coupon aside that is being given; changes `account`.

    Raises
    ------
    LedgerImbalance
        There is not as much.
    """
    move(name, account, "free_minor", "held_minor", charge_minor)
    purse(account["purses"], arm)["held_minor"] += charge_minor
    if account["starts_ms"] is None:
        account["starts_ms"] = now_ms


def book(name: str, account: Account, lifecycle: Lifecycle, arm: str) -> None:
    """Move what became of a coupon; changes `account`.

    Raises
    ------
    LedgerImbalance
        More would come back than is out.
    """
    charge_minor = lifecycle.charge_minor
    move(name, account, "held_minor", "spent_minor", charge_minor)
    move(name, account, "spent_minor", "free_minor", lifecycle.refund_minor)
    account["settled_minor"] += charge_minor
    take_held(account["purses"], arm, charge_minor)
    give_back(account["purses"], arm, lifecycle.refund_minor)
    fit(name, account)
