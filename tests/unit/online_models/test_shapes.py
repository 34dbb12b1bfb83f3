"""The articles' formulas with the right numbers."""

import pytest

from online_models.evaluation import Evaluation, f1
from online_models.shapes import beta_density, beta_mean, delay_weight, intent, log_odds, logistic

# (frequency, interest) of the articles' three users and three products
PAIRS = ((2, 3), (1, 1), (1, 2), (1, 2), (3, 3), (1, 4), (2, 4), (4, 4), (2, 6))


PRINTED = (0.9, 0.2, 0.1, 0.3, 0.8, 0.4, 0.4, 0.5, 0.6)


def test_v08_the_formula_as_written_gives_no_number_that_is_printed() -> None:
    written = [logistic(0.5 * frequency - 0.3 * interest) for frequency, interest in PAIRS]
    right = (0.525, 0.550, 0.475, 0.475, 0.646, 0.332, 0.450, 0.690, 0.310)
    assert written == pytest.approx(right, abs=1e-3)
    assert min(abs(a - b) for a, b in zip(written, PRINTED, strict=True)) > 0.04


def test_v08_with_the_sign_fixed_interest_raises_intent() -> None:
    fixed = [intent(*pair) for pair in PAIRS]
    right = (0.870, 0.690, 0.750, 0.750, 0.917, 0.845, 0.900, 0.961, 0.943)
    assert fixed == pytest.approx(right, abs=1e-3)
    assert min(abs(a - b) for a, b in zip(fixed, PRINTED, strict=True)) > 0.02
    assert intent(1, 2) > intent(1, 1)
    assert intent(2, 1) > intent(1, 1)


@pytest.mark.parametrize("mean", [-3.0, 0.0, 12.5])
def test_v14_the_logistic_distribution_is_one_half_at_its_mean(mean: float) -> None:
    assert logistic(mean, mean=mean, scale=2.0) == 0.5
    assert logistic(mean + 1, mean=mean) + logistic(mean - 1, mean=mean) == pytest.approx(1.0)


def test_v15_beta_density_and_mean() -> None:
    assert beta_density(0.5, 2, 3) == pytest.approx(1.5)
    assert beta_mean(3, 10, 1, 1) == pytest.approx(1 / 3)
    steps = 10_000
    area = sum(beta_density((i + 0.5) / steps, 2, 3) for i in range(steps)) / steps
    assert area == pytest.approx(1.0, abs=1e-6)


def test_v21_f1_comes_from_precision_and_recall_not_from_accuracy() -> None:
    evaluation = Evaluation()
    for p, y in [(0.9, True)] * 2 + [(0.9, False)] * 2 + [(0.1, True)] * 6 + [(0.1, False)] * 10:
        evaluation.update(p, y)
    figures = evaluation.figures()
    assert (figures.accuracy, figures.precision, figures.recall) == (0.6, 0.5, 0.25)
    assert figures.f1 == pytest.approx(2 * 0.5 * 0.25 / 0.75)
    assert figures.f1 != pytest.approx(f1(figures.accuracy, figures.recall))


def test_links_stay_within_their_bounds_and_invert_each_other() -> None:
    assert logistic(1e308) == 1 - 1e-6
    assert logistic(-1e308) == 1e-6
    for p in (1e-6, 0.03, 0.5, 0.9):
        assert logistic(log_odds(p)) == pytest.approx(p, rel=1e-9)


@pytest.mark.parametrize("true", [0.01, 0.2, 0.7])
def test_c34_weights_for_late_labels_leave_the_learner_at_rest_only_at_the_truth(
    true: float,
) -> None:
    def pull(p: float) -> float:
        # one provisional negative per decision, `true` positives; gradients p - 0 and p - 1
        return delay_weight(p, False) * p + true * delay_weight(p, True) * (p - 1)

    assert pull(true) == pytest.approx(0.0, abs=1e-12)
    assert pull(true + 0.05) > 0 > pull(true - 0.005)


def test_impossible_arguments_are_refused() -> None:
    with pytest.raises(ValueError, match="must be"):
        beta_density(0.0, 2, 3)
    with pytest.raises(ValueError, match="must be"):
        beta_mean(4, 3)
