"""The models of the articles as they wrote them down, and what ours do in their place."""

from random import Random

import pytest

from features.actions import NOTHING, Action
from online_models.league.contracts import Learner
from online_models.league.lineup import lineup
from online_models.league.logistic import Logistic, Margin
from online_models.league.trees import Trees
from online_models.refusals import SnapshotRefused
from online_models.response import ResponseModel
from online_models.snapshot import dump, load
from online_models.trainer import Trainer

NAMES = ("evening", "member")
TEN = Action(action_id="ten", kind="percent_off", depth_ratio=0.1)
SPEND = Action(action_id="spend-100-save-20", kind="amount_off", depth_ratio=0.2)


def taught(learner: Learner, labels_count: int = 6_000) -> Learner:
    """Show customers of whom members buy by day and all others in the evening."""
    rng = Random(25)
    for _ in range(labels_count):
        x = {name: float(rng.random() < 0.5) for name in NAMES}
        learner.learn_opened(x, NOTHING)
        if rng.random() < (0.6 if x["evening"] != x["member"] else 0.05):
            learner.learn_bought(x, NOTHING)
    return learner


def contrast(learner: Learner) -> float:
    """Tell how far buyers stand apart: their chance less that of the others."""
    answers = {
        (evening, member): learner.score({"evening": evening, "member": member}, []).p_nothing
        for evening in (0.0, 1.0)
        for member in (0.0, 1.0)
    }
    buyers = answers[0.0, 1.0] + answers[1.0, 0.0]
    return (buyers - answers[0.0, 0.0] - answers[1.0, 1.0]) / 2


def test_v25_what_is_written_as_a_sum_cannot_say_either_or_and_a_real_tree_can() -> None:
    # The article writes tree, support vectors and net alike as w.x + b.
    for linear in (Logistic(NAMES, {}), Margin(NAMES, {})):
        assert abs(contrast(taught(linear))) < 0.1
    assert contrast(taught(Trees(NAMES))) > 0.4


def test_v25_the_sums_stay_in_the_league_as_baselines_and_do_not_lead_from_the_start() -> None:
    names = ("cart_value_now", "browse_count_1h")
    entrants = lineup(names, {}, ResponseModel(names))
    assert entrants[0].name == "two_causes"
    assert {"logistic", "svm", "trees"} <= {one.name for one in entrants[1:]}


def test_v22_a_model_that_learned_on_other_columns_is_refused() -> None:
    # The article trains on every column and predicts from three of them.
    trained = Trainer(ResponseModel(("searches", "views", "carts", "user_id", "label")))
    state = dump(trained, model_id="m", model_version="1")
    with pytest.raises(SnapshotRefused):
        load(state, names=("searches", "views", "carts"), model_id="m")


def test_v22_an_answer_belongs_to_the_coupon_that_was_asked_about_and_not_to_a_number() -> None:
    # The article's label 0 means a spend-and-save coupon in its text, and a percentage in its code.
    learner = Logistic(NAMES, {})
    rng, x = Random(22), {"evening": 1.0, "member": 0.0}
    for _ in range(4_000):
        action, chance = (TEN, 0.05) if rng.random() < 0.5 else (SPEND, 0.5)
        learner.learn_opened(x, action)
        if rng.random() < chance:
            learner.learn_bought(x, action)
    one, other = learner.score(x, [TEN, SPEND]), learner.score(x, [SPEND, TEN])
    assert one.p_buy[1] > one.p_buy[0] + 0.2
    assert other.p_buy == pytest.approx(one.p_buy[::-1])
