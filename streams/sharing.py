"""Coupons that all of a device, an address or a person share: claimed ahead, used when given.

The claim goes out with what the customer does first, so that the permit is mostly there before a
coupon is due (`coupons.claims`).
"""

from coupons import shared, wallet
from coupons.catalogue import Campaign
from coupons.claims import Permit
from coupons.held import Held
from features.events import Event
from features.session_text import hashed
from streams.context import Context, Effects, PartitionState, Row


def claim_ahead(row: Row, event: Event, context: Context, effects: Effects) -> None:
    """Note where and who the customer is, and claim what a coupon for them would need.

    A customer of whom no device was ever told is not held by a cap by device; so with the others.
    """
    rules = context.rules
    told = {"device": event.anonymous_id, "address": event.address_id, "person": event.person_id}
    for by, identity in told.items():
        if identity:
            kept = row.setdefault("shared", shared.nothing_shared())
            digest = hashed(identity, rules.session_key)
            shared.note_place(kept, by, digest, event.ts_ms)
    if "shared" not in row or rules.dry_run or effects.late:
        return
    if rules.arm_of(event.user_id) == "holdout" or _has_offer(row, event.ts_ms):
        return
    for campaign in rules.shared:
        if _is_possible(row, campaign, event):
            own = context.partition.claims
            effects.is_waiting |= own.want(row["shared"], campaign, event.user_id, event.ts_ms)


def use(kept: shared.Shared, held: Held, campaign: Campaign, context: Context) -> None:
    """Use up the permit for a coupon just given, which remembers it.

    It counts for the window of the campaign's caps, and as long as it can be used.
    """
    now_ms = held["given_ms"]
    until_ms = max(now_ms + campaign.per_user_window_ms, held["until_ms"])
    own = context.partition.claims
    if used := own.use(kept, campaign, now_ms, until_ms=until_ms):
        held["permits"] = used


def hear(row: Row | None, permit: Permit, state: PartitionState) -> bool:
    """Take the ledger's answer into its customer's row; tells whether the row changed."""
    return state.claims.hear(row.get("shared") if row is not None else None, permit)


def _has_offer(row: Row, now_ms: int) -> bool:
    return any(wallet.ends_ms(one) > now_ms for one in row["wallet"]["held"].values())


def _is_possible(row: Row, campaign: Campaign, event: Event) -> bool:
    """Tell whether the campaign is open, and the customer's own caps leave a coupon of it."""
    now_ms = event.ts_ms
    if not (campaign.starts_ms or 0) <= now_ms < (campaign.ends_ms or now_ms + 1):
        return False
    caps = wallet.caps_of(row["wallet"], campaign, now_ms, event.channel)
    return caps is None or any(caps(coupon) is None for coupon in campaign.coupons)
