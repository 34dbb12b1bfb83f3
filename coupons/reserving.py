"""Coupons that wait for a payment: each for one at a time, and never for ever."""

from coupons.held import Held, Reservation
from coupons.lifecycle import Lifecycle
from coupons.transitions import take

RESERVE_MS = 1_800_000  # a payment under way keeps its coupon at least this long


def reservation_at(one: Held, now_ms: int) -> Reservation | None:
    """Give who a coupon waits for at a moment, if it waits for anybody."""
    reserved = one.get("reserved")
    return reserved if reserved is not None and now_ms <= reserved["until_ms"] else None


def reserve(one: Held, decision_id: str, by: str, order: str | None, ts_ms: int) -> Lifecycle:
    """Keep a coupon for a payment, for `RESERVE_MS`; whether it is free was asked before.

    It comes back by event time, so a payment that never reports back cannot keep it; until then
    the coupon does not expire. Whoever holds it already renews it.
    """
    before, renewed, until_ms = one.get("reserved"), reservation_at(one, ts_ms), ts_ms + RESERVE_MS
    was = one["stage"] if before is None else before["was"]
    if renewed is not None:
        by, order = renewed["by"], renewed["order"] or order
        until_ms = max(until_ms, renewed["until_ms"])
    told = take(one, decision_id, "reserved", ts_ms)
    one["reserved"] = {"by": by, "order": order, "until_ms": until_ms, "was": was}
    return told


def unreserve(one: Held, decision_id: str, ts_ms: int) -> Lifecycle:
    """Let a reserved coupon fall back to the state that it was in before."""
    told = take(one, decision_id, "unreserved", ts_ms)
    one["stage"] = one["reserved"]["was"]
    del one["reserved"]
    return told
