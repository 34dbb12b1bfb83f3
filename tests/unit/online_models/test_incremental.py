"""Money per user, exact sums, intervals that keep their promise."""

import json
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from online_models.incremental import ArmSums, Effect, Incremental
from online_models.outcomes import Arm
from tests.unit.online_models.planted import RELAXED

SHARES: dict[Arm, float] = {
    "policy": 0.88,
    "random": 0.02,
    "business_as_usual": 0.05,
    "holdout": 0.05,
}
totals = st.lists(st.integers(-10_000, 1_000_000), min_size=1, max_size=6)


@RELAXED
@given(st.lists(totals, min_size=2, max_size=20))
def test_running_totals_give_the_sums_of_the_last_totals(users: list[list[int]]) -> None:
    earned = Incremental()
    longest = max(map(len, users))
    for turn in range(longest):  # users take turns, as they do in a stream
        for steps in users:
            if turn < len(steps):
                earned.move("policy", steps[turn - 1] if turn else None, steps[turn], 7)
    last = [steps[-1] for steps in users]
    assert earned.arms["policy"] == ArmSums(
        users=len(last),
        total=sum(last),
        total_squared=sum(value**2 for value in last),
        baseline=7 * len(last),
        baseline_squared=49 * len(last),
        total_baseline=7 * sum(last),
    )


@RELAXED
@given(st.lists(totals, min_size=1), st.lists(totals, min_size=1))
def test_partitions_add_up_and_survive_their_json(
    first: list[list[int]], second: list[list[int]]
) -> None:
    whole, parts = Incremental(), (Incremental(), Incremental())
    for part, users in zip(parts, (first, second), strict=True):
        for steps in users:
            for earned in (whole, part):
                earned.move("holdout", None, steps[-1], steps[0])
    parts[0].merge(parts[1])
    assert parts[0].dump() == whole.dump()
    assert Incremental.load(json.loads(json.dumps(whole.dump()))).dump() == whole.dump()


def _totals(random: Random, users: int, extra_minor: int) -> list[list[int]]:
    """Draw running totals of users with up to five orders, heavy tails and all."""
    drawn = []
    for _ in range(users):
        worth = random.lognormvariate(6.0, 0.8)  # an eager user's orders are all large
        steps, total = [0], 0
        for _ in range(random.choice((0, 0, 0, 1, 1, 2, 5))):
            total += round(worth * random.uniform(0.5, 1.5))
            steps.append(total)
        steps.append(total + extra_minor)
        drawn.append(steps)
    return drawn


def _tell(earned: Incremental, arm: Arm, users: list[list[int]]) -> None:
    for steps in users:
        previous: int | None = None
        for total in steps:
            earned.move(arm, previous, total)
            previous = total


def test_c59_intervals_cover_the_planted_effect() -> None:
    random, runs, covered, anytime = Random(59), 300, 0, 0
    for _ in range(runs):
        earned = Incremental()
        _tell(earned, "policy", _totals(random, 400, extra_minor=120))
        _tell(earned, "holdout", _totals(random, 400, extra_minor=0))
        effect = earned.effect(tuned_users=800)
        true_minor = 120 * 400
        covered += _holds(effect.lower_minor, true_minor, effect.upper_minor)
        anytime += _holds(effect.anytime_lower_minor, true_minor, effect.anytime_upper_minor)
    assert covered >= 0.93 * runs
    assert covered < runs  # an interval that never misses is too wide
    assert anytime >= covered


def _holds(lower: int | None, value: int, upper: int | None) -> bool:
    assert lower is not None
    assert upper is not None
    return lower <= value <= upper


def test_the_anytime_interval_may_be_watched_all_day_the_fixed_one_may_not() -> None:
    random, runs = Random(60), 120
    missed_fixed = missed_anytime = 0
    for _ in range(runs):
        earned = Incremental()
        fixed = anytime = True
        for _ in range(40):  # forty looks while users come in; nothing is earned
            _tell(earned, "policy", _totals(random, 30, extra_minor=0))
            _tell(earned, "holdout", _totals(random, 30, extra_minor=0))
            effect = earned.effect(tuned_users=1_000)
            fixed &= _holds(effect.lower_minor, 0, effect.upper_minor)
            if effect.anytime_lower_minor is None:
                continue  # too few users yet for any promise
            anytime &= _holds(effect.anytime_lower_minor, 0, effect.anytime_upper_minor)
        missed_fixed += not fixed
        missed_anytime += not anytime
    assert missed_anytime <= 0.07 * runs
    assert missed_fixed > 0.2 * runs


def test_counting_orders_instead_of_users_would_claim_too_much() -> None:
    random = Random(61)
    by_user, by_order = Incremental(), Incremental()
    arms: tuple[Arm, ...] = ("policy", "holdout")
    for arm in arms:
        users = _totals(random, 1_000, extra_minor=0)
        _tell(by_user, arm, users)
        for steps in users:
            for before, after in pairwise(steps[:-1]):
                by_order.move(arm, None, after - before)
    user, order = by_user.effect(), by_order.effect()
    assert _width(user) > 1.3 * _width(order)


def _width(effect: Effect) -> int:
    assert effect.lower_minor is not None
    assert effect.upper_minor is not None
    return effect.upper_minor - effect.lower_minor


def test_a_baseline_known_before_assignment_narrows_the_interval_and_keeps_the_truth() -> None:
    random, earned = Random(62), Incremental()
    arms: tuple[tuple[Arm, int, int], ...] = (("policy", 2_000, 200), ("holdout", 300, 0))
    for arm, users, extra in arms:
        for _ in range(users):
            expected = round(random.lognormvariate(7, 0.7))
            total = expected + round(random.gauss(0, 150)) + extra
            earned.move(arm, None, 0, expected)
            earned.move(arm, 0, total, expected)
    plain, adjusted = earned.effect(), earned.effect(adjust=True)
    assert _width(adjusted) < 0.5 * _width(plain)
    assert _holds(adjusted.lower_minor, 200 * 2_000, adjusted.upper_minor)


def test_there_is_no_effect_to_tell_before_both_arms_have_two_users() -> None:
    earned = Incremental()
    _tell(earned, "policy", [[5], [6], [7]])
    earned.move("holdout", None, 3)
    assert earned.effect() == Effect(users=3, against_users=1)


def test_c57_a_fair_split_passes_the_sample_ratio_check_and_a_leaking_one_does_not() -> None:
    random = Random(57)
    fair, leaking = Incremental(), Incremental()
    names, weights = list(SHARES), list(SHARES.values())
    for arm in random.choices(names, weights, k=50_000):
        fair.move(arm, None, 0)
        if arm != "holdout" or random.random() < 0.9:
            leaking.move(arm, None, 0)
    assert (fair.mismatch_p(SHARES) or 0) > 0.001
    assert (leaking.mismatch_p(SHARES) or 1) < 0.001
    assert Incremental().mismatch_p(SHARES) is None


def test_impossible_questions_are_refused() -> None:
    with pytest.raises(ValueError, match="confidence must be"):
        Incremental().effect(confidence=1.0)
    with pytest.raises(ValueError, match="shares must all be positive"):
        Incremental().mismatch_p({"policy": 1.0, "holdout": 0.0})
