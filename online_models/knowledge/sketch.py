"""Weights by name of a stream with any number of names: bounded, decayed, with its own error.

Lossy counting by room instead of by time: names gather until there are one and a half times as many
as are kept, then the lightest go. What a name may have had before it was met (again) is at most the
weight of the heaviest that ever went; it is remembered with the name, so every answer knows how
wrong it can be.

References
----------
[^1]: Manku, Motwani (2002), Approximate frequency counts over data streams.
[^2]: Metwally, Agrawal, El Abbadi (2005), Efficient computation of frequent and top-k elements in
    data streams.
[^3]: Cormode, Shkapenyuk, Srivastava, Xu (2009), Forward decay.
"""

from math import inf
from typing import Any, Self

_REBASE_HALVINGS = 32  # far below where the weights of forward decay would lose precision


class Sketch:
    """Decayed weights of the heaviest names.

    A name costs its own bytes and at most 56 more as JSON; of `cap` names one and a half times as
    many are held at most.

    Parameters
    ----------
    cap
        Names that survive when the lightest go.
    half_life_ms
        Event time after which a weight counts half.
    """

    def __init__(self, cap: int, half_life_ms: int) -> None:
        self.cap, self.half_life_ms = cap, half_life_ms
        self._weights: dict[str, float] = {}  # in units of the landmark
        self._errors: dict[str, float] = {}  # only where not 0
        self._landmark_ms: int | None = None
        self._floor = 0.0
        self._whole = 0.0

    def __len__(self) -> int:
        return len(self._weights)

    def __contains__(self, name: str) -> bool:
        return name in self._weights

    def factor(self, ts_ms: int) -> float:
        """Give what a weight of 1 at `ts_ms` is worth beside those already held."""
        if self._landmark_ms is None:
            self._landmark_ms = ts_ms
        halvings = (ts_ms - self._landmark_ms) / self.half_life_ms
        if halvings > _REBASE_HALVINGS:
            self._rebase(int(halvings))
            halvings = (ts_ms - self._landmark_ms) / self.half_life_ms
        return float(2.0**halvings)

    def add(self, name: str, weight: float, most: float = inf) -> None:
        """Add a weight that was multiplied by `factor`.

        Where it is known that the name had at most `most` before, its error is no larger; and a
        name that could not stay at the next forgetting is not taken in.
        """
        weights = self._weights
        self._whole += weight
        held = weights.get(name)
        if held is not None:
            weights[name] = held + weight
            return
        missing = min(self._floor, most)
        if missing + weight <= self._floor:
            return
        weights[name] = weight
        if missing:
            self._errors[name] = missing
        if len(weights) > self.cap * 3 // 2:
            self._forget()

    def bound(self, name: str) -> float:
        """Give the most that a name can have had, in the units of `factor`."""
        held = self._weights.get(name)
        return self._floor if held is None else held + self._errors.get(name, 0.0)

    def update(self, name: str, ts_ms: int, weight: float = 1.0) -> None:
        """Add a weight at `ts_ms`."""
        self.add(name, weight * self.factor(ts_ms))

    def weight(self, name: str, now_ms: int) -> float:
        """Give the weight of a name at `now_ms`: never too large, at most `error` too small."""
        return self._weights.get(name, 0.0) * self._scale(now_ms)

    def error(self, name: str, now_ms: int) -> float:
        """Give how much of the name's weight may be missing."""
        missing = self._errors.get(name, 0.0) if name in self._weights else self._floor
        return missing * self._scale(now_ms)

    def whole(self, now_ms: int) -> float:
        """Give the exact weight of all names, kept or not."""
        return self._whole * self._scale(now_ms)

    def top(self, count: int, now_ms: int) -> list[tuple[str, float]]:
        """Give the heaviest names with their weights, heaviest first, ties by name."""
        scale = self._scale(now_ms)
        ordered = sorted(self._weights.items(), key=lambda pair: (-pair[1], pair[0]))
        return [(name, weight * scale) for name, weight in ordered[:count]]

    def names(self) -> list[str]:
        """Give all names that are held."""
        return list(self._weights)

    def dump(self) -> dict[str, Any]:
        """Give the state as plain JSON; `load` makes the same sketch of it."""
        weights = {name: [held] for name, held in self._weights.items()}
        for name, missing in self._errors.items():
            weights[name].append(missing)
        return {
            "cap": self.cap,
            "half_life_ms": self.half_life_ms,
            "landmark_ms": self._landmark_ms,
            "floor": self._floor,
            "whole": self._whole,
            "weights": weights,
        }

    @classmethod
    def load(cls, state: dict[str, Any]) -> Self:
        """Make a sketch of what `dump` gave."""
        sketch = cls(state["cap"], state["half_life_ms"])
        sketch._landmark_ms = state["landmark_ms"]
        sketch._floor, sketch._whole = state["floor"], state["whole"]
        for name, held in state["weights"].items():
            sketch._weights[name] = held[0]
            if len(held) > 1:
                sketch._errors[name] = held[1]
        return sketch

    def _scale(self, now_ms: int) -> float:
        if self._landmark_ms is None:
            return 0.0
        return float(2.0 ** ((self._landmark_ms - now_ms) / self.half_life_ms))

    def _forget(self) -> None:
        errors = self._errors
        bounds = {name: held + errors.get(name, 0.0) for name, held in self._weights.items()}
        ordered = sorted(bounds.items(), key=lambda pair: (-pair[1], pair[0]))
        self._floor = max(self._floor, ordered[self.cap][1])
        for name, _ in ordered[self.cap :]:
            del self._weights[name]
            errors.pop(name, None)

    def _rebase(self, halvings: int) -> None:
        # A power of two and whole half-lives: no weight changes by a rounding.
        shrink = 2.0**-halvings
        assert self._landmark_ms is not None
        self._landmark_ms += halvings * self.half_life_ms
        self._weights = {name: held * shrink for name, held in self._weights.items()}
        self._errors = {name: missing * shrink for name, missing in self._errors.items()}
        self._floor *= shrink
        self._whole *= shrink
