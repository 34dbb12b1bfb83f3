"""What an event, or time alone, settles: labels, coupons and their money, sessions, claims."""

from collections.abc import Sequence

from coupons import habit, shared, wallet
from coupons.refusing import refusal_of
from features import profile as profiles
from features.events import Event
from features.growth import bought_minor
from features.vector import NAMES
from online_models import labels
from streams import consent, sessions
from streams.context import Context, Effects, Row

# Within this stretch any order of arrival gives the same answer; labels and held coupons wait for
# it too before time alone settles them.
GRACE_MS = profiles.GRACE_MS


def settle_event(row: Row, event: Event, context: Context, effects: Effects) -> None:
    """Settle labels and held coupons that this event or its time settles."""
    rules = context.rules
    settle_due(row, event.user_id, event.ts_ms - GRACE_MS, context, effects)
    moved = wallet.follow(row["wallet"], event)
    effects.denial = None if moved else refusal_of(row["wallet"], event)
    _settle_money(moved, event.user_id, context, effects)
    labels.notice(row["pending"], [(one.decision_id, one.stage) for one in moved])
    learns = consent.covers(row, event)
    if learns and rules.pauses_habits and (known := habit.follow(row.get("habit"), event, moved)):
        row["habit"] = known
    if event.family != "purchase" or event.event_type == "order.rated":
        return
    used = next((one for one in moved if one.stage == "redeemed"), None)
    spent_minor = used.charge_minor - used.refund_minor if used is not None else None
    if event.event_type == "order.completed":
        for category, guess_minor in labels.guesses(row["pending"], event):
            context.partition.growth.observe(category, guess_minor, bought_minor(event, category))
        effects.outcomes += labels.settle(
            row["pending"],
            event,
            names=NAMES,
            margin_ratio=rules.margin_ratio,
            used_decision_id=used.decision_id if used is not None else None,
            discount_minor=spent_minor,
        )
    context.partition.earnings.spend(rules.arm_of(event.user_id), spent_minor or 0)
    if learns:
        margin_minor = labels.order_margin_minor(event, rules.margin_ratio, spent_minor)
        context.earn(row, event.user_id, margin_minor)


def settle_due(row: Row, user_id: str, now_ms: int, context: Context, effects: Effects) -> None:
    """Settle labels, held coupons and sessions whose time passed by `now_ms` (event time)."""
    if row["pending"]:
        effects.outcomes += labels.expire(row["pending"], now_ms, user_id=user_id, names=NAMES)
    if row["wallet"]["held"]:
        moved = wallet.expire(row["wallet"], now_ms + GRACE_MS)  # it keeps a grace of its own
        _settle_money(moved, user_id, context, effects)
    if "shared" in row:
        context.partition.claims.drop(row["shared"], now_ms, now_ms - shared.HOLD_MS)
    if row["sessions"]["open"]:
        sessions.close(row, user_id, now_ms + GRACE_MS, context.rules, effects)


def due_ms(row: Row) -> int | None:
    """Tell when time alone will next change this row, as event time of the watermark."""
    coupon_ms = wallet.next_due_ms(row["wallet"])
    waits = [labels.next_due_ms(row["pending"]), sessions.due_ms(row)]
    waits += [None if coupon_ms is None else coupon_ms - GRACE_MS]
    waits += [shared.next_due_ms(row.get("shared"))]
    return min([due for due in waits if due is not None], default=None)


def _settle_money(
    moved: Sequence[wallet.Lifecycle], user_id: str, context: Context, effects: Effects
) -> None:
    for lifecycle in moved:
        context.partition.ledger.settle(lifecycle, context.rules.arm_of(user_id))
        context.partition.claims.give_back(lifecycle.permits, lifecycle.ts_ms)
        effects.is_waiting |= lifecycle.stage == "reserved"
    effects.lifecycle += moved
