"""The bound that decides who leads, and the unbiased estimate that it bounds."""

from dataclasses import replace
from math import inf
from random import Random
from statistics import fmean, variance

import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.actions import NOTHING
from online_models.league.ballots import Ballot, place_drawn
from online_models.league.evidence import Mean
from tests.unit.online_models.league.shop import TEN, outcomes

NUMBERS = st.lists(st.floats(-1e4, 1e4), min_size=2, max_size=50)


def told(numbers: list[float], floor: float = 0.0) -> Mean:
    mean = Mean()
    for number in numbers:
        mean.update(number, floor)
    return mean


@given(NUMBERS)
def test_mean_and_variance_are_those_of_the_whole(numbers: list[float]) -> None:
    mean = told(numbers)
    assert mean.mean == pytest.approx(fmean(numbers), abs=1e-6)
    assert mean.variance == pytest.approx(variance(numbers), rel=1e-6, abs=1e-4)


def test_what_is_known_to_scatter_is_no_certainty_though_it_did_not_yet() -> None:
    assert told([1.0] * 100).width(0.05, 100) == 0.0
    assert told([1.0] * 100, floor=25.0).variance == 25.0


def test_the_bound_is_the_wider_the_surer_and_the_narrower_the_longer() -> None:
    short, long = told([0.0, 2.0] * 50), told([0.0, 2.0] * 5_000)
    assert short.width(0.01, 100) > short.width(0.05, 100) > long.width(0.05, 100)
    assert told([1.0]).width(0.05, 100) == inf


def test_the_bound_is_seldom_broken_at_any_moment_of_a_run() -> None:
    broken = 0
    for seed in range(200):
        random, mean, wrong = Random(seed), Mean(), False
        for count in range(1, 601):
            mean.update(random.gauss(0.0, 1.0))
            wrong |= count >= 50 and mean.mean > mean.width(0.05, 300)
        broken += wrong
    assert broken <= 200 * 0.05


@pytest.mark.parametrize("alpha", [0.0, 1.0, 5.0])
def test_a_bound_of_no_meaning_is_refused(alpha: float) -> None:
    with pytest.raises(ValueError, match=r"alpha must be within \(0, 1\), was"):
        told([0.0, 1.0]).width(alpha, 100)


ONE = st.floats(0.01, 0.99)


@given(
    st.lists(st.tuples(ONE, ONE, st.floats(-500, 2_000)), min_size=2, max_size=5),
    st.integers(0, 4),
)
def test_the_estimate_is_unbiased_whatever_the_leader_believes(
    actions: list[tuple[float, float, float]], wanted: int
) -> None:
    choice, count = wanted % len(actions), len(actions)
    mean = 0.0
    for drawn, (p_true, _, net) in enumerate(actions):
        for y, chance in ((True, p_true), (False, 1 - p_true)):
            ballot = Ballot(
                season=0,
                choices=(choice,),
                lead=0,
                drawn=drawn,
                weight=float(count),
                expected_minor=tuple(p * money for _, p, money in actions),
                variances=(0.0,) * count,
                price_ratio=0.0,
            )
            brought = net if y else 0.0
            mean += chance / count * ballot.value_minor(choice, brought)
    assert mean == pytest.approx(actions[choice][0] * actions[choice][2], abs=1e-6)


def test_the_price_of_budget_counts_against_what_was_spent() -> None:
    ballot = Ballot(
        season=0, choices=(1,), lead=1, drawn=1, weight=2.0, expected_minor=(0.0, 0.0),
        variances=(4.0, 9.0), price_ratio=0.5,
    )  # fmt: skip
    assert ballot.brought_minor(True, 700, 200) == 600.0
    assert ballot.brought_minor(False, 0, 0) == 0.0
    assert ballot.noise(0, 1) == 26.0
    assert ballot.noise(1, 1) == 0.0


def test_an_action_that_was_no_candidate_has_no_place() -> None:
    opened = [outcome for outcome in outcomes(3, 30) if outcome.state == "opened"]
    for outcome in opened:
        place = place_drawn(outcome)
        assert place is not None
        given = outcome.candidates[place - 1].action if place else NOTHING
        assert given == outcome.action
        if outcome.action != NOTHING:
            others = tuple(one for one in outcome.candidates if one.action != outcome.action)
            assert place_drawn(replace(outcome, candidates=others)) is None
    assert any(outcome.action == TEN.action for outcome in opened)
