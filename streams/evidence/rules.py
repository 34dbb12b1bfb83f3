"""What every rule costs: the worth of the coupons that it kept back, in money per day."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from math import fsum
from typing import Any

from streams.decisions import Decision, epoch_ms

DAY_MS = 86_400_000
MAX_GAINS_COUNT = 4_096  # of trigger and coupon


def shadow_prices(decisions: Sequence[Decision]) -> dict[str, Any]:
    """Price each rule by what the model believes it lost; its own beliefs, not facts.

    - A rule that blocks a coupon (`guardrails`): where the coupon was not scored, its gain over the
      rest is the mean of what it gained in decisions on the same kind of trigger in which it could
      be given. Of several coupons that one rule blocked the best counts.
    - `budget_price`, `holdout`, `explored`: exact, by the scores that the decision carries: what
      the best action was worth (for the budget: before its price) less what the chosen one was.

    Rules overlap: a coupon freed by one may be held by the next, so the prices do not add up.
    """
    costs = RuleCosts()
    for one in decisions:
        costs.learn(one)
    lost: defaultdict[str, list[float]] = defaultdict(list)
    blocks: Counter[str] = Counter()
    for one in decisions:
        blocks.update(guardrail.code for guardrail in one.guardrails if guardrail.action)
        for code, gain in costs.of(one):
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


class RuleCosts:
    """What rules cost, from the mean worth that a coupon added where it could be given."""

    def __init__(self) -> None:
        self._gains: dict[tuple[str, str], tuple[float, int]] = {}

    def update(self, one: Decision) -> list[tuple[str, float]]:
        """Learn from a decision and price it by what is known so far."""
        self.learn(one)
        return self.of(one)

    def learn(self, one: Decision) -> None:
        """Add what each coupon was worth beyond the others of this decision."""
        ranked = sorted((row.score for row in one.candidates), reverse=True)
        for row in one.candidates[1:]:
            others = ranked[1] if row.score == ranked[0] else ranked[0]
            key = one.trigger_event_type, row.action
            total, count = self._gains.get(key, (0.0, 0))
            if key in self._gains or len(self._gains) < MAX_GAINS_COUNT:
                self._gains[key] = total + max(0.0, row.score - others), count + 1

    def of(self, one: Decision) -> list[tuple[str, float]]:
        """Give each rule that kept something back, and what that was worth."""
        best: dict[str, float] = {}
        for guardrail in one.guardrails:
            if guardrail.action:
                total, count = self._gains.get((one.trigger_event_type, guardrail.action), (0.0, 1))
                best[guardrail.code] = max(best.get(guardrail.code, 0.0), total / count)
        return [*best.items(), *_scored_losses(one)]


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
    if one.margin_minor is None:
        return 0.0  # an earlier version told no margin
    margin_minor = one.margin_minor
    chosen = one.offer.template_id if one.offer is not None else one.candidates[0].action
    bare = {row.action: row.p_buy * (margin_minor - row.discount_minor) for row in one.candidates}
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
