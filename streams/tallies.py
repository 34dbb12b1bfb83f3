"""Which counters an event's effects move; kept apart so that the step knows no metrics."""

from coupons.lifecycle import Lifecycle
from features.events import Event
from streams.context import Effects, Rules
from streams.decisions import Decision
from streams.metrics import Tally


def count_effects(effects: Effects, rules: Rules, tally: Tally) -> None:
    """Count decisions, reasons, guardrails, coupon stages and settled labels."""
    if effects.decision is not None:
        _count_decision(effects.decision, tally)
    for lifecycle in effects.lifecycle:
        _count_lifecycle(lifecycle, rules, tally)
    for outcome in effects.outcomes:
        if outcome.state == "settled" and not outcome.y:
            tally.add("labels_expired", ())
        if outcome.settled_ms is not None:
            tally.observe("label_delay_seconds", (outcome.settled_ms - outcome.decided_ms) / 1000)


def count_order(event: Event, rules: Rules, tally: Tally) -> None:
    """Count what an order brought, by the arm of its customer."""
    if event.total_minor:
        arm = rules.arm_of(event.user_id)
        currency = event.currency or rules.currency
        tally.add("order_revenue_minor", (currency, arm), event.total_minor)


def _count_decision(decision: Decision, tally: Tally) -> None:
    template = decision.offer.template_id if decision.offer is not None else "none"
    tally.add("decisions", (decision.action, template, decision.experiment.variant))
    for reason in decision.reasons:
        tally.add("decision_reasons", (reason.code,))
    for guardrail in decision.guardrails:
        tally.add("guardrail_blocks", (guardrail.code,))
    if decision.scores is not None:
        tally.observe("propensity", decision.propensity)
        tally.observe("model_score", decision.scores.p_buy_with, (decision.model.id,))


def _count_lifecycle(lifecycle: Lifecycle, rules: Rules, tally: Tally) -> None:
    tally.add("lifecycle", (lifecycle.stage, lifecycle.coupon_id))
    if lifecycle.stage in ("redeemed", "unfunded") and lifecycle.discount_minor:
        campaign = rules.campaigns.get(lifecycle.campaign_id)
        currency = campaign.currency if campaign is not None else rules.currency
        tally.add("discount_minor", (currency, lifecycle.coupon_id), lifecycle.discount_minor)
