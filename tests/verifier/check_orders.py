"""Labels recomputed from the orders themselves: what was surely bought is never learned as not."""

from bisect import bisect_right
from collections import defaultdict
from math import inf

from tests.verifier.decided import Decided
from tests.verifier.facts import Facts
from tests.verifier.inputs import MAX_AHEAD_MS, Sent
from tests.verifier.report import Check
from tests.verifier.told import Told

GRACE_MS = 600_000

Owner = tuple[int, str]


class Times:
    """How far event time had come in a partition, at the most, when a record was appended."""

    def __init__(self, sent: list[Sent]) -> None:
        appended: defaultdict[int, list[tuple[int, int]]] = defaultdict(list)
        for one in sent:
            if one.state != "bad":
                # A foreign event's time is not read; it cannot be further ahead than this.
                latest_ms = one.ts_ms if one.state == "native" else one.timestamp_ms + MAX_AHEAD_MS
                appended[one.partition].append((one.timestamp_ms, latest_ms))
        self._moments: dict[int, list[int]] = {}
        self._newest: dict[int, list[int]] = {}
        for partition, pairs in appended.items():
            pairs.sort()
            newest_ms, newest = 0, []
            for _, ts_ms in pairs:
                newest_ms = max(newest_ms, ts_ms)
                newest.append(newest_ms)
            self._moments[partition] = [timestamp_ms for timestamp_ms, _ in pairs]
            self._newest[partition] = newest

    def newest_ms(self, partition: int, timestamp_ms: int) -> int:
        """Give the newest event time among the records appended by then."""
        count = bisect_right(self._moments[partition], timestamp_ms)
        return self._newest[partition][count - 1]


def check_orders(facts: Facts) -> list[Check]:
    """Look at labels of decisions whose customer surely ordered before the horizon passed.

    Sure is an order that was appended after the trigger, with a time within the horizon, before
    the partition's time had passed it. One that names a coupon says nothing of what was decided
    before that coupon, so only those whose coupon is known to be no later are sure.
    """
    check = Check(
        name="labels_bought", promise="a decision whose customer ordered in time is labelled so"
    )
    times = Times(facts.sent)
    orders: defaultdict[Owner, list[Sent]] = defaultdict(list)
    for group in facts.groups.values():
        for sent in group.applied[:1]:
            if sent.event_type == "order.completed":
                orders[sent.partition, sent.user_id].append(sent)
    closed = {told.decision_id: told for told in facts.told if told.state != "opened"}
    given_ms = {decided.decision_id: decided.decided_ms for decided in facts.decided}
    for decided in facts.decided:
        trigger = facts.triggers.get((decided.user_id, decided.trigger_event_id))
        if not decided.is_point or trigger is None:
            continue
        owner = (trigger.partition, decided.user_id)
        told_of = [
            one for one in orders[owner] if _paid_since_ms(one, given_ms) <= decided.decided_ms
        ]
        order = _sure_order(decided, trigger, told_of, times, facts.terms.horizon_ms)
        if order is not None:
            told = closed.get(decided.decision_id)
            check.expect(_is_right(told), f"{decided.name}: {_said(told)}, but see {order.place}")
    return [check]


def _paid_since_ms(order: Sent, given_ms: dict[str, int]) -> float:
    """Tell when the coupon that paid for an order was given; never, where that is not known."""
    named = order.told.get("decision_id")
    if named is None:
        return inf if order.told.get("discount_minor") else -inf
    return given_ms.get(named, inf)


def _sure_order(
    decided: Decided, trigger: Sent, orders: list[Sent], times: Times, horizon_ms: int
) -> Sent | None:
    due_ms = decided.decided_ms + horizon_ms
    for order in orders:
        if order.timestamp_ms > trigger.timestamp_ms and decided.decided_ms <= order.ts_ms < due_ms:
            if times.newest_ms(order.partition, order.timestamp_ms) - GRACE_MS < due_ms:
                return order
    return None


def _is_right(told: Told | None) -> bool:
    return told is not None and (told.y or told.state == "censored")


def _said(told: Told | None) -> str:
    return "it has no label" if told is None else f"its label is {int(told.y)} at {told.place}"
