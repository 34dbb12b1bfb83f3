"""How a partition deals with the ledger: when it asks for money, and what it gives back.

Everything follows from the accounts and from the records that are applied to them, so the same
records ask the same again wherever they are applied.
"""

from coupons.accounts import Account, Part, elapsed_of, opened, price_of, share_of, whole_price
from coupons.balance import fit
from coupons.catalogue import Campaign, Catalogue, Coupon
from coupons.leases import Ask, Grant, Lease, beyond_first, first_lease, nothing_leased
from coupons.pacing import Pacing, hold_price
from coupons.price import worst_case_minor
from coupons.purses import POLICY, Purse, out_minor, part_of

# How often, in parts of its schedule, a campaign that is scarce here tells how it stands.
TELL_RATIO = 0.01


class Borrowing:
    """The asks of one partition; accounts are the ledger's, and changed in place.

    Attributes
    ----------
    weights
        Of the arms that have purses; empty where all money lies in one.
    lease_ratio
        Share of its even share that the partition has without asking.
    """

    def __init__(self, partition: int, partitions: int) -> None:
        self.weights: dict[str, int] = {}
        self.lease_ratio = 1.0
        self._partition = partition
        self._partitions = partitions
        self._asks: dict[str, Ask] = {}
        self._version: str | None = None
        self._coupons: dict[str, Coupon] = {}

    def adopt(self, catalogue: Catalogue, weights: dict[str, int], lease_ratio: float) -> None:
        """Learn which coupons and purses there are, and how much is leased without asking."""
        self.weights, self.lease_ratio = weights, lease_ratio
        if catalogue.version != self._version:
            self._version = catalogue.version
            self._coupons = {coupon.coupon_id: coupon for coupon in catalogue.coupons}

    def take(self) -> list[Ask]:
        """Give the asks since the last call, the newest of each campaign."""
        asks, self._asks = [self._asks[name] for name in sorted(self._asks)], {}
        return asks

    def forget(self, name: str) -> None:
        """Ask nothing more for an account that is no longer kept."""
        self._asks.pop(name, None)

    def follow(self, accounts: dict[str, Account], campaign: Campaign) -> None:
        """Open the account of a campaign, or of a pot, or let it follow what the catalogue says."""
        name = campaign.campaign_id
        account = accounts.get(name)
        if account is None:
            account = accounts[name] = opened(campaign)
        if campaign.starts_ms is not None:
            account["starts_ms"] = campaign.starts_ms
        account["ends_ms"] = campaign.ends_ms
        even_minor = share_of(campaign.budget_minor, self._partition, self._partitions)
        account["even_minor"] = even_minor
        target_minor = self.first_minor(campaign.budget_minor) + beyond_first(account.get("lease"))
        if account["target_minor"] != target_minor:
            account["target_minor"] = target_minor
            fit(name, account)

    def first_minor(self, budget_minor: int) -> int:
        """Return the lease that the partition has without asking."""
        even_minor = share_of(budget_minor, self._partition, self._partitions)
        return first_lease(even_minor, self._partitions, self.lease_ratio)

    def room_minor(self, campaign: Campaign, account: Account | None, arm: str) -> int:
        """Tell the largest charge that an arm's purse can hold; below 0 if it was made smaller."""
        first_minor = self.first_minor(campaign.budget_minor)
        if account is None:
            return part_of(first_minor, arm, self.weights) if self.weights else first_minor
        lease = account.get("lease")
        if lease is not None and lease["standing"] != "open":
            return 0
        return self._room_minor(account, lease, first_minor, arm)

    def _room_minor(self, account: Account, lease: Lease | None, first_minor: int, arm: str) -> int:
        out = account["held_minor"] + account["spent_minor"]
        room_minor = first_minor + beyond_first(lease) - out
        if not self.weights:
            return room_minor
        own_minor = part_of(first_minor, arm, self.weights) + beyond_first(lease, arm)
        return min(room_minor, own_minor - out_minor(account["purses"], arm))

    def price(self, account: Account, now_ms: int, pacing: Pacing) -> float:
        """Return the shadow price of a campaign: of the policy's purse, where arms have their own.

        It is the price for the whole campaign where the ledger has told of it; until then, that of
        an even share.
        """
        own, part = self._payer(account)
        if own is None:
            return 0.0
        lease = account.get("lease")
        if lease is not None and lease["whole"] is not None:
            return whole_price(account, own, lease["whole"], part, now_ms, pacing)
        out = account["held_minor"] + account["spent_minor"]
        share_minor = max(account["even_minor"], out)
        return price_of(account, own, part(share_minor), now_ms, pacing)

    def hold_price(self, account: Account, pacing: Pacing) -> float:
        """Return what it costs to hold a minor unit, of the same money as `price`."""
        own, part = self._payer(account)
        if own is None:
            return 0.0
        out = own["held_minor"] + own["spent_minor"]
        lease = account.get("lease")
        if lease is not None and (whole := lease["whole"]) is not None:
            out += whole["held_minor"] + whole["spent_minor"]
            return hold_price(out, part(whole["budget_minor"]), pacing)
        return hold_price(out, part(account["even_minor"]), pacing)

    def _payer(self, account: Account) -> tuple[Purse | Account | None, Part]:
        """Give whose money the policy spends, and its part of an amount."""
        if self.weights:
            return account["purses"].get(POLICY), self._policy_part
        return account, _all_of

    def _policy_part(self, amount_minor: int) -> int:
        return part_of(amount_minor, POLICY, self.weights)

    # -- asking ----------------------------------------------------------------------------

    def charged(
        self, name: str, account: Account, arm: str, charge_minor: int, now_ms: int
    ) -> None:
        """Ask for more when less than half of a purse's latest lease is left."""
        arm = arm if self.weights else POLICY
        lease = account.get("lease")
        if lease is not None and (arm in lease["wants"] or lease["standing"] != "open"):
            return
        first_minor = account["target_minor"] - beyond_first(lease)
        size_minor = lease["sizes"].get(arm) if lease is not None else None
        if size_minor is None:
            size_minor = part_of(first_minor, arm, self.weights) if self.weights else first_minor
        if 2 * self._room_minor(account, lease, first_minor, arm) < size_minor:
            self._want(name, account, arm, charge_minor, now_ms)

    def missed(
        self, accounts: dict[str, Account], coupon_ids: list[str], arm: str, now_ms: int
    ) -> None:
        """Ask for what coupons would have needed that no money was left for."""
        needs: dict[str, int] = {}
        for coupon_id in coupon_ids:
            coupon = self._coupons[coupon_id]
            name = coupon.campaign_id
            needs[name] = max(worst_case_minor(coupon), needs.get(name, 0))
        for name, need_minor in needs.items():
            self.miss(name, accounts[name], need_minor, arm, now_ms)

    def miss(self, name: str, account: Account, need_minor: int, arm: str, now_ms: int) -> None:
        """Ask for what a coupon would have needed of an account."""
        arm = arm if self.weights else POLICY
        lease = account.get("lease")
        waits = lease is not None and (
            lease["standing"] != "open" or lease["dry"].get(arm, 0) >= need_minor
        )
        if not waits and (not self.weights or arm in self.weights):
            account.setdefault("lease", nothing_leased())["dry"][arm] = need_minor
            self._want(name, account, arm, need_minor, now_ms)

    def tell(self, name: str, account: Account, price: float, now_ms: int, pacing: Pacing) -> None:
        """Tell now and then how a campaign stands that is scarce here, or waits for money."""
        lease = account.get("lease")
        wants = lease is not None and bool(lease["wants"])
        is_scarce = price > 0.0 and self._partitions > 1  # one knows all there is to know
        if not (is_scarce or wants):
            return
        told_ms = lease["told_ms"] if lease is not None else account["starts_ms"] or 0
        passed = elapsed_of(account, now_ms, pacing) - elapsed_of(account, told_ms, pacing)
        if passed >= TELL_RATIO or (wants and passed <= 0.0):
            self._ask(name, account, now_ms)

    def _want(self, name: str, account: Account, arm: str, need_minor: int, now_ms: int) -> None:
        lease = account.setdefault("lease", nothing_leased())
        lease["wants"][arm] = max(need_minor, lease["wants"].get(arm, 0))
        self._ask(name, account, now_ms)

    def _ask(self, name: str, account: Account, now_ms: int) -> None:
        lease = account.setdefault("lease", nothing_leased())
        lease["seq"] += 1
        lease["told_ms"] = now_ms
        self._asks[name] = Ask(
            campaign_id=name,
            partition=self._partition,
            seq=lease["seq"],
            now_ms=now_ms,
            first_minor=account["target_minor"] - beyond_first(lease),
            wants=dict(lease["wants"]),
            returned=dict(lease["returned"]),
            purses={arm: own.copy() for arm, own in sorted(account["purses"].items())},
        )

    # -- hearing ---------------------------------------------------------------------------

    def hear(self, account: Account, grant: Grant, now_ms: int) -> None:
        """Take what was granted, give back what is called, and answer if that is asked for."""
        lease = account.setdefault("lease", nothing_leased())
        if grant.seq <= lease["heard"]:
            return
        lease["heard"] = grant.seq
        # Once: the ledger answers whatever is told, and would be told for ever.
        is_end = grant.standing == "closed" and lease["standing"] != "closed"
        lease["standing"] = grant.standing
        for arm, total_minor in grant.granted.items():
            more_minor = total_minor - lease["granted"].get(arm, 0)
            if more_minor > 0:
                lease["granted"][arm] = total_minor
                lease["sizes"][arm] = more_minor
                lease["wants"].pop(arm, None)
                lease["dry"].pop(arm, None)
                account["target_minor"] += more_minor
        if grant.whole is not None:
            lease["whole"] = grant.whole.copy()
        if is_end:
            lease["wants"].clear()
            lease["dry"].clear()
        if grant.call_minor or is_end:
            self._give_back(account, lease, grant)
        if grant.tells or grant.call_minor or is_end:
            self._ask(grant.campaign_id, account, now_ms)

    def _give_back(self, account: Account, lease: Lease, grant: Grant) -> None:
        """Return half of what each purse has left; all of it where half would help nobody."""
        first_minor = account["target_minor"] - beyond_first(lease)
        for arm in self.weights or (POLICY,):
            free_minor = self._room_minor(account, lease, first_minor, arm)
            is_all = grant.standing == "closed" or free_minor < 2 * grant.call_minor
            back_minor = max(0, free_minor if is_all else free_minor // 2)
            lease["returned"][arm] = lease["returned"].get(arm, 0) + back_minor
            account["target_minor"] -= back_minor


def _all_of(amount_minor: int) -> int:
    return amount_minor
