"""Learners on a logged experiment: what can be gained is found, what cannot is not claimed."""

from math import exp
from random import Random

import pytest

from online_models.arm_learners import LEARNERS, ArmLearner
from online_models.encoding import MAX_WORDS, Encoding
from online_models.experiments import Unit, against, fold_of, folds_count, greedy, judge
from online_models.laplace import LaplaceLogistic
from online_models.off_policy import policy_value

ARMS = ("none", "offer")
SECOND = {"second_order": LEARNERS["second_order"]}


def _units(random: Random, count: int, effect: float) -> list[Unit]:
    """Draw customers whom an offer wins or drives away, by a taste that is known of them."""
    units = []
    for number in range(count):
        taste, noise = random.uniform(-1, 1), random.gauss(0, 1)
        arm = random.choice(ARMS)
        odds = -1.0 + 0.5 * noise + (effect * taste if arm == "offer" else 0.0)
        success = random.random() < 1 / (1 + exp(-odds))
        x: dict[str, float | str] = {"taste": taste, "noise": noise, "zip": random.choice("abc")}
        units.append(
            Unit(unit_id=f"c{number}", arm=arm, propensity=0.5, reward=float(success), x=x)
        )
    return units


def test_a_planted_taste_is_found_and_worth_more_than_any_single_arm() -> None:
    judged, folds = judge(_units(Random(1), 2_000, effect=2.5), ARMS, SECOND, "second_order")
    assert len(judged) == 2_000
    assert all(fold.personal for fold in folds)
    rows = against(judged, ARMS, lambda one: {one.choice: 1.0}, "second_order")
    chosen = policy_value(rows).dr
    for chances in ({"none": 1.0}, {"offer": 1.0}):
        single = against(judged, ARMS, lambda _: chances, "second_order")  # noqa: B023
        assert chosen.lower > policy_value(single).dr.point
    agrees = sum(
        one.choice == ("offer" if one.unit.x["taste"] > 0 else "none")  # type: ignore[operator]
        for one in judged
    )
    assert agrees > 0.85 * len(judged)


def test_where_there_is_nothing_to_gain_one_arm_is_given_to_nearly_all() -> None:
    personal = []
    for seed in range(4):
        _, folds = judge(_units(Random(seed), 1_000, effect=0.0), ARMS, SECOND, "second_order")
        personal += [fold.personal for fold in folds]
    assert sum(personal) <= 0.3 * len(personal)


def test_the_same_units_are_judged_alike_in_any_run_and_by_others_only() -> None:
    units = _units(Random(3), 600, effect=1.0)
    once, again = (judge(units, ARMS, SECOND, "second_order") for _ in range(2))
    assert once == again
    liar = [
        Unit(unit_id=one.unit_id, arm=one.arm, propensity=0.5, reward=1.0 - one.reward, x=one.x)
        if fold_of(one.unit_id, folds_count(600)) == 0
        else one
        for one in units
    ]
    honest = {one.unit.unit_id: one.foreseen for one in once[0]}
    for one in judge(liar, ARMS, SECOND, "second_order")[0]:
        if fold_of(one.unit.unit_id, folds_count(600)) == 0:
            assert one.foreseen == honest[one.unit.unit_id]  # its own fold taught it nothing


@pytest.mark.parametrize("name", LEARNERS)
def test_every_learner_answers_before_it_learned_and_learns_who_succeeds(name: str) -> None:
    learner: ArmLearner = LEARNERS[name](("likes",), ARMS)
    for p in learner.predict({"likes": 1.0}):
        assert 0 < p < 1
    random = Random(4)
    for _ in range(2_000):
        likes = random.choice((-1.0, 1.0))
        success = random.random() < (0.8 if likes > 0 else 0.2)
        learner.learn({"likes": likes}, random.choice(ARMS), success)
    fans, others = learner.predict({"likes": 1.0}), learner.predict({"likes": -1.0})
    assert min(fans) > max(others) + 0.2


def test_a_second_order_learner_forgets_nothing_between_blocks() -> None:
    learner, random = LaplaceLogistic(("a", "b")), Random(5)
    for _ in range(6_000):
        x = {"a": random.gauss(0, 1), "b": random.gauss(0, 1)}
        learner.learn(x, random.random() < 1 / (1 + exp(-(x["a"] - 0.5 * x["b"]))))
    odds = [learner.predict({"a": a, "b": b}) for a, b in ((1.0, 0.0), (0.0, 1.0))]
    assert odds[0] == pytest.approx(1 / (1 + exp(-1.0)), abs=0.03)
    assert odds[1] == pytest.approx(1 / (1 + exp(0.5)), abs=0.03)
    with pytest.raises(ValueError, match="strength must be positive"):
        LaplaceLogistic(("a",), strength=0.0)


def test_encoding_bears_outliers_strangers_and_endless_words() -> None:
    rows: list[dict[str, float | str]] = [
        {"age": float(n), "word": f"w{n}", "fixed": 1.0} for n in range(200)
    ]
    encoding = Encoding(rows)
    x = encoding.encode({"age": 1e9, "word": "never seen", "fixed": 7.0, "new": 1.0})
    assert x == {"age": 4.0, "age^2": 1.0, "word=other": 1.0}
    assert set(x) <= set(encoding.names)
    assert sum(name.startswith("word=") for name in encoding.names) == MAX_WORDS + 1


def test_equal_promises_go_to_the_first_arm() -> None:
    assert greedy(("a", "b", "c"), (0.2, 0.3, 0.3)) == "b"
    assert folds_count(10) == 5
    assert folds_count(1_000_000) == 2
