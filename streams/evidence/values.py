"""What other policies would have earned on the logged decisions, money and purchases."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import fsum, isfinite
from typing import Any

from coupons.article import article, propensity_threshold
from features.actions import NOTHING
from online_models.intervals import Interval
from online_models.off_policy import PolicyValue, Weighted, policy_value
from online_models.outcomes import Arm, Outcome
from online_models.qini import Treated, qini
from streams.decisions import Decision

DRAWN_ARMS: tuple[Arm, ...] = ("policy", "random")
THRESHOLD_RATIO = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Logged:
    """A settled decision and, where the decision itself is at hand, all that it could have been.

    Attributes
    ----------
    actions
        What might have been done, nothing first, with the scores, propensities, probabilities of
        purchase and discounts that were logged; empty without the decision.
    basket_minor
        Margin on the expected basket before any discount.
    """

    outcome: Outcome
    actions: tuple[str, ...] = ()
    scores: tuple[float, ...] = ()
    propensities: tuple[float, ...] = ()
    p_buy: tuple[float, ...] = ()
    discounts_minor: tuple[int, ...] = ()
    basket_minor: float = 0.0

    def foreseen(self, place: int, in_money: bool) -> float:
        """Give what the logged model expected of an action."""
        p = self.p_buy[place]
        return p * (self.basket_minor - self.discounts_minor[place]) if in_money else p


def joined(outcomes: Iterable[Outcome], decisions: Mapping[str, Decision]) -> list[Logged]:
    """Keep settled outcomes, each with its decision where there is one."""
    return [
        _logged(outcome, decisions.get(outcome.decision_id))
        for outcome in outcomes
        if outcome.state == "settled"
    ]


def _logged(outcome: Outcome, decision: Decision | None) -> Logged:
    if decision is None or not decision.candidates or decision.scores is None:
        return Logged(outcome=outcome)
    rows = decision.candidates
    own = next((row for row in rows if row.action == outcome.action.action_id), rows[0])
    chance = decision.scores.p_buy_with
    basket = decision.margin_minor
    if basket is None:  # an earlier version told only what followed from it
        known = decision.scores.expected_margin_minor
        basket = known / chance + own.discount_minor if chance else 0.0
    return Logged(
        outcome=outcome,
        actions=tuple(row.action for row in rows),
        scores=tuple(row.score for row in rows),
        propensities=tuple(row.propensity for row in rows),
        p_buy=tuple(row.p_buy for row in rows),
        discounts_minor=tuple(row.discount_minor for row in rows),
        basket_minor=basket,
    )


Target = Callable[[Logged], Sequence[tuple[str, float]]]


def targets(logged: Sequence[Logged]) -> dict[str, Target]:
    """Give every policy that can be judged: nothing, each coupon, and the named ones."""
    found: dict[str, Target] = {"none": _nothing}
    coupons = {one.outcome.action.action_id for one in logged} - {NOTHING.action_id}
    coupons |= {action for one in logged for action in one.actions[1:]}
    if any(one.actions for one in logged):
        found |= NAMED
    return found | {coupon: _single(coupon) for coupon in sorted(coupons)}


def _nothing(one: Logged) -> Sequence[tuple[str, float]]:
    return ((NOTHING.action_id, 1.0),)


def _single(coupon: str) -> Target:
    def choose(one: Logged) -> Sequence[tuple[str, float]]:
        may = not one.actions or coupon in one.actions
        return ((coupon if may else NOTHING.action_id, 1.0),)

    return choose


def _named(place: Callable[[Logged], int]) -> Target:
    def choose(one: Logged) -> Sequence[tuple[str, float]]:
        return ((one.actions[place(one) if len(one.actions) > 1 else 0], 1.0),)

    return choose


def _shift(place: int | None) -> int:
    return 0 if place is None else place + 1


def _at_best(scores: Sequence[float], least: float) -> int:
    best = max(range(len(scores)), key=lambda place: scores[place])
    return best if scores[best] > least else 0


# Those that need no more than the table of a decision.
NAMED: dict[str, Target] = {
    "none": _nothing,
    "best_value": _named(lambda one: _at_best(one.scores, 0.0)),
    "article": _named(lambda one: _shift(article(one.p_buy[1:], one.discounts_minor[1:]))),
    "threshold": _named(
        lambda one: _shift(propensity_threshold(one.p_buy[0], one.p_buy[1:], THRESHOLD_RATIO))
    ),
    "uniform": lambda one: tuple((name, 1 / len(one.actions)) for name in one.actions),
}


def values(logged: Sequence[Logged]) -> dict[str, dict[str, Any]]:
    """Judge every target on the arm whose draws tell most of it, in money and in purchases.

    The arm is taken by the effective sample size, which knows weights and no outcomes, so that
    choosing favours nobody. The policy that was in force is judged by its own customers.
    """
    by_arm = {arm: [one for one in logged if one.outcome.arm == arm] for arm in DRAWN_ARMS}
    report: dict[str, dict[str, Any]] = {}
    if own := by_arm["policy"]:
        report["logged"] = _told("policy", own, None)
    for name, target in targets(logged).items():
        arms: dict[Arm, list[Logged]] = {**by_arm}
        if name == "none":
            arms["holdout"] = [one for one in logged if one.outcome.arm == "holdout"]
        judged = {arm: _weights(rows, target, in_money=True) for arm, rows in arms.items() if rows}
        sized = {arm: policy_value(rows).effective_count for arm, rows in judged.items() if rows}
        if sized and max(sized.values()) > 0:
            arm = max(sized, key=lambda one: sized[one])
            report[name] = _told(arm, arms[arm], target)
    return report


def _told(arm: Arm, rows: list[Logged], target: Target | None) -> dict[str, Any]:
    margin = policy_value(_weights(rows, target, in_money=True))
    bought = policy_value(_weights(rows, target, in_money=False))
    modelled = target is None or all(one.actions for one in rows)
    return {
        "judged_on": arm,
        "decisions": margin.decisions_count,
        "customers": margin.units_count,
        "matched": margin.matched_count,
        "effective_sample_size": round(margin.effective_count, 1),
        "largest_weight": round(margin.largest_weight, 2),
        "mean_weight": round(margin.mean_weight, 4),
        "reliable": margin.is_reliable,
        "margin_minor": _estimates(margin, modelled),
        "bought": _estimates(bought, modelled),
    }


def _weights(rows: Sequence[Logged], target: Target | None, *, in_money: bool) -> list[Weighted]:
    return [weighted(one, target, one.outcome.user_id, in_money=in_money) for one in rows]


def weighted(one: Logged, target: Target | None, unit: str, *, in_money: bool) -> Weighted:
    """See a decision as a target does; None is the policy that was in force."""
    outcome = one.outcome
    reward = float(outcome.margin_minor if in_money else outcome.y)
    if target is None:
        return Weighted(unit, 1.0, reward)
    chances = target(one) if one.actions else _without_decision(one, target)
    taken = outcome.action.action_id
    weight = dict(chances).get(taken, 0.0) / outcome.propensity
    if not one.actions:
        return Weighted(unit, weight, reward)
    place = {action: at for at, action in enumerate(one.actions)}
    direct = fsum(q * one.foreseen(place[name], in_money) for name, q in chances)
    return Weighted(unit, weight, reward, direct, one.foreseen(place.get(taken, 0), in_money))


def _without_decision(one: Logged, target: Target) -> Sequence[tuple[str, float]]:
    """Where nothing was eligible there is nothing to choose; else only plain targets are known."""
    try:
        return target(one)
    except IndexError:
        return ((NOTHING.action_id, 1.0),)


def _estimates(value: PolicyValue, modelled: bool) -> dict[str, Any]:
    return {
        "ips": shown(value.ips),
        "snips": shown(value.snips),
        "dr": shown(value.dr) if modelled else None,
    }


def shown(interval: Interval | None) -> dict[str, float | None] | None:
    """Give an interval as plain JSON; bounds that are not finite are None."""
    if interval is None:
        return None
    bounds = {
        "point": interval.point,
        "lower": interval.lower,
        "upper": interval.upper,
        "anytime_lower": interval.anytime_lower,
        "anytime_upper": interval.anytime_upper,
    }
    return {name: round(value, 6) if isfinite(value) else None for name, value in bounds.items()}


def sorting(logged: Sequence[Logged]) -> dict[str, Any] | None:
    """Tell how well the logged scores sort decisions by what a coupon changes: Qini and AUUC.

    On the arm `random` alone, where the chance of a coupon is the same for good and bad scores.
    None where there are no such decisions.
    """
    rows = [one for one in logged if one.outcome.arm == "random" and len(one.actions) > 1]
    report: dict[str, Any] = {"decisions": len(rows)}
    for name, in_money in (("margin_minor", True), ("bought", False)):
        records = [treated(one, in_money=in_money) for one in rows if 0 < one.propensities[0] < 1]
        if not records:
            return None
        drawn = qini(records)
        report[name] = {
            "auuc": drawn.auuc,
            "qini": drawn.qini,
            "whole_gain": drawn.whole_gain,
            "curve": [list(point) for point in drawn.curve],
        }
    return report


def treated(one: Logged, *, in_money: bool) -> Treated:
    """See a decision as one of the comparison of a coupon with none."""
    outcome = one.outcome
    return Treated(
        score=max(one.scores[1:]),
        treated=outcome.action.kind != NOTHING.kind,
        propensity=1 - one.propensities[0],
        reward=float(outcome.margin_minor if in_money else outcome.y),
    )
