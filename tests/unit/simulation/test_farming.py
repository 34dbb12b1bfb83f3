"""Coupon farmers: what they learn, and that nobody else is changed by them."""

from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulation.customers import customer
from simulation.farming import FORGET_RATIO, LEARN_RATIO, Farming
from simulation.play import Nobody, Run, end_of, play
from simulation.shop import Shop
from simulation.truth import reaction
from simulation.visits import Visit, visits
from tests.unit.simulation.worlds import CATALOGUE, START_MS, AfterCarts, coupon, shelf

PERSON = customer(1, 0, 1.0)
VISITS = tuple(islice(visits(1, PERSON, shelf(), START_MS, None), 60))


def carted() -> Visit:
    return next(visit for visit in VISITS if visit.carted)


def farm(farmers_ratio: float) -> Shop:
    return Shop(
        seed=4,
        customers_count=120,
        catalogue=CATALOGUE,
        start_ms=START_MS,
        farmers_ratio=farmers_ratio,
    )


def test_n7_a_coupon_after_a_cart_left_behind_is_a_lesson_and_a_wait_in_vain_another() -> None:
    farming, visit = Farming(), carted()
    farming.rewarded()
    assert farming.habit_ratio == 0.0  # nothing was left behind
    farming.leave(reaction(PERSON, None, visit), visit)
    farming.rewarded()
    assert farming.habit_ratio == LEARN_RATIO
    farming.rewarded()
    assert farming.habit_ratio == LEARN_RATIO  # one lesson a cart
    farming.leave(reaction(PERSON, None, visit), visit)
    farming.disappointed()
    assert farming.habit_ratio == LEARN_RATIO * (1 - FORGET_RATIO)


def test_n7_a_coupon_hardly_moves_a_farmer_who_has_learned_nothing() -> None:
    for visit in VISITS:
        plain, offered = (
            reaction(PERSON, one, visit).p_buy for one in (None, coupon("percent-10"))
        )
        assert plain <= offered <= plain + 0.01


def test_n7_who_has_the_habit_buys_with_a_coupon_only() -> None:
    visit, ten = carted(), coupon("percent-10")
    plain, offered = (reaction(PERSON, one, visit) for one in (None, ten))
    assert offered.fits
    farming = Farming(habit_ratio=1.0)
    assert farming.bent(plain, visit).p_buy == 0.0
    assert farming.bent(offered, visit).p_buy == offered.p_buy


def test_n7_an_order_held_back_is_wanted_at_the_next_visit() -> None:
    farming, visit = Farming(habit_ratio=1.0), carted()
    later = VISITS[visit.number + 1]
    told = reaction(PERSON, None, visit)
    farming.leave(told, visit)
    wanted = visit.draw < told.p_buy
    assert (farming.wanted_at == later.number) == wanted
    farming.wanted_at = later.number
    assert farming.bent(reaction(PERSON, coupon("percent-10"), later), later).p_buy == 0.9


@given(lessons=st.lists(st.sampled_from(["reward", "wait"]), max_size=30))
def test_n7_the_habit_is_always_a_probability(lessons: list[str]) -> None:
    farming, visit = Farming(), carted()
    for lesson in lessons:
        farming.leave(reaction(PERSON, None, visit), visit)
        farming.rewarded() if lesson == "reward" else farming.disappointed()
        assert 0.0 <= farming.habit_ratio < 1.0


def test_n11_customers_who_do_not_farm_are_the_same_whoever_else_does() -> None:
    for index in range(60):
        person = customer(1, index, 0.3)
        assert person.sort == "farmer" or person == customer(1, index)
    assert 5 < sum(customer(1, index, 0.3).sort == "farmer" for index in range(60)) < 35


@pytest.fixture(scope="module")
def farmed() -> tuple[Run, Run]:
    until_ms = end_of(farm(1.0), 12_000)
    given = play(farm(1.0), AfterCarts("percent-10"), until_ms)
    return play(farm(1.0), Nobody(), until_ms), given


def test_n7_farmers_without_offers_buy_at_full_price(farmed: tuple[Run, Run]) -> None:
    bare, _ = farmed
    assert bare.orders_count > 100
    assert bare.spent_minor == 0


def test_n7_offers_after_carts_left_behind_cost_what_farmers_would_have_paid(
    farmed: tuple[Run, Run],
) -> None:
    bare, given = farmed
    assert sum(given.spends_minor) == given.spent_minor > 0
    lost_minor = sum(bare.profits_minor) - sum(given.profits_minor)
    assert lost_minor > 0.5 * given.spent_minor
