"""Rolling figures equal the batch figures."""

from math import log
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from online_models.evaluation import Evaluation, Figures
from tests.unit.online_models.planted import RELAXED

pairs = st.lists(st.tuples(st.integers(1, 999_999).map(lambda i: i / 1e6), st.booleans()))


def _batch(rows: list[tuple[float, bool]], threshold: float) -> Figures:
    """Compute the textbook definitions by brute force."""
    count = len(rows)
    base = sum(y for _, y in rows) / count
    wins = [
        1.0 if p > q else 0.5 if p == q else 0.0 for p, y in rows if y for q, z in rows if not z
    ]
    tp = sum(y and p >= threshold for p, y in rows)
    fp = sum(not y and p >= threshold for p, y in rows)
    fn = sum(y and p < threshold for p, y in rows)
    tn = count - tp - fp - fn
    bins = [[row for row in rows if int(row[0] * 10 + 1e-9) == b] for b in range(10)]
    loss = -sum(log(p) if y else log(1 - p) for p, y in rows) / count
    base_loss = -sum(log(base) if y else log(1 - base) for _, y in rows) / count
    precision = tp / (tp + fp) if tp + fp else None
    recall = tp / (tp + fn) if tp + fn else None
    f1 = None
    if precision is not None and recall is not None:
        f1 = 2 * tp / (2 * tp + fp + fn) if tp else 0.0
    return Figures(
        count=count,
        bought_ratio=base,
        log_loss=loss,
        base_log_loss=base_loss,
        gain_ratio=1 - loss / base_loss if base_loss else None,
        brier=sum((p - y) ** 2 for p, y in rows) / count,
        roc_auc=sum(wins) / len(wins) if wins else None,
        calibration_error=sum(abs(sum(p for p, _ in b) - sum(y for _, y in b)) for b in bins if b)
        / count,
        mean_ratio=sum(p for p, _ in rows) / count / base if base else None,
        threshold=threshold,
        true_positives=tp,
        false_positives=fp,
        false_negatives=fn,
        true_negatives=tn,
        accuracy=(tp + tn) / count,
        precision=precision,
        recall=recall,
        f1=f1,
    )


def _assert_equal(ours: Figures, batch: Figures) -> None:
    for name in Figures.__dataclass_fields__:
        assert getattr(ours, name) == pytest.approx(getattr(batch, name), abs=1e-9), name


@RELAXED
@given(pairs, st.integers(1, 20), st.sampled_from([0.1, 0.5, 0.9]))
def test_c58_rolling_figures_equal_the_batch_figures_of_the_window(
    rows: list[tuple[float, bool]], window: int, threshold: float
) -> None:
    evaluation = Evaluation(window)
    for number, (p, y) in enumerate(rows, start=1):
        evaluation.update(p, y)
        if number == len(rows):
            kept = rows[max(0, number - window) :]
            _assert_equal(evaluation.figures(threshold), _batch(kept, threshold))


def test_c58_a_long_replay_equals_the_batch() -> None:
    random, evaluation, rows = Random(58), Evaluation(1_000), []
    for _ in range(3_000):
        p = round(random.random() ** 3 * 0.999998 + 1e-6, 6)
        rows.append((p, random.random() < p))
        evaluation.update(*rows[-1])
    _assert_equal(evaluation.figures(0.3), _batch(rows[-1_000:], 0.3))


def test_a_window_without_labels_or_without_buyers_says_so() -> None:
    evaluation = Evaluation()
    assert evaluation.figures() == Figures(count=0)
    evaluation.update(0.2, False)
    figures = evaluation.figures()
    assert (figures.count, figures.roc_auc, figures.recall, figures.f1) == (1, None, None, None)
    assert figures.gain_ratio is None


def test_c34_a_right_forecaster_is_calibrated_and_a_boastful_one_is_not() -> None:
    random, right, boastful = Random(34), Evaluation(), Evaluation()
    for _ in range(5_000):
        p = random.random() * 0.4
        y = random.random() < p
        right.update(p, y)
        boastful.update(min(1.0, 1.5 * p), y)
    assert (right.figures().calibration_error or 0) < 0.02
    assert (boastful.figures().calibration_error or 0) > 0.08
    assert boastful.figures().mean_ratio == pytest.approx(1.5, abs=0.1)


def test_probabilities_of_zero_and_one_cost_much_but_not_everything() -> None:
    evaluation = Evaluation()
    evaluation.update(0.0, True)
    evaluation.update(1.0, False)
    assert evaluation.figures().log_loss == pytest.approx(-log(1e-6))


@RELAXED
@given(pairs)
def test_a_window_survives_dump_and_load(rows: list[tuple[float, bool]]) -> None:
    evaluation = Evaluation(7)
    for p, y in rows:
        evaluation.update(p, y)
    assert Evaluation(7, evaluation.dump()).figures() == evaluation.figures()


def test_impossible_windows_are_refused() -> None:
    for window, kept in ((0, []), (5, [0]), (5, [1_000_000])):
        with pytest.raises(ValueError, match="must be within"):
            Evaluation(window, kept)
