"""Double entry: money moves between the sides of an account, and the sides always sum to it."""

from typing import Literal

from coupons.accounts import Account

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
