"""Similarity: the textbook's numbers, other products only, planted tastes found."""

import json
from collections.abc import Sequence
from math import sqrt
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from online_models.knowledge.similar import Similar, ratings_of
from tests.unit.online_models.knowledge.sessions import a_session

NAMES = "abcdef"
rows = st.lists(
    st.dictionaries(st.sampled_from(NAMES), st.sampled_from([1.0, 3.0, 5.0]), min_size=1),
    min_size=1,
    max_size=30,
)


def cosine(one: Sequence[float], other: Sequence[float]) -> float:
    size = sqrt(sum(a * a for a in one) * sum(b * b for b in other))
    return sum(a * b for a, b in zip(one, other, strict=True)) / size if size else 0.0


def test_v09_similarities_and_scores_are_the_textbooks() -> None:
    wanted, others = (1.0, 2.0, 3.0), ((3.0, 2.0, 1.0), (2.0, 1.0, 3.0))
    similar = Similar()
    for item in zip(wanted, *others, strict=True):  # here customers are what is alike
        similar.add(dict(zip("abc", item, strict=True)), 0)
    alike = [similar.similarity("a", other, 0) for other in "bc"]
    assert alike == pytest.approx([0.714, 0.929], abs=5e-4)
    scores = [
        sum(other[at] * share for other, share in zip(others, alike, strict=True)) / sum(alike)
        for at in range(3)
    ]
    assert scores == pytest.approx([2.435, 1.435, 2.130], abs=5e-4)
    order = sorted(range(1, 4), key=lambda item: -scores[item - 1])
    assert order == [1, 3, 2]


def test_v10_the_articles_ratio_is_one_for_any_two_and_ours_tells_them_apart() -> None:
    def of_the_article(one: list[int], other: list[int]) -> float:
        """P(i | j) P(j) over P(j | i) P(i): either way the chance of both."""
        both, count = sum(map(int.__mul__, one, other)), len(one)
        given_other, given_one = both / sum(other), both / sum(one)
        return given_other * (sum(other) / count) / (given_one * (sum(one) / count))

    twins, strangers = ([1, 1, 1, 0, 0], [1, 1, 1, 0, 0]), ([1, 1, 0, 0, 0], [0, 1, 1, 1, 1])
    for one, other in (twins, strangers):
        assert of_the_article(one, other) == pytest.approx(1.0)
    assert cosine(*twins) == pytest.approx(1.0)
    assert cosine(*strangers) < 0.5


def test_v10_what_nobody_rated_yet_still_gets_a_score_from_what_is_like_it() -> None:
    # The goal of the article counts rated items only, so it is 0 for every other one.
    similar = Similar()
    for _ in range(3):
        similar.add({"a": 5.0, "b": 5.0}, 0)
    similar.add({"c": 1.0, "d": 1.0}, 0)
    taste = {"a": 5.0}
    assert [name for name, _ in similar.suggestions(taste, 3, 0)] == ["b"]


def test_v24_a_product_is_no_neighbour_of_its_own_and_all_neighbours_count_for_its_score() -> None:
    similar = Similar()
    similar.add({"a": 1.0, "b": 1.0}, 0)
    similar.add({"a": 1.0, "c": 5.0}, 0)
    assert similar.similarity("a", "a", 0) == 1.0
    assert "a" not in dict(similar.neighbours("a", 0))
    known = {"b": 2.0, "c": 5.0}
    alone = [dict(similar.suggestions({name: known[name]}, 5, 0))["a"] for name in known]
    ((name, score),) = similar.suggestions(known, 5, 0)
    assert name == "a"
    assert score == pytest.approx(sum(alone))


@given(rows)
def test_c31_incremental_similarities_equal_the_cosine_of_whole_columns(
    sessions: list[dict[str, float]],
) -> None:
    similar = Similar()
    for ratings in sessions:
        similar.add(ratings, 0)
    columns = {name: [ratings.get(name, 0.0) for ratings in sessions] for name in NAMES}
    for one in NAMES:
        for other in NAMES:
            if one != other:
                found = similar.similarity(one, other, 0)
                assert found == pytest.approx(cosine(columns[one], columns[other]))


def test_c31_suggestions_are_of_the_planted_taste_and_nothing_already_known() -> None:
    random, similar = Random(6), Similar()
    for number in range(2_000):
        taste = "xy"[number % 2]
        products = [f"{taste}{int(random.triangular(0, 20, 0))}" for _ in range(5)]
        similar.learn(a_session(number * 1_000, viewed=products[:4], bought=products[4:]))
    found = similar.suggestions({"x1": 5.0, "x2": 1.0}, 10, 2_000_000)
    assert len(found) == 10
    assert all(name.startswith("x") and name not in ("x1", "x2") for name, _ in found)


def test_c31_the_most_that_was_done_with_a_product_is_its_rating() -> None:
    session = a_session(viewed="abc", carted="bc", bought="c")
    assert ratings_of(session) == {"a": 1.0, "b": 3.0, "c": 5.0}


@pytest.mark.parametrize("count", [1_000, pytest.param(10_000, marks=pytest.mark.slow)])
def test_p11_hostile_names_stay_within_the_stated_bytes(count: int) -> None:
    similar = Similar()
    for number in range(count):
        similar.learn(
            a_session(number, viewed=[f"{number * 10 + at:x}".rjust(40, "z") for at in range(10)])
        )
    dumped = json.dumps(similar.dump(), separators=(",", ":"))
    assert len(dumped) <= Similar.MAX_BYTES
    again = Similar.load(json.loads(dumped))
    for one in (similar, again):
        one.add({"a": 1.0, "b": 5.0}, count)
    assert again.dump() == similar.dump()
