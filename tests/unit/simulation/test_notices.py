"""What customers do with an offer besides ordering: they look at it, click on it, or do not."""

from collections import Counter

from features.events import Event
from simulation.habits import SORTS, Sort
from simulation.shop import Shop
from tests.unit.simulation.worlds import Everybody, shop


def told(some_shop: Shop, count: int, coupon_id: str = "percent-20-from-40") -> list[Event]:
    decider, events = Everybody(coupon_id), []
    for _ in range(count):
        event = some_shop.next_event()
        events.append(event)
        given = decider.decide(event)
        if given is not None:
            some_shop.receive(
                event.user_id,
                given.coupon,
                decided_ms=given.decided_ms,
                expires_ms=given.expires_ms,
                decision_id=given.decision_id,
            )
    return events


def test_notices_come_in_order_and_name_their_offer() -> None:
    events = told(shop(customers_count=100), 8_000)
    assert [event.ts_ms for event in events] == sorted(event.ts_ms for event in events)
    assert len({event.event_id for event in events}) == len(events)
    notices = [event for event in events if event.family == "coupon" and event.decision_id]
    assert len(notices) > 500
    for notice in notices:
        assert notice.offer_id == "percent-20-from-40"
        assert notice.decision_id is not None
        assert notice.decision_id.startswith("all-")


def test_persuadables_click_most_and_those_whom_offers_annoy_least() -> None:
    world = shop(customers_count=400)
    seen, clicked = Counter[Sort](), Counter[Sort]()
    for event in told(world, 30_000):
        sort = world.customer_of(event.user_id).sort
        seen[sort] += event.event_type == "coupon.viewed"
        clicked[sort] += event.event_type == "coupon.clicked"
    rate = {sort: clicked[sort] / seen[sort] for sort in SORTS}
    assert rate["persuadable"] > rate["sure_thing"] > rate["lost_cause"]
    assert rate["sleeping_dog"] < rate["sure_thing"]


def test_codes_from_elsewhere_are_tried_most_by_persuadables() -> None:
    world, tried = shop(customers_count=400), Counter[Sort]()
    for event in told(world, 20_000):
        if event.event_type == "coupon.entered":
            tried[world.customer_of(event.user_id).sort] += 1
    assert tried["persuadable"] > sum(tried.values()) / 2
