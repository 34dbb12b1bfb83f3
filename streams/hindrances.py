"""Why the policy is not asked at a trigger: what is known before anything is drawn."""

from coupons.shared import is_awaited
from coupons.wallet import ends_ms
from features.events import Event
from streams.context import Row, Rules

_STAGE = {
    "cart.added": 1,
    "cart.removed": 1,
    "cart.viewed": 1,
    "checkout.started": 2,
    "order.completed": 3,
}


def stage_of(event: Event) -> int:
    """Tell how close to an order an event is: 0 looking, 1 cart, 2 checkout, 3 ordered."""
    return _STAGE.get(event.event_type, 0)


def hindrance_of(row: Row, event: Event, stage: int, late: bool, rules: Rules) -> str | None:
    """Name what keeps a trigger from being a decision point, if anything does."""
    if late:
        return "late_event"
    held, (last_ms, last_stage) = row["wallet"]["held"], row["last"]
    if held and any(ends_ms(one) > event.ts_ms for one in held.values()):
        return "standing_offer"
    if event.ts_ms - last_ms < rules.spacing_ms and stage <= last_stage:
        return "recently_decided"
    if rules.shared and is_awaited(row.get("shared"), event.ts_ms):
        return "permit_awaited"
    return None


def standing_of(row: Row) -> str | None:
    """Name the decision whose offer the customer holds, if there is one."""
    return next(iter(row["wallet"]["held"]), None)
