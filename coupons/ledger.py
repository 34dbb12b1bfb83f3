"""The money and the quotas that one Kafka partition may give, in double entry.

A partition gives of what it has leased, so it asks nobody while it decides, and all of them
together cannot give more than the budget (see `coupons.lending`). Every movement takes from one
account what it adds to another: share = free + held + spent, none of them negative, after every
call.
"""

from typing import Literal

from coupons.accounts import LedgerState, copied, learn_price, opened, shortage_of
from coupons.arms import ArmShares
from coupons.balance import LedgerImbalance, Side, book, check, fit, hold
from coupons.borrowing import Borrowing
from coupons.catalogue import Campaign, Catalogue, Coupon
from coupons.leases import Ask, Grant
from coupons.lifecycle import Lifecycle
from coupons.limits import ANYBODY, Whose, is_pot, is_quota
from coupons.pacing import Pacing
from coupons.pots import Pots
from coupons.purses import POLICY, weights_of
from coupons.quotas import Quotas

HOUR_MS = 3_600_000


class Ledger:
    """Budget and quota of one partition.

    Until `adopt` is told the arms' shares, all money lies in one purse. `pots` has the accounts of
    campaigns' limits (`coupons.limits`), `quotas` the pieces of coupons.

    Examples
    --------
    >>> ten = Coupon(coupon_id="ten", campaign_id="spring", kind="amount_off", off_minor=10)
    >>> spring = Campaign(campaign_id="spring", budget_minor=25, coupons=(ten,))
    >>> ledger = Ledger(partition=0, partitions=1)
    >>> pots = ledger.charge(ten, spring, 20)
    >>> ledger.blocked(ten, spring, 10), ledger.free_minor("spring"), ledger.held_minor("spring")
    ('budget_exhausted', 5, 20)
    """

    def __init__(
        self,
        *,
        partition: int,
        partitions: int,
        pacing: Pacing | None = None,
        state: LedgerState | None = None,
    ) -> None:
        if not 0 <= partition < partitions:
            message = f"partition must be in 0..{partitions - 1}, was {partition}"
            raise ValueError(message)
        self.partition = partition
        self.partitions = partitions
        self.pacing = pacing or Pacing()
        self._now_ms = state["now_ms"] if state else 0
        accounts = state["accounts"] if state else {}
        self._borrowing = Borrowing(partition, partitions)
        pots = state.get("pots", {}) if state else {}
        limits = {name: one for name, one in pots.items() if not is_quota(name)}
        quotas = {name: one for name, one in pots.items() if is_quota(name)}
        self.pots = Pots(self._borrowing, self._now_ms, limits)
        self._accounts = {name: copied(account) for name, account in accounts.items()}
        self.quotas = Quotas(partition, partitions, self._accounts, quotas)
        self.quotas.now_ms = self._now_ms
        for name, account in self._accounts.items():
            check(name, account)

    @classmethod
    def load(
        cls, state: LedgerState, *, partition: int, partitions: int, pacing: Pacing | None = None
    ) -> "Ledger":
        """Rebuild a ledger from what `dump` gave; the books are checked."""
        return cls(partition=partition, partitions=partitions, pacing=pacing, state=state)

    def dump(self) -> LedgerState:
        """Return the state as plain JSON, apart from the ledger's own."""
        accounts = {name: copied(account) for name, account in self._accounts.items()}
        state: LedgerState = {"now_ms": self._now_ms, "accounts": accounts}
        if pots := {**self.pots.dump(), **self.quotas.dump()}:
            state["pots"] = pots
        return state

    def adopt(
        self, catalogue: Catalogue, shares: ArmShares | None = None, lease_ratio: float = 1.0
    ) -> None:
        """Follow a catalogue: new, raised, lowered and ended campaigns, from now on.

        Below what is out a share cannot fall: then nothing more is granted, and money that comes
        back leaves the share.

        Parameters
        ----------
        shares
            Of customers by arm: each arm has a purse of its own from now on.
        lease_ratio
            Share of its even share of a budget that the partition has without asking.
        """
        weights = {} if shares is None else weights_of(shares)
        self._borrowing.adopt(catalogue, weights, lease_ratio)
        for campaign in catalogue.campaigns:
            self._borrowing.follow(self._accounts, campaign)
        self.pots.adopt(catalogue)
        self.quotas.adopt(catalogue)
        names = {campaign.campaign_id for campaign in catalogue.campaigns}
        for name in sorted(self._accounts.keys() - names):
            account = self._accounts[name]
            account["target_minor"] = 0
            fit(name, account)
            if "lease" in account:
                continue  # the campaign's ledger knows of us, and goes on where it was
            if not account["share_minor"] and not any(account["issued"].values()):
                del self._accounts[name]

    def advance(self, now_ms: int) -> None:
        """Move event time on for pacing; it never goes back."""
        if now_ms > self._now_ms:
            before_ms, self._now_ms = self._now_ms, now_ms
            self.pots.now_ms = self.quotas.now_ms = now_ms
            if now_ms // HOUR_MS != before_ms // HOUR_MS:  # the usual price follows by the hour
                for name, account in self._accounts.items():
                    price = self.lambda_price(name)
                    learn_price(account, price, now_ms, self.pacing)
                    self._borrowing.tell(name, account, price, now_ms, self.pacing)
                self.pots.tell(self.pacing)
                self.quotas.tell(self.pacing)

    def hear(self, grant: Grant) -> None:
        """Take over what the ledger of a campaign grants, calls back or orders."""
        name = grant.campaign_id
        if is_pot(name):
            (self.quotas if is_quota(name) else self.pots).hear(grant)
            return
        if name not in self._accounts:
            self._accounts[name] = opened(Campaign(campaign_id=name, budget_minor=0))
        account = self._accounts[name]
        self._borrowing.hear(account, grant, self._now_ms)
        fit(name, account)

    def take_asks(self) -> list[Ask]:
        """Give what the ledgers of campaigns are to be asked, the newest of each campaign."""
        return self._borrowing.take() + self.quotas.take_asks()

    def missed(self, coupon_ids: list[str], arm: str = POLICY) -> None:
        """Ask for money for coupons that could not be paid for."""
        self._borrowing.missed(self._accounts, coupon_ids, arm, self._now_ms)

    def blocked(
        self, coupon: Coupon, campaign: Campaign, charge_minor: int, arm: str = POLICY
    ) -> str | None:
        """Say why a coupon cannot be paid for, None if it can."""
        if not self.quotas.has(coupon):
            return "quota_exhausted"
        return self.shortage(campaign) if charge_minor > self.room_minor(campaign, arm) else None

    def shortage(self, campaign: Campaign) -> str:
        """Say why there is no room: `campaign_paused` by order, else `budget_exhausted`."""
        return shortage_of(self._accounts.get(campaign.campaign_id))

    def room_minor(self, campaign: Campaign, arm: str = POLICY) -> int:
        """Tell the largest charge that an arm's purse can hold; below 0 if it was made smaller."""
        return self._borrowing.room_minor(campaign, self._accounts.get(campaign.campaign_id), arm)

    def charge(
        self,
        coupon: Coupon,
        campaign: Campaign,
        charge_minor: int,
        arm: str = POLICY,
        whose: Whose = ANYBODY,
    ) -> list[str]:
        """Hold the worst case of a coupon that is being given, and take one of its quota.

        Gives the limits that it was charged to as well; the coupon has to remember them.

        Raises
        ------
        LedgerImbalance
            There is not enough; `blocked` would have said so.
        """
        self._borrowing.follow(self._accounts, campaign)
        reason = self.blocked(coupon, campaign, charge_minor, arm)
        reason = reason or self.pots.blocked(campaign, charge_minor, whose, arm)
        if reason is not None:
            message = f"charge must be covered, was {charge_minor} for {coupon.coupon_id}: {reason}"
            raise LedgerImbalance(message)
        account = self._accounts[campaign.campaign_id]
        hold(campaign.campaign_id, account, arm, charge_minor, self._now_ms)
        self.quotas.charge(coupon, campaign)
        self._borrowing.charged(campaign.campaign_id, account, arm, charge_minor, self._now_ms)
        return self.pots.charge(campaign, charge_minor, whose, arm)

    def settle(self, lifecycle: Lifecycle, arm: str = POLICY) -> None:
        """Book what the wallet reports of a customer of an arm; it reports everything once.

        Raises
        ------
        LedgerImbalance
            More would come back than is out.
        """
        name = lifecycle.campaign_id
        if not lifecycle.charge_minor and not lifecycle.refund_minor and not lifecycle.quota_back:
            return
        account = self._accounts[name]
        book(name, account, lifecycle, arm)
        if lifecycle.quota_back:
            self.quotas.settle(lifecycle)
        if lifecycle.pots:
            self.pots.settle(lifecycle, arm)

    def share_minor(self, campaign_id: str) -> int:
        """Return what free, held and spent sum to."""
        return self._of(campaign_id, "share_minor")

    def free_minor(self, campaign_id: str) -> int:
        """Return what can still be given; the decision's `remaining`."""
        return self._of(campaign_id, "free_minor")

    def held_minor(self, campaign_id: str) -> int:
        """Return what is set aside for coupons that may still be used."""
        return self._of(campaign_id, "held_minor")

    def spent_minor(self, campaign_id: str) -> int:
        """Return what used coupons have cost."""
        return self._of(campaign_id, "spent_minor")

    def lambda_price(self, campaign_id: str) -> float:
        """Return the shadow price of a campaign's budget, 0 while it is ample or unknown.

        It is that of the policy's purse, where arms have their own; event time is of `advance`.
        """
        account = self._accounts.get(campaign_id)
        if account is None:
            return 0.0
        return self._borrowing.price(account, self._now_ms, self.pacing)

    def prices(self) -> dict[str, float]:
        """Return the shadow price of every campaign, for `policy.choose`."""
        return {name: self.lambda_price(name) for name in self._accounts}

    def hold_prices(self) -> dict[str, float]:
        """Return what it costs to hold a minor unit of each campaign that is short of room."""
        price_of, pacing = self._borrowing.hold_price, self.pacing
        prices = {name: price_of(one, pacing) for name, one in self._accounts.items()}
        return {name: price for name, price in prices.items() if price}

    def _of(self, campaign_id: str, side: Literal[Side, "share_minor"]) -> int:
        account = self._accounts.get(campaign_id)
        return account[side] if account else 0
