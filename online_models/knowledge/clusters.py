"""K-means over a small sample: K by evidence, the same clusters for the same sample and seed.

Scaled first, and only members count: article 1 lets every point pull at every centre, and clusters
raw seconds beside a code of 0 to 2, so that the seconds decide everything.

References
----------
[^1]: Arthur, Vassilvitskii (2007), k-means++: the advantages of careful seeding.
[^2]: Rousseeuw (1987), Silhouettes; here with centres for clusters ("simplified").
"""

from collections.abc import Sequence
from random import Random
from typing import Any

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]

ROUNDS_COUNT = 25
STARTS_COUNT = 3


def fitted(
    points: Matrix, counts: Sequence[int], seed: int, known: Matrix | None = None
) -> tuple[Matrix, float]:
    """Give the centres of the best K of `counts`, and their silhouette in -1..1.

    Parameters
    ----------
    points
        Scaled rows, at least as many as the largest K.
    known
        Centres to begin with, besides drawn ones: what was right before mostly still is.
    """
    best: tuple[Matrix, float] | None = None
    for count in counts:
        random = Random(seed * 100 + count)
        begun = [_drawn(points, count, random) for _ in range(STARTS_COUNT)]
        if known is not None and len(known) == count:
            begun.insert(0, known)
        tried = [_settled(points, start) for start in begun]
        centres = min(tried, key=lambda found: _spread(points, found))
        score = silhouette(points, centres)
        if best is None or score > best[1]:
            best = (centres, score)
    assert best is not None
    return best


def distances(points: Matrix, centres: Matrix) -> Matrix:
    """Give the squared distance of each point to each centre."""
    apart: Matrix = ((points[:, None, :] - centres[None, :, :]) ** 2).sum(axis=2)
    return apart


def silhouette(points: Matrix, centres: Matrix) -> float:
    """Say how much nearer points are to their own centre than to the next: 1 surely, 0 not."""
    near = np.sort(np.sqrt(distances(points, centres)), axis=1)
    further = np.maximum(near[:, 1], 1e-12)
    return float(((near[:, 1] - near[:, 0]) / further).mean())


def _drawn(points: Matrix, count: int, random: Random) -> Matrix:
    chosen: list[Any] = [points[random.randrange(len(points))]]
    nearest = distances(points, np.array(chosen[-1:]))[:, 0]
    while len(chosen) < count:
        sums = np.cumsum(nearest)
        at = int(np.searchsorted(sums, random.random() * sums[-1]))
        chosen.append(points[min(at, len(points) - 1)])
        nearest = np.minimum(nearest, distances(points, np.array(chosen[-1:]))[:, 0])
    return np.array(chosen)


def _settled(points: Matrix, centres: Matrix) -> Matrix:
    labels = None
    for _ in range(ROUNDS_COUNT):
        before, labels = labels, distances(points, centres).argmin(axis=1)
        if before is not None and (before == labels).all():
            break
        centres = np.array(
            [
                points[labels == at].mean(axis=0) if (labels == at).any() else centres[at]
                for at in range(len(centres))
            ]
        )
    return centres


def _spread(points: Matrix, centres: Matrix) -> float:
    return float(distances(points, centres).min(axis=1).sum())
