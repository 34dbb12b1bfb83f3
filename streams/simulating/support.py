"""What other rules would have earned, as far as the draws that were logged can tell, with doubt.

Only customers of the arm `policy` are asked, a decision at a time: what they would have done after
another answer is known only where chance gave such an answer to somebody alike. Where it hardly
ever did, the figure is not told as a finding.
"""

from collections.abc import Mapping, Sequence
from math import fsum
from typing import Any

from online_models.off_policy import LEAST_EFFECTIVE_COUNT, Weighted, difference, policy_value
from online_models.outcomes import Outcome
from streams.decisions import Decision
from streams.evidence.findings import matured
from streams.evidence.values import Logged, joined, shown, weighted

# Of what the other rules want, so much must have been possible in the log.
LEAST_SUPPORTED_RATIO = 0.95

Asked = Mapping[str, tuple[Decision, Decision | None]]
Chances = Sequence[tuple[str, float]]


def is_choice(one: Decision) -> bool:
    """Tell whether the policy was asked: only then does an outcome follow."""
    return bool(one.candidates) and one.scores is not None


def estimate(asked: Asked, outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """Estimate the margin of the other rules on decisions that had all their time.

    Parameters
    ----------
    asked
        By decision id: what was decided, and what would have been under the other rules.
    outcomes
        Of the same customers, all states.
    """
    decisions = {name: one for name, (one, _) in asked.items()}
    settled = [one for one in joined(matured(outcomes), decisions) if one.actions]
    targets = {one.outcome.decision_id: _target(one, asked) for one in settled}
    supported = [one for one in settled if targets[one.outcome.decision_id][0]]
    ratio = fsum(mass for _, mass in targets.values()) / len(settled) if settled else 0.0
    report: dict[str, Any] = {
        "decisions": len(settled),
        "compared": len(supported),
        "supported_ratio": round(ratio, 6),
    }
    if not supported:
        return {**report, "reliable": False, "verdict": _verdict(report, None, None)}

    def chances_of(one: Logged) -> Chances:
        return targets[one.outcome.decision_id][0]

    theirs = [weighted(one, chances_of, one.outcome.user_id, in_money=True) for one in supported]
    ours = [weighted(one, None, one.outcome.user_id, in_money=True) for one in supported]
    return {**report, **_values(theirs, ours, report)}


def _values(
    theirs: Sequence[Weighted], ours: Sequence[Weighted], report: Mapping[str, Any]
) -> dict[str, Any]:
    value, gain = policy_value(theirs), difference(theirs, ours)
    reliable = value.is_reliable and report["supported_ratio"] >= LEAST_SUPPORTED_RATIO
    told = {
        "effective_sample_size": round(value.effective_count, 1),
        "reliable": reliable,
        "decided_minor": round(policy_value(ours).ips.point, 6),
        "ips_minor": shown(value.ips),
        "snips_minor": shown(value.snips),
        "dr_minor": shown(value.dr),
        "gain_minor": shown(gain),
        "gain_in_all_minor": shown(gain.scaled(len(theirs))),
    }
    bounds = gain.lower, gain.upper
    return {**told, "verdict": _verdict(report, bounds, value.effective_count)}


def _target(one: Logged, asked: Asked) -> tuple[Chances, float]:
    """Give the other rules' chances among what could have come out, and how much that covers.

    An offer that still stands under the other rules leaves nothing to compare with.
    """
    _, other = asked[one.outcome.decision_id]
    if other is None or not is_choice(other):
        return (), 0.0
    possible = {name for name, p in zip(one.actions, one.propensities, strict=True) if p > 0}
    wanted = [(row.action, row.propensity) for row in other.candidates if row.propensity > 0]
    kept = [(name, q) for name, q in wanted if name in possible]
    mass = fsum(q for _, q in kept)
    return (tuple((name, q / mass) for name, q in kept), mass) if mass else ((), 0.0)


def _verdict(
    report: Mapping[str, Any], gain: tuple[float, float] | None, effective_count: float | None
) -> str:
    """Say plainly what may be concluded, and what may not."""
    if not report["decisions"]:
        return "no conclusion: no decision had all its time to be followed by an order"
    if report["supported_ratio"] < LEAST_SUPPORTED_RATIO:
        return (
            f"no conclusion: only {report['supported_ratio']:.0%} of what these rules would have "
            "done could have happened then"
        )
    if gain is None or effective_count is None or effective_count < LEAST_EFFECTIVE_COUNT:
        return f"no conclusion: only {effective_count or 0:.0f} effective decisions stand behind it"
    if gain[0] > 0:
        return "these rules would have earned more"
    return "these rules would have earned less" if gain[1] < 0 else "no difference shown"
