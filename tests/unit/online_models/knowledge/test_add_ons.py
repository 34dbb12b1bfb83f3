"""Add-ons prepared once are those that going through all partners gives."""

from hypothesis import given, settings
from hypothesis import strategies as st

from online_models.knowledge.add_ons import AddOns
from online_models.knowledge.pairs import Pairs

NAMES = st.sampled_from("abcdefghij")


@settings(deadline=None, max_examples=200)
@given(
    baskets=st.lists(st.lists(NAMES, min_size=1, max_size=4), max_size=40),
    cart=st.lists(NAMES, max_size=5),
    count=st.integers(1, 4),
)
def test_c53_prepared_hints_are_those_of_the_pairs(
    baskets: list[list[str]], cart: list[str], count: int
) -> None:
    pairs = Pairs()
    for at, basket in enumerate(baskets):
        pairs.add(basket, at * 3_600_000)
    now_ms = len(baskets) * 3_600_000
    prepared = AddOns(pairs, now_ms)
    for _ in range(2):  # from the pairs, and from what was prepared
        assert prepared.hints(cart, count) == pairs.hints(cart, count, now_ms)
