"""Logistic regression that learns at second order, block by block, in memory that does not grow."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from online_models.shapes import clipped

Vector = NDArray[np.float64]
BLOCK_COUNT = 500
_STEPS_COUNT = 6
_FARTHEST = 30.0


class LaplaceLogistic:
    """Weights with a Gaussian belief; each block of examples sharpens it by Newton's method.

    Learns from one pass as much as a batch fit does, where first-order learners need many; costs
    the square of the number of features in memory and in time, so it is for tens of features.
    Examples wait until a block is full, or until somebody asks.

    References
    ----------
    [^1]: Spiegelhalter, Lauritzen (1990), Sequential updating of conditional probabilities on
        directed graphical structures, Networks 20 (the Gaussian sequential update).

    Examples
    --------
    >>> learner = LaplaceLogistic(("likes",))
    >>> for number in range(400):
    ...     learner.learn({"likes": 1.0 if number % 2 else -1.0}, number % 2 == 1)
    >>> learner.predict({"likes": 1.0}) > 0.9 > 0.1 > learner.predict({"likes": -1.0})
    True
    """

    def __init__(self, names: Sequence[str], strength: float = 3.0):
        if not strength > 0:
            message = f"strength must be positive, was {strength}"
            raise ValueError(message)
        self._place = {name: at for at, name in enumerate(names, 1)}
        size = len(names) + 1
        self._weights: Vector = np.zeros(size)
        self._precision = np.diag([0.01, *[strength] * (size - 1)])
        self._rows: list[Vector] = []
        self._labels: list[bool] = []

    def learn(self, x: dict[str, float], y: bool) -> None:
        """Take in an example."""
        self._rows.append(self._row(x))
        self._labels.append(y)
        if len(self._rows) >= BLOCK_COUNT:
            self._sharpen()

    def predict(self, x: dict[str, float]) -> float:
        """P(y), within [1e-6, 1 - 1e-6]."""
        if self._rows:
            self._sharpen()
        odds = float(np.clip(self._row(x) @ self._weights, -_FARTHEST, _FARTHEST))
        return clipped(1 / (1 + float(np.exp(-odds))))

    def _row(self, x: dict[str, float]) -> Vector:
        row = np.zeros(len(self._weights))
        row[0] = 1.0
        for name, value in x.items():
            row[self._place[name]] = value
        return row

    def _sharpen(self) -> None:
        rows, labels = np.array(self._rows), np.array(self._labels, dtype=float)
        before, belief = self._weights, self._precision
        weights, sharper = before, belief
        for _ in range(_STEPS_COUNT):
            odds = np.clip(rows @ weights, -_FARTHEST, _FARTHEST)
            p = 1 / (1 + np.exp(-odds))
            gradient = rows.T @ (p - labels) + belief @ (weights - before)
            sharper = belief + (rows * (p * (1 - p))[:, None]).T @ rows
            step = np.linalg.solve(sharper, gradient)
            size = float(np.abs(step).max())
            weights = weights - step * min(1.0, 4.0 / size if size else 1.0)
        self._weights, self._precision = weights, sharper
        self._rows, self._labels = [], []
