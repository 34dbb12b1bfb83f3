"""What the model believes at first, and how evidence takes over."""

from itertools import pairwise
from math import log, nan
from random import Random
from typing import Any

import pytest

from features.actions import NOTHING, Action
from online_models.crosses import Limits
from online_models.ftrl import Ftrl
from online_models.prior import Prior, persuaded_ratio
from online_models.response import ResponseModel
from online_models.shapes import log_odds
from tests.unit.online_models.planted import ACTIONS, NAMES, TEN


def test_c49_campaign_priors_steer_the_first_decisions() -> None:
    prior = Prior(
        base_rate=0.05,
        persuaded_rate=persuaded_ratio(1.2, 0.05),
        steepness=0.0,
        depth_lift={"percent_off": 2.0},
        kind_lift={"free_shipping": 1.0},
        name_lift={"hour_evening": log_odds(0.1) - log_odds(0.05)},
    )
    model = ResponseModel(NAMES, prior=prior)
    mug = Action(action_id="mug", kind="gift", depth_ratio=0.1)
    nothing, ten, thirty, ship = model.predict_many({}, ACTIONS)
    assert (nothing, model.predict_one({}, mug)) == pytest.approx((0.05, 0.06))
    assert mug.depth_ratio == TEN.depth_ratio
    assert 0.06 < ten < thirty
    assert ship > 0.07
    assert model.predict_one({"hour_evening": 1.0}, NOTHING) == pytest.approx(0.1)
    assert all(model.is_cold(action) for action in ACTIONS)


def test_c49_evidence_takes_over_from_a_wrong_prior_step_by_step() -> None:
    model = ResponseModel(NAMES, prior=Prior(base_rate=0.3), cold_until=200)
    random, answers = Random(8), [model.predict_one({}, NOTHING)]
    for _ in range(8):
        for _ in range(500):
            model.learn_opened({}, NOTHING)
            if random.random() < 0.02:
                model.learn_bought({}, NOTHING)
        answers.append(model.predict_one({}, NOTHING))
    assert answers[0] == pytest.approx(0.3)
    assert 0.01 < answers[-1] < 0.04
    assert max(abs(log(a / b)) for a, b in pairwise(answers)) < 2.5  # no cliff
    assert not model.is_cold(NOTHING)
    assert model.is_cold(TEN)


def test_impossible_settings_are_refused() -> None:
    rates: list[dict[str, Any]] = [{"base_rate": 0.0}, {"persuaded_rate": 1.0}, {"steepness": nan}]
    lifts: list[dict[str, Any]] = [{"kind_lift": {"gift": nan}}, {"depth_lift": {"gift": 99.0}}]
    for wrong in rates + lifts:
        with pytest.raises(ValueError, match="must be"):
            Prior(**wrong)
    with pytest.raises(ValueError, match="must be within"):
        persuaded_ratio(30.0, 0.05)
    with pytest.raises(ValueError, match="must name user features"):
        ResponseModel(NAMES, prior=Prior(name_lift={"unheard_of": 1.0}))
    with pytest.raises(ValueError, match="must be within"):
        Limits(actions=0)
    with pytest.raises(ValueError, match="must be positive"):
        Ftrl(alpha=0.0)
