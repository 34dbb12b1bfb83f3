"""The right to give a customer one coupon of what all of a device, address or person share.

Customers of one device stand in different partitions, so one ledger counts (`coupons.permits`). A
partition *claims* in a customer's name, and may give the coupon once a *permit* has come. What it
holds stands in the customer's row (`coupons.shared`); a permit that is not used within `HOLD_MS`
goes back. Nothing is ever taken from a partition, so no more than the cap is out, whatever comes
late, twice or never.

A claim is for all that a coupon needs at once: were it for device and address one by one, one
customer could hold the one and another the other, and neither get the coupon.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from coupons.catalogue import Campaign
from coupons.shared import CAMPAIGNS_MAX, RETRY_MS, Shared, pots_of

Says = Literal["wants", "used", "spares", "returns"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A partition tells what it wants, has used, can spare unused, or gives back though used.

    Attributes
    ----------
    claim
        Rises with every claim of the partition; all that follows names the one that wanted.
    pots
        `<campaign>/device/<hash>` and `<campaign>/address/<hash>`: all of them, or nothing.
    user_id
        In whose name, told back with the permit; "" where no answer is needed.
    now_ms
        Event time of what happened to the customer, 0 where nothing did.
    until_ms
        Of what is used: until when it counts.
    """

    claim: int
    says: Says
    pots: tuple[str, ...]
    partition: int
    now_ms: int
    user_id: str = ""
    until_ms: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Permit:
    """The ledger's answer to a claim that wants.

    Attributes
    ----------
    short
        The pot that has none left, "" where the permit is granted.
    """

    permit: int
    pots: tuple[str, ...]
    partition: int
    user_id: str
    short: str = ""


class Claims:
    """The claims of one partition: their number, and those that are to be sent.

    Examples
    --------
    >>> from coupons.shared import note_place, nothing_shared, refusal
    >>> claims, shared = Claims(0), nothing_shared()
    >>> spring = Campaign(campaign_id="spring", budget_minor=9, shared_caps={"device": 1})
    >>> note_place(shared, "device", "ab12", 5)
    >>> claims.want(shared, spring, "ann", 5), refusal(shared, spring)
    (True, 'permit_awaited')
    >>> (wanted,) = claims.take()
    >>> permit = Permit(permit=wanted.claim, pots=wanted.pots, partition=0, user_id="ann")
    >>> claims.hear(shared, permit), refusal(shared, spring) is None
    (True, True)
    >>> claims.use(shared, spring, 7, until_ms=99)
    ['spring/device/ab12#1']
    """

    def __init__(self, partition: int, count: int = 0) -> None:
        self.count = count
        self._partition = partition
        self._told: list[Claim] = []

    def take(self) -> list[Claim]:
        """Give what is to be sent, in its order."""
        told, self._told = self._told, []
        return told

    def want(self, shared: Shared, campaign: Campaign, user_id: str, now_ms: int) -> bool:
        """Claim what a customer would need for a coupon of a campaign; tells whether it did."""
        name, pots = campaign.campaign_id, pots_of(shared, campaign)
        known = shared["claims"].get(name)
        if known is not None and known["pots"] != pots:  # they are elsewhere now
            self._drop(shared, name, now_ms)
            known = None
        is_again = known is not None and known["state"] == "refused"
        if known is not None and not (is_again and known["at_ms"] + RETRY_MS <= now_ms):
            return False
        if not pots or (known is None and len(shared["claims"]) >= CAMPAIGNS_MAX):
            return False
        self.count += 1
        self._tell(self.count, "wants", pots, now_ms, user_id=user_id)
        shared["claims"][name] = {
            "claim": self.count,
            "state": "again" if is_again else "asked",
            "at_ms": now_ms,
            "pots": pots,
            "short": known["short"] if known is not None else "",
        }
        return True

    def hear(self, shared: Shared | None, permit: Permit) -> bool:
        """Take an answer into a row; tells whether it changed. What nobody waits for goes back."""
        name = permit.pots[0].split("/", 1)[0]
        known = shared["claims"].get(name) if shared is not None else None
        if known is None or known["claim"] != permit.permit:
            if not permit.short:
                self._tell(permit.permit, "spares", permit.pots, 0)
            return False
        known["state"] = "refused" if permit.short else "granted"
        known["short"] = permit.short.split("/", 2)[1] if permit.short else ""
        return True

    def use(self, shared: Shared, campaign: Campaign, now_ms: int, *, until_ms: int) -> list[str]:
        """Use up the permit for a coupon; gives what the coupon has to remember."""
        if not pots_of(shared, campaign):
            return []
        known = shared["claims"].pop(campaign.campaign_id)
        self._tell(known["claim"], "used", known["pots"], now_ms, until_ms=until_ms)
        return [f"{pot}#{known['claim']}" for pot in known["pots"]]

    def give_back(self, permits: Sequence[str], now_ms: int) -> None:
        """Return what a coupon had used, whose place in the caps is free again."""
        if permits:
            pots = [one.rpartition("#")[0] for one in permits]
            self._tell(int(permits[0].rpartition("#")[2]), "returns", pots, now_ms)

    def drop(self, shared: Shared, now_ms: int, over_ms: int | None = None) -> None:
        """Give up claims of `over_ms` and before, or all; an answer may still be on its way."""
        for name, known in list(shared["claims"].items()):
            if over_ms is None or known["at_ms"] <= over_ms:
                self._drop(shared, name, now_ms)

    def _drop(self, shared: Shared, name: str, now_ms: int) -> None:
        known = shared["claims"].pop(name)
        if known["state"] != "refused":
            self._tell(known["claim"], "spares", known["pots"], now_ms)

    def _tell(
        self,
        claim: int,
        says: Says,
        pots: Sequence[str],
        now_ms: int,
        user_id: str = "",
        until_ms: int = 0,
    ) -> None:
        self._told.append(
            Claim(
                claim=claim,
                says=says,
                pots=tuple(pots),
                partition=self._partition,
                now_ms=now_ms,
                user_id=user_id,
                until_ms=until_ms,
            )
        )
