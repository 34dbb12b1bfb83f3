"""Draws, seed by seed, how far IPS and DR are from what is true in the simulated shop.

`python -m streams.evidence.proof FILE.svg` writes the picture.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

from online_models.intervals import Interval
from simulation.logged_visits import Judged, judged
from streams.evidence.plot import Bar, Panel, drawing

SEEDS = range(1, 13)


def panels(found: Sequence[Judged]) -> list[Panel]:
    """Give a panel for each estimator: its error with its interval, one row a seed, then the mean.

    The mean's interval is that of the mean over seeds: it must lie around nothing.
    """
    told = []
    for name in ("ips", "dr"):
        errors = [_error(one, getattr(one.value, name)) for one in found]
        rows = [
            Bar(f"seed {at}", error.point, error.lower, error.upper)
            for at, error in enumerate(errors, 1)
        ]
        caption = f"{name.upper()} less the truth, margin a visit, 95 %"
        told.append(Panel(caption, bars=[*rows, _mean(rows)]))
    return told


def _error(one: Judged, interval: Interval) -> Interval:
    return interval.shifted(-one.truth)


def _mean(rows: Sequence[Bar]) -> Bar:
    count = len(rows)
    point = sum(row.point for row in rows) / count
    half = sum((row.upper - row.point) ** 2 for row in rows) ** 0.5 / count
    return Bar("mean", point, point - half, point + half)


def main(path: Path) -> None:
    """Write the picture."""
    path.write_text(drawing(panels([judged(seed) for seed in SEEDS])), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
