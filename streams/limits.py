"""Caps of the user and money of their arm's purse, as eligibility asks for them."""

from functools import partial

from coupons import wallet
from coupons.arms import Arm
from coupons.ledger import Ledger


class Limits:
    """What `coupons.eligibility` asks of one customer's wallet and the partition's ledger."""

    def __init__(self, held: wallet.Wallet, ledger: Ledger, arm: Arm) -> None:
        self.caps_of = partial(wallet.caps_of, held)
        self.room_minor, self.has_quota = partial(ledger.room_minor, arm=arm), ledger.has_quota
