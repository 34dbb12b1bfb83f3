"""Takes a coupon a step on: the one place that changes its state."""

from coupons.held import Closed, Held
from coupons.lifecycle import STEPS, Lifecycle, Stage, allows


class IllegalStepError(Exception):
    """A step that the coupon's state does not allow: a bug, never what an event can bring about."""


def take(one: Held | Closed, decision_id: str, stage: Stage, ts_ms: int) -> Lifecycle:
    """Change a coupon's state as the step says, and report it; the money is the caller's to tell.

    Raises
    ------
    IllegalStepError
        The step may not follow; whoever takes one has asked `allows` before.
    """
    if not allows(one["stage"], stage):
        message = f"{stage} must follow {sorted(STEPS[stage].before)}, was {one['stage']}"
        raise IllegalStepError(message)
    step = STEPS[stage]
    one["stage"] = one["stage"] if step.after is None else step.after
    return Lifecycle(
        stage=stage,
        coupon_id=one["coupon_id"],
        campaign_id=one["campaign_id"],
        decision_id=decision_id,
        ts_ms=ts_ms,
        quota_back=step.quota_back,
        pots=tuple(one.get("pots", ())),
        permits=tuple(one.get("permits", ())) if step.caps_back else (),
    )
