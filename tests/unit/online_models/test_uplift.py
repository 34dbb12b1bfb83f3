"""A coupon's uplift, from propensities alone."""

import json
from dataclasses import replace
from random import Random

from features.actions import NOTHING, Action
from online_models.outcomes import Outcome
from online_models.uplift import MAX_ACTIONS, Uplift
from tests.unit.online_models.planted import TEN

SETTLED = Outcome(
    decision_id="d",
    user_id="u",
    arm="policy",
    state="settled",
    decided_ms=0,
    x={},
    action=NOTHING,
    propensity=0.5,
    p_buy=0.1,
)


def _run(random: Random, decisions: int) -> Uplift:
    """Play a policy that gives the coupon mostly to eager users, and logs how likely it did."""
    uplift = Uplift()
    for _ in range(decisions):
        eager = random.random() < 0.3
        share = 0.8 if eager else 0.2
        given = random.random() < share
        # +20 % purchase chance by the coupon for everybody
        chance = (0.5 if eager else 0.1) * (1.2 if given else 1.0)
        uplift.update(
            replace(
                SETTLED,
                action=TEN if given else NOTHING,
                propensity=share if given else 1 - share,
                y=random.random() < chance,
            )
        )
    return uplift


TRUE_UPLIFT = 0.2 * (0.3 * 0.5 + 0.7 * 0.1)


def test_c60_the_interval_of_a_coupons_uplift_covers_the_truth() -> None:
    random, runs, covered = Random(60), 300, 0
    for _ in range(runs):
        interval = _run(random, 600).interval("ten")
        assert interval is not None
        covered += interval.lower <= TRUE_UPLIFT <= interval.upper
    assert 0.93 * runs <= covered < runs


def test_comparing_plain_rates_would_credit_the_coupon_with_eager_users() -> None:
    uplift = _run(Random(1), 20_000)
    weighted = uplift.interval("ten")
    assert weighted is not None
    assert weighted.lower <= TRUE_UPLIFT <= weighted.upper
    careless = Uplift()
    random = Random(1)
    for _ in range(20_000):
        eager = random.random() < 0.3
        given = random.random() < (0.8 if eager else 0.2)
        y = random.random() < (0.5 if eager else 0.1) * (1.2 if given else 1.0)
        careless.update(replace(SETTLED, action=TEN if given else NOTHING, propensity=1.0, y=y))
    plain = careless.interval("ten")
    assert plain is not None
    assert plain.lower > TRUE_UPLIFT


def test_there_is_no_interval_before_both_were_given() -> None:
    uplift = Uplift()
    assert uplift.interval("ten") is None
    uplift.update(replace(SETTLED, action=TEN))
    assert uplift.interval("ten") is None
    uplift.update(replace(SETTLED, state="opened"))
    uplift.update(replace(SETTLED, state="censored"))
    assert uplift.interval("ten") is None
    uplift.update(SETTLED)
    assert uplift.interval("ten") is not None


def test_memory_is_bounded_and_nothing_always_has_its_place() -> None:
    uplift = Uplift()
    for number in range(2 * MAX_ACTIONS):
        coupon = Action(action_id=f"c{number}", kind="gift")
        uplift.update(replace(SETTLED, action=coupon))
    uplift.update(SETTLED)
    assert len(uplift.rates) == MAX_ACTIONS + 1
    assert uplift.interval("c0") is not None


def test_sums_survive_their_json() -> None:
    uplift = _run(Random(2), 100)
    loaded = Uplift.load(json.loads(json.dumps(uplift.dump())))
    assert loaded.interval("ten") == uplift.interval("ten")
