"""Estimators of other policies are right on average, against a truth that is known."""

from collections.abc import Iterator
from random import Random
from statistics import fmean, stdev

import pytest

from online_models.off_policy import Weighted, difference, policy_value

# P(buy) of an eager and of a lazy customer, without and with the coupon; the log gives it mostly
# to the eager, whom it moves least.
CHANCE = {("eager", 0): 0.5, ("eager", 1): 0.55, ("lazy", 0): 0.1, ("lazy", 1): 0.3}
GIVEN = {"eager": 0.8, "lazy": 0.2}
TRUE_ALWAYS = 0.5 * 0.55 + 0.5 * 0.3
TRUE_NEVER = 0.5 * 0.5 + 0.5 * 0.1
WRONG = dict.fromkeys(CHANCE, 0.3)


def _log(
    random: Random, count: int, always: int, model: dict[tuple[str, int], float]
) -> Iterator[Weighted]:
    for number in range(count):
        nature = "eager" if random.random() < 0.5 else "lazy"
        given = int(random.random() < GIVEN[nature])
        propensity = GIVEN[nature] if given else 1 - GIVEN[nature]
        bought = random.random() < CHANCE[nature, given]
        yield Weighted(
            unit=f"u{number}",
            weight=(given == always) / propensity,
            reward=float(bought),
            direct=model[nature, always],
            predicted=model[nature, given],
        )


@pytest.mark.parametrize(("always", "truth"), [(1, TRUE_ALWAYS), (0, TRUE_NEVER)])
@pytest.mark.parametrize("model", [CHANCE, WRONG], ids=["right_model", "wrong_model"])
def test_c38_ips_snips_and_dr_are_unbiased_against_the_truth(
    always: int, truth: float, model: dict[tuple[str, int], float]
) -> None:
    random, runs = Random(38), 300
    values = [policy_value(_log(random, 400, always, model)) for _ in range(runs)]
    for points in (
        [value.ips.point for value in values],
        [value.snips.point for value in values if value.snips is not None],
        [value.dr.point for value in values],
    ):
        assert len(points) == runs
        assert abs(fmean(points) - truth) < 3.5 * stdev(points) / runs**0.5
    covered = sum(value.dr.lower <= truth <= value.dr.upper for value in values)
    assert 0.91 * runs <= covered < runs
    assert all(value.dr.anytime_lower < value.dr.lower for value in values)


def test_comparing_plain_means_would_credit_the_coupon_with_eager_customers() -> None:
    logged = list(_log(Random(1), 20_000, 1, WRONG))
    plain = fmean(one.reward for one in logged if one.weight)
    assert plain > TRUE_ALWAYS + 0.04
    assert policy_value(logged).ips.point == pytest.approx(TRUE_ALWAYS, abs=0.02)


def test_a_good_model_makes_the_doubly_robust_value_quieter() -> None:
    value = policy_value(_log(Random(2), 5_000, 1, CHANCE))
    ips, dr = value.ips.upper - value.ips.lower, value.dr.upper - value.dr.lower
    assert dr < 0.92 * ips


def test_a_few_heavy_weights_are_called_unreliable_and_clipping_quiets_them() -> None:
    logged = [Weighted(f"u{n}", 1.0, 0.3, 0.3, 0.3) for n in range(5_000)]
    logged += [Weighted("rare", 4_000.0, 1.0, 0.3, 0.3)]
    value, clipped = policy_value(logged), policy_value(logged, clip_weight=10.0)
    assert value.effective_count < 10
    assert not value.is_reliable
    assert clipped.effective_count > 4_000
    assert clipped.is_reliable
    assert clipped.dr.point == pytest.approx(0.3, abs=0.01)
    assert value.largest_weight == 4_000.0


def test_the_logging_policy_is_worth_what_it_brought() -> None:
    logged = [Weighted(f"u{n}", 1.0, float(n % 3)) for n in range(300)]
    value = policy_value(logged)
    assert value.ips.point == value.dr.point == pytest.approx(1.0)
    assert value.effective_count == pytest.approx(300)
    assert value.matched_count == 300


def test_two_policies_that_mostly_agree_are_told_apart_pair_by_pair() -> None:
    random = Random(3)
    common, other = [], []
    for number in range(2_000):
        reward = random.lognormvariate(3, 1)
        common.append(Weighted(f"u{number}", 1.0, reward))
        other.append(Weighted(f"u{number}", 1.0, reward + (number % 10 == 0)))
    gap = difference(other, common)
    assert gap.point == pytest.approx(0.1)
    assert gap.lower > 0
    assert policy_value(other).dr.lower < policy_value(common).dr.upper


def test_nothing_and_nonsense_are_refused() -> None:
    with pytest.raises(ValueError, match="at least one record"):
        policy_value([])
    with pytest.raises(ValueError, match="at least one record"):
        difference([], [])
    with pytest.raises(ValueError, match="a weight must be at least 0"):
        policy_value([Weighted("u", -1.0, 1.0)])
    assert policy_value([Weighted("u", 0.0, 1.0)]).snips is None


@pytest.mark.parametrize(
    ("without", "with_coupon", "pays"), [(0.60, 0.62, False), (0.05, 0.20, True)]
)
def test_v19_what_was_logged_shows_to_whom_a_coupon_pays(
    without: float, with_coupon: float, pays: bool
) -> None:
    """Margin 40, coupon 10: the sure buyer costs 5.40, the unlikely one brings 4."""
    random = Random(19)
    send, hold = [], []
    for number in range(40_000):
        given = random.random() < 0.5
        bought = random.random() < (with_coupon if given else without)
        margin = (30.0 if given else 40.0) * bought
        send.append(Weighted(f"u{number}", 2.0 * given, margin))
        hold.append(Weighted(f"u{number}", 2.0 * (not given), margin))
    gain = difference(send, hold)
    assert gain.lower <= (4.0 if pays else -5.4) <= gain.upper
    assert (gain.lower > 0) if pays else (gain.upper < 0)
