"""Caps of the user and money of their arm's purse, as eligibility asks for them."""

from collections.abc import Iterable
from functools import partial

from coupons import wallet
from coupons.arms import Arm
from coupons.choices import Blocked
from coupons.ledger import Ledger


class Limits:
    """What `coupons.eligibility` asks of one customer's wallet and the partition's ledger."""

    def __init__(self, held: wallet.Wallet, ledger: Ledger, arm: Arm) -> None:
        self._ledger, self._arm = ledger, arm
        self.caps_of = partial(wallet.caps_of, held)
        self.room_minor, self.has_quota = partial(ledger.room_minor, arm=arm), ledger.has_quota
        self.shortage = ledger.shortage

    def miss(self, blocked: Iterable[Blocked], is_dry_run: bool) -> None:
        """Ask for money for coupons that could not be paid for."""
        short = [one.coupon_id for one in blocked if one.reason == "budget_exhausted"]
        if short and not is_dry_run:
            self._ledger.missed(short, self._arm)
