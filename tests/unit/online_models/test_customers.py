"""Customers as the unit: orders counted once, noise taken out, groups compared."""

from dataclasses import replace
from random import Random

import pytest

from features.actions import NOTHING
from online_models.customers import earnings, expected_margins, gather
from online_models.fairness import price_gaps
from online_models.outcomes import Arm, Outcome
from tests.unit.online_models.planted import TEN

SETTLED = Outcome(
    decision_id="d",
    user_id="u",
    arm="policy",
    state="settled",
    decided_ms=10,
    settled_ms=90,
    x={"eager": 0.5},
    action=NOTHING,
    propensity=0.5,
    p_buy=0.1,
)
BOUGHT = replace(SETTLED, y=True, order_minor=900, margin_minor=300)


def test_an_order_that_settles_three_decisions_is_counted_once_with_its_discount() -> None:
    used = replace(BOUGHT, decision_id="e", action=TEN, discount_minor=100)
    one = gather([BOUGHT, used, replace(BOUGHT, decision_id="f")])["u"]
    assert (one.margin_minor, one.paid_minor, one.discount_minor) == (300, 900, 100)
    assert (one.settled, one.bought, one.given, one.redeemed) == (3, 3, 1, 1)
    later = gather([BOUGHT, replace(BOUGHT, settled_ms=95)])["u"]
    assert later.margin_minor == 600


def test_what_is_known_of_a_customer_is_what_was_known_before_the_first_decision() -> None:
    opened = replace(SETTLED, state="opened", settled_ms=None)
    late = replace(opened, decided_ms=20, x={"eager": 0.9})
    assert gather([late, opened])["u"].x == {"eager": 0.5}
    assert gather([opened, late])["u"].x == {"eager": 0.5}
    assert gather([opened])["u"].settled == 0


def _shop(random: Random, count: int, extra_minor: int) -> list[Outcome]:
    outcomes = []
    for number in range(count):
        arm: Arm = "holdout" if random.random() < 0.1 else "policy"
        eager = random.random()
        margin = round(3_000 * eager + random.gauss(0, 600))
        margin += extra_minor if arm == "policy" else 0
        outcomes.append(
            replace(BOUGHT, user_id=f"u{number}", arm=arm, margin_minor=margin, x={"eager": eager})
        )
    return outcomes


def test_c59_a_cross_fitted_baseline_takes_out_more_than_a_third_of_the_variance() -> None:
    customers = gather(_shop(Random(59), 4_000, extra_minor=250))
    earned = earnings(customers, expected_margins(customers))
    plain, adjusted = earned.per_user(), earned.per_user(adjust=True)
    assert plain is not None
    assert adjusted is not None
    left = ((adjusted.upper - adjusted.lower) / (plain.upper - plain.lower)) ** 2
    assert left < 2 / 3
    assert adjusted.lower <= 250 <= adjusted.upper


def test_the_adjusted_interval_still_covers_over_many_runs() -> None:
    covered = 0
    for seed in range(100):
        customers = gather(_shop(Random(seed), 600, extra_minor=250))
        adjusted = earnings(customers, expected_margins(customers)).per_user(adjust=True)
        assert adjusted is not None
        covered += adjusted.lower <= 250 <= adjusted.upper
    assert covered >= 89


def test_too_few_customers_have_no_baseline() -> None:
    assert expected_margins(gather(_shop(Random(1), 100, 0))) == {}


def test_c67_a_planted_price_gap_is_found_and_its_absence_is_not() -> None:
    random, outcomes = Random(67), []
    for number in range(3_000):
        member = random.random() < 0.4
        phone = random.random() < 0.5
        # members are hardly given anything: they pay more for the same
        discount = 100 if random.random() < (0.1 if member else 0.5) else 0
        outcomes.append(
            replace(
                BOUGHT,
                user_id=f"u{number}",
                order_minor=1_000 - discount,
                discount_minor=discount,
                x={"profile_member_now": float(member), "device_phone_now": float(phone)},
            )
        )
    gaps = {gap.group: gap for gap in price_gaps(gather(outcomes).items())}
    assert gaps["member"].gap.anytime_lower > 0
    assert gaps["member"].gap.point == pytest.approx(0.04, abs=0.01)
    assert gaps["phone"].gap.lower < 0 < gaps["phone"].gap.upper
    assert set(gaps) == {"member", "phone"}  # nobody bought before, nobody came by app
