"""The ledger of what all customers of one device, or of one address, may be given.

For each campaign with such a cap and each device there is a pot of as many permits. The one writer
of all ledgers hands them out (`coupons.claims`) and knows them by claim alone: no customer's id is
kept. What is unused is out until its partition gives it back; what is used counts until its time is
over. A pot with neither is forgotten.

A pot takes about 100 bytes of the changelog and 20 for each permit; see docs/decisions/0047.
"""

from collections.abc import Mapping
from heapq import heappop, heappush
from typing import TypedDict

from coupons.catalogue import SHARED, Campaign
from coupons.claims import Claim, Permit
from coupons.limits import KEPT_MS
from features.profile import GRACE_MS


class PotState(TypedDict):
    """The permits of one pot that are out: by claim, until when each counts; 0 while unused."""

    out: dict[str, int]


class Permits:
    """All pots that have permits out.

    A partition that lags `KEPT_MS` or more behind the newest event time is refused: what it would
    have to count may be forgotten. So the cap holds in event time for all that are granted.

    Examples
    --------
    >>> permits = Permits()
    >>> spring = Campaign(campaign_id="spring", budget_minor=9, shared_caps={"device": 1})
    >>> permits.adopt({"spring": spring})
    >>> wants = [Claim(claim=1, says="wants", pot="spring/device/ab", partition=n, now_ms=5)
    ...          for n in (0, 1)]
    >>> [permits.hear(one, 5).granted for one in wants]
    [True, False]
    """

    def __init__(self) -> None:
        self._campaigns: Mapping[str, Campaign] = {}
        self._pots: dict[str, PotState] = {}
        self._ends: list[tuple[int, str, str]] = []

    def adopt(self, campaigns: Mapping[str, Campaign]) -> None:
        """Follow the catalogue's caps; what is out stays out."""
        self._campaigns = campaigns

    def load(self, pot: str, state: PotState) -> None:
        """Go on with a pot as its `state` was."""
        self._pots[pot] = state
        for name, until_ms in state["out"].items():
            self._count_until(until_ms, pot, name)

    def of(self, pot: str) -> PotState | None:
        """Give a pot's state; None where nothing is out."""
        return self._pots.get(pot)

    def __len__(self) -> int:
        """Count the pots that have permits out."""
        return len(self._pots)

    def hear(self, claim: Claim, now_ms: int) -> Permit | None:
        """Note what a partition tells; gives the answer where it wants one.

        Parameters
        ----------
        now_ms
            The newest event time that any partition told.
        """
        name = f"{claim.partition}:{claim.claim}"
        out = self._pots.setdefault(claim.pot, {"out": {}})["out"]
        granted = claim.says == "wants" and self._grants(claim, name, out, now_ms)
        if granted:
            out.setdefault(name, 0)
        elif claim.says == "used":
            out[name] = claim.until_ms
            self._count_until(claim.until_ms, claim.pot, name)
        elif claim.says == "returns" or not out.get(name):
            out.pop(name, None)  # what was used is not spared by an answer that came twice
        if not out:
            del self._pots[claim.pot]
        if claim.says != "wants":
            return None
        return Permit(
            permit=claim.claim,
            pot=claim.pot,
            partition=claim.partition,
            user_id=claim.user_id,
            granted=granted,
        )

    def close_old(self, now_ms: int) -> set[str]:
        """Forget what no longer counts for anybody; names the pots that changed."""
        changed = set()
        while self._ends and self._ends[0][0] + KEPT_MS + GRACE_MS <= now_ms:
            until_ms, pot, name = heappop(self._ends)
            state = self._pots.get(pot)
            if state is None or state["out"].get(name) != until_ms:
                continue  # given back meanwhile
            del state["out"][name]
            changed.add(pot)
            if not state["out"]:
                del self._pots[pot]
        return changed

    def _grants(self, claim: Claim, name: str, out: Mapping[str, int], now_ms: int) -> bool:
        if name in out:
            return True  # the answer was lost
        if claim.now_ms + KEPT_MS <= now_ms:
            return False
        # A coupon may be given by an event that is late by as much as is not called late.
        since_ms = claim.now_ms - GRACE_MS
        counted = sum(not until_ms or until_ms > since_ms for until_ms in out.values())
        return counted < cap_of(claim.pot, self._campaigns)

    def _count_until(self, until_ms: int, pot: str, name: str) -> None:
        if until_ms:
            heappush(self._ends, (until_ms, pot, name))


def is_shared(name: str) -> bool:
    """Tell a pot of permits from campaigns and pots of money.

    Examples
    --------
    >>> is_shared("spring/device/ab"), is_shared("spring/store/north"), is_shared("device")
    (True, False, False)
    """
    parts = name.split("/", 2)
    return len(parts) > 1 and parts[1] in SHARED


def cap_of(pot: str, campaigns: Mapping[str, Campaign]) -> int:
    """Tell how many permits of a pot may be out; 0 where the catalogue has no such cap.

    Examples
    --------
    >>> spring = Campaign(campaign_id="spring", budget_minor=9, shared_caps={"device": 2})
    >>> cap_of("spring/device/ab", {"spring": spring}), cap_of("spring/address/ab", {})
    (2, 0)
    """
    campaign_id, by, _ = pot.split("/", 2)
    campaign = campaigns.get(campaign_id)
    return 0 if campaign is None else campaign.shared_caps.get(by, 0)
