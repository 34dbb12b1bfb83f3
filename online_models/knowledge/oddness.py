"""How odd a session is: half-space trees of River, with a state of plain JSON.

Trees are drawn from the seed alone when the first row comes, so only the masses of their nodes have
to be kept. The limits of the numbers are fixed (`features.scale` gives 0..4), so no scaler has to
follow the data, and an outlier cannot stretch it.

References
----------
[^1]: Tan, Ting, Liu (2011), Fast anomaly detection for streaming data.
"""

from collections.abc import Sequence
from typing import Any

from river import anomaly

from features.session_record import Session
from online_models.knowledge.description import NAMES, describe

TREES_COUNT, HEIGHT, WINDOW_COUNT = 15, 7, 250
_HIGHEST = 4.0  # of features.scale


class Oddness:
    """A score in 0..1 of how unlike the last rows one is; 0.0 while the first are gathered.

    15 trees of 255 nodes with two counts of at most three digits: 31,000 bytes as JSON.
    """

    MAX_BYTES = 31_000

    def __init__(self, names: Sequence[str] = NAMES, seed: int = 1) -> None:
        self.names, self.seed = tuple(names), seed
        self._trees = anomaly.HalfSpaceTrees(
            n_trees=TREES_COUNT,
            height=HEIGHT,
            window_size=WINDOW_COUNT,
            limits=dict.fromkeys(self.names, (0.0, _HIGHEST)),
            seed=seed,
        )

    def learn(self, session: Session) -> None:
        """Take in a session."""
        self.learn_one(describe(session))

    def learn_one(self, x: Sequence[float]) -> None:
        """Take in one row of numbers in the order of `names`."""
        self._trees.learn_one(dict(zip(self.names, x, strict=True)))

    def score(self, session: Session) -> float:
        """Say how odd a session is."""
        return self.score_one(describe(session))

    def score_one(self, x: Sequence[float]) -> float:
        """Say how odd a row is; nothing is learned from it."""
        return float(self._trees.score_one(dict(zip(self.names, x, strict=True))))

    def dump(self) -> dict[str, Any]:
        """Give the state as plain JSON."""
        trees = self._trees
        return {
            "names": list(self.names),
            "seed": self.seed,
            "counter": trees.counter,
            "first_window": trees._first_window,
            "masses": [
                [mass for node in nodes for mass in (node.l_mass, node.r_mass)]
                for nodes in trees._tree_nodes
            ],
        }

    @classmethod
    def load(cls, state: dict[str, Any]) -> "Oddness":
        """Make what `dump` gave."""
        found = cls(state["names"], state["seed"])
        if not state["masses"]:
            return found
        found.learn_one([0.0] * len(found.names))  # lets the seed draw the trees
        for nodes, masses in zip(found._trees._tree_nodes, state["masses"], strict=True):
            for at, node in enumerate(nodes):
                node.l_mass, node.r_mass = masses[2 * at], masses[2 * at + 1]
        found._trees.counter = state["counter"]
        found._trees._first_window = state["first_window"]
        return found
