"""The clockwork: order, determinism, common random numbers, and what an offer does to events."""

import pytest

from features.events import Event
from simulation.calendar import DAY_MS, HOUR_MS, busyness, later
from simulation.play import Nobody, end_of, play
from simulation.shop import Shop
from tests.unit.simulation.worlds import START_MS, Everybody, coupon, shop


def events_of(some_shop: Shop, count: int) -> list[Event]:
    return [some_shop.next_event() for _ in range(count)]


def test_the_same_seed_gives_the_same_events_and_another_gives_others() -> None:
    assert events_of(shop(seed=4), 2_000) == events_of(shop(seed=4), 2_000)
    assert events_of(shop(seed=4), 2_000) != events_of(shop(seed=5), 2_000)


def test_events_come_in_the_order_of_their_time_with_ids_of_their_own() -> None:
    events = events_of(shop(), 5_000)
    assert [event.ts_ms for event in events] == sorted(event.ts_ms for event in events)
    assert len({event.event_id for event in events}) == len(events)
    assert events[0].ts_ms >= START_MS


def test_a_customer_of_a_smaller_shop_does_the_same() -> None:
    def story(of: Shop) -> list[Event]:
        return [event for event in events_of(of, 6_000) if event.user_id == "c000003"]

    few, many = story(shop(customers_count=20)), story(shop(customers_count=60))
    assert len(many) > 20
    assert few[: len(many)] == many


def test_worlds_differ_only_by_reactions_to_offers() -> None:
    """Common random numbers: without closing steps and orders, the events are the same."""

    def browsing(of: Shop, giving: bool) -> list[Event]:
        decider = Everybody("percent-20-from-40")
        kept = []
        for event in events_of(of, 6_000):
            given = decider.decide(event) if giving else None
            if given is not None:
                of.receive(
                    event.user_id,
                    given.coupon,
                    decided_ms=given.decided_ms,
                    expires_ms=given.expires_ms,
                    decision_id=given.decision_id,
                )
            if event.event_type in ("list.viewed", "search.performed", "product.viewed"):
                kept.append(event)
        return kept

    without, under = browsing(shop(), giving=False), browsing(shop(), giving=True)
    shorter = min(len(without), len(under))
    assert shorter > 3_000
    assert without[:shorter] == under[:shorter]


def test_an_order_with_a_coupon_tells_which_and_what_it_saved() -> None:
    world, decider = shop(customers_count=200), Everybody("off-5-from-30")
    given_ids, used = set(), []
    for _ in range(12_000):
        event = world.next_event()
        given = decider.decide(event)
        if given is not None:
            given_ids.add(given.decision_id)
            world.receive(
                event.user_id,
                given.coupon,
                decided_ms=given.decided_ms,
                expires_ms=given.expires_ms,
                decision_id=given.decision_id,
            )
        if event.event_type == "order.completed" and event.coupon_code is not None:
            used.append(event)
    assert len(used) > 20
    for order in used:
        goods = sum((item.price_minor or 0) * item.quantity for item in order.items)
        assert order.decision_id in given_ids
        assert order.discount_minor == 500
        assert goods >= 3_000
        assert order.total_minor == goods + (order.shipping_minor or 0) - 500


def test_a_used_coupon_is_gone() -> None:
    world, decider = shop(customers_count=200), Everybody("percent-10")
    run = play(world, decider, START_MS + 20 * DAY_MS)
    assert 0 < run.spent_minor
    ids = [walk.held.decision_id for walk in world._walks if walk.held is not None]
    assert len(ids) == len(set(ids))


def test_an_offer_must_expire_after_it_is_made() -> None:
    world = shop()
    with pytest.raises(ValueError, match="must be after decided_ms 10, was 10"):
        world.receive(
            "c000001", coupon("percent-10"), decided_ms=10, expires_ms=10, decision_id="d"
        )


def test_a_shop_needs_a_customer() -> None:
    with pytest.raises(ValueError, match="must be at least 1, was 0"):
        shop(customers_count=0)


def test_every_run_ends_at_the_same_moment_whatever_is_given() -> None:
    until_ms = end_of(shop(), 3_000)
    run = play(shop(), Nobody(), until_ms)
    assert run.events_count == 3_000
    generous = play(shop(), Everybody("percent-20-from-40"), until_ms)
    assert generous.events_count != run.events_count
    assert generous.orders_count > run.orders_count


def test_a_busy_hour_passes_sooner_than_a_quiet_one() -> None:
    night_ms, evening_ms = 3 * HOUR_MS, 20 * HOUR_MS
    assert busyness(night_ms) < busyness(evening_ms)
    assert later(night_ms, 0.1) - night_ms > later(evening_ms, 0.1) - evening_ms


def test_visits_follow_the_hours_of_the_day() -> None:
    by_hour = [0] * 24
    for event in events_of(shop(customers_count=300), 12_000):
        by_hour[event.ts_ms // HOUR_MS % 24] += 1
    assert by_hour[20] > 5 * by_hour[3]
