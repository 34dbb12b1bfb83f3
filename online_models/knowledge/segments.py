"""Kinds of customers: clusters of what they do, with names that stay."""

from collections.abc import Sequence
from hashlib import blake2b
from typing import Any

import numpy as np

from features.session_record import Session
from online_models.knowledge.clusters import Matrix, distances, fitted
from online_models.knowledge.description import NAMES, describe
from online_models.knowledge.segment_names import name_of

KINDS_COUNTS = range(2, 9)
SAMPLE_COUNT = 400
FIRST_FIT = 100
FIT_EVERY = 2_000
_MEMORY_COUNT = 8 * SAMPLE_COUNT  # sessions that the sample stands for
_LEAST_SPREAD = 0.05  # what hardly varies is not blown up to look as if it did
_SAME_WITHIN = 1.5  # in spreads: a new centre so near to an old one goes on as that segment


class Segments:
    """Online K-means: a sample of sessions, centres that are found anew now and then.

    Between two fits nothing moves, so nobody changes segment but by what they do. A fit begins with
    the centres known, and new ones take the identity of the nearest old one.

    At most 400 rows of 15 numbers, and 9 centres: 60,000 bytes as JSON.
    """

    MAX_BYTES = 60_000

    def __init__(self, names: Sequence[str] = NAMES, seed: int = 1) -> None:
        self.names, self.seed = tuple(names), seed
        self.learned_count = 0
        self.silhouette = 0.0
        self._sample: list[list[float]] = []
        self._middle: list[float] = []
        self._spread: list[float] = []
        self._centres: list[list[float]] = []
        self._labels: list[str] = []
        self._next_label = 0

    def learn(self, session: Session) -> None:
        """Take in a session."""
        self.learn_one(describe(session))

    def learn_one(self, x: Sequence[float]) -> None:
        """Take in one row of numbers in the order of `names`; every 2,000th the centres move."""
        row = [round(value, 4) for value in x]
        self.learned_count += 1
        if len(self._sample) < SAMPLE_COUNT:
            self._sample.append(row)
        else:
            at = self._drawn(min(self.learned_count, _MEMORY_COUNT))
            if at < SAMPLE_COUNT:
                self._sample[at] = row
        count = self.learned_count
        if count % FIT_EVERY == 0 or (count < FIT_EVERY and count in _EARLY_FITS):
            self._fit()

    def sample(self) -> list[list[float]]:
        """Give the sampled rows: sessions like all others, at most 400."""
        return self._sample

    def segment_of(self, x: Sequence[float]) -> str | None:
        """Name the segment of a row: `s` and a number that never means another; None before any."""
        if not self._centres:
            return None
        scaled = [
            (value - middle) / spread
            for value, middle, spread in zip(x, self._middle, self._spread, strict=True)
        ]
        apart = [
            sum([(one - other) ** 2 for one, other in zip(scaled, centre, strict=True)])
            for centre in self._centres
        ]
        return self._labels[apart.index(min(apart))]

    def named(self) -> dict[str, tuple[str, str]]:
        """Give each segment's name in English and in Chinese, by what sets it apart."""
        taken: dict[str, tuple[str, str]] = {}
        for label, centre in zip(self._labels, self._centres, strict=True):
            parts = dict(zip(self.names, centre, strict=True))
            name = name_of(parts)
            if name in taken.values():
                name = (f"{name[0]} ({label})", f"{name[1]}（{label}）")
            taken[label] = name
        return taken

    def shares(self) -> dict[str, float]:
        """Give each segment's share of the sampled sessions, in 0..1; they sum to 1."""
        shares = dict.fromkeys(self._labels, 0.0)
        for row in self._sample:
            label = self.segment_of(row)
            if label is not None:
                shares[label] += 1 / len(self._sample)
        return shares

    def centre(self, label: str) -> dict[str, float]:
        """Give a segment's mean of each number, unscaled."""
        centre = self._centres[self._labels.index(label)]
        return {
            name: value * spread + middle
            for name, value, middle, spread in zip(
                self.names, centre, self._middle, self._spread, strict=True
            )
        }

    def dump(self) -> dict[str, Any]:
        """Give the state as plain JSON."""
        return {
            "names": list(self.names),
            "seed": self.seed,
            "learned": self.learned_count,
            "silhouette": self.silhouette,
            "sample": [list(row) for row in self._sample],
            "middle": list(self._middle),
            "spread": list(self._spread),
            "centres": [list(centre) for centre in self._centres],
            "labels": list(self._labels),
            "next_label": self._next_label,
        }

    @classmethod
    def load(cls, state: dict[str, Any]) -> "Segments":
        """Make what `dump` gave."""
        found = cls(state["names"], state["seed"])
        found.learned_count, found.silhouette = state["learned"], state["silhouette"]
        found._sample = [list(row) for row in state["sample"]]
        found._middle, found._spread = list(state["middle"]), list(state["spread"])
        found._centres = [list(centre) for centre in state["centres"]]
        found._labels, found._next_label = list(state["labels"]), state["next_label"]
        return found

    def _drawn(self, count: int) -> int:
        # Drawn by a hash of the count, so that no state of a generator has to be kept.
        text = f"{self.seed}:{self.learned_count}".encode()
        return int.from_bytes(blake2b(text, digest_size=6).digest(), "big") % count

    def _fit(self) -> None:
        sample = np.array(self._sample)
        middle, spread = sample.mean(axis=0), np.maximum(sample.std(axis=0), _LEAST_SPREAD)
        points = (sample - middle) / spread
        known = self._known(middle, spread)
        counts = [count for count in KINDS_COUNTS if count <= len(np.unique(points, axis=0))]
        if not counts:
            return  # all sessions are the same yet
        centres, score = fitted(points, counts, self.seed, known)
        self._labels = self._continued(centres, known)
        self._middle = [round(float(value), 6) for value in middle]
        self._spread = [round(float(value), 6) for value in spread]
        self._centres = [[round(float(value), 6) for value in centre] for centre in centres]
        self.silhouette = round(score, 6)

    def _known(self, middle: Matrix, spread: Matrix) -> Matrix | None:
        if not self._centres:
            return None
        raw = np.array(self._centres) * np.array(self._spread) + np.array(self._middle)
        known: Matrix = (raw - middle) / spread
        return known

    def _continued(self, centres: Matrix, known: Matrix | None) -> list[str]:
        """Give labels: of the nearest old centre each, nearest pairs first, new ones for others."""
        labels = [""] * len(centres)
        if known is not None:
            apart = distances(centres, known)
            near = sorted(
                (float(apart[new, old]), new, old)
                for new in range(len(centres))
                for old in range(len(known))
            )
            limit = _SAME_WITHIN**2 * len(self.names) / 2
            for distance, new, old in near:
                if distance < limit and not labels[new] and self._labels[old] not in labels:
                    labels[new] = self._labels[old]
        for at, label in enumerate(labels):
            if not label:
                labels[at] = f"s{self._next_label}"
                self._next_label += 1
        return labels


_EARLY_FITS = frozenset(FIRST_FIT * 2**power for power in range(5))
