"""Two arms and one scarce budget: what a shared purse does to a comparison, and purses apart not.

Every arm is asked for coupons that truly earn the same. Customers come in turns; an arm gives while
its purse holds. The eager arm asks twice as often as the other.
"""

from random import Random
from typing import Literal

import pytest

from coupons.arms import ArmShares
from coupons.catalogue import Campaign, Catalogue, Coupon
from coupons.ledger import Ledger
from online_models.incremental import Incremental
from online_models.intervals import Interval

MARGIN_MINOR, COST_MINOR, CUSTOMERS_COUNT, BUDGET_MINOR = 400, 100, 2_000, 30_000
TEN = Coupon(coupon_id="ten", campaign_id="spring", kind="amount_off", off_minor=COST_MINOR)
SPRING = Campaign(campaign_id="spring", budget_minor=BUDGET_MINOR, coupons=(TEN,))
HALVES = ArmShares(random=0.5, business_as_usual=0.0, holdout=0.0)


def _run(seed: int, purse: Literal["shared", "split"], eager: float) -> Interval:
    random, earned = Random(seed), Incremental()
    ledger = Ledger(partition=0, partitions=1)
    ledger.adopt(Catalogue.of([SPRING]), HALVES if purse == "split" else None)
    for _ in range(CUSTOMERS_COUNT):
        arm: Literal["policy", "random"] = "policy" if random.random() < 0.5 else "random"
        wants = random.random() < (0.3 if arm == "policy" else 0.3 * eager)
        given = wants and ledger.blocked(TEN, SPRING, COST_MINOR, arm) is None
        if given:
            ledger.charge(TEN, SPRING, COST_MINOR, arm)
        bought = random.random() < (0.4 if given else 0.1)
        earned.move(arm, None, MARGIN_MINOR * bought - COST_MINOR * given)
    assert ledger.held_minor("spring") <= BUDGET_MINOR
    effect = earned.per_user("policy", "random")
    assert effect is not None
    return effect


def _mean(purse: Literal["shared", "split"], eager: float) -> float:
    return sum(_run(seed, purse, eager).point for seed in range(100)) / 100


EARNED_MINOR = MARGIN_MINOR * (0.4 - 0.1) - COST_MINOR  # by a coupon, on average


@pytest.mark.parametrize("purse", ["shared", "split"])
def test_n16_an_a_a_under_a_scarce_budget_shows_no_bias(
    purse: Literal["shared", "split"],
) -> None:
    effects = [_run(seed, purse, eager=1.0) for seed in range(200)]
    assert abs(sum(effect.point for effect in effects) / 200) < 1.5
    missed = sum(not effect.anytime_lower <= 0 <= effect.anytime_upper for effect in effects)
    assert missed <= 0.05 * 200


def test_n16_an_eager_neighbour_moves_the_figure_only_where_the_purse_is_shared() -> None:
    """With purses apart both arms spend theirs in full, so nothing is between them."""
    assert abs(_mean("split", eager=2.0)) < 1.2
    # the eager arm takes 200 of the 300 coupons, each worth EARNED_MINOR, for its 1,000 customers
    assert _mean("shared", eager=2.0) == pytest.approx(-100 / 1_000 * EARNED_MINOR, abs=1.2)
