"""Our learners on somebody else's experiment, judged on customers that they never saw."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from online_models.arm_learners import LEARNERS, NONE
from online_models.evaluation import Evaluation
from online_models.experiments import Fold, Judged, Unit, against, greedy, judge
from online_models.intervals import Interval
from online_models.off_policy import PolicyValue, Weighted, difference, policy_value
from online_models.qini import Treated, qini
from streams.evidence.findings import calibration
from streams.evidence.logged_files import FORMATS, Experiment, read_experiment, with_shares
from streams.evidence.values import shown

JUDGE = "second_order"  # its predictions steady the doubly robust estimates
ONLINE = "crossed"
MAX_PAIRS_COUNT = 100_000
MAX_ARMS_SHOWN = 12

Chances = Callable[[Judged], Mapping[str, float]]


def evaluate_experiment(
    path: Path,
    name: str,
    reward: str | None = None,
    on_learned: Callable[[int], object] = lambda _: None,
) -> dict[str, Any]:
    """Train on all folds but one, judge on the one, for each; the figures are out of sample.

    `policy_value` is the doubly robust value of what would have been done: in each fold the best
    learner's choices, or one arm for everybody where its training part showed no gain beyond a
    standard error. `best_single_arm` is picked with hindsight, which favours it.

    Raises
    ------
    LayoutError
        The file cannot be read.
    """
    found = read_experiment(path, name, reward)
    units = with_shares(found) if name == "uci_coupon" else found.units
    arms = found.arms
    judged, folds = judge(units, arms, LEARNERS, JUDGE, on_learned)
    policy = against(judged, arms, lambda one: {one.choice: 1.0}, JUDGE)
    singles = {arm: against(judged, arms, _always(arm), JUDGE) for arm in arms}
    values = {arm: policy_value(rows) for arm, rows in singles.items()}
    best = max(arms, key=lambda arm: values[arm].dr.point)
    uniform = policy_value(against(judged, arms, _evenly(arms), JUDGE))
    value, gain = policy_value(policy), difference(policy, singles[best])
    return {
        "format": name,
        "file": path.name,
        "reward": reward or FORMATS[name].rewards[0],
        **_read(found, name, len(units)),
        "folds": len(folds),
        "policy_value": value.dr.point,
        "interval": [value.dr.lower, value.dr.upper],
        "anytime_interval": _anytime(value.dr),
        "best_single_arm": best,
        "best_single_arm_value": values[best].dr.point,
        "best_single_arm_interval": [values[best].dr.lower, values[best].dr.upper],
        "random_value": uniform.dr.point,
        "logged_value": sum(unit.reward for unit in units) / len(units),
        "gain_over_best": shown(gain),
        "verdict": verdict(gain, folds, best, value),
        "followed": dict(Counter(fold.leader if fold.personal else "one arm" for fold in folds)),
        "given": _given(judged, lambda one: one.choice),
        "effective_sample_size": value.effective_count,
        "estimates": {
            "policy": _told(value),
            "uniform": _told(uniform),
            "best": _told(values[best]),
        },
        "arms": {arm: _told(values[arm]) for arm in _shown_arms(values)},
        "learners": {learner: _learner(judged, arms, learner) for learner in LEARNERS},
        "sorting": _sorting(judged, arms),
        "online": _online(units, arms) if name == "uci_coupon" else None,
        "told_by_others": FORMATS[name].told,
    }


def verdict(gain: Interval, folds: Sequence[Fold], best: str, value: PolicyValue) -> str:
    """Say plainly whether there is anything to gain by choosing for each customer."""
    if not value.is_reliable:
        return (
            f"no conclusion: only {value.effective_count:.0f} effective decisions stand behind it"
        )
    if gain.lower > 0:
        return f"choosing by customer beats giving everybody {best}"
    if gain.upper < 0:
        return f"giving everybody {best} beats choosing by customer"
    if not any(fold.personal for fold in folds):
        return f"nothing to gain by choosing: no learner beat one arm for all; {best} is best"
    return f"no difference shown between choosing by customer and giving everybody {best}"


def _always(arm: str) -> Chances:
    return lambda _: {arm: 1.0}


def _evenly(arms: Sequence[str]) -> Chances:
    return lambda _: dict.fromkeys(arms, 1 / len(arms))


def _given(judged: Sequence[Judged], choose: Callable[[Judged], str]) -> dict[str, float]:
    counts = Counter(choose(one) for one in judged)
    return {arm: count / len(judged) for arm, count in sorted(counts.items())}


def _learner(judged: Sequence[Judged], arms: Sequence[str], learner: str) -> dict[str, Any]:
    def choose(one: Judged) -> str:
        return greedy(arms, one.foreseen[learner])

    rows: list[Weighted] = against(judged, arms, lambda one: {choose(one): 1.0}, JUDGE)
    place = {arm: at for at, arm in enumerate(arms)}
    evaluation = Evaluation(MAX_PAIRS_COUNT)
    for one in judged:
        p = one.foreseen[learner][place[one.unit.arm]]
        evaluation.update(min(1.0, p), one.unit.reward > 0)
    figures = evaluation.figures()
    return {
        **_told(policy_value(rows)),
        "given": _given(judged, choose),
        "roc_auc": figures.roc_auc,
        "log_loss": figures.log_loss,
        "calibration_error": figures.calibration_error,
        "calibration": calibration(evaluation),
    }


def _sorting(judged: Sequence[Judged], arms: Sequence[str]) -> dict[str, Any] | None:
    """Sort by foreseen lift, each arm against none; None where nobody got nothing."""
    if NONE not in arms:
        return None
    none = arms.index(NONE)
    report: dict[str, Any] = {}
    for place, arm in enumerate(arms):
        if arm == NONE:
            continue
        pair = [one for one in judged if one.unit.arm in (NONE, arm)]
        for learner in LEARNERS:
            drawn = qini(
                Treated(
                    score=one.foreseen[learner][place] - one.foreseen[learner][none],
                    treated=one.unit.arm == arm,
                    propensity=0.5,
                    reward=one.unit.reward,
                )
                for one in pair
            )
            report.setdefault(arm, {})[learner] = {
                "auuc": drawn.auuc,
                "qini": drawn.qini,
                "effect": drawn.whole_gain,
                "curve": [list(point) for point in drawn.curve],
                "effect_in_best": {
                    str(share): drawn.gain_at(share) / share for share in (0.1, 0.3, 0.5)
                },
            }
    return report


def _online(units: Sequence[Unit], arms: Sequence[str]) -> dict[str, Any]:
    """Predict each row before it is learned, in the file's order, with no second look."""
    names = sorted({name for unit in units for name in _flags(unit)})
    learner = LEARNERS[ONLINE](names, arms)
    evaluation = Evaluation(MAX_PAIRS_COUNT)
    place = {arm: at for at, arm in enumerate(arms)}
    for unit in units:
        x = _flags(unit)
        evaluation.update(learner.predict(x)[place[unit.arm]], unit.reward > 0)
        learner.learn(x, unit.arm, unit.reward > 0)
    return {"learner": ONLINE, **asdict(evaluation.figures())}


def _flags(unit: Unit) -> dict[str, float]:
    return {f"{name}={value}": 1.0 for name, value in unit.x.items()}


def _read(found: Experiment, name: str, units_count: int) -> dict[str, Any]:
    return {
        "units": units_count,
        "refused": dict(sorted(found.refused.items())),
        "first_refused_line": found.first_refused_line,
        "propensities": FORMATS[name].propensities,
    }


def _told(value: PolicyValue) -> dict[str, Any]:
    return {
        "ips": shown(value.ips),
        "snips": shown(value.snips),
        "dr": shown(value.dr),
        "effective_sample_size": round(value.effective_count, 1),
        "reliable": value.is_reliable,
    }


def _shown_arms(values: Mapping[str, PolicyValue]) -> list[str]:
    ranked = sorted(values, key=lambda arm: -values[arm].dr.point)
    return ranked[:MAX_ARMS_SHOWN]


def _anytime(interval: Interval) -> list[float | None]:
    told = shown(interval)
    assert told is not None
    return [told["anytime_lower"], told["anytime_upper"]]
