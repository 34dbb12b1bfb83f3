"""Intervals cover what they promise to cover, at every look."""

import numpy as np
import pytest

from online_models.incremental import ArmSums, Incremental
from online_models.intervals import Interval, around, clustered_variance
from online_models.outcomes import Arm

RUNS_COUNT = 500
SEED = 20_260_101
LOOKS = tuple(range(600, 6_001, 200))
EXTRA_MINOR = 400


def _margins(random: np.random.Generator, count: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Draw what customers bring: most bring nothing, some a lot, one eager user orders often."""
    orders = random.choice((0, 0, 0, 1, 1, 2, 5), size=count)
    return np.rint(orders * random.lognormal(6.0, 0.8, size=count)).astype(np.int64)


def _misses(extra_minor: int, holdout: float) -> tuple[int, int]:
    """Count runs in which the fixed and the anytime bounds missed the truth at any look."""
    random = np.random.default_rng(SEED + extra_minor)
    fixed = anytime = 0
    for _ in range(RUNS_COUNT):
        held = random.random(LOOKS[-1]) < holdout
        brought = _margins(random, LOOKS[-1]) + np.where(held, 0, extra_minor)
        looks = [_look(brought[:n], held[:n]) for n in LOOKS]
        fixed += any(not one.lower <= extra_minor <= one.upper for one in looks)
        anytime += any(not one.anytime_lower <= extra_minor <= one.anytime_upper for one in looks)
    return fixed, anytime


def _look(
    brought: np.ndarray[tuple[int], np.dtype[np.int64]],
    held: np.ndarray[tuple[int], np.dtype[np.bool_]],
) -> Interval:
    arms: dict[Arm, ArmSums] = {}
    for arm, own in (("policy", brought[~held]), ("holdout", brought[held])):
        sums = ArmSums(users=len(own), total=int(own.sum()), total_squared=int((own**2).sum()))
        arms["policy" if arm == "policy" else "holdout"] = sums
    seen = Incremental(arms).per_user(tuned=3_000)
    assert seen is not None
    return seen


@pytest.mark.parametrize("extra_minor", [0, EXTRA_MINOR], ids=["a_a", "a_b"])
def test_n3_the_95_percent_anytime_interval_covers_at_every_look_in_95_percent_of_runs(
    extra_minor: int,
) -> None:
    fixed, anytime = _misses(extra_minor, holdout=0.2)
    print(f"seed {SEED + extra_minor}: missed fixed {fixed}, anytime {anytime} of {RUNS_COUNT}")
    assert anytime <= 0.05 * RUNS_COUNT
    assert fixed > 0.15 * RUNS_COUNT  # so many looks are why the fixed bounds are not enough


def test_customers_with_many_decisions_count_once() -> None:
    errors = [(f"u{number % 10}", 1.0 if number % 2 else -1.0) for number in range(1_000)]
    clustered, units = clustered_variance(errors, 1_000)
    alone, _ = clustered_variance(((str(at), part) for at, (_, part) in enumerate(errors)), 1_000)
    assert units == 10
    assert clustered > 90 * alone


def test_there_are_no_anytime_bounds_for_a_handful_of_units() -> None:
    few, many = around(1.0, 0.01, 49), around(1.0, 0.01, 50)
    assert few.anytime_upper == float("inf")
    assert many.anytime_upper < float("inf")
    assert few.upper == many.upper


def test_an_interval_moves_and_scales_as_a_whole() -> None:
    moved = around(1.0, 0.01, 100).shifted(2.0).scaled(10.0)
    assert moved.point == pytest.approx(30.0)
    assert moved.anytime_lower < moved.lower < moved.point < moved.upper < moved.anytime_upper
    with pytest.raises(ValueError, match="a scale must be at least 0"):
        moved.scaled(-1.0)
    with pytest.raises(ValueError, match="lower must be at most upper"):
        Interval(point=0.0, lower=1.0, upper=-1.0)
