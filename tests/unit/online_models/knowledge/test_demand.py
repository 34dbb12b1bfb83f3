"""Demand: orders a day come out as they go in, newer ones more, in bounded room (C54)."""

import json

import pytest

from online_models.knowledge.demand import Demand
from streams.insights.demand import Foretold
from tests.unit.online_models.knowledge.sessions import DAY_MS, a_session

HOUR_MS = DAY_MS // 24


def sold(demand: Demand, days: range, per_day: int, name: str = "tent") -> None:
    for day in days:
        for number in range(per_day):
            at_ms = day * DAY_MS + number * DAY_MS // per_day
            demand.learn(a_session(at_ms, bought=[name], bought_categories=["camp"]))


@pytest.mark.parametrize("days_count", [2, 10, 60])
def test_c54_a_steady_demand_is_told_as_it_is_from_the_second_day_on(days_count: int) -> None:
    demand = Demand()
    sold(demand, range(days_count), 12)
    now_ms = days_count * DAY_MS
    assert demand.per_day("products", "tent", now_ms) == pytest.approx(12, rel=0.06)
    assert demand.per_day("categories", "camp", now_ms) == pytest.approx(12, rel=0.06)
    assert demand.per_day("products", "lamp", now_ms) == 0.0


def test_c54_demand_follows_a_change_within_its_half_life() -> None:
    demand = Demand()
    sold(demand, range(30), 4)
    sold(demand, range(30, 37), 20)
    assert demand.per_day("products", "tent", 37 * DAY_MS) == pytest.approx(12, rel=0.1)


def test_c54_demand_before_anything_was_sold_is_none() -> None:
    assert Demand().per_day("products", "tent", 0) == 0.0
    assert Demand().top("products", 5, 0) == []


def test_c54_demand_goes_on_after_a_load_and_keeps_to_its_room() -> None:
    demand = Demand()
    for number in range(3_000):
        names = [f"{number * 3 + at:x}".rjust(40, "z") for at in range(3)]
        demand.learn(a_session(number * HOUR_MS, bought=names, bought_categories=names))
    text = json.dumps(demand.dump(), separators=(",", ":"))
    assert len(text) <= Demand.MAX_BYTES
    assert Demand.load(json.loads(text)).dump() == demand.dump()


def test_c54_what_was_missed_is_told_beside_what_yesterday_would_have_missed() -> None:
    """Ten a day, with 5 and 15 in turns: yesterday always misses 10, the mean 5.

    day      0   1   2   3 ...
    orders   5  15   5  15
    """
    demand, found = Demand(), Foretold("products", DAY_MS)
    for day in range(40):
        count = 15 if day % 2 else 5
        for number in range(count):
            at_ms = day * DAY_MS + number * DAY_MS // count
            session = a_session(at_ms, bought=["tent"])
            found.see(session, demand)
            demand.learn(session)
    ours, plain = found.ratios()
    assert plain == pytest.approx(1.0, abs=0.05)
    assert ours == pytest.approx(0.5, abs=0.1)
    assert found.periods_count == 38
