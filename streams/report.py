"""Turns a choice into the outbound record: the offer, the money, the reasons in full."""

from collections.abc import Sequence
from functools import lru_cache
from hashlib import sha256
from struct import pack
from typing import Any

from coupons.choices import Candidate, Choice
from coupons.promises import promised
from features.actions import NOTHING
from features.events import Event
from online_models.league.contracts import Answers
from online_models.shapes import log_odds
from streams.context import Context, Point, Rules
from streams.decisions import (
    BudgetRef,
    Contribution,
    Decision,
    Guardrail,
    Offer,
    Priced,
    Reason,
    ScoredCandidate,
    Scores,
    rfc3339,
)
from streams.offer_text import offer_text

MICRO = 1e-6  # to which chances are rounded
# Contributions beyond these are summed as `other`, so that a decision stays small.
SHOWN_CONTRIBUTIONS_COUNT = 6


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
        experiment=rules.experiment_of(event.user_id),
        model=rules.model_ref,
        policy=rules.policy_ref,
        catalogue_version=rules.catalogue.version,
        knowledge_version=rules.known.version,
        stock_version=rules.stock.version,
        reasons=(_reason(hindrance, detail),),
        guardrails=(_guardrail(hindrance),),
        channel=event.channel,
        dry_run=rules.dry_run,
    )


def report_choice(point: Point, choice: Choice, answers: Answers, context: Context) -> Decision:
    """Write down everything that a repetition or an explanation of the choice needs."""
    rules, event, given = context.rules, point.event, choice.candidate
    base, contributions = _contributions(answers, choice)
    return Decision(
        decision_id=point.decision_id,
        user_id=event.user_id,
        trigger_event_id=event.event_id,
        trigger_event_type=event.event_type,
        decided_at=rfc3339(event.ts_ms),
        expires_at=rfc3339(event.ts_ms + given.coupon.validity_ms) if given is not None else None,
        action=choice.action,
        offer=_offer(given, point, rules) if given is not None else None,
        propensity=choice.propensity,
        explored=choice.explored,
        candidates=_candidates(choice),
        scores=_scores(choice, answers),
        experiment=point.experiment,
        model=rules.model_ref,
        policy=rules.policy_ref,
        catalogue_version=rules.catalogue.version,
        knowledge_version=rules.known.version,
        stock_version=rules.stock.version,
        reasons=tuple(map(_reason, choice.reasons)),
        guardrails=tuple([_guardrail(one.reason, one.coupon_id) for one in choice.blocked]),
        budget=_budget(given, choice, context) if given is not None else None,
        base_log_odds=base,
        contributions=contributions,
        why_not=choice.why_not,
        features=_named(point.x, contributions),
        features_hash=_features_hash(point.x),
        channel=event.channel,
        dry_run=rules.dry_run,
        margin_minor=choice.margin_minor,
        prices=_prices(choice) if choice.candidates else (),
    )


@lru_cache(maxsize=512)
def _reason(code: str, detail: str = "") -> Reason:
    return Reason(code=code, weight=1.0, detail=detail)


@lru_cache(maxsize=4_096)
def _guardrail(code: str, coupon_id: str = "") -> Guardrail:
    return Guardrail(code=code, action=coupon_id)


def _candidates(choice: Choice) -> tuple[ScoredCandidate, ...]:
    nothing_propensity, *propensities = choice.propensities
    nothing = ScoredCandidate(
        action=NOTHING.action_id,
        score=0.0,
        p_buy=choice.p_nothing,
        propensity=nothing_propensity,
    )
    columns = choice.candidates, choice.values_minor, choice.p_buy, propensities
    coupons = [
        ScoredCandidate(
            action=one.coupon.coupon_id,
            score=value_minor,
            p_buy=p,
            propensity=propensity,
            discount_minor=one.discount_minor,
        )
        for one, value_minor, p, propensity in zip(*columns, strict=True)
    ]
    return (nothing, *coupons)


def _scores(choice: Choice, answers: Answers) -> Scores:
    at, cost_minor = choice.at, 0
    p_buy = choice.p_nothing
    if at is not None:
        p_buy, cost_minor = choice.p_buy[at], choice.candidates[at].discount_minor
    without = round(answers.p_nothing, 6)
    return Scores(
        p_buy_without=without,
        p_buy_with=p_buy,
        uplift=round(p_buy - without, 6),
        expected_margin_minor=round(p_buy * (choice.margin_minor - cost_minor)),
    )


def _offer(given: Candidate, point: Point, rules: Rules) -> Offer:
    coupon = given.coupon
    max_minor = promised(coupon, given.charge_minor).max_discount_minor
    campaign = rules.campaigns[coupon.campaign_id]
    return Offer(
        offer_id=point.decision_id,
        template_id=coupon.coupon_id,
        campaign_id=coupon.campaign_id,
        kind=coupon.kind,
        currency=campaign.currency,
        value_bp=round(coupon.off_ratio * 10_000) if coupon.kind == "percent_off" else None,
        value_minor=coupon.off_minor or None,
        max_discount_minor=max_minor,
        min_basket_minor=coupon.min_spend_minor,
        scope=coupon.scope.of,
        names=tuple(sorted(coupon.scope.names)),
        venue=coupon.venue,
        code=rules.code_of(coupon, point.decision_id),
        title=coupon.title,
        text=offer_text(coupon, point.event.event_type, campaign.currency, max_minor),
    )


def _budget(given: Candidate, choice: Choice, context: Context) -> BudgetRef:
    """State the money as it is after this charge, which the same commit books."""
    campaign_id = given.coupon.campaign_id
    free_minor = context.partition.ledger.free_minor(campaign_id)
    return BudgetRef(
        campaign_id=campaign_id,
        remaining_minor=free_minor - given.charge_minor,
        charged_minor=given.charge_minor,
        lambda_micro=round(choice.prices.get(campaign_id, 0.0) * 1_000_000),
    )


def _prices(choice: Choice) -> tuple[Priced, ...]:
    """State the price that each candidate was charged with; campaigns in catalogue order.

    Which coupons a campaign pays for is told where there are several.
    """
    paid: dict[str, list[Candidate]] = {}
    for one in choice.candidates:
        paid.setdefault(one.coupon.campaign_id, []).append(one)
    one_pays, holds = len(paid) == 1, choice.hold_prices
    return tuple(
        [
            Priced(
                campaign_id=name,
                price=choice.prices.get(name, 0.0),
                coupons=() if one_pays else tuple([one.coupon.coupon_id for one in given]),
                hold_price=holds.get(name, 0.0),
                held_minor=_held(given) if name in holds else {},
            )
            for name, given in paid.items()
        ]
    )


def _held(given: Sequence[Candidate]) -> dict[str, int]:
    return {one.coupon.coupon_id: one.charge_minor for one in given}


def _contributions(answers: Answers, choice: Choice) -> tuple[float, tuple[Contribution, ...]]:
    """Give the bias and the largest contributions; what is not shown is summed as `other`."""
    at = choice.at
    named = answers.contributions(at)
    if at is not None and choice.p_buy[at] > answers.p_buy[at] + MICRO:
        named["order"] = log_odds(choice.p_buy[at]) - log_odds(answers.p_buy[at])
    base = named.pop("bias")
    sizes = sorted(map(abs, filter(None, named.values())), reverse=True)
    least = sizes[:SHOWN_CONTRIBUTIONS_COUNT][-1] if sizes else 0.0
    strongest = sorted(
        [(-abs(v), name) for name, v in named.items() if v and not -least < v < least]
    )
    shown = [
        Contribution(feature=name, log_odds=_micro(named[name]))
        for _, name in strongest[:SHOWN_CONTRIBUTIONS_COUNT]
    ]
    if len(sizes) > SHOWN_CONTRIBUTIONS_COUNT:
        rest = sum(named.values()) - sum([one.log_odds for one in shown])
        shown.append(Contribution(feature="other", log_odds=_micro(rest)))
    return _micro(base), tuple(shown)


def _named(x: dict[str, float], shown: tuple[Contribution, ...]) -> dict[str, float]:
    """Give the values that contributions speak of; the opened outcome tells all of them."""
    return {one.feature: value for one in shown if (value := x.get(one.feature))}


def _micro(value: float) -> float:
    # to 6 decimals, in a quarter of the time of round()
    return (value * 1e6 + 0.5) // 1.0 / 1e6


def _features_hash(x: dict[str, float]) -> str:
    """Digest all features, zeros too: the names joined by `|`, then values as 64-bit floats."""
    digest = _begun(tuple(x)).copy()
    digest.update(pack(f"<{len(x)}d", *x.values()))
    return str(digest.hexdigest())[:16]


@lru_cache(maxsize=64)
def _begun(names: tuple[str, ...]) -> Any:  # hashlib does not name the type
    return sha256("|".join(names).encode())
