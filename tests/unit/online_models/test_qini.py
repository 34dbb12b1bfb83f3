"""The Qini curve tells a score that sorts from one that does not."""

from random import Random

import pytest

from online_models.qini import Treated, qini


def _customers(random: Random, count: int, scored: str) -> list[Treated]:
    """Draw customers of whom a third is won by the coupon, a sixth is driven away."""
    drawn = []
    for _ in range(count):
        effect = random.choice((0.6, 0.6, 0.0, 0.0, 0.0, -0.3))
        treated = random.random() < 0.3
        reward = float(random.random() < 0.35 + (effect if treated else 0.0))
        score = {"perfect": effect, "random": random.random(), "reversed": -effect}[scored]
        drawn.append(Treated(score, treated, 0.3, reward))
    return drawn


def test_n3_a_perfect_ranking_has_the_area_that_can_be_worked_out() -> None:
    drawn = qini(_customers(Random(1), 30_000, "perfect"))
    # gains 0.2 at a third, stays, falls to 0.15: area 0.0333 + 0.1 + 0.0292
    assert drawn.auuc == pytest.approx(0.1625, abs=0.016)
    assert drawn.qini == pytest.approx(0.0875, abs=0.012)
    assert drawn.gain_at(1 / 3) == pytest.approx(0.2, abs=0.02)
    assert drawn.whole_gain == pytest.approx(0.15, abs=0.02)
    assert drawn.gain_at(1 / 3) > drawn.whole_gain  # withholding is part of the gain


def test_n3_a_random_ranking_has_no_area_of_its_own_and_a_reversed_one_a_negative() -> None:
    assert qini(_customers(Random(2), 30_000, "random")).qini == pytest.approx(0.0, abs=0.009)
    assert qini(_customers(Random(3), 30_000, "reversed")).qini < -0.06


def test_equal_scores_are_one_straight_step_in_whatever_order_they_come() -> None:
    records = [Treated(1.0, n % 2 == 0, 0.5, float(n % 3 == 0)) for n in range(120)]
    forward, backward = qini(records), qini(records[::-1])
    assert forward == backward
    assert forward.qini == pytest.approx(0.0)
    assert forward.gain_at(0.5) == pytest.approx(forward.whole_gain / 2)


def test_the_curve_starts_at_nothing_and_ends_at_everybody() -> None:
    drawn = qini(_customers(Random(4), 997, "perfect"))
    assert drawn.curve[0] == (0.0, 0.0)
    assert drawn.gain_at(1.0) == pytest.approx(drawn.whole_gain)
    assert len(drawn.curve) == 21


def test_nobody_and_no_chance_are_refused() -> None:
    with pytest.raises(ValueError, match="at least one record"):
        qini([])
    with pytest.raises(ValueError, match="a propensity must be within"):
        qini([Treated(1.0, True, 1.0, 1.0)])
