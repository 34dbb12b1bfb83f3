"""What one partition has of the pots of limited campaigns: accounts beside the campaigns' own.

Every charge of a coupon moves in each pot that it touches, in the same step as in its campaign's
account; where it goes afterwards, too. A day that is over never opens again, since event time never
goes back here; its pot is forgotten once nothing is held in it.
"""

from coupons.accounts import Account, copied
from coupons.balance import book, check, fit, hold
from coupons.borrowing import Borrowing
from coupons.catalogue import Campaign, Catalogue, Coupon
from coupons.leases import Grant
from coupons.lifecycle import Lifecycle
from coupons.limits import Whose, ends_ms_of, pots_of, reason_of, terms_of
from coupons.pacing import Pacing
from coupons.price import worst_case_minor


class Pots:
    """Accounts of pots by name.

    Attributes
    ----------
    is_asked
        Whether the catalogue has limits at all.
    now_ms
        Event time, as the ledger moves it on; it never goes back.
    """

    def __init__(self, borrowing: Borrowing, now_ms: int, accounts: dict[str, Account]) -> None:
        self.is_asked = False
        self.now_ms = now_ms
        self._borrowing = borrowing
        self._campaigns: dict[str, Campaign] = {}
        self._coupons: dict[str, Coupon] = {}
        self._version: str | None = None
        self._accounts = {name: copied(account) for name, account in accounts.items()}
        for name, account in self._accounts.items():
            check(name, account)

    def dump(self) -> dict[str, Account]:
        """Return the accounts as plain JSON, apart from our own."""
        return {name: copied(account) for name, account in self._accounts.items()}

    def adopt(self, catalogue: Catalogue) -> None:
        """Follow the catalogue's limits; what is held in one that is gone stays booked."""
        if catalogue.version != self._version:
            self._version = catalogue.version
            limited = [campaign for campaign in catalogue.campaigns if campaign.limits]
            self._campaigns = {campaign.campaign_id: campaign for campaign in limited}
            self._coupons = {one.coupon_id: one for each in limited for one in each.coupons}
            self.is_asked = bool(limited)
        for name in self._accounts:
            self._follow(name)

    def tell(self, pacing: Pacing) -> None:
        """Forget pots that are over, and ask again for what others still wait for."""
        self._forget()
        for name, account in self._accounts.items():
            self._borrowing.tell(name, account, 0.0, self.now_ms, pacing)

    def hear(self, grant: Grant) -> None:
        """Take over what the ledger of a pot grants or calls back."""
        name = grant.campaign_id
        if name not in self._accounts:
            if _is_over(name, self.now_ms):
                return
            self._follow(name)
        self._borrowing.hear(self._accounts[name], grant, self.now_ms)
        fit(name, self._accounts[name])

    def tightest(self, campaign: Campaign, whose: Whose, arm: str) -> tuple[int, str] | None:
        """Give the room of the pot that has least of it, and the code to say so; None for none."""
        room_of = self._borrowing.room_minor
        found = [
            (room_of(terms, self._accounts.get(terms.campaign_id), arm), terms.campaign_id)
            for terms in pots_of(campaign, self.now_ms, whose)
        ]
        if not found:
            return None
        room_minor, name = min(found)
        return room_minor, reason_of(name)

    def blocked(self, campaign: Campaign, charge_minor: int, whose: Whose, arm: str) -> str | None:
        """Say why a charge finds no room in a pot, None if it does in each that it touches."""
        found = self.tightest(campaign, whose, arm)
        return None if found is None or charge_minor <= found[0] else found[1]

    def missed(self, coupon_ids: list[str], whose: Whose, arm: str) -> None:
        """Ask for money for coupons that the pots had no room for."""
        for coupon_id in coupon_ids:
            coupon = self._coupons[coupon_id]
            need_minor = worst_case_minor(coupon)
            campaign = self._campaigns[coupon.campaign_id]
            for terms in pots_of(campaign, self.now_ms, whose):
                name = terms.campaign_id
                account = self._accounts.get(name)
                if self._borrowing.room_minor(terms, account, arm) < need_minor:
                    self._borrowing.follow(self._accounts, terms)
                    self._borrowing.miss(name, self._accounts[name], need_minor, arm, self.now_ms)

    def charge(self, campaign: Campaign, charge_minor: int, whose: Whose, arm: str) -> list[str]:
        """Hold a coupon's worst case in every pot that it touches, and name them."""
        names = []
        for terms in pots_of(campaign, self.now_ms, whose):
            self._borrowing.follow(self._accounts, terms)
            name = terms.campaign_id
            hold(name, self._accounts[name], arm, charge_minor, self.now_ms)
            self._borrowing.charged(name, self._accounts[name], arm, charge_minor, self.now_ms)
            names.append(name)
        return names

    def settle(self, lifecycle: Lifecycle, arm: str) -> None:
        """Book what became of a coupon in the pots that it was charged to.

        A pot that was forgotten held nothing any more: what comes back to it later helps nobody.
        """
        for name in lifecycle.pots:
            if name in self._accounts:
                book(name, self._accounts[name], lifecycle, arm)
        self._forget()

    def _follow(self, name: str) -> None:
        terms = terms_of(name, self._campaigns) or Campaign(campaign_id=name, budget_minor=0)
        self._borrowing.follow(self._accounts, terms)

    def _forget(self) -> None:
        accounts = self._accounts
        over = [
            name
            for name, one in accounts.items()
            if not one["held_minor"] and _is_over(name, self.now_ms)
        ]
        for name in over:
            del accounts[name]
            self._borrowing.forget(name)


def _is_over(name: str, now_ms: int) -> bool:
    ends_ms = ends_ms_of(name)
    return ends_ms is not None and ends_ms <= now_ms
