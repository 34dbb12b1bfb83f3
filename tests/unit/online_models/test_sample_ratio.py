"""The check of the arms' sizes: silent on a fair split however often asked, loud on a skewed."""

import numpy as np
import pytest

from online_models.sample_ratio import sample_ratio_p

SEED = 57
LOOKS = tuple(range(500, 20_001, 500))


def _alarms(shares: tuple[float, ...], real: tuple[float, ...], runs: int, level: float) -> int:
    random = np.random.default_rng(SEED)
    alarms = 0
    for _ in range(runs):
        counts = np.cumsum(random.multinomial(500, real, size=len(LOOKS)), axis=0)
        alarms += any(sample_ratio_p([int(n) for n in look], shares) < level for look in counts)
    return alarms


def test_c57_a_fair_split_never_alarms_however_often_one_looks() -> None:
    shares = (0.88, 0.05, 0.05, 0.02)
    assert _alarms(shares, shares, 400, 0.05) <= 0.05 * 400
    assert _alarms(shares, shares, 400, 0.001) <= 2


def test_c57_a_skew_of_one_percent_of_the_customers_alarms() -> None:
    assert _alarms((0.95, 0.05), (0.94, 0.06), 100, 0.001) >= 95


def test_c57_one_percent_of_a_half_alarms_as_well_with_customers_enough() -> None:
    assert sample_ratio_p([51_000, 49_000], [0.5, 0.5]) < 0.001
    assert sample_ratio_p([50_100, 49_900], [0.5, 0.5]) == 1.0


def test_an_empty_experiment_says_nothing_and_nonsense_is_refused() -> None:
    assert sample_ratio_p([0, 0], [0.5, 0.5]) == 1.0
    with pytest.raises(ValueError, match="two arms at least"):
        sample_ratio_p([1], [1.0])
    with pytest.raises(ValueError, match="shares must be positive"):
        sample_ratio_p([1, 2], [0.0, 1.0])
