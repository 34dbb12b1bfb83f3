"""The articles' stories of hesitation and lapse, each with its counterpart that must not fire."""

import pytest

from features.events import Event
from features.families.signals import HESITATES_AT, LAPSES_AT
from tests.unit.features.stories import DAY, HOUR, MINUTE, START, event, features_of, item


def views(category: str, days: list[int], dwell_ms: int | None = None) -> list[Event]:
    return [
        event("product.viewed", START + day * DAY, item(category=category), dwell_ms=dwell_ms)
        for day in days
    ]


HESITATIONS = {
    "phone case: looked at often within days": views("phone cases", [0, 1, 1, 2, 3, 3, 4, 4]),
    "sport shoe: in the cart and out again": [
        *views("sport shoes", [0, 1]),
        event("cart.added", START + DAY + HOUR, item(category="sport shoes")),
        event("cart.removed", START + DAY + 2 * HOUR, item(category="sport shoes")),
        *views("sport shoes", [2, 2]),
        event("cart.added", START + 2 * DAY + HOUR, item(category="sport shoes")),
    ],
    "home decor: long dwell": views("home decor", [0, 0, 1], dwell_ms=4 * MINUTE),
    "dress: in the cart, looked at again": [
        event("cart.added", START, item(category="dresses")),
        *views("dresses", [0, 1, 1, 2], dwell_ms=MINUTE),
    ],
}


@pytest.mark.parametrize("story", HESITATIONS)
def test_c18_hesitation_fires(story: str) -> None:
    assert features_of(HESITATIONS[story])["browse_hesitation_7d"] >= HESITATES_AT


@pytest.mark.parametrize("story", HESITATIONS)
def test_c18_hesitation_ends_with_the_purchase(story: str) -> None:
    told = HESITATIONS[story]
    line, last_ms = told[0].items[0], told[-1].ts_ms
    bought = event("order.completed", last_ms + MINUTE, line)
    after = event("product.viewed", last_ms + HOUR, line)
    assert features_of([*told, bought, after])["browse_hesitation_7d"] < HESITATES_AT / 2


def test_c18_hesitation_does_not_fire_on_a_glance_nor_on_another_category() -> None:
    told = HESITATIONS["phone case: looked at often within days"]
    assert features_of(views("dresses", [0, 0]))["browse_hesitation_7d"] < HESITATES_AT
    other = views("garden", [4])
    assert features_of([*told, *other])["browse_hesitation_7d"] < HESITATES_AT


def test_c18_hesitation_stays_when_something_else_was_bought() -> None:
    told = HESITATIONS["phone case: looked at often within days"]
    bread = event("order.completed", START + 4 * DAY, item("bread", category="grocery"))
    probe = views("phone cases", [4])
    assert features_of([*told, bread, *probe])["browse_hesitation_7d"] >= HESITATES_AT


def test_c18_hesitation_works_where_the_source_tells_no_category() -> None:
    told = [event("product.viewed", START + n * HOUR, item(category=None)) for n in range(8)]
    assert features_of(told)["browse_hesitation_7d"] >= HESITATES_AT
    search = event("search.performed", START + 9 * HOUR)
    assert features_of([*told, search])["browse_hesitation_7d"] >= HESITATES_AT


def weekly(weeks: int) -> list[Event]:
    return [
        event("order.completed", START + n * 7 * DAY, item("oats", category="organic food"))
        for n in range(weeks)
    ]


def test_c19_lapse_fires_on_the_organic_food_story() -> None:
    # 16 weeks of weekly organic food, then only looking for five weeks
    looks = [
        event("product.viewed", START + n * 7 * DAY, item(category="organic food"))
        for n in range(16, 21)
    ]
    x = features_of([*weekly(16), *looks])
    assert x["order_lapse_30d"] >= LAPSES_AT
    assert x["order_overdue_lifetime"] == 4.0


def test_c19_lapse_does_not_fire_on_faithful_new_or_rare_customers() -> None:
    assert features_of(weekly(20))["order_lapse_30d"] == 0.0
    assert features_of(weekly(3))["order_lapse_30d"] == 0.0
    yearly = [event("order.completed", START + n * 365 * DAY, item()) for n in range(3)]
    look = event("product.viewed", yearly[-1].ts_ms + 40 * DAY)
    assert features_of([*yearly, look])["order_lapse_30d"] < LAPSES_AT


def test_c19_buying_half_as_often_shows_less_than_stopping() -> None:
    slower = [
        event("order.completed", START + (15 * 7 + n * 14) * DAY, item("oats")) for n in (1, 2, 3)
    ]
    some = features_of([*weekly(16), *slower])["order_lapse_30d"]
    stopped = [event("search.performed", slower[-1].ts_ms)]
    none = features_of([*weekly(16), *stopped])["order_lapse_30d"]
    assert 0.0 < some < none


def test_c56_ratings_move_one_bounded_feature_and_none_leave_it_at_zero() -> None:
    def rated(*stars: int) -> float:
        given = [event("order.rated", START + at, rating=one) for at, one in enumerate(stars)]
        last = event("product.viewed", START + len(stars), item())
        return features_of([*given, last])["order_rating_mean_lifetime"]

    assert (rated(), rated(3)) == (0.0, 0.0)
    assert rated(5) == pytest.approx(1 / 3, abs=1e-4)
    assert rated(1, 1, 1, 1) == pytest.approx(-2 / 3, abs=1e-4)
    assert -1 < rated(*[1] * 500) < -0.99
    assert rated(1, 5, 4) == rated(4, 1, 5)
