"""The oracle: best of all, and never beyond the budget."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulation.oracle import Oracle, price_of_budget, tuned_price
from simulation.play import Run, end_of, play
from simulation.shop import Shop
from tests.unit.simulation.worlds import CATALOGUE, Everybody, shop

CUSTOMERS = 100


def make(count: int = CUSTOMERS) -> Shop:
    return shop(seed=9, customers_count=count)


UNTIL_MS = end_of(make(), 5_000)


def oracle_run(budget_minor: int | None) -> Run:
    price = tuned_price(make, CUSTOMERS, UNTIL_MS, budget_minor)
    world = make()
    return play(world, Oracle(world, budget_minor, price), UNTIL_MS)


def test_the_oracle_beats_giving_any_coupon_to_everybody() -> None:
    best = sum(oracle_run(None).expected_minor)
    assert best > 0
    for coupon in CATALOGUE.coupons:
        everybody = play(make(), Everybody(coupon.coupon_id), UNTIL_MS)
        assert sum(everybody.expected_minor) < best


def test_more_budget_earns_more_and_is_never_exceeded() -> None:
    earned = []
    for budget_minor in (0, 5_000, 20_000):
        run = oracle_run(budget_minor)
        assert run.spent_minor <= budget_minor
        earned.append(sum(run.expected_minor))
    assert earned == sorted(earned)
    assert earned[0] == 0.0


@settings(max_examples=60)
@given(
    choices=st.lists(
        st.lists(st.tuples(st.floats(-50, 50), st.floats(0.1, 50)), max_size=4), max_size=12
    ),
    budget_minor=st.floats(0, 200),
)
def test_the_price_keeps_the_budget(
    choices: list[list[tuple[float, float]]], budget_minor: float
) -> None:
    price = price_of_budget(choices, budget_minor)
    chosen = [max(options, key=lambda o: o[0] - price * o[1]) for options in choices if options]
    spent = sum(option[1] for option in chosen if option[0] - price * option[1] > 0)
    assert spent <= budget_minor or price == pytest.approx(64.0)
