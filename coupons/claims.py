"""The right to give a customer one coupon of what all of a device or an address share.

Customers of one device stand in different partitions, so one ledger counts (`coupons.permits`). A
partition *claims* in a customer's name, and may give the coupon once a *permit* has come. What it
holds stands in the customer's row; a permit that is not used within `HOLD_MS` goes back. Nothing is
ever taken from a partition, so no more than the cap is out, whatever comes late, twice or never.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypedDict

from coupons.catalogue import Campaign

HOLD_MS = 30 * 60_000  # a visit: who has not been given the coupon by then is asked for anew
RETRY_MS = 10 * 60_000
PATIENCE_MS = 10_000
POTS_MAX = 8

Says = Literal["wants", "used", "spares", "returns"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A partition tells what it wants, has used, can spare unused, or gives back though used.

    Attributes
    ----------
    claim
        Rises with every claim of the partition; all that follows names the one that wanted.
    pot
        `<campaign>/device/<hash>` or `<campaign>/address/<hash>`.
    user_id
        In whose name, told back with the permit; "" where no answer is needed.
    now_ms
        Event time of what happened to the customer, 0 where nothing did.
    until_ms
        Of what is used: until when it counts.
    """

    claim: int
    says: Says
    pot: str
    partition: int
    now_ms: int
    user_id: str = ""
    until_ms: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Permit:
    """The ledger's answer to a claim that wants."""

    permit: int
    pot: str
    partition: int
    user_id: str
    granted: bool


class Claimed(TypedDict):
    """How a claim stands: "again" was refused before, so that nobody waits for its answer."""

    claim: int
    state: Literal["asked", "again", "granted", "refused"]
    at_ms: int


class Place(TypedDict):
    """A device or an address, by its keyed hash, and when the customer was last seen there."""

    digest: str
    at_ms: int


class Shared(TypedDict):
    """What a row keeps of it: where the customer was last, and the claims by pot."""

    places: dict[str, Place]
    claims: dict[str, Claimed]


class Claims:
    """The claims of one partition: their number, and those that are to be sent.

    Examples
    --------
    >>> claims, shared = Claims(0), nothing_shared()
    >>> spring = Campaign(campaign_id="spring", budget_minor=9, shared_caps={"device": 1})
    >>> note_place(shared, "device", "ab12", 5)
    >>> claims.want(shared, spring, "ann", 5), refusal(shared, spring)
    (True, 'permit_awaited')
    >>> (wanted,) = claims.take()
    >>> permit = Permit(permit=wanted.claim, pot=wanted.pot, partition=0, user_id="ann",
    ...                 granted=True)
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
        """Claim what a customer would need for a coupon of a campaign; tells whether any was."""
        before = self.count
        for pot in pots_of(shared, campaign):
            known = shared["claims"].get(pot)
            is_again = known is not None and known["state"] == "refused"
            if known is not None and not (is_again and known["at_ms"] + RETRY_MS <= now_ms):
                continue
            if known is None and len(shared["claims"]) >= POTS_MAX:
                continue
            self.count += 1
            self._tell(self.count, "wants", pot, now_ms, user_id=user_id)
            state: Literal["asked", "again"] = "again" if is_again else "asked"
            shared["claims"][pot] = {"claim": self.count, "state": state, "at_ms": now_ms}
        return self.count > before

    def hear(self, shared: Shared | None, permit: Permit) -> bool:
        """Take an answer into a row; tells whether it changed. What nobody waits for goes back."""
        known = shared["claims"].get(permit.pot) if shared is not None else None
        if known is None or known["claim"] != permit.permit:
            if permit.granted:
                self._tell(permit.permit, "spares", permit.pot, 0)
            return False
        known["state"] = "granted" if permit.granted else "refused"
        return True

    def use(self, shared: Shared, campaign: Campaign, now_ms: int, *, until_ms: int) -> list[str]:
        """Use up a permit of each kind for a coupon; gives what the coupon has to remember."""
        used = []
        for pot in pots_of(shared, campaign):
            claim = shared["claims"].pop(pot)["claim"]
            self._tell(claim, "used", pot, now_ms, until_ms=until_ms)
            used.append(f"{pot}#{claim}")
        return used

    def give_back(self, permits: tuple[str, ...], now_ms: int) -> None:
        """Return what a coupon had used, whose place in the caps is free again."""
        for one in permits:
            pot, _, claim = one.rpartition("#")
            self._tell(int(claim), "returns", pot, now_ms)

    def drop(self, shared: Shared, now_ms: int, over_ms: int | None = None) -> None:
        """Give up claims of `over_ms` and before, or all; an answer may still be on its way."""
        for pot, known in list(shared["claims"].items()):
            if over_ms is None or known["at_ms"] <= over_ms:
                del shared["claims"][pot]
                if known["state"] != "refused":
                    self._tell(known["claim"], "spares", pot, now_ms)

    def _tell(
        self, claim: int, says: Says, pot: str, now_ms: int, user_id: str = "", until_ms: int = 0
    ) -> None:
        self._told.append(
            Claim(
                claim=claim,
                says=says,
                pot=pot,
                partition=self._partition,
                now_ms=now_ms,
                user_id=user_id,
                until_ms=until_ms,
            )
        )


def nothing_shared() -> Shared:
    """Give what a row keeps of a customer of whom nothing is known yet."""
    return {"places": {}, "claims": {}}


def note_place(shared: Shared, by: str, digest: str, ts_ms: int) -> None:
    """Remember where a customer was last, in event time, whatever the order of arrival."""
    known = shared["places"].get(by)
    if known is None or ts_ms >= known["at_ms"]:
        shared["places"][by] = {"digest": digest, "at_ms": ts_ms}


def pots_of(shared: Shared, campaign: Campaign) -> Iterator[str]:
    """Name what a coupon of a campaign needs permits of; a place that is not known needs none."""
    for by in campaign.shared_caps:
        if by in shared["places"]:
            yield f"{campaign.campaign_id}/{by}/{shared['places'][by]['digest']}"


def refusal(shared: Shared | None, campaign: Campaign) -> str | None:
    """Say why a customer may get no coupon of a campaign; None if they may.

    `permit_awaited`, `device_limit` or `address_limit`.
    """
    for pot in pots_of(shared, campaign) if shared is not None else ():
        known = shared["claims"].get(pot) if shared is not None else None
        if known is not None and known["state"] == "granted":
            continue
        if known is not None and known["state"] == "asked":
            return "permit_awaited"
        return f"{pot.split('/', 2)[1]}_limit"
    return None


def is_awaited(shared: Shared | None, now_ms: int) -> bool:
    """Tell whether an answer is about to come: it is worth waiting for a moment."""
    return shared is not None and any(
        one["state"] == "asked" and now_ms < one["at_ms"] + PATIENCE_MS
        for one in shared["claims"].values()
    )


def next_due_ms(shared: Shared | None) -> int | None:
    """Tell when the oldest claim is given up, if there is one.

    Examples
    --------
    >>> next_due_ms(None) is None
    True
    """
    if shared is None or not shared["claims"]:
        return None
    return min(one["at_ms"] for one in shared["claims"].values()) + HOLD_MS
