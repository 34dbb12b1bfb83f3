"""Which counters an event's effects move; kept apart so that the step knows no metrics."""

from collections import Counter

from coupons.lifecycle import Lifecycle
from features.events import Event
from streams.context import Effects, Rules
from streams.decisions import Decision
from streams.metrics import SAMPLED_BY, Tally


class Flock:
    """What nearly every event brings: noted as it comes, and added up once for a chunk."""

    __slots__ = ("_answers", "_codes", "_consumed", "_guardrails")

    def __init__(self) -> None:
        self._consumed: list[tuple[str, str]] = []
        self._answers: list[tuple[str, str, str]] = []
        self._codes: list[str] = []
        self._guardrails: list[str] = []

    def note_event(self, topic: str, event: Event, timestamp_ms: int, tally: Tally) -> None:
        """Note an event that was understood, and its age when it was appended at `timestamp_ms`."""
        self._consumed.append((topic, event.event_type))
        age_ms = timestamp_ms - event.ts_ms
        tally.observe("event_age_seconds", age_ms / 1000 if age_ms > 0 else 0.0)

    def note_decision(self, decision: Decision, tally: Tally) -> None:
        """Note an answer, and keep the figures of one that was scored."""
        offer = decision.offer
        template = "none" if offer is None else offer.template_id
        self._answers.append((decision.action, template, decision.experiment.variant))
        self._codes += [reason.code for reason in decision.reasons]
        self._guardrails += [guardrail.code for guardrail in decision.guardrails]
        if decision.scores is not None:
            tally.observe("propensity", decision.propensity)
            tally.observe("model_score", decision.scores.p_buy_with, (decision.model.id,))
            if decision.decision_id[0] == SAMPLED_BY:
                tally.sampled.append(decision)

    def add_up(self, tally: Tally) -> None:
        """Hand over what was noted."""
        for labels, count in Counter(self._consumed).items():
            tally.add("events_consumed", labels, count)
        for answer, count in Counter(self._answers).items():
            tally.add("decisions", answer, count)
        for code, count in Counter(self._codes).items():
            tally.add("decision_reasons", (code,), count)
        for code, count in Counter(self._guardrails).items():
            tally.add("guardrail_blocks", (code,), count)


def count_effects(effects: Effects, rules: Rules, tally: Tally) -> None:
    """Count coupon stages, what was refused or answered, and settled labels."""
    if effects.denial is not None:
        tally.add("lifecycle_refusals", (effects.denial,))
    if effects.reply is not None:
        tally.add("replies", (effects.reply.reason or "allowed",))
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


def _count_lifecycle(lifecycle: Lifecycle, rules: Rules, tally: Tally) -> None:
    tally.add("lifecycle", (lifecycle.stage, lifecycle.coupon_id))
    if lifecycle.stage in ("redeemed", "unfunded") and lifecycle.discount_minor:
        campaign = rules.campaigns.get(lifecycle.campaign_id)
        currency = campaign.currency if campaign is not None else rules.currency
        tally.add("discount_minor", (currency, lifecycle.coupon_id), lifecycle.discount_minor)
