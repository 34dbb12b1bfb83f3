"""Sessions: the same for any order of arrival, small, closed by silence, repeats merged."""

import json
from dataclasses import replace
from random import Random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from features import session
from features.events import Event, Item
from features.session import GAP_MS, GRACE_MS, Sessions
from features.session_record import CODE_OF, Session
from tests.builders import NOON_MS, an_event

MINUTE_MS = 60_000
LOGGED = (
    *("steps", "viewed", "carted", "bought", "words", "merged_count"),
    *("viewed_categories", "carted_categories", "bought_categories"),
)


def one_bytes(state: Any) -> int:
    return len(json.dumps(state, ensure_ascii=False, separators=(",", ":")).encode())


def lived(events: list[Event], end: bool = True) -> tuple[list[Session], Sessions]:
    """Take events in as a step would: close after each, and by the timer at the end."""
    state, over, newest_ms = session.empty(), [], 0
    for event in events:
        session.update(state, event)
        newest_ms = max(newest_ms, event.ts_ms)
        over += session.close(state, "ann", newest_ms)
        assert state == json.loads(json.dumps(state))
    if end:
        over += session.close(state, "ann", newest_ms + GAP_MS + GRACE_MS + 1)
    return over, state


def a_view(at_ms: int, product: str = "p", dwell_ms: int | None = None, **fields: Any) -> Event:
    item = Item(product_id=product, category="toys")
    return an_event(at_ms=NOON_MS + at_ms, items=(item,), dwell_ms=dwell_ms, **fields)


def test_c05_five_views_in_a_short_span_are_one_and_their_dwell_is_summed() -> None:
    views = [a_view(number * 50_000, dwell_ms=1_000) for number in range(5)]
    (over,), _ = lived(views)
    assert over.viewed == (("p", 1),)
    assert over.merged_count == 4
    assert over.dwell_ms == 5_000
    assert over.steps == (("product.viewed", 1),)


def test_c05_views_further_apart_or_of_another_product_stay_their_own() -> None:
    views = [a_view(0), a_view(30_000, "q"), a_view(120_000), a_view(125_000, "q")]
    (over,), _ = lived(views)
    assert over.viewed == (("p", 2), ("q", 2))
    assert over.steps == (("product.viewed", 4),)


def test_a_session_ends_when_nothing_came_for_half_an_hour() -> None:
    #  0 ---30 min--- 30 -----31 min------ 61
    over, _ = lived([a_view(0), a_view(30 * MINUTE_MS), a_view(61 * MINUTE_MS)])
    assert [(one.start_ms - NOON_MS, one.end_ms - NOON_MS) for one in over] == [
        (0, 30 * MINUTE_MS),
        (61 * MINUTE_MS, 61 * MINUTE_MS),
    ]


def test_a_session_is_not_over_while_an_event_on_time_may_still_belong_to_it() -> None:
    #  0 ------31 min------ 31, then 25 comes late and links both
    over, state = lived([a_view(0), a_view(31 * MINUTE_MS), a_view(25 * MINUTE_MS)], end=False)
    assert over == []
    assert len(state["open"]) == 1
    assert session.due_ms(state) == NOON_MS + 31 * MINUTE_MS + GAP_MS + GRACE_MS


def test_what_comes_later_than_the_grace_changes_nothing() -> None:
    state = session.empty()
    assert session.update(state, a_view(GRACE_MS + 1))
    before = json.dumps(state)
    assert not session.update(state, a_view(0))
    assert json.dumps(state) == before


def test_heartbeats_and_profiles_are_no_part_of_a_session() -> None:
    state = session.empty()
    for kind in ("heartbeat", "profile.updated", "order.refunded", "coupon.reserved"):
        assert not session.update(state, an_event(kind))
    assert state == session.empty()


def test_a_session_tells_what_was_seen_carted_bought_and_sought() -> None:
    lines = (Item(product_id="p", category="toys"), Item(product_id="q", category="games"))
    at = {"device": "phone", "channel": "app", "anonymous_id": "cookie-7"}
    (over,), _ = lived(
        [
            an_event("search.performed", at_ms=NOON_MS, items=(), query="red toys 手机", **at),
            a_view(10_000, dwell_ms=2_500),
            an_event("cart.added", at_ms=NOON_MS + 20_000, items=lines[:1]),
            an_event("coupon.entered", at_ms=NOON_MS + 30_000, items=(), coupon_code="X"),
            an_event("order.completed", at_ms=NOON_MS + 40_000, items=lines, total_minor=900),
        ]
    )
    assert over.words == (("red", 1), ("toy", 1), ("手机", 1))
    assert over.viewed == over.carted == (("p", 1),)
    assert over.bought == (("p", 1), ("q", 1))
    assert over.bought_categories == (("toys", 1), ("games", 1))
    assert (over.orders_count, over.order_minor, over.codes_count) == (1, 900, 1)
    assert (over.events_count, over.dwell_ms) == (5, 2_500)
    assert (over.device, over.channel) == ("phone", "app")
    assert len(over.device_hash) == 12
    assert "cookie" not in over.device_hash
    assert [kind for kind, _ in over.steps] == [
        "search.performed",
        "product.viewed",
        "cart.added",
        "coupon.entered",
        "order.completed",
    ]


def test_c63_a_key_makes_hashes_of_devices_its_own() -> None:
    plain, keyed = session.empty(), session.empty()
    event = an_event(anonymous_id="cookie-7", address_id="203.0.113.7")
    session.update(plain, event)
    session.update(keyed, event, key=b"secret")
    assert plain["open"][0]["place"][3:] != keyed["open"][0]["place"][3:]
    assert "203.0.113.7" not in json.dumps(plain)


def test_c62_the_address_is_that_of_the_order_and_the_device_that_of_the_first_view() -> None:
    order = an_event("order.completed", at_ms=NOON_MS + 9_000, address_id="home", device="tablet")
    (over,), _ = lived([an_event(anonymous_id="cookie-7", device="phone"), order])
    (alone,), _ = lived([an_event("order.completed", address_id="home")])
    assert over.device == "phone"
    assert over.address_hash == alone.address_hash != ""
    assert (alone.device, alone.device_hash) == ("", "")


def test_an_order_is_kept_when_hundreds_of_views_find_no_room() -> None:
    views = [a_view(number * 1_000, f"product-{number}") for number in range(300)]
    (over,), state = lived([*views, an_event("order.completed", at_ms=NOON_MS + 301_000)])
    assert over.bought == (("p1", 1),)
    assert over.events_count == 301
    assert 3 <= len(over.viewed) <= 20
    assert over.viewed[0] == ("product-0", 1)
    assert one_bytes(state) < 600


kinds = st.sampled_from(sorted(CODE_OF))
texts = st.one_of(
    st.sampled_from("pqrstu"), st.text(max_size=50), st.text('界"\\\n\t', max_size=60)
)
items = st.builds(Item, product_id=texts, category=st.one_of(st.none(), texts))
histories = st.lists(
    st.builds(
        an_event,
        kinds,
        at_ms=st.integers(0, 2 * 3_600_000).map(lambda ms: NOON_MS + ms),
        items=st.lists(items, max_size=25).map(tuple),
        dwell_ms=st.one_of(st.none(), st.integers(0, 90_000)),
        query=st.one_of(st.none(), texts),
        device=st.one_of(st.none(), texts),
        channel=st.one_of(st.none(), texts),
        anonymous_id=st.one_of(st.none(), texts),
        address_id=st.one_of(st.none(), texts),
    ),
    max_size=40,
)


def shuffled_on_time(events: list[Event], seed: int) -> list[Event]:
    """Move events so that none comes more than the grace after a newer one."""
    random = Random(seed)
    return sorted(events, key=lambda event: event.ts_ms + random.randrange(GRACE_MS))


@given(histories, st.integers(0, 9))
def test_any_order_of_arrival_on_time_gives_the_same_sessions(
    events: list[Event], seed: int
) -> None:
    in_order = sorted(events, key=lambda event: event.ts_ms)
    state, same = session.empty(), session.empty()
    over, over_too = [], []
    newest_ms = 0
    for event in in_order:
        session.update(state, event)
        over += session.close(state, "ann", event.ts_ms)
    for event in shuffled_on_time(in_order, seed):
        newest_ms = max(newest_ms, event.ts_ms)
        assert session.update(same, event)
        over_too += session.close(same, "ann", newest_ms)
    assert state == same
    assert over == over_too


@given(histories, st.integers(0, 9))
def test_a_row_keeps_at_most_600_bytes_of_a_session(events: list[Event], seed: int) -> None:
    state, newest_ms = session.empty(), 0
    for event in shuffled_on_time(events, seed):
        newest_ms = max(newest_ms, event.ts_ms)
        session.update(state, event)
        session.close(state, "ann", newest_ms)
        assert len(state["open"]) <= 2
        assert one_bytes(state) <= 600 * max(1, len(state["open"]))
        for part in state["open"]:
            whole = sum(one_bytes(entries) for entries in part["log"].values())
            assert whole <= session.LOG_BYTES - part["room"]


def test_p11_a_robot_that_never_rests_takes_no_more_room() -> None:
    state = session.empty()
    event = an_event()
    for number in range(20_000):
        product = Item(product_id=f"p{number}", category=f"c{number}")
        moved = replace(event, ts_ms=NOON_MS + number * 900, items=(product,))
        session.update(state, moved)
    assert one_bytes(state) <= 600


@given(st.lists(st.tuples(st.integers(0, 20), st.sampled_from(sorted(CODE_OF))), min_size=1))
def test_a_session_under_way_has_the_sums_and_the_place_that_it_will_end_with(
    told: list[tuple[int, Any]],
) -> None:
    state = session.empty()
    for number, (minute, kind) in enumerate(sorted(told)):
        event = an_event(kind, at_ms=NOON_MS + minute * MINUTE_MS, channel="app", device="phone")
        session.update(state, replace(event, address_id=f"address-{number}"))
    newest_ms = state["open"][0]["span"][1]
    going_on = session.under_way(state, "ann", newest_ms)
    (over,) = session.close(state, "ann", newest_ms + GAP_MS + GRACE_MS + 1)
    logged = {name: getattr(Session(user_id="", start_ms=0, end_ms=0), name) for name in LOGGED}
    assert going_on == replace(over, **logged)
