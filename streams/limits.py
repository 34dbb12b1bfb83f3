"""Caps of the user and money of their arm's purse, as eligibility asks for them."""

from collections.abc import Callable, Iterable
from functools import partial

from coupons import wallet
from coupons.arms import Arm
from coupons.catalogue import Campaign, Coupon
from coupons.choices import Blocked
from coupons.ledger import Ledger
from coupons.limits import ANYBODY, Whose
from coupons.shared import Shared, refusal


class Limits:
    """What `coupons.eligibility` asks of one customer's wallet and the partition's ledger."""

    def __init__(
        self,
        held: wallet.Wallet,
        ledger: Ledger,
        arm: Arm,
        whose: Whose = ANYBODY,
        shared: Shared | None = None,
    ) -> None:
        self._ledger, self._arm, self._whose = ledger, arm, whose
        self.caps_of = partial(wallet.caps_of, held)
        self.room_minor, self.has_quota = partial(ledger.room_minor, arm=arm), ledger.quotas.has
        self.shortage = ledger.shortage
        if shared is not None:
            self.caps_of = partial(_caps_of, held, shared)
        if ledger.pots.is_asked:  # most shops have none, and pay nothing for them
            self.room_minor, self.shortage = self._room_minor, self._shortage  # type: ignore[assignment]

    def miss(self, blocked: Iterable[Blocked], is_dry_run: bool) -> None:
        """Ask for money, or for pieces, for coupons that there was none left for."""
        if is_dry_run:
            return
        short = [one.coupon_id for one in blocked if one.reason == "budget_exhausted"]
        if short:
            self._ledger.missed(short, self._arm)
        if self._ledger.quotas.is_asked:
            self._ledger.quotas.missed(
                one.coupon_id for one in blocked if one.reason == "quota_exhausted"
            )
        if self._ledger.pots.is_asked:
            limited = [one.coupon_id for one in blocked if one.reason.endswith(_OF_A_LIMIT)]
            self._ledger.pots.missed(limited, self._whose, self._arm)

    def _room_minor(self, campaign: Campaign) -> int:
        room_minor = self._ledger.room_minor(campaign, self._arm)
        limit = self._ledger.pots.tightest(campaign, self._whose, self._arm)
        return room_minor if limit is None else min(room_minor, limit[0])

    def _shortage(self, campaign: Campaign) -> str:
        """Name what has least room: the campaign itself, or one of its limits."""
        limit = self._ledger.pots.tightest(campaign, self._whose, self._arm)
        own_minor = self._ledger.room_minor(campaign, self._arm)
        if limit is None or own_minor <= limit[0]:
            return self._ledger.shortage(campaign)
        return limit[1]


def _caps_of(
    held: wallet.Wallet, shared: Shared, campaign: Campaign, now_ms: int, channel: str | None
) -> Callable[[Coupon], str | None] | None:
    """Give the customer's own caps, and after them what all of a device or an address share."""
    own, reason = wallet.caps_of(held, campaign, now_ms, channel), refusal(shared, campaign)
    if reason is None:
        return own
    return lambda coupon: (own(coupon) if own is not None else None) or reason


_OF_A_LIMIT = "_budget_exhausted"
