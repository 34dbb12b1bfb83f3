"""Caution: the doubt in what a coupon does counts against it, and fades with what is learned."""

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from features.actions import NOTHING
from online_models.response import ResponseModel
from tests.unit.online_models.planted import NAMES, TEN, THIRTY, visitor


def taught(lessons_count: int, seed: int = 3) -> ResponseModel:
    model, dice = ResponseModel(NAMES, caution=0.4), Random(seed)
    for _ in range(lessons_count):
        x = visitor(dice)
        action = (NOTHING, TEN, THIRTY)[dice.randrange(3)]
        model.learn_one(x, action, dice.random() < 0.2)
    return model


@given(st.integers(0, 60), st.integers(0, 1_000))
def test_caution_never_raises_a_chance_and_leaves_nothing_alone(lessons: int, seed: int) -> None:
    model, x = taught(lessons, seed), visitor(Random(seed))
    plain = model.predict_many(x, [NOTHING, TEN, THIRTY])
    cautious = model.score(x, [TEN, THIRTY])
    assert cautious.p_nothing == plain[0]
    assert all(low <= high for low, high in zip(cautious.p_buy, plain[1:], strict=True))


def test_without_caution_both_answers_are_the_same() -> None:
    model, x = ResponseModel(NAMES, caution=0.0), visitor(Random(1))
    assert model.score(x, [TEN]).p_buy == model.predict_many(x, [TEN])


def test_doubt_fades_as_coupons_are_learned_about() -> None:
    x = visitor(Random(1))

    def doubt(model: ResponseModel) -> float:
        plain, cautious = model.predict_one(x, TEN), model.score(x, [TEN]).p_buy[0]
        unaided = model.predict_one(x, NOTHING)
        return (plain - cautious) / (plain - unaided)

    assert doubt(taught(3_000)) < doubt(taught(300)) < doubt(taught(0))


def test_caution_is_read_anew_after_each_lesson() -> None:
    model, x = taught(50), visitor(Random(2))
    before = model.score(x, [TEN]).p_buy
    model.learn_one(x, TEN, True)
    fresh = taught(50)
    fresh.learn_one(x, TEN, True)
    assert model.score(x, [TEN]).p_buy == fresh.score(x, [TEN]).p_buy != before
