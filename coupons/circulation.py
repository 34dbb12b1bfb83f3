"""How many coupons of each campaign are out, and what became of all others: none may be missing.

Three accounts that know nothing of each other are laid side by side: what decisions gave, what
lifecycle records ended, and what stands in the wallets. So issued = redeemed + returned + released
+ expired + voided + open, whatever comes in whatever order; how far it is off is told.
"""

from collections import Counter
from collections.abc import Iterable, Mapping

from coupons.held import Wallet
from coupons.lifecycle import Lifecycle, Stage

ISSUED, OPEN = "issued", "open"
ENDS: tuple[Stage, ...] = ("redeemed", "returned", "released", "expired", "voided")

Stock = dict[str, dict[str, int]]
_NOTHING: Counter[str] = Counter()


class Circulation:
    """Coupons of one partition, by campaign.

    Examples
    --------
    >>> circulation = Circulation()
    >>> circulation.give("spring")
    >>> circulation.move([], ["spring"])
    >>> circulation.open_count("spring"), circulation.off_count("spring")
    (1, 0)
    """

    def __init__(self, counts: Mapping[str, Mapping[str, int]] | None = None) -> None:
        self._counts = {name: Counter(told) for name, told in (counts or {}).items()}

    @classmethod
    def load(cls, state: Stock) -> "Circulation":
        """Take up what `dump` gave."""
        return cls(state)

    def dump(self) -> Stock:
        """Give all counts that are not 0, as plain JSON in a fixed order."""
        return {
            name: {what: count for what, count in sorted(told.items()) if count}
            for name, told in sorted(self._counts.items())
        }

    def give(self, campaign_id: str) -> None:
        """Count a coupon that a decision gave."""
        self._of(campaign_id)[ISSUED] += 1

    def find(self, held: Iterable[str]) -> None:
        """Count coupons that were given before any were counted."""
        for name in held:
            self.give(name)
            self._of(name)[OPEN] += 1

    def follow(self, told: Iterable[Lifecycle]) -> None:
        """Count what became of coupons; one that is undone moves from the used to the returned."""
        for one in told:
            if one.stage in ENDS:
                counts = self._of(one.campaign_id)
                counts[one.stage] += 1
                if one.stage == "returned":
                    counts["redeemed"] -= 1

    def move(self, before: list[str], after: list[str]) -> None:
        """Count what a wallet holds now, and no longer what it held; both by campaign."""
        if before == after:
            return  # nearly always
        for name in before:
            self._of(name)[OPEN] -= 1
        for name in after:
            self._of(name)[OPEN] += 1

    def campaigns(self) -> list[str]:
        """Name all campaigns of which there were coupons."""
        return sorted(self._counts)

    def open_count(self, campaign_id: str) -> int:
        """Tell how many coupons customers may still use."""
        return self._told(campaign_id)[OPEN]

    def ended_count(self, campaign_id: str) -> int:
        """Tell how many coupons were used or are gone."""
        counts = self._told(campaign_id)
        return sum(counts[stage] for stage in ENDS)

    def used_count(self, campaign_id: str) -> int:
        """Tell how many coupons were used in orders that stand."""
        return self._told(campaign_id)["redeemed"]

    def off_count(self, campaign_id: str) -> int:
        """Tell how many coupons are missing, below 0 how many are too many; always 0."""
        counts = self._told(campaign_id)
        return counts[ISSUED] - self.ended_count(campaign_id) - counts[OPEN]

    def _told(self, campaign_id: str) -> "Counter[str]":
        # Asking opens no account: what is dumped must not depend on who looked.
        return self._counts.get(campaign_id, _NOTHING)

    def _of(self, campaign_id: str) -> "Counter[str]":
        return self._counts.setdefault(campaign_id, Counter())


def held_by(wallet: Wallet) -> list[str]:
    """Name the campaign of each coupon that a wallet holds, in their order.

    Examples
    --------
    >>> from coupons.held import empty
    >>> held_by(empty())
    []
    """
    return [one["campaign_id"] for one in wallet["held"].values()]


def expected_use_ratio(used_count: int, ended_count: int) -> float:
    """Tell which share of open coupons to expect to be used: that of those that ended.

    Used ones end sooner than expired ones, so at first this is too high, never too low; while
    nothing has ended, all are expected to be used.

    Examples
    --------
    >>> expected_use_ratio(0, 0), expected_use_ratio(1, 4)
    (1.0, 0.25)
    """
    return used_count / ended_count if ended_count else 1.0
