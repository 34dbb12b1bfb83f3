"""The pause for customers who would buy anyway and are about to get used to coupons."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coupons.habit import ORDERS_COUNT, REMEMBERED_MS, Habit, follow, is_paused
from coupons.lifecycle import Lifecycle
from features.events import Event

DAY_MS = 86_400_000


def after(steps: str | list[tuple[str, int]]) -> Habit | None:
    """Order once a day: p pays in full, u uses a coupon, f has a foreign discount."""
    habit: Habit | None = None
    days = [(step, day) for day, step in enumerate(steps)] if isinstance(steps, str) else steps
    for step, day in days:
        at_ms = day * DAY_MS
        order = Event(
            event_id=f"o{day}",
            event_type="order.completed",
            user_id="ann",
            ts_ms=at_ms,
            discount_minor=0 if step == "p" else 500,
        )
        used = Lifecycle(
            stage="redeemed", coupon_id="ten", campaign_id="k", decision_id="d", ts_ms=at_ms
        )
        habit = follow(habit, order, [used] if step == "u" else [])
    return habit


@pytest.mark.parametrize("orders", ["pp", "pfp", "pu", "ppu", "puu", "uuuu"])
def test_n7_who_bought_often_lately_is_paused_with_coupons_or_without(orders: str) -> None:
    assert is_paused(after(orders), 4 * DAY_MS)


@pytest.mark.parametrize("orders", ["", "u", "uu", "uuu", "uf", "fff"])
def test_n7_who_bought_seldom_or_with_other_discounts_is_not(orders: str) -> None:
    assert not is_paused(after(orders), 4 * DAY_MS)


@pytest.mark.parametrize(("orders", "days"), [("p", 4), ("pp", 17), ("ppp", 22), ("uuuu", 4)])
def test_n7_the_more_orders_at_full_price_the_longer_is_the_pause(orders: str, days: int) -> None:
    assert is_paused(after(orders), days * DAY_MS)
    assert not is_paused(after(orders), (days + 1) * DAY_MS)


def test_n7_a_coupon_looked_at_says_nothing() -> None:
    looked = Event(event_id="e", event_type="coupon.viewed", user_id="ann", ts_ms=0)
    seen = Lifecycle(stage="viewed", coupon_id="t", campaign_id="k", decision_id="d", ts_ms=0)
    assert follow(None, looked, [seen]) is None


@given(st.lists(st.tuples(st.sampled_from("puf"), st.integers(0, 90)), max_size=40))
def test_n7_every_pause_ends_by_itself_and_its_memory_is_bounded(
    steps: list[tuple[str, int]],
) -> None:
    habit = after(steps)
    newest_ms = max((day for _, day in steps), default=0) * DAY_MS
    assert habit is None or len(habit["orders"]) <= ORDERS_COUNT
    assert not is_paused(habit, newest_ms + REMEMBERED_MS)


@given(st.lists(st.tuples(st.sampled_from("puf"), st.integers(0, 90)), max_size=12, unique=True))
def test_n7_orders_may_arrive_in_any_order(steps: list[tuple[str, int]]) -> None:
    assert after(steps) == after(sorted(steps, key=lambda step: step[1], reverse=True)) or len(
        {day for _, day in steps}
    ) < len(steps)
