"""What a customer's row keeps of caps that others share: where they were, and what was claimed.

At most 2 KB: of `CAMPAIGNS_MAX` campaigns a claim of two pots.
"""

from typing import Literal, TypedDict

from coupons.catalogue import Campaign

HOLD_MS = 30 * 60_000  # a visit: who has not been given the coupon by then is asked for anew
RETRY_MS = 10 * 60_000
PATIENCE_MS = 10_000
CAMPAIGNS_MAX = 8  # of one customer at a time: the row is bounded


class Claimed(TypedDict):
    """How a claim stands: "again" was refused before, so that nobody waits for its answer.

    `short` is the kind of pot that had none left (`SHARED`), where it is refused.
    """

    claim: int
    state: Literal["asked", "again", "granted", "refused"]
    at_ms: int
    pots: list[str]
    short: str


class Place(TypedDict):
    """A device, an address or a person, by its keyed hash, and when that was last told."""

    digest: str
    at_ms: int


class Shared(TypedDict):
    """What a row keeps of it: where the customer was last, and the claims by campaign."""

    places: dict[str, Place]
    claims: dict[str, Claimed]


def nothing_shared() -> Shared:
    """Give what a row keeps of a customer of whom nothing is known yet."""
    return {"places": {}, "claims": {}}


def note_place(shared: Shared, by: str, digest: str, ts_ms: int) -> None:
    """Remember where a customer was last, in event time, whatever the order of arrival."""
    known = shared["places"].get(by)
    if known is None or ts_ms >= known["at_ms"]:
        shared["places"][by] = {"digest": digest, "at_ms": ts_ms}


def pots_of(shared: Shared, campaign: Campaign) -> list[str]:
    """Name what a coupon of a campaign needs a permit of; a place not known needs none."""
    places = shared["places"]
    return [
        f"{campaign.campaign_id}/{by}/{places[by]['digest']}"
        for by in campaign.shared_caps
        if by in places
    ]


def refusal(shared: Shared, campaign: Campaign) -> str | None:
    """Say why a customer may get no coupon of a campaign; None if they may.

    `permit_awaited`, `device_limit` or `address_limit`.
    """
    pots = pots_of(shared, campaign)
    if not pots:
        return None
    known = shared["claims"].get(campaign.campaign_id)
    if known is None or known["pots"] != pots:
        return f"{pots[0].split('/', 2)[1]}_limit"
    if known["state"] == "granted":
        return None
    return "permit_awaited" if known["state"] == "asked" else f"{known['short']}_limit"


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
