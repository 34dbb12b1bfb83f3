"""The ledger of what all customers of one device or address, or accounts of a person, may get.

For each campaign with such a cap and each device there is a pot of as many permits. The one writer
of all ledgers hands them out (`coupons.claims`) and knows them by claim alone: no customer's id is
kept. What is unused is out until its partition gives it back; what is used counts until its time is
over. A pot with neither is forgotten.

A pot with two permits out is a record of 63 bytes, and 591 in memory (docs/decisions/0047).
"""

from collections.abc import Mapping, Sequence
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
    >>> wants = [Claim(claim=1, says="wants", pots=("spring/device/ab",), partition=n, now_ms=5)
    ...          for n in (0, 1)]
    >>> [permits.hear(one, 5).short for one in wants]
    ['', 'spring/device/ab']
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
            if until_ms:
                heappush(self._ends, (until_ms, pot, name))

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
        if claim.says == "wants":
            return self._answer(claim, name, now_ms)
        for pot in claim.pots:
            out = self._pots.setdefault(pot, {"out": {}})["out"]
            if claim.says == "used":
                out[name] = claim.until_ms
                heappush(self._ends, (claim.until_ms, pot, name))
            elif claim.says == "returns" or not out.get(name):
                out.pop(name, None)  # what was used is not spared by an answer that came twice
            if not out:
                del self._pots[pot]
        return None

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

    def _answer(self, claim: Claim, name: str, now_ms: int) -> Permit:
        is_too_late = claim.now_ms + KEPT_MS <= now_ms
        short = [pot for pot in claim.pots if is_too_late or not self._has(pot, name, claim.now_ms)]
        for pot in claim.pots if not short else ():
            self._pots.setdefault(pot, {"out": {}})["out"].setdefault(name, 0)
        return Permit(
            permit=claim.claim,
            pots=claim.pots,
            partition=claim.partition,
            user_id=claim.user_id,
            short=short[0] if short else "",
        )

    def _has(self, pot: str, name: str, now_ms: int) -> bool:
        """Tell whether a pot has a permit left for somebody at an event time, or given already."""
        state = self._pots.get(pot)
        out = state["out"] if state is not None else {}
        # A coupon may be given by an event that is late by as much as is not called late.
        since_ms = now_ms - GRACE_MS
        counted = sum(not until_ms or until_ms > since_ms for until_ms in out.values())
        return name in out or counted < cap_of(pot, self._campaigns)


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


def require_pots(pots: Sequence[str], short: str = "") -> None:
    """Refuse a claim, or an answer, that is about nothing that can be shared.

    Raises
    ------
    ValueError
        There are no pots, or other ones.

    Examples
    --------
    >>> require_pots(["spring/device/ab"], "spring/device/ab")
    """
    if not pots or not all(map(is_shared, pots)) or short not in ("", *pots):
        message = f"pots must be by {' or '.join(SHARED)}, was {[*pots, short]}"
        raise ValueError(message)
