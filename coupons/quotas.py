"""Pieces of coupons with a quota, as one partition has them: leased like money, one purse for all.

A partition begins with its even share and needs no account for it: the pieces that are out stand in
the campaign's account. Once it deals with the ledger it has an account, whose held pieces are
always those that are out. Pieces have no arms: a small arm's part of a quota would be none.
"""

from collections.abc import Iterable

from coupons.accounts import Account, copied, opened, share_of
from coupons.balance import check, fit
from coupons.borrowing import Borrowing
from coupons.catalogue import Campaign, Catalogue, Coupon
from coupons.leases import Ask, Grant
from coupons.lifecycle import Lifecycle
from coupons.limits import QUOTA, QUOTA_LEASE_RATIO, quota_of, terms_of
from coupons.pacing import Pacing
from coupons.purses import POLICY


class Quotas:
    """Counts pieces, and leases more of them where a partition runs out.

    Parameters
    ----------
    campaigns
        The accounts of campaigns by id: what is out of each coupon is counted there.
    pots
        The accounts of quotas by the pot's name, where there are any.

    Attributes
    ----------
    is_asked
        Whether the catalogue has coupons with a quota at all.
    now_ms
        Event time, as the ledger moves it on; it never goes back.
    """

    def __init__(
        self,
        partition: int,
        partitions: int,
        campaigns: dict[str, Account],
        pots: dict[str, Account],
    ) -> None:
        self.is_asked = False
        self.now_ms = 0
        self._partition, self._partitions = partition, partitions
        self._borrowing = Borrowing(partition, partitions)
        self._borrowing.lease_ratio = QUOTA_LEASE_RATIO
        self._counted = campaigns
        self._pots = {name: copied(account) for name, account in pots.items()}
        self._coupons: dict[str, Coupon] = {}
        self._campaigns: dict[str, Campaign] = {}
        self._version: str | None = None
        for name, account in self._pots.items():
            check(name, account)

    def dump(self) -> dict[str, Account]:
        """Return the accounts as plain JSON, apart from our own."""
        return {name: copied(account) for name, account in self._pots.items()}

    def adopt(self, catalogue: Catalogue) -> None:
        """Follow the catalogue's quotas; what is out of one that is gone stays counted."""
        if catalogue.version != self._version:
            self._version = catalogue.version
            limited = [one for one in catalogue.coupons if one.quota is not None]
            self._coupons = {one.coupon_id: one for one in limited}
            self._campaigns = {one.campaign_id: one for one in catalogue.campaigns}
            self.is_asked = bool(limited)
        for name in self._pots:
            self._follow(name)

    def tell(self, pacing: Pacing) -> None:
        """Ask again for what is still waited for."""
        for name, account in self._pots.items():
            self._borrowing.tell(name, account, 0.0, self.now_ms, pacing)

    def hear(self, grant: Grant) -> None:
        """Take over what the ledger of a quota grants or calls back."""
        name = grant.campaign_id
        self._follow(name)
        self._borrowing.hear(self._pots[name], grant, self.now_ms)
        fit(name, self._pots[name])

    def take_asks(self) -> list[Ask]:
        """Give what is to be asked, the newest of each quota."""
        return self._borrowing.take()

    def has(self, coupon: Coupon) -> bool:
        """Tell whether one more piece may be given, whatever it costs."""
        if coupon.quota is None:
            return True
        account = self._pots.get(_name_of(coupon)) if self._pots else None
        return self._left_count(coupon) > 0 if account is None else account["free_minor"] > 0

    def charge(self, coupon: Coupon, campaign: Campaign) -> None:
        """Count a piece that is given; ask in time for more."""
        issued = self._counted[campaign.campaign_id]["issued"]
        issued[coupon.coupon_id] = issued.get(coupon.coupon_id, 0) + 1
        if coupon.quota is None or self._partitions == 1:
            return  # a single partition has all there is
        name = _name_of(coupon)
        if name in self._pots:
            self._count(name)
        elif 2 * self._left_count(coupon) < self._even_count(coupon):
            self._follow(name, quota_of(coupon, campaign))
        else:
            return
        account = self._pots[name]
        if "lease" in account:
            account["lease"]["dry"].clear()  # there was a piece: who waits now waits anew
        if account["free_minor"]:
            self._borrowing.charged(name, account, POLICY, 1, self.now_ms)
        else:
            self._borrowing.miss(name, account, 1, POLICY, self.now_ms)

    def settle(self, lifecycle: Lifecycle) -> None:
        """Count a piece that came back."""
        self._counted[lifecycle.campaign_id]["issued"][lifecycle.coupon_id] -= 1
        name = f"{lifecycle.campaign_id}/{QUOTA}/{lifecycle.coupon_id}"
        if name in self._pots:
            self._count(name)

    def missed(self, coupon_ids: Iterable[str]) -> None:
        """Ask for a piece of each coupon that none was left of."""
        for coupon_id in coupon_ids if self._partitions > 1 else ():
            coupon = self._coupons[coupon_id]
            name = _name_of(coupon)
            if name not in self._pots:
                self._follow(name)
            self._borrowing.miss(name, self._pots[name], 1, POLICY, self.now_ms)

    def _even_count(self, coupon: Coupon) -> int:
        return share_of(coupon.quota or 0, self._partition, self._partitions)

    def _left_count(self, coupon: Coupon) -> int:
        account = self._counted.get(coupon.campaign_id)
        issued = account["issued"].get(coupon.coupon_id, 0) if account is not None else 0
        return self._even_count(coupon) - issued

    def _follow(self, name: str, terms: Campaign | None = None) -> None:
        """Let an account follow its quota, or open it with the pieces that are out."""
        known = terms or terms_of(name, self._campaigns)
        quota = known or Campaign(campaign_id=name, budget_minor=0)
        if name not in self._pots:
            self._pots[name] = opened(quota)
            self._pots[name]["starts_ms"] = self.now_ms  # unless the campaign has a start
        self._borrowing.follow(self._pots, quota)
        self._count(name)

    def _count(self, name: str) -> None:
        """Let an account hold what is out, also where a worker of before went on counting."""
        campaign_id, _, coupon_id = name.split("/", 2)
        counted, account = self._counted.get(campaign_id), self._pots[name]
        count = counted["issued"].get(coupon_id, 0) if counted is not None else 0
        account["held_minor"] = count
        account["purses"] = {POLICY: {"held_minor": count, "spent_minor": 0, "settled_minor": 0}}
        fit(name, account)


def _name_of(coupon: Coupon) -> str:
    return f"{coupon.campaign_id}/{QUOTA}/{coupon.coupon_id}"
