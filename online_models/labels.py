"""Decisions that wait for their label, kept in one user's row as plain JSON.

    remember ----- pending -----> settled y=1   an order within [decided_ms, due_ms)
                            |---> settled y=0   event time reached due_ms
                            '---> censored      the row had to forget it, or the customer opted out

Every remembered decision leaves by exactly one of these doors: whatever leaves is taken off the
list in the same call, so a timer and an order that meet cannot both settle it. The functions here
change `pending` and return what happened; the caller keeps the list in the row and sends the
outcomes on.

A decision remembered under other feature names still settles, but with an empty `x`: nothing can
be learned from it without taking one feature's number for another's.
"""

from collections.abc import Iterable, Sequence

from features.actions import Action
from features.events import Event
from online_models.outcomes import Arm, Outcome
from online_models.pending import Pending as Pending  # callers know it as a word of labels
from online_models.pending import names_id, outcome_of

MAX_PENDING = 8
_NOTICED = {"viewed": 0, "clicked": 1}


def remember(
    pending: list[Pending],
    *,
    user_id: str,
    decision_id: str,
    decided_ms: int,
    arm: Arm,
    action: Action,
    propensity: float,
    p_buy: float,
    x: dict[str, float],
    names: Sequence[str],
    model_version: str,
    campaign_id: str | None,
    horizon_ms: int,
    guess: tuple[str, int] | None = None,
) -> list[Outcome]:
    """Keep a decision until its label is known; changes `pending`, tells what opened or left.

    A decision that already waits is left alone. Where the row is full, the oldest is censored. The
    features are kept as they are (they carry four decimals), ratios with four decimals and the
    probability of purchase with six.

    Parameters
    ----------
    guess
        Category and price that the basket was guessed from, for `guesses`.

    Raises
    ------
    ValueError
        The propensity is not in (0, 1] or the horizon is not positive.
    """
    if not 0 < propensity <= 1:
        message = f"propensity must be within (0, 1], was {propensity}"
        raise ValueError(message)
    if horizon_ms <= 0:
        message = f"horizon_ms must be positive, was {horizon_ms}"
        raise ValueError(message)
    if decision_id in [decision["id"] for decision in pending]:
        return []
    names = tuple(names)
    if tuple(x) != names:
        x = {name: x.get(name, 0.0) for name in names}
    outcomes = []
    while len(pending) >= MAX_PENDING:
        oldest = min(range(len(pending)), key=lambda index: pending[index]["at"])
        gone = pending.pop(oldest)
        outcomes.append(outcome_of(gone, "censored", user_id, names, decided_ms))
    decision: Pending = {
        "id": decision_id,
        "at": decided_ms,
        "due": decided_ms + horizon_ms,
        "arm": arm,
        "a": [
            action.action_id,
            action.kind,
            round(action.depth_ratio, 4),
            round(action.match_ratio, 4),
            round(action.gap_ratio, 4),
        ],
        "q": propensity,
        "p": round(p_buy, 6),
        "x": [value or 0 for value in x.values()],  # "0" is shorter than "0.0" in the row
        "n": names_id(names),
        "m": model_version,
        "c": campaign_id,
    }
    if guess is not None:
        decision["g"] = list(guess)
    pending.append(decision)
    outcomes.append(outcome_of(decision, "opened", user_id, names, None, x=x))
    return outcomes


def notice(pending: list[Pending], happened: Iterable[tuple[str, str]]) -> None:
    """Note which offers were looked at (`viewed`) or `clicked` on; changes `pending`.

    Told when the decision is settled: before, nobody knows whether a click will follow.

    Parameters
    ----------
    happened
        What came of offers: the decision's id and the stage that its coupon reached.
    """
    noticed = [
        (decision_id, _NOTICED[stage]) for decision_id, stage in happened if stage in _NOTICED
    ]
    for decision_id, is_click in noticed:
        for decision in pending:
            if decision["id"] == decision_id:
                decision["k"] = max(is_click, decision.get("k", 0))


def settle(
    pending: list[Pending],
    event: Event,
    *,
    names: Sequence[str],
    margin_ratio: float,
    used_decision_id: str | None = None,
    discount_minor: int | None = None,
) -> list[Outcome]:
    """Settle with y = 1 every decision within whose horizon `event` is an order; changes `pending`.

    Each of them gets the order's money, with the margin after all discounts of the order; only the
    decision whose coupon was used also gets `discount_minor`. One order can settle several
    decisions, so money is summed per order or per user, never over outcomes.

    What was decided before the coupon that paid waits on, for other orders or its horizon: a
    purchase that this coupon won would be learned as one that came unaided. Decisions that are due
    at the order's time are left to `expire`: an earlier order may still be on its way.

    Parameters
    ----------
    margin_ratio
        The shop's margin on goods before discount, 0..1.
    used_decision_id
        The decision whose coupon paid; the event's own `decision_id` where None.
    discount_minor
        What the order's coupons cost the shop, where the event's own figure is not it (a gift).
    """
    if event.event_type != "order.completed" or not pending:
        return []
    used = event.decision_id if used_decision_id is None else used_decision_id
    discount = (event.discount_minor or 0) if discount_minor is None else discount_minor
    paid = _paid_minor(event)
    margin = order_margin_minor(event, margin_ratio, discount_minor)
    since_ms = next((d["at"] for d in pending if d["id"] == used), 0)
    outcomes = []
    for decision in [d for d in pending if since_ms <= d["at"] <= event.ts_ms < d["due"]]:
        pending.remove(decision)
        outcomes.append(
            outcome_of(
                decision,
                "settled",
                event.user_id,
                names,
                event.ts_ms,
                money=(paid, discount if decision["id"] == used else 0, margin),
            )
        )
    return outcomes


def guesses(pending: Sequence[Pending], event: Event) -> list[tuple[str, int]]:
    """Give what the basket was guessed from, as (category, minor units), before an order.

    Of every decision that the order settles: ask before `settle` does.
    """
    return [
        (str(decision["g"][0]), int(decision["g"][1]))
        for decision in pending
        if "g" in decision and decision["at"] <= event.ts_ms < decision["due"]
    ]


def expire(
    pending: list[Pending], now_ms: int, *, user_id: str, names: Sequence[str]
) -> list[Outcome]:
    """Settle with y = 0 every decision that is due at `now_ms`; changes `pending`.

    Parameters
    ----------
    now_ms
        The partition's event-time watermark, so that users who never come back settle as well and
        an order that is late within the grace still finds its decision.
    """
    due = [decision for decision in pending if decision["due"] <= now_ms]
    for decision in due:
        pending.remove(decision)
    return [outcome_of(d, "settled", user_id, names, d["due"]) for d in due]


def censor(
    pending: list[Pending], now_ms: int, *, user_id: str, names: Sequence[str]
) -> list[Outcome]:
    """Let go of every decision that waits, unlearned; empties `pending`."""
    outcomes = [outcome_of(decision, "censored", user_id, names, now_ms) for decision in pending]
    pending.clear()
    return outcomes


def next_due_ms(pending: Sequence[Pending]) -> int | None:
    """First event time at which `expire` has something to do; None while nothing waits.

    Examples
    --------
    >>> next_due_ms([]) is None
    True
    """
    return min([decision["due"] for decision in pending], default=None)


def order_margin_minor(event: Event, margin_ratio: float, discount_minor: int | None = None) -> int:
    """Margin that an order brings, after what its coupons cost; negative for a refund.

    Parameters
    ----------
    discount_minor
        What the coupons cost the shop, where the event's own figure is not it (a gift).

    Examples
    --------
    >>> order = Event(event_id="e", event_type="order.completed", user_id="u", ts_ms=0,
    ...     total_minor=900, discount_minor=100)
    >>> order_margin_minor(order, 0.4)
    300
    """
    goods = max(0, _paid_minor(event) - (event.shipping_minor or 0)) + (event.discount_minor or 0)
    if event.event_type != "order.completed":
        return -round(goods * margin_ratio)
    discount = (event.discount_minor or 0) if discount_minor is None else discount_minor
    return round(goods * margin_ratio) - discount


def _paid_minor(event: Event) -> int:
    if event.total_minor is not None:
        return event.total_minor
    goods = sum((item.price_minor or 0) * item.quantity for item in event.items)
    return max(0, goods - (event.discount_minor or 0)) + (event.shipping_minor or 0)
