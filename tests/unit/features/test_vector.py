import math

import pytest
from hypothesis import given, settings

from features import scale
from features.events import Event, EventType
from features.imputation import Imputer, observe_event
from features.rates import beta_mean, logistic_cdf
from features.reading import read
from features.table import FEATURES
from features.vector import NAMES, traits, vector
from tests.unit.features.stories import (
    DAY,
    HOUR,
    MINUTE,
    SECOND,
    START,
    event,
    features_of,
    histories,
    item,
    profile_of,
)


def test_the_table_and_the_vector_agree_on_every_name_in_order() -> None:
    assert tuple(feature.name for feature in FEATURES) == NAMES
    assert len(set(NAMES)) == len(NAMES)
    assert tuple(features_of([event("search.performed")])) == NAMES


def test_every_feature_says_its_unit_window_family_and_meaning() -> None:
    for feature in FEATURES:
        assert feature.window in {"5m", "1h", "1d", "7d", "30d", "lifetime", "now"}
        assert feature.unit
        assert feature.family
        assert feature.meaning.endswith(".")
        assert feature.name.endswith((feature.window, "missing"))


@settings(max_examples=200)
@given(histories())
def test_every_value_is_finite_within_scale_and_of_four_decimals(events: list[Event]) -> None:
    units = {feature.name: feature.unit for feature in FEATURES}
    for name, value in features_of(events).items():
        assert isinstance(value, float), name
        assert math.isfinite(value), name
        assert (-4.0 if units[name] == "log odds" else -1.0) <= value <= 4.0, name
        assert value == round(value, 4), name


@pytest.mark.parametrize("kind", ["coupon.viewed", "coupon.clicked", "cart.added"])
def test_p11_whoever_does_one_thing_only_for_ever_stays_within_bounds(kind: EventType) -> None:
    profile = profile_of([event(kind, START, item())])
    for name in list(profile["total"]):
        profile["total"][name] *= 1_000_000
    x = vector(read(profile, event(kind, START + MINUTE, item()), Imputer()))
    assert all(-4.0 <= value <= 4.0 for value in x.values())
    assert min(x.values()) == -4.0 or max(x.values()) == 4.0


def test_the_vector_leaves_profile_and_imputer_as_they_were() -> None:
    events = [event("product.viewed", START + n * MINUTE, item(f"p{n}")) for n in range(40)]
    profile, imputer, twin = profile_of(events), Imputer(), profile_of(events)
    first = vector(read(profile, events[-1], imputer))
    assert vector(read(profile, events[-1], imputer)) == first
    assert profile == twin
    assert imputer.dump() == {}


@pytest.mark.parametrize(
    ("window", "times"), [("5m", 2), ("1h", 3), ("1d", 4), ("7d", 5), ("30d", 6), ("lifetime", 7)]
)
def test_c13_counts_by_window(window: str, times: int) -> None:
    ages = [40 * DAY, 20 * DAY, 3 * DAY, 5 * HOUR, 30 * MINUTE, MINUTE, 0]
    x = features_of([event("product.viewed", START - age, item()) for age in ages])
    assert x[f"browse_count_{window}"] == scale.count(times)


def test_c03_dwell_value_and_category_survive_to_features() -> None:
    told = [
        event("order.completed", START, item("a", 3_000), total_minor=3_000),
        event("product.viewed", START + DAY, item("b", 2_000), dwell_ms=10_000),
        event("product.viewed", START + 2 * DAY, item("c", 500), dwell_ms=30_000),
    ]
    x = features_of(told)
    assert x["browse_dwell_mean_lifetime"] == scale.span(20_000)
    assert x["browse_dwell_missing"] == 0.0
    assert x["order_value_sum_30d"] == scale.money(3_000) == x["order_value_mean_lifetime"]
    assert x["browse_price_ratio_lifetime"] == scale.rounded(math.log(500 / 1_250))
    assert x["any_day_distinct_30d"] == 0.3
    assert x["category_share_now"] == 1.0


def test_c07_missing_values_are_filled_by_median_or_mean_and_flagged() -> None:
    imputer = Imputer()
    for told in (
        event("product.viewed", START, item(price_minor=8), dwell_ms=14),
        event("product.viewed", START, item(price_minor=9), dwell_ms=15),
        event("product.viewed", START, item(price_minor=5_000), dwell_ms=900_000),
        event("order.completed", START, total_minor=700),
        event("order.completed", START, total_minor=900),
    ):
        observe_event(imputer, told)
    bare = event("product.viewed", START, item(price_minor=None))
    x = vector(read(profile_of([bare]), bare, imputer))
    assert x["browse_price_now"] == scale.money(9)
    assert x["browse_dwell_mean_lifetime"] == scale.span(15)
    assert x["order_value_mean_lifetime"] == scale.money(800)
    flags = ("browse_price", "browse_dwell", "order_value", "device", "channel")
    assert all(x[f"{name}_missing"] == 1.0 for name in flags)


def test_the_pause_before_the_cart_counts_from_the_last_look() -> None:
    looked = event("product.viewed", START, item())
    added = event("cart.added", START + 9 * MINUTE, item())
    begun = event("checkout.started", START + 9 * MINUTE + SECOND, item())
    assert features_of([looked])["cart_pause_now"] == 0.0
    assert features_of([added])["cart_pause_now"] == 0.0  # nothing is known of what came before
    assert features_of([looked, added])["cart_pause_now"] == 1.1513  # ln(1 + 9) / 2
    assert features_of([looked, added, begun])["cart_pause_now"] > 1.1513
    found = event("search.performed", START + 8 * MINUTE)
    assert features_of([looked, found, added])["cart_pause_now"] == 0.3466
    assert features_of([looked, added, event("list.viewed", START + DAY)])["cart_pause_now"] == 0.0


def test_c15_gaps_and_visit_hour_by_hand() -> None:
    # Sunday 19 November 2023, 23:00:00 UTC
    night = 1_700_434_800_000
    told = [
        event("order.completed", night - DAY, item()),
        event("product.viewed", night - 100 * SECOND, item()),
        event("product.viewed", night, item()),
    ]
    x = features_of(told)
    assert x["any_gap_now"] == 1.1538  # ln(1 + 100) / 4
    assert x["order_gap_now"] == 2.8417  # ln(1 + 86400) / 4
    assert (x["hour_evening_now"], x["hour_night_now"], x["weekend_now"]) == (1.0, 0.0, 1.0)
    x = features_of([event("product.viewed", night + HOUR)])
    assert (x["hour_evening_now"], x["hour_night_now"], x["weekend_now"]) == (0.0, 1.0, 0.0)
    assert x["any_gap_now"] == x["order_gap_now"] == 4.0


def test_c16_funnel_rates_are_smoothed() -> None:
    told = [event("product.viewed", START + n * SECOND, item(f"p{n}")) for n in range(10)]
    told += [event("cart.added", START + (20 + n) * SECOND, item(f"p{n}")) for n in range(3)]
    told += [event("order.completed", START + 60 * SECOND, item("p0"))]
    told += [event("coupon.viewed", START + 70 * SECOND)]
    x = features_of(told)
    assert x["browse_cart_rate_lifetime"] == 0.3333  # (1 + 3) / (2 + 10)
    assert x["cart_order_rate_lifetime"] == 0.4  # (1 + 1) / (2 + 3)
    assert x["order_again_rate_lifetime"] == 0.3333  # (1 + 0) / (2 + 1)
    assert x["coupon_redeem_rate_lifetime"] == 0.3333  # (1 + 0) / (2 + 1)
    assert x["any_week_rate_30d"] == 0.5  # (1 + 0) / (2 + 0): no week is over yet


def test_c16_retention_counts_the_weeks_that_saw_the_customer_again() -> None:
    days = [0, 1, 8, 29]  # weeks back from day 29: 29-23 yes, 22-16 no, 15-9 no, 8-2 yes
    x = features_of([event("product.viewed", START + day * DAY) for day in days])
    assert x["any_week_rate_30d"] == 0.5  # (1 + 2) / (2 + 4)


def test_v15_three_of_ten_under_a_flat_prior_make_one_third() -> None:
    assert beta_mean(3, 10) == pytest.approx(1 / 3)
    assert beta_mean(0, 0) == 0.5
    assert beta_mean(12, 10) <= 1.0


def test_v14_the_logistic_share_at_the_mean_is_one_half() -> None:
    assert logistic_cdf(3.0, mean=3.0, spread=0.7) == 0.5
    assert logistic_cdf(1e9, mean=0.0, spread=1.0) == pytest.approx(1.0)
    assert logistic_cdf(1.0, mean=0.0, spread=0.0) == 0.5


def test_c20_the_spending_rank_orders_customers_alike_in_every_replay() -> None:
    spent = [1_000 + 137 * n * n for n in range(100)]
    orders = [event("order.completed", START, total_minor=value) for value in spent]

    def ranks(arrival: list[Event]) -> list[float]:
        imputer = Imputer()
        for one in arrival:
            observe_event(imputer, one)
        return [
            vector(read(profile_of([one]), one, imputer))["order_value_rank_lifetime"]
            for one in orders
        ]

    first = ranks(orders)
    assert first == sorted(first)
    assert ranks(orders[::-1]) == first
    top = [rank for rank in first if rank >= 0.85]
    assert 5 <= len(top) <= 20


def test_traits_tell_what_was_bought_and_liked() -> None:
    told = [
        event("order.completed", START, item("p1", category="organic food", brand="acme")),
        event("product.viewed", START + MINUTE, item("p2", category="shoes")),
        event("cart.added", START + MINUTE, item("p3", category="shoes")),
    ]
    probe = event("product.viewed", START + HOUR, item("p2", category="shoes"), channel="app")
    known = traits(read(profile_of([*told, probe]), probe, Imputer()))
    assert known.orders_count == 1
    assert known.bought == {"product:p1", "category:organic food", "brand:acme"}
    assert known.affinity == {
        "category:organic food": 0.375,
        "category:shoes": 0.625,
        "brand:acme": 1,
    }
    assert known.channel == "app"


def test_device_and_channel_are_remembered_from_earlier_events() -> None:
    told = event("product.viewed", START, device="phone", channel="app")
    x = features_of([told, event("product.viewed", START + MINUTE)])
    assert (x["device_phone_now"], x["channel_app_now"]) == (1.0, 1.0)
    assert (x["device_missing"], x["channel_missing"]) == (0.0, 0.0)


def test_c48_a_late_event_reads_the_profile_as_of_the_newest() -> None:
    newest = event("product.viewed", START, item())
    late = event("product.viewed", START - 5 * MINUTE, item())
    x = features_of([newest, late])
    assert x["browse_count_5m"] == scale.count(1)
    assert x["browse_count_1h"] == scale.count(2)
