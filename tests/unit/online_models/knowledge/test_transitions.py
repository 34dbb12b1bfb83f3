"""Transitions: rows sum to 1, the vector of the article holds, planted moves are found."""

import json
from itertools import groupby
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from features import moves as own
from features.session_record import CODE_OF
from online_models.knowledge.transitions import (
    STATES,
    Transitions,
    context_of,
    moves,
)
from tests.unit.online_models.knowledge.sessions import DAY_MS, a_session

kinds = st.sampled_from(sorted(CODE_OF))
steps = st.lists(st.tuples(kinds, st.integers(1, 5)), max_size=8).map(tuple)


ARTICLE = "BBSCPBSBCP"  # browsed, searched, carted, purchased
KINDS = {
    "B": "product.viewed",
    "S": "search.performed",
    "C": "cart.added",
    "P": "order.completed",
}


def article_row(state: str) -> dict[str, float]:
    known = Transitions()
    runs = tuple((KINDS[one], len(list(same))) for one, same in groupby(ARTICLE))
    known.learn(a_session(steps=runs))
    return known.row(KINDS[state])


def test_v11_the_rows_of_the_article_are_shares_of_what_comes_next() -> None:
    expected = {KINDS["B"]: 0.25, KINDS["S"]: 0.5, KINDS["C"]: 0.25}
    assert article_row("B") == pytest.approx(expected)
    assert all(sum(article_row(state).values()) == pytest.approx(1) for state in KINDS)


def test_v11_the_form_of_the_article_is_the_chance_of_what_came_before() -> None:
    p = {state: ARTICLE.count(state) / len(ARTICLE) for state in "BS"}
    # p(S|B) p(B) / p(S) = .5 x .4 / .2: not the chance that S follows, which is .5.
    assert article_row("B")[KINDS["S"]] * p["B"] / p["S"] == pytest.approx(1.0)


@given(st.lists(steps, max_size=6), st.sampled_from([*STATES, "never met", "cart.added+"]))
def test_c28_each_row_sums_to_1_whatever_was_learned(
    sessions: list[tuple[tuple[str, int], ...]], context: str
) -> None:
    known = Transitions()
    for number, told in enumerate(sessions):
        known.learn(a_session(number * DAY_MS, steps=told))
    chances = known.probabilities(context)
    assert sum(chances.values()) == pytest.approx(1)
    assert all(0 <= chance <= 1 for chance in chances.values())
    assert json.loads(json.dumps(known.dump())) == known.dump()
    assert known.likeliest(context) in STATES


def test_c28_rows_equal_a_recount_and_runs_are_counted_move_by_move() -> None:
    session = a_session(steps=(("product.viewed", 3), ("cart.added", 1)))
    assert moves(session) == [
        ("begin", "product.viewed"),
        ("product.viewed", "product.viewed"),
        ("product.viewed", "product.viewed"),
        ("product.viewed+", "cart.added"),
        ("cart.added", "end"),
    ]
    known = Transitions()
    known.learn(session)
    assert known.row("product.viewed") == pytest.approx(
        {"product.viewed": 2 / 3, "cart.added": 1 / 3}
    )


def test_c28_planted_moves_are_foretold_better_than_by_the_majority_class() -> None:
    random, known, hits, majority, tries = Random(5), Transitions(), 0, 0, 0
    for number in range(2_000):
        story = ["search.performed"]
        while len(story) < 12 and random.random() < 0.9:
            likely = {
                "search.performed": "product.viewed",
                "product.viewed": "cart.added",
                "cart.added": "search.performed",
            }
            story.append(likely[story[-1]] if random.random() < 0.8 else "product.viewed")
        session = a_session(number * 1_000, steps=tuple((kind, 1) for kind in story))
        for context, following in moves(session):
            hits += known.likeliest(context) == following
            majority += following == "product.viewed"
            tries += 1
        known.learn(session)
    assert hits / tries > majority / tries + 0.2


def test_c28_old_habits_fade() -> None:
    known = Transitions(half_life_ms=DAY_MS)
    for _ in range(10):
        known.learn(a_session(0, steps=(("cart.added", 1), ("cart.removed", 1))))
    known.learn(a_session(3_000 * DAY_MS, steps=(("cart.added", 1), ("order.completed", 1))))
    assert known.likeliest("cart.added") == "order.completed"


def test_p11_every_state_there_is_stays_within_the_stated_bytes() -> None:
    known = Transitions()
    for number, before in enumerate(CODE_OF):
        for after in CODE_OF:
            known.learn(a_session(number * DAY_MS // 3, steps=((before, 3), (after, 1))))
            known.learn(a_session(number * DAY_MS // 3, steps=((before, 1), (after, 1))))
    assert len(json.dumps(known.dump(), separators=(",", ":"))) <= Transitions.MAX_BYTES


@given(st.lists(st.tuples(kinds, kinds), max_size=300))
def test_c28_one_customers_moves_stay_small_and_are_chances(history: list[tuple[str, str]]) -> None:
    known: dict[str, int] = {}
    for before, after in history:
        own.add(known, before, after)  # type: ignore[arg-type]
    assert len(json.dumps(known, separators=(",", ":"))) <= 150
    prior = 1 / len(CODE_OF)
    chances = [own.probability(known, "cart.added", after, prior) for after in CODE_OF]
    assert sum(chances) == pytest.approx(1)
    assert context_of("cart.added", 9) == "cart.added+"
