"""Learning in offset order, with labels that come late."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from random import Random
from statistics import fmean

import pytest

from features.actions import NOTHING, Action
from online_models.evaluation import Evaluation
from online_models.outcomes import Outcome
from online_models.prior import Prior
from online_models.response import ResponseModel
from online_models.trainer import Trainer, TrainerCounts
from tests.unit.online_models.planted import (
    ACTIONS,
    NAMES,
    SHIP,
    TEN,
    THIRTY,
    chance,
    outcomes,
    visitor,
)


@pytest.fixture(scope="module")
def trained() -> Trainer:
    """A trainer that saw 20,000 decisions of the planted shop, a third of the labels still out."""
    model = ResponseModel(NAMES, prior=Prior(base_rate=0.05))
    trainer = Trainer(model)
    for offset, outcome in enumerate(outcomes(Random(33), 20_000, model)):
        trainer.learn(outcome, offset)
    return trainer


def test_c33_log_loss_beats_the_base_rate_by_a_tenth(trained: Trainer) -> None:
    figures = trained.evaluation.figures()
    assert figures.gain_ratio is not None
    assert figures.gain_ratio >= 0.10
    assert (figures.roc_auc or 0) > 0.7


def test_c34_probabilities_are_calibrated_though_labels_come_late(trained: Trainer) -> None:
    figures = trained.evaluation.figures()
    assert (figures.calibration_error or 1) <= 0.03
    assert figures.mean_ratio == pytest.approx(1.0, abs=0.12)


def test_c34_without_the_weights_the_same_learner_is_not_calibrated(trained: Trainer) -> None:
    model = ResponseModel(NAMES, prior=Prior(base_rate=0.05))
    for outcome in outcomes(Random(33), 10_000, model):
        if outcome.state == "opened" or outcome.y:
            model.learn_one(outcome.x, outcome.action, outcome.y)
    random, weighted, naive = Random(35), Evaluation(), Evaluation()
    for _ in range(5_000):
        x, action = visitor(random), random.choice(ACTIONS)
        y = random.random() < chance(x, action)
        weighted.update(trained.model.predict_one(x, action), y)
        naive.update(model.predict_one(x, action), y)
    assert (weighted.figures().calibration_error or 1) <= 0.03
    assert (naive.figures().calibration_error or 0) > 0.03


def test_c35_the_best_coupon_differs_between_users_as_planted(trained: Trainer) -> None:
    base = dict.fromkeys(NAMES, 0.0)
    hunter = base | {"sale_ratio_30d": 1.0}
    payer = base | {"shipping_drop_ratio_30d": 1.0}
    assert trained.model.predict_one(hunter, THIRTY) > trained.model.predict_one(hunter, SHIP)
    assert trained.model.predict_one(payer, SHIP) > trained.model.predict_one(payer, THIRTY)


def test_c60_learnt_uplift_follows_the_planted_one(trained: Trainer) -> None:
    random = Random(60)
    crowd = [visitor(random) for _ in range(1_000)]
    for coupon in (TEN, THIRTY, SHIP):
        learnt = fmean(
            b - a for a, b in (trained.model.predict_many(x, (NOTHING, coupon)) for x in crowd)
        )
        true = fmean(chance(x, coupon) - chance(x, NOTHING) for x in crowd)
        assert learnt == pytest.approx(true, abs=0.03)


def test_c39_noise_in_a_tenth_of_the_labels_does_not_break_the_model() -> None:
    random, model = Random(39), ResponseModel(NAMES, prior=Prior(base_rate=0.05))
    trainer = Trainer(model)
    for offset, outcome in enumerate(outcomes(random, 8_000, model)):
        if outcome.state == "settled" and random.random() < 0.1:
            outcome = replace(outcome, y=not outcome.y)
        trainer.learn(outcome, offset)
    crowd = [visitor(random) for _ in range(500)]
    pairs = [(model.predict_one(x, NOTHING), chance(x, NOTHING)) for x in crowd]
    ranked = [true for _, true in sorted(pairs)]
    assert fmean(ranked[-100:]) > 2 * fmean(ranked[:100])


def _life(y: bool, state: str = "settled") -> tuple[Outcome, Outcome]:
    opened = Outcome(
        decision_id="d",
        user_id="u",
        arm="policy",
        state="opened",
        decided_ms=0,
        x=dict.fromkeys(NAMES, 0.5),
        action=TEN,
        propensity=1.0,
        p_buy=0.2,
    )
    return opened, replace(opened, state=state, y=y, settled_ms=5)  # type: ignore[arg-type]


def looked_at(x: dict[str, float]) -> Outcome:
    return Outcome(
        decision_id="d1",
        user_id="u1",
        arm="random",
        state="settled",
        decided_ms=0,
        settled_ms=1,
        x=x,
        action=TEN,
        propensity=0.5,
        p_buy=0.1,
    )


def test_clicks_teach_whom_coupons_move_and_nothing_of_how_strong_they_are() -> None:
    """Hunters of sales click, others do not; nobody has bought anything yet."""
    random, model = Random(41), ResponseModel(NAMES)
    trainer, first = Trainer(model), ResponseModel(NAMES)
    hunter = dict.fromkeys(NAMES, 0.0) | {"sale_ratio_30d": 1.0}
    other = dict.fromkeys(NAMES, 0.0)
    opened = looked_at(hunter)
    for offset in range(2_000):
        x = visitor(random)
        clicked = random.random() < (0.4 if x["sale_ratio_30d"] else 0.05)
        trainer.learn(replace(opened, x=x, clicked=clicked), offset)
    assert _lift(model, hunter, TEN) > 2.0 * _lift(model, other, TEN)
    assert model.predict_one(other, NOTHING) == first.predict_one(other, NOTHING)
    strengths = [key for key in model.river.weights if key[:2] in ("k|", "a|", "d|", "u|")]
    assert all(model.river.weights[key] == first.river.weights.get(key, 0.0) for key in strengths)


def test_an_offer_that_nobody_looked_at_teaches_no_click() -> None:
    told = looked_at(dict.fromkeys(NAMES, 1.0))
    model = ResponseModel(NAMES)
    before = model.predict_many(told.x, ACTIONS)
    Trainer(model).learn(told, 0)
    Trainer(model).learn(replace(told, x={}, clicked=True), 0)
    assert model.predict_many(told.x, ACTIONS) == before


def _lift(model: ResponseModel, x: dict[str, float], action: Action) -> float:
    nothing, offered = model.predict_many(x, (NOTHING, action))
    return offered - nothing


def test_a_repeated_offset_is_counted_and_teaches_nothing() -> None:
    trainer = Trainer(ResponseModel(NAMES))
    opened, bought = _life(True)
    for outcome, offset in ((opened, 3), (bought, 7), (opened, 3), (bought, 7)):
        trainer.learn(outcome, offset)
    once = Trainer(ResponseModel(NAMES))
    once.learn(opened, 3)
    once.learn(bought, 7)
    assert trainer.model.river.weights == once.model.river.weights
    assert trainer.counts == TrainerCounts(opened=1, bought=1, repeated=2)
    assert trainer.offset == 7


@pytest.mark.parametrize(("y", "state"), [(False, "settled"), (False, "censored")])
def test_only_openings_and_purchases_teach(y: bool, state: str) -> None:
    trainer = Trainer(ResponseModel(NAMES))
    opened, ending = _life(y, state)
    trainer.learn(opened, 0)
    before = trainer.model.river.weights
    trainer.learn(ending, 1)
    assert trainer.model.river.weights == before
    assert trainer.evaluation.figures().count == (1 if state == "settled" else 0)
    assert (trainer.counts.unsold, trainer.counts.censored) == (
        (1, 0) if state == "settled" else (0, 1)
    )


def test_evaluation_uses_the_probability_that_was_logged_with_the_decision() -> None:
    trainer = Trainer(ResponseModel(NAMES, prior=Prior(base_rate=0.9)))
    believed = trainer.model.predict_one(dict.fromkeys(NAMES, 0.5), TEN)
    for offset, outcome in enumerate(_life(True)):
        trainer.learn(outcome, offset)
    assert trainer.evaluation.dump() == [200_000]
    assert trainer.drift_ratio == pytest.approx(0.001 * (believed - 0.2))


def test_outcomes_without_features_are_counted_and_teach_nothing() -> None:
    trainer = Trainer(ResponseModel(NAMES))
    before = trainer.model.river.weights
    for offset, outcome in enumerate(_life(True)):
        trainer.learn(replace(outcome, x={}), offset)
    assert trainer.counts.unreadable == 2
    assert trainer.model.river.weights == before


def test_the_planted_stream_is_honest_about_time() -> None:
    stream: Iterator[Outcome] = outcomes(Random(1), 3_000, ResponseModel(NAMES))
    times = [o.decided_ms if o.settled_ms is None else o.settled_ms for o in stream]
    assert all(a <= b for a, b in pairwise(times))
