"""Add-ons prepared once are those that going through all partners gives."""

from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from online_models.knowledge.add_ons import AddOns
from online_models.knowledge.pairs import Pairs, Rule

NAMES = st.sampled_from("abcdefghij")


def plain_hints(pairs: Pairs, basket: Sequence[str], count: int, now_ms: int) -> list[Rule]:
    """Go through all partners of all that is in the basket."""
    best: dict[str, tuple[float, Rule]] = {}
    for when in dict.fromkeys(basket):
        for score, found in pairs.partners_of(when, now_ms):
            then = found.then
            if then not in basket and (then not in best or score > best[then][0]):
                best[then] = (score, found)
    ordered = sorted(best.values(), key=lambda pair: (-pair[0], -pair[1].lift, pair[1].then))
    return [found for _, found in ordered[:count]]


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
        assert prepared.hints(cart, count) == plain_hints(pairs, cart, count, now_ms)
