"""River's own checks restated, and what the crosses must make possible."""

from copy import deepcopy
from math import exp, inf, isfinite, nan
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from river import linear_model, optim

from features.actions import NOTHING, Action
from online_models.crosses import Crosses, Limits
from online_models.ftrl import Ftrl
from online_models.prior import Prior
from online_models.response import ResponseModel
from online_models.shapes import HIGHEST, LOWEST, log_odds
from tests.unit.online_models.planted import ACTIONS, NAMES, RELAXED, SHIP, TEN, THIRTY, visitor

numbers = st.floats(-4, 4, allow_nan=False).map(lambda value: round(value, 4))
users = st.fixed_dictionaries({name: numbers for name in NAMES})
actions = st.builds(
    Action,
    action_id=st.sampled_from(["a", "b", "c|d", "#1", "é"]),
    kind=st.sampled_from(["percent_off", "gift", "bundle"]),
    depth_ratio=st.floats(0, 1),
    match_ratio=st.floats(0, 1),
    gap_ratio=st.floats(0, 1),
) | st.just(NOTHING)
lessons = st.lists(st.tuples(users, actions, st.booleans()), max_size=25)


def _learned(seen: list[tuple[dict[str, float], Action, bool]]) -> ResponseModel:
    model = ResponseModel(NAMES, limits=Limits(actions=3, buckets=2, kinds=2))
    for x, action, y in seen:
        model.learn_one(x, action, y)
    return model


@RELAXED
@given(lessons, users, st.lists(actions, min_size=1, max_size=6))
def test_one_pass_equals_river_on_the_expanded_features(
    seen: list[tuple[dict[str, float], Action, bool]],
    x: dict[str, float],
    candidates: list[Action],
) -> None:
    model = _learned(seen)
    for action, p in zip(candidates, model.predict_many(x, candidates), strict=True):
        expected = model.river.predict_proba_one(model.crosses.unaided(x))[True]
        if action.kind != "nothing":
            won_over = model.river.predict_proba_one(model.crosses.persuasion(x, action))[True]
            expected += (1 - expected) * won_over
        assert p == pytest.approx(min(max(expected, LOWEST), HIGHEST), abs=1e-12)


@RELAXED
@given(lessons, users, actions, users, actions, st.booleans())
def test_learning_between_two_answers_is_seen_by_the_second(
    seen: list[tuple[dict[str, float], Action, bool]],
    x: dict[str, float],
    action: Action,
    other_x: dict[str, float],
    other: Action,
    y: bool,
) -> None:
    asked = _learned(seen)
    asked.predict_many(x, (action, other))  # fills what is remembered for speed
    asked.learn_one(other_x, other, y)
    fresh = _learned([*seen, (other_x, other, y)])
    assert asked.predict_many(x, (action, other)) == fresh.predict_many(x, (action, other))


@RELAXED
@given(lessons, users, actions)
def test_c66_contributions_sum_to_the_log_odds(
    seen: list[tuple[dict[str, float], Action, bool]], x: dict[str, float], action: Action
) -> None:
    answers = _learned(seen).score(x, [action])
    of_coupon, of_nothing = answers.contributions(0), answers.contributions(None)
    assert sum(of_coupon.values()) == pytest.approx(log_odds(answers.p_buy[0]), abs=1e-12)
    assert sum(of_nothing.values()) == pytest.approx(log_odds(answers.p_nothing), abs=1e-12)
    assert of_coupon["bias"] == of_nothing["bias"]


@RELAXED
@given(lessons, users, st.lists(actions, min_size=1, max_size=6))
def test_one_pass_over_many_coupons_answers_as_one_pass_for_each(
    seen: list[tuple[dict[str, float], Action, bool]],
    x: dict[str, float],
    coupons: list[Action],
) -> None:
    model = _learned(seen)
    together, apart = model.score(x, coupons), [model.score(x, [one]) for one in coupons]
    assert together.p_buy == [one.p_buy[0] for one in apart]
    assert [together.expected(at) for at in range(len(coupons))] == [
        one.expected(0) for one in apart
    ]
    assert [together.contributions(at) for at in range(len(coupons))] == [
        one.contributions(0) for one in apart
    ]


def test_c66_contributions_turn_into_the_probability() -> None:
    random, model = Random(5), ResponseModel(NAMES)
    for _ in range(300):
        model.learn_one(visitor(random), random.choice(ACTIONS), random.random() < 0.1)
    answers = model.score(visitor(random), [TEN, THIRTY])
    parts = answers.contributions(1)
    total = sum(parts.values())
    assert 1 / (1 + exp(-total)) == pytest.approx(answers.p_buy[1], rel=1e-12)
    plain = total - parts["caution"]
    assert 1 / (1 + exp(-plain)) == pytest.approx(answers.expected(1), rel=1e-12)


@RELAXED
@given(lessons, users, actions)
def test_answers_and_lessons_leave_x_untouched(
    seen: list[tuple[dict[str, float], Action, bool]], x: dict[str, float], action: Action
) -> None:
    model, before = _learned(seen), dict(x)
    answers = model.score(x, (action,))
    answers.contributions(0)
    model.learn_one(x, action, True)
    assert x == before


@RELAXED
@given(users, st.lists(actions, min_size=1))
def test_it_answers_before_any_label_with_the_prior(
    x: dict[str, float], candidates: list[Action]
) -> None:
    model = ResponseModel(NAMES, prior=Prior(base_rate=0.07, persuaded_rate=0.02, steepness=0.0))
    with_coupon = 0.07 + 0.93 * 0.02
    expected = [0.07 if action is NOTHING else with_coupon for action in candidates]
    assert model.predict_many(x, candidates) == pytest.approx(expected)


def test_asking_never_changes_what_is_learned() -> None:
    model = ResponseModel(NAMES)
    before = (model.river.weights, model.crosses.groups, dict(model.optimizer.z))
    model.predict_many({}, [Action(action_id=f"c{i}", kind="gift") for i in range(50)])
    model.score({}, [TEN]).contributions(0)
    assert (model.river.weights, model.crosses.groups, dict(model.optimizer.z)) == before


def test_features_may_vanish_and_strangers_are_ignored() -> None:
    model = _learned([({name: 1.0 for name in NAMES}, TEN, False)] * 5)
    whole = dict.fromkeys(NAMES, 0.0) | {NAMES[0]: 2.0}
    part = {NAMES[0]: 2.0, "unknown_count_1h": 9.0}
    assert model.predict_one(part, TEN) == model.predict_one(whole, TEN)
    model.learn_one(part, TEN, True)
    assert not any("unknown" in key for key in model.river.weights)


def test_memory_is_bounded_whatever_coupons_and_kinds_come() -> None:
    limits = Limits(actions=8, buckets=4, kinds=3)
    model = ResponseModel(NAMES, limits=limits)
    x = dict.fromkeys(NAMES, 0.5)
    for number in range(3_000):
        coupon = Action(action_id=f"{'#' * (number % 2)}c{number}", kind=f"kind{number % 7}")
        model.learn_one(x, coupon, False)
        model.predict_one(x, coupon)
    groups = 4 + (limits.kinds + 1) + (limits.actions + limits.buckets)
    assert len(model.crosses.groups) == groups
    assert len(model.river.weights) <= groups * (len(NAMES) + 4)
    assert set(model.optimizer.z) == set(model.optimizer.n) == set(model.river.weights)
    assert len(model.labels_count) <= groups
    assert len(model._parts) <= 1_024


@pytest.mark.parametrize("bad", [nan, inf, -inf, 1e9])
def test_a_spoilt_feature_is_refused_and_changes_nothing(bad: float) -> None:
    model = ResponseModel(NAMES)
    before = (model.river.weights, model.crosses.groups)
    with pytest.raises(ValueError, match="must be finite"):
        model.learn_one({NAMES[0]: bad}, TEN, True)
    with pytest.raises(ValueError, match="must be finite"):
        model.learn_one({}, Action(action_id="a", kind="gift", gap_ratio=bad), True)
    with pytest.raises(ValueError, match="weight must be within"):
        model.learn_one({}, TEN, True, weight=bad)
    assert (model.river.weights, model.crosses.groups) == before


def test_weights_stay_finite_under_hostile_lessons() -> None:
    random, model = Random(3), ResponseModel(NAMES[:2])
    for _ in range(10_000):
        x = {name: random.choice((-1000.0, 1000.0, 1e-300, 0.0)) for name in NAMES[:2]}
        model.learn_one(x, random.choice(ACTIONS), random.random() < 0.5, weight=1000.0)
    assert all(isfinite(weight) for weight in model.river.weights.values())
    assert LOWEST <= model.predict_one({NAMES[0]: 1000.0}, TEN) <= HIGHEST


@RELAXED
@given(st.lists(st.tuples(users, st.booleans()), max_size=40))
def test_our_ftrl_step_is_rivers_bit_by_bit(seen: list[tuple[dict[str, float], bool]]) -> None:
    ours = linear_model.LogisticRegression(Ftrl(0.1, 1.0, 1.0), intercept_lr=0.0)
    theirs = linear_model.LogisticRegression(
        optim.FTRLProximal(0.1, 1.0, 0.0, 1.0), intercept_lr=0.0
    )
    for x, y in seen:
        ours.learn_one(x, y)
        theirs.learn_one(x, y)
    assert {k: w for k, w in ours.weights.items() if w} == {
        k: w for k, w in theirs.weights.items() if w
    }
    assert ours.optimizer.z == theirs.optimizer.z
    assert ours.optimizer.n == theirs.optimizer.n


def _rankings(scores: list[list[float]]) -> set[tuple[int, ...]]:
    return {tuple(sorted(range(len(row)), key=lambda i: -row[i])) for row in scores}


def test_v13_an_additive_model_ranks_coupons_alike_for_everybody_ours_does_not() -> None:
    coupons = (TEN, THIRTY, SHIP)
    hunter = dict.fromkeys(NAMES, 0.0) | {"sale_ratio_30d": 1.0}
    payer = dict.fromkeys(NAMES, 0.0) | {"shipping_drop_ratio_30d": 1.0}
    additive = linear_model.LogisticRegression(Ftrl(), intercept_lr=0.0)
    ours, random = ResponseModel(NAMES), Random(13)
    for _ in range(4_000):
        x, coupon = random.choice((hunter, payer)), random.choice((NOTHING, *coupons))
        wanted = coupon is not NOTHING and (x is hunter) == (coupon is not SHIP)
        y = random.random() < (0.4 if wanted else 0.1)
        additive.learn_one(x | {coupon.action_id: 1.0}, y)
        ours.learn_one(x, coupon, y)
    crowd = [visitor(random) for _ in range(300)] + [hunter, payer]
    flat = [
        [additive.predict_proba_one(x | {c.action_id: 1.0})[True] for c in coupons] for x in crowd
    ]
    assert len(_rankings(flat)) == 1
    assert len(_rankings([ours.predict_many(x, coupons) for x in crowd])) > 1
    assert ours.predict_one(hunter, THIRTY) > ours.predict_one(hunter, SHIP)
    assert ours.predict_one(payer, SHIP) > ours.predict_one(payer, THIRTY)


def test_a_positive_that_was_shown_as_a_negative_counts_as_one_label() -> None:
    model = ResponseModel(NAMES, cold_until=2)
    model.learn_opened({}, TEN)
    model.learn_bought({}, TEN)
    assert model.is_cold(TEN)
    model.learn_opened({}, TEN)
    assert not model.is_cold(TEN)


def test_weights_of_examples_count() -> None:
    light, heavy = ResponseModel(NAMES), ResponseModel(NAMES)
    for _ in range(20):
        light.learn_one({}, TEN, True, weight=0.1)
        heavy.learn_one({}, TEN, True, weight=1.0)
    assert heavy.predict_one({}, TEN) > light.predict_one({}, TEN)


@pytest.mark.parametrize("names", [(), ("a", "a"), ("a|b",), ("bias",), ("",)])
def test_feature_names_that_would_collide_are_refused(names: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="names must be"):
        Crosses(names)


def test_the_same_lessons_give_the_same_bits() -> None:
    seen = [(visitor(Random(i)), ACTIONS[i % 4], i % 5 == 0) for i in range(60)]
    assert _learned(seen).river.weights == _learned(deepcopy(seen)).river.weights
