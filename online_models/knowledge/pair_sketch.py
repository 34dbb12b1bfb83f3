"""A sketch of pairs of names that also knows which names were met together."""

from collections.abc import Iterable
from math import inf

from features.session_record import OF
from online_models.knowledge.sketch import Sketch


def pair_name(one: str, other: str) -> str:
    """Name a pair, whichever is given first.

    Examples
    --------
    >>> pair_name("b", "a") == pair_name("a", "b")
    True
    """
    return f"{one}{OF}{other}" if one < other else f"{other}{OF}{one}"


def split(pair: str) -> tuple[str, str]:
    """Give the names of a pair in their order.

    Examples
    --------
    >>> split(pair_name("b", "a"))
    ('a', 'b')
    """
    one, _, other = pair.partition(OF)
    return one, other


class PairSketch(Sketch):
    """Decayed weights of the heaviest pairs; partners are found without going through all.

    The index of partners is made of the pairs and no part of the dump.
    """

    def __init__(self, cap: int, half_life_ms: int) -> None:
        super().__init__(cap, half_life_ms)
        self._partners: dict[str, dict[str, None]] | None = None

    def add_pair(self, one: str, other: str, weight: float, most: float = inf) -> None:
        """Add a weight that was multiplied by `factor`; `most` as in `Sketch.add`."""
        name = pair_name(one, other)
        is_new = name not in self
        self.add(name, weight, most)
        if is_new and self._partners is not None and name in self:
            self._meet(one, other)

    def partners(self, name: str) -> Iterable[str]:
        """Give the names that were met with this one, in no particular order."""
        if self._partners is None:
            self._partners = {}
            for pair in self.names():
                self._meet(*split(pair))
        return self._partners.get(name, ())

    def _meet(self, one: str, other: str) -> None:
        assert self._partners is not None
        self._partners.setdefault(one, {})[other] = None
        self._partners.setdefault(other, {})[one] = None

    def _forget(self) -> None:
        super()._forget()
        self._partners = None
