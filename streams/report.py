"""Turns a choice into the outbound record: the offer, the money, the reasons in full."""

from hashlib import sha256

from coupons import draw
from coupons.choices import Candidate, Choice
from features.actions import NOTHING, Action
from features.basket import Basket
from features.events import Event
from online_models.shapes import log_odds
from streams.context import Context, Rules
from streams.decisions import (
    BudgetRef,
    Contribution,
    Decision,
    Experiment,
    Guardrail,
    ModelRef,
    Offer,
    PolicyRef,
    Reason,
    ScoredCandidate,
    Scores,
    rfc3339,
)

# Contributions beyond these are summed as `other`, so that a decision stays small.
SHOWN_CONTRIBUTIONS_COUNT = 8


def report_suppressed(
    identity: str, event: Event, rules: Rules, hindrance: str, standing: str | None
) -> Decision:
    """Answer a trigger at which the policy was not asked, and say which answer stands."""
    detail = f"the offer of decision {standing} stands" if standing is not None else ""
    return Decision(
        decision_id=identity,
        user_id=event.user_id,
        trigger_event_id=event.event_id,
        trigger_event_type=event.event_type,
        decided_at=rfc3339(event.ts_ms),
        action="suppressed",
        propensity=1.0,
        experiment=_experiment(event, rules),
        model=_model(rules),
        policy=_policy(rules),
        catalogue_version=rules.catalogue.version,
        reasons=(Reason(code=hindrance, weight=1.0, detail=detail),),
        guardrails=(Guardrail(code=hindrance),),
        channel=event.channel,
        dry_run=rules.dry_run,
    )


def report_choice(
    identity: str,
    event: Event,
    x: dict[str, float],
    basket: Basket,
    choice: Choice,
    p_nothing: float,
    context: Context,
) -> Decision:
    """Write down everything that a repetition or an explanation of the choice needs."""
    rules = context.rules
    given = choice.candidate
    action = given.action if given is not None else NOTHING
    margin_minor = basket.goods_minor * rules.margin_ratio
    base, contributions = _contributions(x, action, rules)
    return Decision(
        decision_id=identity,
        user_id=event.user_id,
        trigger_event_id=event.event_id,
        trigger_event_type=event.event_type,
        decided_at=rfc3339(event.ts_ms),
        expires_at=rfc3339(event.ts_ms + given.coupon.validity_ms) if given is not None else None,
        action=choice.action,
        offer=_offer(given, identity, rules) if given is not None else None,
        propensity=choice.propensity,
        explored=choice.explored,
        candidates=_candidates(choice),
        scores=_scores(choice, action.action_id, p_nothing, margin_minor),
        experiment=_experiment(event, rules),
        model=_model(rules),
        policy=_policy(rules),
        catalogue_version=rules.catalogue.version,
        reasons=tuple(Reason(code=code, weight=1.0) for code in choice.reasons),
        guardrails=_guardrails(choice),
        budget=_budget(given, context) if given is not None else None,
        base_log_odds=base,
        contributions=contributions,
        why_not=choice.why_not,
        features={name: value for name, value in x.items() if value},
        features_hash=_features_hash(x),
        channel=event.channel,
        dry_run=rules.dry_run,
    )


def _candidates(choice: Choice) -> tuple[ScoredCandidate, ...]:
    return tuple(
        ScoredCandidate(
            action=row.action_id,
            score=row.value_minor,
            p_buy=row.p_buy,
            propensity=row.propensity,
            discount_minor=row.discount_minor,
        )
        for row in choice.table
    )


def _scores(choice: Choice, action_id: str, p_nothing: float, margin_minor: float) -> Scores:
    chosen = next(row for row in choice.table if row.action_id == action_id)
    without = round(p_nothing, 6)
    return Scores(
        p_buy_without=without,
        p_buy_with=chosen.p_buy,
        uplift=round(chosen.p_buy - without, 6),
        expected_margin_minor=round(chosen.p_buy * (margin_minor - chosen.discount_minor)),
    )


def _experiment(event: Event, rules: Rules) -> Experiment:
    return Experiment(
        id=rules.salt,
        variant=rules.arm_of(event.user_id),
        bucket=draw.bucket(event.user_id, rules.salt),
    )


def _model(rules: Rules) -> ModelRef:
    return ModelRef(
        id=rules.model_id, version=rules.model_version, learned_count=rules.model_learned_count
    )


def _policy(rules: Rules) -> PolicyRef:
    return PolicyRef(name=rules.policy.name, version="1")


def _offer(given: Candidate, identity: str, rules: Rules) -> Offer:
    coupon = given.coupon
    campaign = rules.campaigns[coupon.campaign_id]
    return Offer(
        offer_id=identity,
        template_id=coupon.coupon_id,
        campaign_id=coupon.campaign_id,
        kind=coupon.kind,
        currency=campaign.currency,
        value_bp=round(coupon.off_ratio * 10_000) if coupon.kind == "percent_off" else None,
        value_minor=coupon.off_minor or None,
        max_discount_minor=coupon.max_discount_minor,
        min_basket_minor=coupon.min_spend_minor,
        scope=coupon.scope.of,
        names=tuple(sorted(coupon.scope.names)),
        venue=coupon.venue,
        code=coupon.code,
        title=coupon.title,
    )


def _budget(given: Candidate, context: Context) -> BudgetRef:
    """State the money as it is after this charge, which the same commit books."""
    campaign_id = given.coupon.campaign_id
    ledger = context.partition.ledger
    return BudgetRef(
        campaign_id=campaign_id,
        remaining_minor=ledger.free_minor(campaign_id) - given.charge_minor,
        charged_minor=given.charge_minor,
        lambda_micro=round(ledger.prices().get(campaign_id, 0.0) * 1_000_000),
    )


def _guardrails(choice: Choice) -> tuple[Guardrail, ...]:
    values = {row.action_id for row in choice.table}
    return tuple(
        Guardrail(code=code, action=coupon_id)
        for coupon_id, code in choice.why_not.items()
        if coupon_id not in values
    )


def _contributions(
    x: dict[str, float], action: Action, rules: Rules
) -> tuple[float, tuple[Contribution, ...]]:
    """Give the bias and the largest contributions; what is not shown is summed as `other`.

    `caution` is what the doubt in the coupon's effect takes off.
    """
    parts = rules.model.contributions(x, action)
    plain, cautious = (
        score(x, [action])[0] for score in (rules.model.predict_many, rules.model.cautious_many)
    )
    if plain != cautious:
        parts = [*parts, ("caution", log_odds(cautious) - log_odds(plain))]
    base = sum(value for name, value in parts if name == "bias")
    named = sorted((part for part in parts if part[0] != "bias"), key=lambda part: -abs(part[1]))
    shown = [
        Contribution(feature=name, log_odds=round(value, 6))
        for name, value in named[:SHOWN_CONTRIBUTIONS_COUNT]
    ]
    rest = sum(value for _, value in named) - sum(part.log_odds for part in shown)
    if named[SHOWN_CONTRIBUTIONS_COUNT:]:
        shown.append(Contribution(feature="other", log_odds=round(rest, 6)))
    return round(base, 6), tuple(shown)


def _features_hash(x: dict[str, float]) -> str:
    text = "|".join(f"{name}={value!r}" for name, value in x.items())
    return sha256(text.encode()).hexdigest()[:16]
