import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features import profile as profiles
from features import windows
from features.events import Basics, Event
from features.facts import fact
from features.imputation import Imputer, observe_event
from features.measures import MEASURE_OF
from features.profile import GRACE_MS
from features.reading import read
from features.vector import NAMES, expected_basket, traits, vector
from tests.unit.features.stories import (
    DAY,
    HOUR,
    MINUTE,
    SECOND,
    START,
    delayed,
    event,
    histories,
    item,
    profile_of,
)


@st.composite
def arrivals(draw: st.DrawFn) -> tuple[list[Event], list[Event]]:
    events = draw(histories())
    size = len(events)
    delays = draw(st.lists(st.integers(0, GRACE_MS), min_size=size, max_size=size))
    return events, delayed(events, delays)


@settings(max_examples=500)
@given(arrivals())
def test_p8_any_order_within_the_grace_gives_the_same_profile_and_vector(
    told: tuple[list[Event], list[Event]],
) -> None:
    events, arrived = told
    one, other = profile_of(events), profile_of(arrived)
    assert other == one
    imputer, probe = Imputer(), event("product.viewed", events[-1].ts_ms, item("a"))
    for each in events:
        observe_event(imputer, each)
    assert vector(read(other, probe, imputer)) == vector(read(one, probe, imputer))
    assert traits(read(other, probe, Imputer())) == traits(read(one, probe, Imputer()))
    assert expected_basket(read(other, probe, imputer)) == expected_basket(
        read(one, probe, imputer)
    )


@settings(max_examples=40)
@given(st.randoms(use_true_random=False))
def test_p8_two_hundred_events_of_a_busy_user_in_any_order_within_the_grace(dice: object) -> None:
    draw = dice.randint  # type: ignore[attr-defined]
    events, ts_ms = [], START
    for number in range(200):
        ts_ms += draw(0, 90) * SECOND if number % 40 else draw(1, 9) * DAY
        line = item(
            f"p{draw(0, 40)}", draw(1, 99), category=f"c{draw(0, 30)}", brand=f"b{draw(0, 8)}"
        )
        kind = ("product.viewed", "cart.added", "cart.removed", "order.completed")[
            min(3, draw(0, 9) // 3) if draw(0, 1) else 0
        ]
        events.append(event(kind, ts_ms, line))  # type: ignore[arg-type]
    arrived = delayed(events, [draw(0, GRACE_MS) for _ in events])
    assert profile_of(arrived) == profile_of(events)


@settings(max_examples=200)
@given(histories(), st.randoms(use_true_random=False))
def test_every_profile_equals_its_json_round_trip_in_any_order(
    events: list[Event], dice: object
) -> None:
    dice.shuffle(events)  # type: ignore[attr-defined]
    profile = profile_of(events)
    assert json.loads(json.dumps(profile)) == profile
    numbers = vector(read(profile, events[-1], Imputer()))
    assert tuple(numbers) == NAMES


@settings(max_examples=100)
@given(histories())
def test_c13_rolling_counts_equal_a_recount_after_every_event(events: list[Event]) -> None:
    profile = profiles.empty()
    for number, one in enumerate(events):
        profiles.update(profile, one)
        for measure in ("browse", "search", "cart", "order"):
            times = [
                each.ts_ms
                for each in events[: number + 1]
                if MEASURE_OF.get(each.event_type) == measure
            ]
            buckets = profile["window"].get(measure, [])
            assert profile["total"].get(measure, 0) == len(times)
            for window, width, size in (
                ("1h", 5 * MINUTE, 12),
                ("1d", HOUR, 24),
                ("7d", DAY, 7),
                ("30d", DAY, 30),
            ):
                last = one.ts_ms // width
                expected = sum(1 for ts_ms in times if last - size < ts_ms // width)
                assert windows.total(buckets, one.ts_ms, window) == expected  # type: ignore[arg-type]


@pytest.mark.parametrize("ts_ms", [-(2**63), -1, 0, 1, 1_700_000_000, 2**63])
def test_p9_odd_times_break_nothing(ts_ms: int) -> None:
    profile = profile_of(
        [event("product.viewed", START, item()), event("cart.added", ts_ms, item())]
    )
    profiles.update(profile, event("order.completed", ts_ms, item()))
    profiles.update(profile, event("product.viewed", START + MINUTE, item()))
    assert all(
        -3 <= value <= 4
        for value in vector(read(profile, event("cart.viewed"), Imputer())).values()
    )


def test_lateness_is_counted_from_the_newest_event_of_the_user() -> None:
    profile = profile_of([event("product.viewed", START)])
    assert not profiles.is_late(profile, START - GRACE_MS)
    assert profiles.is_late(profile, START - GRACE_MS - 1)
    assert not profiles.is_late(profiles.empty(), 0)


def test_late_events_reach_totals_and_kept_buckets_but_not_the_cart() -> None:
    profile = profile_of(
        [event("product.viewed", START), event("cart.added", START - HOUR, item())]
    )
    assert profile["total"]["cart"] == 1
    assert windows.total(profile["window"]["cart"], START, "1d") == 1
    assert windows.total(profile["window"]["cart"], START, "5m") == 0
    assert profile["cart"] == {"lines": {}, "ops": []}
    profiles.update(profile, event("cart.added", START - 40 * DAY, item()))
    assert profile["total"]["cart"] == 2
    assert windows.total(profile["window"]["cart"], START, "30d") == 1


def test_heartbeats_leave_no_trace_and_profile_updates_no_activity() -> None:
    profile = profile_of([event("heartbeat")])
    assert profile == profiles.empty()
    profiles.update(profile, event("profile.updated", basics=Basics(tier="gold")))
    assert profile["facts"] == {"tier": [START, "gold"]}
    assert profile["newest_ms"] == []


def test_c02_an_update_of_basics_is_used_by_the_next_decision() -> None:
    told = Basics(tier="gold", member=True, birth_month=5, consent=False, sex="f")
    later = Basics(consent=True)
    probe = event("product.viewed", START + 2, item())
    for events in (
        [
            event("profile.updated", START, basics=told),
            event("profile.updated", START + 1, basics=later),
        ],
        [
            event("profile.updated", START + 1, basics=later),
            event("profile.updated", START, basics=told),
        ],
    ):
        profile = profile_of([*events, probe])
        known = traits(read(profile, probe, Imputer()))
        assert (known.tier, known.member, known.birth_month) == ("gold", True, 5)
        assert fact(profile["facts"], "consent") is True
    at_once = [event("profile.updated", START, basics=one) for one in (told, later)]
    for events in (at_once, at_once[::-1]):
        # of two at once the refusal holds
        assert fact(profile_of(events)["facts"], "consent") is False


def hostile_events(count: int) -> list[Event]:
    kinds = ("product.viewed", "cart.added", "order.completed")
    return [
        event(
            kinds[number % 3],  # type: ignore[arg-type]
            START + number * 7 * SECOND,
            *(
                item(f"{n}-" + '"饮' * 60, 10**9, 999, category=f"c{n}", brand=f"b{n}" * 9)
                for n in range(number * 200, number * 200 + 200)
            ),
            device="d" * 128,
            channel="c" * 128,
        )
        for number in range(count)
    ]


def test_p11_a_user_with_100_000_categories_stays_bounded() -> None:
    profile = profile_of(hostile_events(500))
    for tally, cap in ((profile["category"], 16), (profile["brand"], 16), (profile["bought"], 32)):
        assert len(tally["kept"]) <= cap + 1
        assert len(tally["open"]) <= 2
        assert all(len(names) <= cap + 1 for names in tally["open"].values())
    assert len(profile["cart"]["lines"]) <= 16
    assert len(profile["cart"]["ops"]) <= 64
    assert len(profile["products"]) <= 24
    assert all(len(buckets) <= 220 for buckets in profile["window"].values())


def test_c23_shrinking_brings_any_profile_under_8_kb_and_says_what_it_took() -> None:
    profile = profile_of(hostile_events(100))
    twin = json.loads(json.dumps(profile))
    before = len(json.dumps(profile, ensure_ascii=False, separators=(",", ":")).encode())
    assert before > 8_192
    count = profiles.shrink(profile)
    after = len(json.dumps(profile, ensure_ascii=False, separators=(",", ":")).encode())
    assert after <= 8_192
    assert count > 0
    assert profiles.shrink(profile) == 0
    assert profiles.shrink(twin) == count
    assert twin == profile
    profiles.update(profile, event("product.viewed", START + DAY, item()))


def test_shrinking_leaves_a_usual_profile_alone() -> None:
    profile = profile_of(
        [event("product.viewed", START + n * HOUR, item(f"p{n}")) for n in range(90)]
    )
    twin = json.loads(json.dumps(profile))
    assert profiles.shrink(profile) == 0
    assert profile == twin
