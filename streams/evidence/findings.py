"""All that logged outcomes can prove: were the probabilities right, and do the coupons pay."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, get_args

from coupons.arms import Arm, ArmShares
from features.actions import NOTHING
from online_models.customers import Customer, earnings, expected_margins, gather
from online_models.evaluation import Evaluation
from online_models.fairness import price_gaps
from online_models.incremental import Incremental
from online_models.outcomes import Outcome
from online_models.uplift import Uplift
from streams.decisions import Decision
from streams.evidence.rules import budget_by_arm, shadow_prices
from streams.evidence.values import joined, shown, sorting, values

MAX_PAIRS_COUNT = 100_000
SRM_ALARM_P = 0.001


def evidence(
    outcomes: Sequence[Outcome],
    decisions: Mapping[str, Decision] | None,
    shares: ArmShares,
) -> dict[str, Any]:
    """Work out every figure, as plain JSON; money in minor units.

    Parameters
    ----------
    decisions
        By id; None leaves out what only decisions tell.
    shares
        What each arm should have of the customers.
    """
    customers = gather(outcomes)
    known = decisions or {}
    settled = matured(outcomes)
    logged = joined(settled, known)
    made = list(known.values())
    earned = earnings(customers, expected_margins(customers))
    return {
        "outcomes": len(outcomes),
        "settled": len(logged),
        "censored": sum(1 for one in outcomes if one.state == "censored"),
        "customers": len(customers),
        "decisions": len(made) if decisions is not None else None,
        "joined": sum(1 for one in logged if one.actions),
        "predictive": predictive(outcomes),
        "arms": _arms(customers),
        "incremental": _incremental(earned, customers),
        "sample_ratio": _sample_ratio(earned, shares),
        "coupons": _coupons(settled),
        "policy_values": values(logged),
        "sorting": sorting(logged),
        "price_gaps": [
            {**asdict(gap), "gap": shown(gap.gap)} for gap in price_gaps(customers.items())
        ],
        "rules": shadow_prices(made) if made else None,
        "budget_by_arm": budget_by_arm(made) if made else None,
    }


def matured(outcomes: Sequence[Outcome]) -> list[Outcome]:
    """Keep settled decisions that had all their time, as far as the log goes.

    A purchase is known at once, its absence only at the horizon: the last decisions of a log would
    be those of quick buyers alone.

    Examples
    --------
    >>> matured([])
    []
    """
    settled = [one for one in outcomes if one.state == "settled" and one.settled_ms is not None]
    waits_ms = [(one.settled_ms or 0) - one.decided_ms for one in settled if not one.y]
    if not waits_ms:
        return settled
    horizon_ms = min(waits_ms)
    end_ms = max(one.settled_ms or one.decided_ms for one in outcomes)
    return [one for one in settled if one.decided_ms + horizon_ms <= end_ms]


def predictive(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """Judge the probabilities that were logged with decisions, the newest 100,000 settled ones."""
    evaluation = Evaluation(MAX_PAIRS_COUNT)
    for outcome in outcomes:
        if outcome.state == "settled":
            evaluation.update(outcome.p_buy, outcome.y)
    return {**asdict(evaluation.figures()), "calibration": calibration(evaluation)}


def calibration(evaluation: Evaluation) -> list[dict[str, float]]:
    """Give what was foreseen beside what came, bin by bin."""
    rows = evaluation.calibration()
    return [{"count": n, "mean_p": mean, "bought_ratio": bought} for n, mean, bought in rows]


def _arms(customers: Mapping[str, Customer]) -> dict[str, Any]:
    report = {}
    for arm in get_args(Arm):
        own = [one for one in customers.values() if one.arm == arm]
        if not own:
            continue
        settled, given = sum(one.settled for one in own), sum(one.given for one in own)
        report[arm] = {
            "customers": len(own),
            "settled": settled,
            "given": given,
            "conversion_ratio": _ratio(sum(one.bought for one in own), settled),
            "redemption_ratio": _ratio(sum(one.redeemed for one in own), given),
            "paid_minor": sum(one.paid_minor for one in own),
            "margin_minor": sum(one.margin_minor for one in own),
            "coupon_cost_minor": sum(one.discount_minor for one in own),
        }
    return report


def _incremental(earned: Incremental, customers: Mapping[str, Customer]) -> dict[str, Any]:
    """Compare each arm with the holdout, plain and adjusted by what was expected of customers."""
    report: dict[str, Any] = {}
    for arm in get_args(Arm):
        if arm == "holdout" or arm not in earned.arms:
            continue
        plain, adjusted = earned.per_user(arm), earned.per_user(arm, adjust=True)
        if plain is None or adjusted is None:
            continue
        own = [one for one in customers.values() if one.arm == arm]
        cost = sum(one.discount_minor for one in own)
        width, narrowed = plain.upper - plain.lower, adjusted.upper - adjusted.lower
        report[arm] = {
            "per_customer_minor": shown(plain),
            "per_customer_adjusted_minor": shown(adjusted),
            "total_minor": shown(adjusted.scaled(len(own))),
            "baseline_minor": earned.baseline_minor(arm),
            "variance_left_ratio": (narrowed / width) ** 2 if width else None,
            "coupon_cost_minor": cost,
            "roi": shown(adjusted.scaled(len(own) / cost)) if cost else None,
        }
    return report


def _sample_ratio(earned: Incremental, shares: ArmShares) -> dict[str, Any]:
    named: dict[Arm, float] = {arm: share for arm, share in shares.named() if share > 0}
    rest = 1.0 - sum(named.values())
    expected: dict[Arm, float] = {"policy": rest, **named} if rest > 1e-9 else named
    p = earned.mismatch_p(expected)
    return {
        "p": p,
        "alarm": p is not None and p < SRM_ALARM_P,
        "expected_ratio": {arm: round(share, 6) for arm, share in expected.items()},
        "customers": {arm: sums.users for arm, sums in sorted(earned.arms.items())},
    }


def _coupons(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """Tell each coupon's use, and its effect on the chance of purchase where it was drawn."""
    uplift = Uplift()
    rows: dict[str, list[Outcome]] = {}
    for one in outcomes:
        if one.state != "settled":
            continue
        if one.arm == "random":
            uplift.update(one)
        if one.action.kind != NOTHING.kind:
            rows.setdefault(one.action.action_id, []).append(one)
    report = {}
    for coupon, given in sorted(rows.items()):
        effect = uplift.interval(coupon)
        report[coupon] = {
            "given": len(given),
            "conversion_ratio": _ratio(sum(one.y for one in given), len(given)),
            "redemption_ratio": _ratio(sum(one.discount_minor > 0 for one in given), len(given)),
            "cost_minor": sum(one.discount_minor for one in given),
            "uplift": asdict(effect) if effect is not None else None,
        }
    return report


def _ratio(part: int, whole: int) -> float | None:
    return part / whole if whole else None
