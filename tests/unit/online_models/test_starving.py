"""Two arms and one scarce budget: what a shared purse does to a comparison, and purses apart not.

Every arm is asked for coupons that truly earn the same. Customers come in turns; an arm gives while
its purse holds. The eager arm asks twice as often as the other.
"""

from random import Random
from typing import Literal

import pytest

from online_models.incremental import Incremental
from online_models.intervals import Interval

MARGIN_MINOR, COST_MINOR, CUSTOMERS_COUNT, BUDGET_MINOR = 400, 100, 4_000, 60_000


def _run(seed: int, purse: Literal["shared", "split"], eager: float) -> Interval:
    random, earned = Random(seed), Incremental()
    purses = {"policy": BUDGET_MINOR // 2, "random": BUDGET_MINOR // 2}
    if purse == "shared":
        purses = {"both": BUDGET_MINOR}
    for _ in range(CUSTOMERS_COUNT):
        arm: Literal["policy", "random"] = "policy" if random.random() < 0.5 else "random"
        own = arm if purse == "split" else "both"
        wants = random.random() < (0.3 if arm == "policy" else 0.3 * eager)
        given = wants and purses[own] >= COST_MINOR
        if given:
            purses[own] -= COST_MINOR
        bought = random.random() < (0.4 if given else 0.1)
        earned.move(arm, None, MARGIN_MINOR * bought - COST_MINOR * given)
    effect = earned.per_user("policy", "random")
    assert effect is not None
    return effect


def _mean(purse: Literal["shared", "split"], eager: float) -> float:
    return sum(_run(seed, purse, eager).point for seed in range(60)) / 60


EARNED_MINOR = MARGIN_MINOR * (0.4 - 0.1) - COST_MINOR  # by a coupon, on average


@pytest.mark.parametrize("purse", ["shared", "split"])
def test_n16_an_a_a_under_a_scarce_budget_shows_no_bias(
    purse: Literal["shared", "split"],
) -> None:
    effects = [_run(seed, purse, eager=1.0) for seed in range(200)]
    assert abs(sum(effect.point for effect in effects) / 200) < 1.0
    missed = sum(not effect.anytime_lower <= 0 <= effect.anytime_upper for effect in effects)
    assert missed <= 0.05 * 200


def test_n16_an_eager_neighbour_moves_the_figure_only_where_the_purse_is_shared() -> None:
    """With purses apart both arms spend theirs in full, so nothing is between them."""
    assert abs(_mean("split", eager=2.0)) < 1.5
    # the eager arm takes 400 of the 600 coupons, each worth EARNED_MINOR, for its 2,000 customers
    assert _mean("shared", eager=2.0) == pytest.approx(-200 / 2_000 * EARNED_MINOR, abs=1.5)
