"""What to add to a cart, from rules that do not change any more.

Going through all partners of a cart at each decision would cost hundreds of microseconds. Here the
partners of a product are put in order once, at the first cart that holds it.
"""

from collections.abc import Sequence, Set

from online_models.knowledge.pairs import Pairs, Rule

Scored = tuple[float, Rule]


class AddOns:
    """Hints for carts, from one state of what goes together.

    The lists hold each pair twice at most, so they take no more than the pairs themselves.
    """

    def __init__(self, pairs: Pairs, now_ms: int) -> None:
        self._pairs, self._now_ms = pairs, now_ms
        self._of: dict[str, tuple[Scored, ...]] = {}

    def hints(
        self, basket: Sequence[str], count: int, besides: Set[str] = frozenset()
    ) -> list[Rule]:
        """Give what to add to a basket: each name with its best rule, likeliest first.

        Only what is likelier beside the basket than alone (lift above 1) is a hint. Confidence
        counts as if some more baskets had been without it, so that one lucky basket is no rule.
        Names of `besides` are left out.
        """
        held = set(basket)
        best: dict[str, Scored] = {}
        for when in dict.fromkeys(basket):
            taken_count, last = 0, 0.0
            for score, found in self._partners(when):
                if found.then in held or found.then in besides:
                    continue
                if taken_count >= count and score < last:
                    break
                taken_count, last = taken_count + 1, score
                if found.then not in best or score > best[found.then][0]:
                    best[found.then] = (score, found)
        ordered = sorted(best.values(), key=_rank)
        return [found for _, found in ordered[:count]]

    def _partners(self, when: str) -> tuple[Scored, ...]:
        known = self._of.get(when)
        if known is None:
            known = tuple(sorted(self._pairs.partners_of(when, self._now_ms), key=_rank))
            if known:  # a product that nobody carted takes no room
                self._of[when] = known
        return known


def _rank(scored: Scored) -> tuple[float, float, str]:
    return -scored[0], -scored[1].lift, scored[1].then
