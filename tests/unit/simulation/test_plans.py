"""Shops that share a world's plans meet the very visits that each would have laid down itself."""

from itertools import islice

from hypothesis import given, settings
from hypothesis import strategies as st

from simulation.customers import customer
from simulation.oracle import price_of_budget
from simulation.plans import Plans
from simulation.play import Nobody, bare_run, end_of, play
from simulation.visits import visits
from tests.unit.simulation.worlds import START_MS, shelf, shop

DRIFT_MS = START_MS + 86_400_000
MONEY = st.integers(-50, 50).map(float)


@settings(max_examples=30, deadline=None)
@given(
    kept_count=st.integers(0, 12),
    asked=st.lists(st.tuples(st.integers(0, 2), st.integers(0, 8)), max_size=8),
)
def test_visits_are_the_same_however_many_are_kept_and_whoever_asks_first(
    kept_count: int, asked: list[tuple[int, int]]
) -> None:
    plans = Plans(seed=3, start_ms=START_MS, drift_ms=DRIFT_MS, kept_count=kept_count)
    for index, count in asked:
        alone = visits(3, customer(3, index), shelf(3), START_MS, DRIFT_MS)
        shared = plans.visits(plans.customer(index))
        assert list(islice(shared, count)) == list(islice(alone, count))


def test_a_shop_that_comes_behind_another_is_given_what_that_one_laid_down() -> None:
    plans = Plans(seed=3, start_ms=START_MS, kept_count=100)
    first, second = (plans.visits(plans.customer(0)) for _ in range(2))
    assert all(next(first) is next(second) for _ in range(10))


def test_the_run_without_offers_goes_on_from_where_the_end_was_found() -> None:
    until_ms, bare = bare_run(shop(), 1_500)
    assert until_ms == end_of(shop(), 1_500)
    assert bare == play(shop(), Nobody(), until_ms)


@given(
    choices=st.lists(st.lists(st.tuples(MONEY, MONEY), max_size=4), max_size=6),
    budget_minor=st.integers(0, 60),
)
def test_what_no_price_makes_the_best_does_not_change_the_price_of_the_budget(
    choices: list[list[tuple[float, float]]], budget_minor: int
) -> None:
    worse = [[*options, *((p - 1.0, s + 1.0) for p, s in options)] for options in choices]
    assert price_of_budget(worse, budget_minor) == price_of_budget(choices, budget_minor)
