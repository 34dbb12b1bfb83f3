"""Associations: equal to a count of all baskets, within the stated error when room is short."""

import json
from itertools import combinations
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from online_models.knowledge.add_ons import AddOns
from online_models.knowledge.pairs import Associations, Pairs
from tests.unit.online_models.knowledge.sessions import DAY_MS, a_session

baskets_strategy = st.lists(
    st.tuples(st.sets(st.sampled_from("abcdefgh"), min_size=1), st.integers(0, 20 * DAY_MS)),
    min_size=1,
    max_size=60,
)
HALF_LIFE_MS = 10 * DAY_MS
Basket = tuple[set[str], int]


def brute(baskets: list[Basket], names: set[str], now_ms: int) -> float:
    """Count the baskets that hold all names, faded."""
    return sum(2 ** ((at - now_ms) / HALF_LIFE_MS) for held, at in baskets if names <= held)


@given(baskets_strategy)
def test_c27_support_confidence_and_lift_equal_a_batch_apriori(baskets: list[Basket]) -> None:
    pairs, now_ms = Pairs(half_life_ms=HALF_LIFE_MS), 20 * DAY_MS
    for held, at in baskets:
        pairs.add(held, at)
    whole = brute(baskets, set(), now_ms)
    for when, then in combinations("abcdefgh", 2):
        both = brute(baskets, {when, then}, now_ms)
        rule = pairs.rule(when, then, now_ms)
        assert (rule is None) == (both == 0)
        if rule is not None:
            alone, wanted = (brute(baskets, {name}, now_ms) for name in (when, then))
            assert rule.support == pytest.approx(both / whole)
            assert rule.confidence == pytest.approx(both / alone)
            assert rule.lift == pytest.approx(both * whole / (alone * wanted))
            assert rule.error == 0


@given(baskets_strategy, st.integers(2, 6))
def test_c27_with_too_little_room_the_count_is_within_the_stated_error(
    baskets: list[Basket], room: int
) -> None:
    pairs, now_ms = Pairs(names_count=50, pairs_count=room, half_life_ms=HALF_LIFE_MS), 20 * DAY_MS
    for held, at in baskets:
        pairs.add(held, at)
    whole = brute(baskets, set(), now_ms)
    for when, then in combinations("abcdefgh", 2):
        rule = pairs.rule(when, then, now_ms)
        if rule is not None:
            both, counted = brute(baskets, {when, then}, now_ms), rule.support * whole
            assert counted <= both + 1e-9
            assert both <= counted + rule.error + 1e-9
            # Names have room here, so what is missing of a pair is all that a lift may miss.
            alone, wanted = (brute(baskets, {name}, now_ms) for name in (when, then))
            lift, missing = (times * whole / (alone * wanted) for times in (both, rule.error))
            assert rule.lift <= lift * (1 + 1e-9)
            assert lift <= (rule.lift + missing) * (1 + 1e-9)


def planted(count: int, seed: int) -> list[Basket]:
    """Fill baskets by chance; who takes a printer mostly takes ink, and phones go with cases."""
    random, baskets = Random(seed), []
    for number in range(count):
        held = {f"thing-{int(random.paretovariate(1.0))}" for _ in range(3)}
        for one, other in (("printer", "ink"), ("phone", "case")):
            if random.random() < 0.03:
                held |= {one, other} if random.random() < 0.8 else {one}
        baskets.append((held, number * 60_000))
    return baskets


def test_c27_planted_rules_are_the_top_ones() -> None:
    pairs = Pairs()
    for held, at in planted(5_000, 3):
        pairs.add(held, at)
    rules = pairs.rules(5_000 * 60_000, least_support=0.005, count=2)
    assert {frozenset((rule.when, rule.then)) for rule in rules} == {
        frozenset(("printer", "ink")),
        frozenset(("phone", "case")),
    }
    assert all(rule.lift > 10 and rule.confidence > 0.6 for rule in rules)


def test_c53_hints_hit_planted_rules_far_more_often_than_popularity() -> None:
    pairs, hits, tries = Pairs(), 0, 0
    for held, at in planted(6_000, 4):
        for when, then in (("printer", "ink"), ("phone", "case")):
            if at > 60_000 * 3_000 and {when, then} <= held:
                rules = AddOns(pairs, at).hints(sorted(held - {then}), 3)
                hints = [rule.then for rule in rules]
                hits, tries = hits + (then in hints), tries + 1
        pairs.add(held, at)
    print(f"planted add-ons among the first 3 hints: {hits} of {tries}")
    assert hits / tries >= 0.9


def test_c53_a_hint_is_never_in_the_basket_nor_less_likely_beside_it() -> None:
    pairs = Pairs()
    for _ in range(20):
        pairs.add("ab", 0)
        pairs.add("c", 0)
    pairs.add("ac", 0)
    add_ons = AddOns(pairs, 0)
    assert [hint.then for hint in add_ons.hints("a", 5)] == ["b"]
    assert add_ons.hints("ab", 5) == []
    assert add_ons.hints(["unknown"], 5) == []


def test_c27_carted_and_bought_of_a_session_are_one_basket() -> None:
    known = Associations()
    known.learn(a_session(carted="a", bought="b", carted_categories="x", bought_categories="y"))
    assert known.products.rule("a", "b", 0) is not None
    assert known.categories.rule("y", "x", 0) is not None
    assert known.products.baskets(0) == 1


@pytest.mark.parametrize("count", [1_000, pytest.param(10_000, marks=pytest.mark.slow)])
def test_p11_hostile_names_stay_within_the_stated_bytes(count: int) -> None:
    known = Associations()
    for number in range(count):
        names = [f"{number * 10 + at:x}".rjust(40, "z") for at in range(10)]
        known.learn(a_session(number, bought=names, bought_categories=names))
    dumped = json.dumps(known.dump(), separators=(",", ":"))
    assert len(dumped) <= Associations.MAX_BYTES
    again = Associations.load(json.loads(dumped))
    for one in (known, again):
        one.learn(a_session(count, bought="ab"))
    assert again.dump() == known.dump()
    told, once = (AddOns(one.products, count).hints("a", 3) for one in (again, known))
    assert told == once
