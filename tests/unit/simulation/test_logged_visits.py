"""IPS and DR against what is true in the simulated shop, where the model behind DR is wrong."""

from functools import lru_cache
from math import sqrt
from statistics import fmean, stdev

import pytest

from simulation.logged_visits import Judged, judged
from streams.evidence.plot import drawing
from streams.evidence.proof import SEEDS, panels


@lru_cache
def found() -> tuple[Judged, ...]:
    return tuple(judged(seed) for seed in SEEDS)


@pytest.mark.parametrize("name", ["ips", "snips", "dr"])
def test_c38_no_estimator_is_biased_against_the_truth_of_the_simulated_shop(name: str) -> None:
    errors = [getattr(one.value, name).point - one.truth for one in found()]
    print(f"{name}: mean error {fmean(errors):.2f} of {fmean(one.truth for one in found()):.1f}")
    assert abs(fmean(errors)) < 2.5 * stdev(errors) / sqrt(len(errors))
    held = [
        getattr(one.value, name).anytime_lower
        <= one.truth
        <= getattr(one.value, name).anytime_upper
        for one in found()
    ]
    assert all(held)


def test_the_picture_shows_every_seed_and_the_mean_for_both_estimators() -> None:
    assert drawing(panels(found())).count("<circle") == 2 * (len(SEEDS) + 1)
