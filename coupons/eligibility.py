"""Which coupons a customer may get now, and for every other one the first rule that says no."""

from collections.abc import Callable
from typing import NamedTuple, Protocol

from coupons.audiences import Moment
from coupons.blocks import REASONS
from coupons.catalogue import Campaign, Catalogue, Coupon
from coupons.choices import Blocked, Candidate
from coupons.price import missing_count
from coupons.promises import PROMISE_RATIO, promise_minor
from coupons.rules import SHOP, STEPS, Plan, Rule, plan_of
from coupons.stock import EVERYTHING_THERE, Stock
from features.basket import Basket
from features.traits import Traits

__all__ = ["REACH_RATIO", "REASONS", "Limits", "Moment", "eligible"]

REACH_RATIO = 0.5
HALF_A_PAIR = 0.5  # one piece in the basket, one to go


class Limits(Protocol):
    """Caps of one customer and money of the campaigns, asked once for each campaign."""

    def caps_of(
        self, campaign: Campaign, now_ms: int, channel: str | None, /
    ) -> Callable[[Coupon], str | None] | None:
        """Give what names the cap that forbids a coupon (None: none does); None if no cap can."""

    def room_minor(self, campaign: Campaign, /) -> int:
        """Tell the largest charge that the budget can hold."""

    def has_quota(self, coupon: Coupon, /) -> bool:
        """Tell whether one more of a coupon with a quota may be given."""

    def shortage(self, campaign: Campaign, /) -> str:
        """Say why there is no room."""


def eligible(
    catalogue: Catalogue,
    basket: Basket,
    traits: Traits,
    moment: Moment,
    limits: Limits,
    *,
    stock: Stock = EVERYTHING_THERE,
    reach_ratio: float = REACH_RATIO,
    promise_ratio: float = PROMISE_RATIO,
) -> tuple[list[Candidate], list[Blocked]]:
    """Sort the catalogue into what may be given and what may not, both in catalogue order.

    A basket below a coupon's minimum, but within reach of it, is priced as if filled up to the
    minimum: nothing less can ever be redeemed. `Candidate.discount_minor` is what the shop gives
    up, so the cost of a gift stands there too.

    Parameters
    ----------
    stock
        What is sold out; `basket` is what it leaves (`Stock.left`).
    reach_ratio
        How far below its condition a basket may be, as a share of the condition: of a minimum
        spend, of a bundle's products, of a pair for `second_half_price`.
    promise_ratio
        The personal maximum of a discount that grows with the basket, as a multiple of what it
        comes to on this basket or on the customer's usual order, whichever is larger; 0 promises
        everybody the catalogue's. `Candidate.charge_minor` is that maximum, and what the budget
        must have room for.
    """
    plan, terms = plan_of(catalogue), _Terms(reach_ratio, promise_ratio, traits.usual_order_minor)
    goods, match_steps, beside = _by_scope(plan, basket, traits)
    gone, missed = plan.lacking(stock), plan.missed(basket)
    candidates: list[Candidate] = []
    blocked: list[Blocked] = []
    for campaign, rules in plan.campaigns:
        caps = limits.caps_of(campaign, moment.now_ms, moment.channel)
        room_minor = limits.room_minor(campaign)
        for rule in rules:
            coupon, at = rule.coupon, rule.scope_at
            offer: Candidate | str | None = rule.refusal(traits, moment) if rule.asks else None
            if offer is None and caps is not None:
                offer = caps(coupon)
            if offer is None:
                if coupon.quota is not None and not limits.has_quota(coupon):
                    offer = "quota_exhausted"
                elif coupon.coupon_id in gone or (at in missed and beside[at]):
                    offer = "out_of_stock"
                elif beside[at] and (basket.known or not rule.invites):
                    offer = "scope_not_relevant"
                else:
                    offer = _priced(rule, basket, goods[at], match_steps[at], terms)
            if isinstance(offer, str):
                blocked.append(rule.refuse(offer))
            elif offer.charge_minor > room_minor:
                blocked.append(rule.refuse(limits.shortage(campaign)))
            else:
                candidates.append(offer)
    return candidates, blocked


class _Terms(NamedTuple):
    """What a coupon is priced by besides the goods."""

    reach_ratio: float
    promise_ratio: float
    usual_minor: int


def _by_scope(
    plan: Plan, basket: Basket, traits: Traits
) -> tuple[list[int], list[int], list[bool]]:
    """Give scope by scope what the basket's goods are worth, the interest in steps, and `beside`.

    The last tells that the customer's goods, or their taste where goods are a guess, lie elsewhere;
    a customer of whom we know no taste of that sort is not judged.
    """
    goods, matches = plan.goods_minor(basket), plan.matches(traits.affinity)
    steps = [int(ratio * STEPS + 0.5) for ratio in matches]
    if basket.known:
        beside = [not goods_minor for goods_minor in goods]
    else:
        sorts = {name.partition(":")[0] for name in traits.affinity} if len(goods) > 1 else set()
        beside = [
            not match and scope.of in sorts and not plan.touched(at, traits.bought)
            for at, (match, scope) in enumerate(zip(matches, plan.scopes, strict=True))
        ]
    beside[SHOP] = False
    return goods, steps, beside


def _priced(
    rule: Rule, basket: Basket, goods_minor: int, match_steps: int, terms: "_Terms"
) -> Candidate | str:
    coupon, reach_ratio = rule.coupon, terms.reach_ratio
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
    charge_minor = rule.charge_minor
    if rule.grows:
        likely_minor = cost_minor
        if asked_minor < terms.usual_minor:  # more goods may still come
            likely_minor = cost_minor * terms.usual_minor // max(1, asked_minor)
        charge_minor = promise_minor(charge_minor, likely_minor, terms.promise_ratio)
    return rule.candidate(cost_minor, charge_minor, depth_steps, match_steps, gap_steps)
