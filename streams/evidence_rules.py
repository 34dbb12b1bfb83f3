"""What every rule costs: the worth of the coupons that it kept back, in money per day."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from math import fsum
from typing import Any

from streams.decisions import Decision, epoch_ms

DAY_MS = 86_400_000
MICRO = 1_000_000


def shadow_prices(decisions: Sequence[Decision]) -> dict[str, Any]:
    """Price each rule by what the model believes it lost; its own beliefs, not facts.

    - A rule that blocks a coupon (`guardrails`): where the coupon was not scored, its gain over the
      rest is the mean of what it gained in decisions on the same kind of trigger in which it could
      be given. Of several coupons that one rule blocked the best counts.
    - `budget_price`, `holdout`, `explored`: exact, by the scores that the decision carries: what
      the best action was worth (for the budget: before its price) less what the chosen one was.

    Rules overlap: a coupon freed by one may be held by the next, so the prices do not add up.
    """
    gains = _mean_gains(decisions)
    lost: defaultdict[str, list[float]] = defaultdict(list)
    blocks: Counter[str] = Counter()
    for one in decisions:
        best: dict[str, float] = {}
        for guardrail in one.guardrails:
            if guardrail.action:
                blocks[guardrail.code] += 1
                gain = gains.get((one.trigger_event_type, guardrail.action), 0.0)
                best[guardrail.code] = max(best.get(guardrail.code, 0.0), gain)
        for code, gain in (*best.items(), *_scored_losses(one)):
            lost[code].append(gain)
    days = _days(decisions)
    return {
        code: {
            "decisions": len(lost[code]),
            "blocks": blocks[code],
            "lost_minor": round(fsum(lost[code])),
            "lost_minor_per_day": round(fsum(lost[code]) / days, 2),
        }
        for code in sorted(lost, key=lambda code: (-fsum(lost[code]), code))
    }


def _mean_gains(decisions: Iterable[Decision]) -> dict[tuple[str, str], float]:
    """Mean worth that a coupon adds to what the others offer, by trigger and coupon."""
    sums: defaultdict[tuple[str, str], list[float]] = defaultdict(list)
    for one in decisions:
        ranked = sorted((row.score for row in one.candidates), reverse=True)
        for row in one.candidates[1:]:
            others = ranked[1] if row.score == ranked[0] else ranked[0]
            sums[one.trigger_event_type, row.action].append(max(0.0, row.score - others))
    return {key: fsum(gains) / len(gains) for key, gains in sums.items()}


def _scored_losses(one: Decision) -> list[tuple[str, float]]:
    if len(one.candidates) < 2 or one.scores is None:
        return []
    chosen = one.offer.template_id if one.offer is not None else one.candidates[0].action
    own = next(row for row in one.candidates if row.action == chosen)
    best = max(row.score for row in one.candidates)
    variant, losses = one.experiment.variant, []
    if variant == "holdout" and best > own.score:
        losses.append(("holdout", best - own.score))
    elif variant == "policy" and one.explored and best > own.score:
        losses.append(("explored", best - own.score))
    if "budget_price" in one.why_not.values() and variant == "policy":
        losses.append(("budget_price", _unpriced_loss(one)))
    return losses


def _unpriced_loss(one: Decision) -> float:
    """Worth of the best action before the price of budget, less that of the chosen one."""
    assert one.scores is not None
    chosen = one.offer.template_id if one.offer is not None else one.candidates[0].action
    own = next(row for row in one.candidates if row.action == chosen)
    chance = one.scores.p_buy_with
    if not chance:
        return 0.0
    basket = one.scores.expected_margin_minor / chance + own.discount_minor
    unaided = one.candidates[0].p_buy * basket
    bare = {
        row.action: row.p_buy * (basket - row.discount_minor) - unaided for row in one.candidates
    }
    return max(0.0, max(bare.values()) - bare[chosen])


def budget_by_arm(decisions: Sequence[Decision]) -> dict[str, Any]:
    """Tell what each arm took of the budget that the arms share, and who was refused for it.

    Where the budget ran out and an arm took more than its customers' share, it has starved the
    others: their effects are no longer those of their policies alone.
    """
    customers: defaultdict[str, set[str]] = defaultdict(set)
    charged: Counter[str] = Counter()
    refused: Counter[str] = Counter()
    points: Counter[str] = Counter()
    for one in decisions:
        arm = one.experiment.variant
        customers[arm].add(one.user_id)
        if one.scores is None or arm == "holdout":
            continue
        points[arm] += 1
        charged[arm] += one.budget.charged_minor if one.budget is not None else 0
        refused[arm] += any(guard.code == "budget_exhausted" for guard in one.guardrails)
    users = sum(len(customers[arm]) for arm in points)
    money = sum(charged.values())
    arms = {
        arm: {
            "customers": len(customers[arm]),
            "customers_ratio": round(len(customers[arm]) / users, 6),
            "charged_minor": charged[arm],
            "charged_ratio": round(charged[arm] / money, 6) if money else 0.0,
            "refused_for_budget_ratio": round(refused[arm] / points[arm], 6),
        }
        for arm in sorted(points)
    }
    scarce = sum(refused.values()) > 0
    starving = [
        arm for arm, one in arms.items() if scarce and one["charged_ratio"] < _fair(one) / 1.25
    ]
    return {"budget_ran_out": scarce, "arms": arms, "starved": starving}


def _fair(arm: dict[str, Any]) -> float:
    return float(arm["customers_ratio"])


def _days(decisions: Sequence[Decision]) -> float:
    moments = [epoch_ms(one.decided_at) for one in decisions]
    return max(DAY_MS, max(moments) - min(moments)) / DAY_MS if moments else 1.0
