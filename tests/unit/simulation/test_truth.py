"""The truth: what is stated is what happens, and each sort reacts as its name says."""

from itertools import islice
from math import sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coupons.catalogue import Coupon
from features.basket import Basket
from features.events import Item
from simulation.customers import customer
from simulation.figures import difference, total
from simulation.habits import HABITS, SORTS, Sort
from simulation.oracle import Oracle
from simulation.play import Nobody, end_of, play
from simulation.truth import (
    Reaction,
    filled_up,
    offer_worth,
    purchase_probability,
    reaction,
)
from simulation.visits import Visit, visits
from tests.unit.simulation.worlds import (
    CATALOGUE,
    START_MS,
    Everybody,
    coupon,
    people,
    shelf,
    shop,
)


def mean_worth(sort: Sort, coupon_id: str) -> float:
    """Mean expected gain of the coupon per visit, for customers of one sort."""
    worth, count = 0.0, 0
    for person in people(1, 400)[sort]:
        for visit in islice(visits(1, person, shelf(), START_MS, None), 6):
            plain, offered = (reaction(person, c, visit) for c in (None, coupon(coupon_id)))
            worth += offered.p_buy * offered.profit_minor - plain.p_buy * plain.profit_minor
            count += 1
    return worth / count


def test_stated_probabilities_are_met_by_what_happens() -> None:
    """Orders against the sum of the probabilities; the bound is 4 standard errors."""
    for offered in (None, coupon("percent-20-from-40")):
        expected = variance = happened = 0.0
        for index in range(300):
            person = customer(2, index)
            for visit in islice(visits(2, person, shelf(2), START_MS, None), 15):
                p = purchase_probability(person, offered, visit)
                expected += p
                variance += p * (1 - p)
                happened += visit.draw < p
        assert abs(happened - expected) < 4 * sqrt(variance)


def test_two_to_five_of_a_hundred_visits_end_in_an_order_without_offers() -> None:
    world = shop(customers_count=600)
    events = [world.next_event() for _ in range(20_000)]
    sessions = {event.session_id for event in events}
    orders = sum(event.event_type == "order.completed" for event in events)
    assert 0.02 <= orders / len(sessions) <= 0.05


@pytest.mark.parametrize("coupon_id", ["percent-10", "percent-20-from-40", "off-10-from-60"])
def test_persuadables_earn_and_all_others_cost(coupon_id: str) -> None:
    assert mean_worth("persuadable", coupon_id) > 20
    assert mean_worth("sure_thing", coupon_id) < -20
    assert mean_worth("sleeping_dog", coupon_id) < -20
    assert -10 < mean_worth("lost_cause", coupon_id) < 1


def test_a_deep_matching_coupon_persuades_by_ten_to_twenty_five_points() -> None:
    lifts = []
    for person in people(1, 400)["persuadable"]:
        for visit in islice(visits(1, person, shelf(), START_MS, None), 6):
            deep = reaction(person, coupon("percent-20-from-40"), visit)
            if deep.fits and visit.carted:
                lifts.append(deep.p_buy - reaction(person, None, visit).p_buy)
    assert 0.10 < sum(lifts) / len(lifts) < 0.25


@given(
    index=st.integers(0, 300),
    number=st.integers(0, 3),
    shallow=st.floats(0.0, 0.5),
    deeper=st.floats(0.0, 0.4),
)
def test_c36_a_deeper_coupon_never_persuades_less(
    index: int, number: int, shallow: float, deeper: float
) -> None:
    person = customer(1, index)
    visit = next(islice(visits(1, person, shelf(), START_MS, None), number, None))
    if visit.sort == "sleeping_dog":
        return
    low, high = (
        purchase_probability(person, _percent(ratio), visit)
        for ratio in (shallow, shallow + deeper)
    )
    assert low <= high + 1e-12
    assert 0.0 <= low <= 1.0


def _percent(ratio: float) -> Coupon:
    return Coupon(
        coupon_id="p",
        campaign_id="k",
        kind="percent_off",
        off_ratio=ratio,
        max_discount_minor=10**8,
    )


def test_a_coupon_out_of_scope_moves_nobody_but_sleeping_dogs() -> None:
    for sort, persons in people(1, 60).items():
        person = persons[0]
        for visit in islice(visits(1, person, shelf(), START_MS, None), 30):
            offered = reaction(person, coupon("percent-15-active"), visit)
            if visit.category not in coupon("percent-15-active").scope.names:
                plain = reaction(person, None, visit)
                assert not offered.fits
                assert offered.cost_minor == 0
                moved = offered.p_buy < plain.p_buy
                assert moved if sort == "sleeping_dog" else offered == plain


def test_a_basket_just_below_the_minimum_is_filled_up_by_most_and_by_no_more_than_asked() -> None:
    ten, willing = coupon("off-10-from-60"), []
    for index in range(400):
        person = customer(1, index)
        visit = next(visits(1, person, shelf(), START_MS, None))
        short = Basket.of(visit.basket.items[:1])
        filled = filled_up(short, ten, person)
        if not 0 < 6_000 - short.goods_minor <= 0.25 * 6_000:
            assert filled is short
            continue
        willing.append(filled is not short)
        cheapest_minor = min(item.price_minor or 0 for item in short.items)
        assert filled is short or 6_000 <= filled.goods_minor < 6_000 + cheapest_minor
    assert len(willing) > 30
    assert 0.6 < sum(willing) / len(willing) < 0.9  # three in four like a kind well enough


def test_who_fills_up_for_a_coupon_does_so_for_any_that_is_liked_better() -> None:
    ten = coupon("off-10-from-60")
    short = Basket.of((Item(product_id="p", price_minor=5_500, quantity=1),))
    people_ = [customer(1, index) for index in range(200)]
    fills = [
        (one.likings["amount_off"], filled_up(short, ten, one) is not short) for one in people_
    ]
    least = min(liking for liking, fill in fills if fill)
    assert all(fill for liking, fill in fills if liking >= least)
    assert any(not fill for _, fill in fills)


def test_the_worth_of_an_offer_is_the_mean_over_many_dice() -> None:
    """Exact expectation over two visits against all ways the dice can fall, weighed."""
    person = people(1, 100)["persuadable"][0]
    ten = coupon("percent-10")
    first, second = islice(visits(1, person, shelf(), START_MS, None), 2)
    end_ms = second.order_ms + 1
    worth = offer_worth(lambda c, v: reaction(person, c, v), ten, [first, second], end_ms)
    assert worth.profit_minor == pytest.approx(_by_cases(person.index, [first, second]))


def _by_cases(index: int, pair: list[Visit]) -> float:
    person, ten = customer(1, index), coupon("percent-10")

    def profit(holding: bool, left: list[Visit]) -> float:
        if not left:
            return 0.0
        told: Reaction = reaction(person, ten if holding else None, left[0])
        bought = told.profit_minor + profit(holding and not told.fits, left[1:])
        return told.p_buy * bought + (1 - told.p_buy) * profit(holding, left[1:])

    return profit(True, pair) - profit(False, pair)


def test_all_but_one_coupon_lose_for_everybody_and_none_earns_a_tenth_of_choosing() -> None:
    until_ms, earned = end_of(shop(customers_count=300), 10_000), []
    world = shop(customers_count=300)
    chosen_minor = sum(play(world, Oracle(world, None), until_ms).expected_minor)
    for each in CATALOGUE.coupons:
        run = play(shop(customers_count=300), Everybody(each.coupon_id), until_ms)
        assert run.offers_count > 1_000
        earned.append(sum(run.expected_minor))
    assert max(earned) < 0.1 * chosen_minor
    assert sum(minor > 0 for minor in earned) <= 1
    assert sum(earned) < -2 * chosen_minor


def test_expected_and_realised_profit_of_a_policy_agree() -> None:
    """Within 4 standard errors of their difference, by customer."""
    until_ms = end_of(shop(customers_count=400), 15_000)
    none = play(shop(customers_count=400), Nobody(), until_ms)
    run = play(shop(customers_count=400), Everybody("percent-20-from-40"), until_ms)
    realised = [p - q for p, q in zip(run.profits_minor, none.profits_minor, strict=True)]
    gap = difference(realised, run.expected_minor)
    assert abs(gap.point) < 4 * (gap.upper - gap.point) / 1.96


def test_drift_lets_persuadables_and_lost_causes_trade_places() -> None:
    drift_ms = START_MS + 10 * 86_400_000
    changed = 0
    for index in range(200):
        person = customer(1, index)
        for visit in islice(visits(1, person, shelf(), START_MS, drift_ms), 20):
            assert visit.sort == (person.later_sort if visit.start_ms >= drift_ms else person.sort)
        if person.later_sort != person.sort:
            changed += 1
            assert {person.sort, person.later_sort} == {"persuadable", "lost_cause"}
    assert changed > 5


def test_hidden_sorts_show_in_behaviour_but_not_plainly() -> None:
    """Among visits with a cart and no checkout most, but far from all, are of persuadables."""
    kept = [
        visit.sort
        for index in range(300)
        for visit in islice(visits(1, customer(1, index), shelf(), START_MS, None), 5)
        if visit.carted and not visit.at_checkout
    ]
    share = kept.count("persuadable") / len(kept)
    assert HABITS["persuadable"].share_ratio * 1.5 < share < 0.8
    assert set(kept) == set(SORTS)


def test_the_interval_of_a_total_is_clustered_by_customer() -> None:
    values = [float(value % 7) for value in range(700)]
    estimate = total(values)
    assert estimate.point == sum(values)
    assert (estimate.upper - estimate.point) == pytest.approx(
        1.959964 * sqrt(700 * 4.0057), rel=1e-3
    )
