"""Which coupons a customer may get now, and for every other one the first rule that says no."""

from typing import Protocol

from coupons.audiences import Moment
from coupons.blocks import REASONS
from coupons.catalogue import Campaign, Catalogue, Coupon
from coupons.choices import Blocked, Candidate
from coupons.price import missing_count
from coupons.rules import SHOP, STEPS, Plan, Rule, plan_of
from features.basket import Basket
from features.traits import Traits

__all__ = ["REACH_RATIO", "REASONS", "Limits", "Moment", "eligible"]

REACH_RATIO = 0.5
HALF_A_PAIR = 0.5  # one piece in the basket, one to go


class Limits(Protocol):
    """Caps of one customer and money of the campaigns; None means nothing speaks against it."""

    def blocked_by_wallet(
        self, coupon: Coupon, campaign: Campaign, now_ms: int, channel: str | None, /
    ) -> str | None:
        """Say which cap of the customer forbids the coupon."""

    def blocked_by_ledger(
        self, coupon: Coupon, campaign: Campaign, charge_minor: int, /
    ) -> str | None:
        """Say whether quota or budget cannot hold the charge."""


def eligible(
    catalogue: Catalogue,
    basket: Basket,
    traits: Traits,
    moment: Moment,
    limits: Limits,
    *,
    reach_ratio: float = REACH_RATIO,
) -> tuple[list[Candidate], list[Blocked]]:
    """Sort the catalogue into what may be given and what may not, both in catalogue order.

    A basket below a coupon's minimum, but within reach of it, is priced as if filled up to the
    minimum: nothing less can ever be redeemed. `Candidate.discount_minor` is what the shop gives
    up, so the cost of a gift stands there too.

    Parameters
    ----------
    reach_ratio
        How far below its condition a basket may be, as a share of the condition: of a minimum
        spend, of a bundle's products, of a pair for `second_half_price`.
    """
    plan = plan_of(catalogue)
    goods, matches = plan.goods_minor(basket), plan.matches(traits.affinity)
    match_steps = [int(ratio * STEPS + 0.5) for ratio in matches]
    by_wallet, by_ledger = limits.blocked_by_wallet, limits.blocked_by_ledger
    now_ms, channel = moment.now_ms, moment.channel
    candidates: list[Candidate] = []
    blocked: list[Blocked] = []
    for rule in plan.rules:
        reason = rule.closed(now_ms) if rule.timed else None
        if reason is None:
            for check in rule.checks:
                reason = check(traits, moment)
                if reason is not None:
                    break
            else:
                reason = by_wallet(rule.coupon, rule.campaign, now_ms, channel) or by_ledger(
                    rule.coupon, rule.campaign, rule.charge_minor
                )
        if reason is None:
            at = rule.scope_at
            if at != SHOP and _beside(rule, plan, basket.known, goods[at], matches[at], traits):
                reason = "scope_not_relevant"
            else:
                offer = _priced(rule, basket, goods[at], match_steps[at], reach_ratio)
                if isinstance(offer, Candidate):
                    candidates.append(offer)
                    continue
                reason = offer
        blocked.append(rule.refuse(reason))
    return candidates, blocked


def _beside(
    rule: Rule, plan: Plan, known: bool, goods_minor: int, match_ratio: float, traits: Traits
) -> bool:
    """Tell whether the customer's goods, or their taste where goods are a guess, lie elsewhere.

    A customer of whom we know no taste of that sort is not judged, nor is a coupon that asks for
    customers who are new to its goods.
    """
    if known:
        return goods_minor == 0
    of = rule.coupon.scope.of
    if match_ratio > 0 or of == "product" or rule.coupon.audience.bought is False:
        return False
    if not any(name.startswith(of) for name in traits.affinity):
        return False
    return not plan.touched(rule.scope_at, traits.bought)


def _priced(
    rule: Rule, basket: Basket, goods_minor: int, match_steps: int, reach_ratio: float
) -> Candidate | str:
    coupon = rule.coupon
    kind, asked_minor, gap_ratio = coupon.kind, goods_minor, 0.0
    if goods_minor < coupon.min_spend_minor:
        asked_minor = coupon.min_spend_minor
        gap_ratio = (asked_minor - goods_minor) / asked_minor
        if gap_ratio > reach_ratio:
            return "min_spend_out_of_reach"
    if kind == "gift":
        cost_minor = coupon.cost_minor
    elif kind == "bundle" and (missing := missing_count(coupon, basket)):
        gap_ratio = missing / len(coupon.bundle_products)
        if gap_ratio > reach_ratio:
            return "bundle_out_of_reach"
        cost_minor = rule.charge_minor
    else:
        cost_minor = rule.price(basket, asked_minor)
        if cost_minor == 0 and kind == "second_half_price" and reach_ratio >= HALF_A_PAIR:
            cost_minor, gap_ratio = min((goods_minor + 1) // 2, rule.charge_minor), HALF_A_PAIR
    if cost_minor == 0:
        return "no_discount"
    depth_steps = cost_minor * STEPS // asked_minor if cost_minor < asked_minor else STEPS
    gap_steps = int(gap_ratio * STEPS + 0.5) if gap_ratio else 0
    return rule.candidate(cost_minor, depth_steps, match_steps, gap_steps)
