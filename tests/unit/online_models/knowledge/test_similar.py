"""Similarity: the textbook's numbers, other products only, new offers ranked by content."""

import json
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from online_models.knowledge.similar import (
    Similar,
    content_match,
    cosine,
    ratings_of,
    weighted_mean,
)
from tests.unit.online_models.knowledge.sessions import a_session

NAMES = "abcdef"
rows = st.lists(
    st.dictionaries(st.sampled_from(NAMES), st.sampled_from([1.0, 3.0, 5.0]), min_size=1),
    min_size=1,
    max_size=30,
)


def test_v09_similarities_and_scores_are_the_textbooks() -> None:
    wanted, others = (1, 2, 3), ((3, 2, 1), (2, 1, 3))
    alike = [cosine(wanted, other) for other in others]
    assert alike == pytest.approx([0.714, 0.929], abs=5e-4)
    scores = [weighted_mean([other[at] for other in others], alike) for at in range(3)]
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
    assert similar.expected_rating("b", taste, 0) == pytest.approx(5.0)
    assert [name for name, _ in similar.suggestions(taste, 3, 0)] == ["b"]


def test_v24_a_product_is_no_neighbour_of_its_own_and_a_score_is_a_mean_of_all() -> None:
    similar = Similar()
    similar.add({"a": 1.0, "b": 1.0}, 0)
    similar.add({"a": 1.0, "c": 5.0}, 0)
    assert similar.similarity("a", "a", 0) == 1.0
    assert "a" not in dict(similar.neighbours("a", 0))
    alike = [similar.similarity("a", name, 0) for name in "bc"]
    expected = (2.0 * alike[0] + 5.0 * alike[1]) / sum(alike)
    assert similar.expected_rating("a", {"b": 2.0, "c": 5.0, "a": 99.0}, 0) == pytest.approx(
        expected
    )


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


def test_c32_a_new_coupon_is_ranked_with_no_history() -> None:
    taste = {"category:home/lamps": 0.6, "category:toys": 0.3, "brand:acme": 0.2}
    scopes = {
        "toys": ["category:toys"],
        "home": ["category:home"],
        "acme": ["brand:acme"],
        "cars": ["category:cars"],
    }
    ranked = sorted(scopes, key=lambda name: -content_match(scopes[name], taste))
    assert ranked == ["home", "toys", "acme", "cars"]
    assert content_match(["category:home", "category:toys"], taste) == pytest.approx(0.9)


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
