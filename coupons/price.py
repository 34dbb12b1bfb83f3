"""What a coupon changes on a basket, in whole minor units.

Rounding rule: a discount is computed once per coupon and rounded half up; it is never more than the
goods it counts for, so that no total is ever negative.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from coupons.catalogue import Coupon, Scope
from coupons.scopes import in_scope
from features.basket import Basket
from features.events import MAX_MONEY_MINOR

RATIO_STEPS = 10_000  # a depth is kept to the basis point, so that arithmetic stays in integers

Pricer = Callable[[Basket, int], int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """What the customer would pay.

    Attributes
    ----------
    discount_minor
        Saved on goods and shipping together.
    goods_minor, shipping_minor, total_minor
        To be paid, after the discount.
    refused
        None, or why the coupon changes nothing: `min_spend_not_reached`, `scope_not_relevant`,
        `bundle_incomplete`, `no_discount`.
    """

    discount_minor: int
    goods_minor: int
    shipping_minor: int
    total_minor: int
    refused: str | None = None


def quote(coupon: Coupon, basket: Basket) -> Quote:
    """Price a basket with one coupon.

    The minimum spend is checked against the goods in the coupon's scope, without shipping. A
    guessed basket has no lines: all its goods count as in scope, `second_half_price` sees two equal
    pieces in it, and a `bundle` is taken as complete.

    Examples
    --------
    >>> ten = Coupon(coupon_id="c", campaign_id="k", kind="amount_off", off_minor=10)
    >>> quote(ten, Basket(goods_minor=100, shipping_minor=5)).total_minor
    95
    """
    refused = refusal(coupon, basket)
    saved_minor = 0
    if refused is None:
        saved_minor = discount_minor(coupon, basket, scoped_minor(coupon.scope, basket))
        if saved_minor == 0 and coupon.kind != "gift":
            refused = "no_discount"
    off_shipping_minor = saved_minor if coupon.kind == "free_shipping" else 0
    goods_minor = basket.goods_minor - (saved_minor - off_shipping_minor)
    shipping_minor = basket.shipping_minor - off_shipping_minor
    return Quote(
        discount_minor=saved_minor,
        goods_minor=goods_minor,
        shipping_minor=shipping_minor,
        total_minor=goods_minor + shipping_minor,
        refused=refused,
    )


def refusal(coupon: Coupon, basket: Basket) -> str | None:
    """Say which condition of the coupon the basket does not meet, if any."""
    goods_minor = scoped_minor(coupon.scope, basket)
    if basket.known and goods_minor == 0 and coupon.scope.of != "shop":
        return "scope_not_relevant"
    if goods_minor < coupon.min_spend_minor:
        return "min_spend_not_reached"
    if coupon.kind == "bundle" and missing_count(coupon, basket):
        return "bundle_incomplete"
    return None


def discount_minor(coupon: Coupon, basket: Basket, goods_minor: int) -> int:
    """Compute the discount of a coupon whose conditions are met.

    Parameters
    ----------
    goods_minor
        Value of the goods in the coupon's scope. Given by the caller, who may know it already, or
        may ask for more goods than the basket holds yet.
    """
    return pricer(coupon)(basket, goods_minor)


def pricer(coupon: Coupon) -> Pricer:
    """Prepare `discount_minor` for one coupon, for callers who price many baskets."""
    cap_minor = MAX_MONEY_MINOR if coupon.max_discount_minor is None else coupon.max_discount_minor
    off_minor = min(coupon.off_minor, cap_minor)
    steps, scope = round(coupon.off_ratio * RATIO_STEPS), coupon.scope

    def amount_off(basket: Basket, goods_minor: int) -> int:
        return off_minor if off_minor < goods_minor else goods_minor

    def percent_off(basket: Basket, goods_minor: int) -> int:
        saved_minor = (goods_minor * steps + RATIO_STEPS // 2) // RATIO_STEPS
        return saved_minor if saved_minor < cap_minor else cap_minor

    def free_shipping(basket: Basket, goods_minor: int) -> int:
        return basket.shipping_minor if basket.shipping_minor < cap_minor else cap_minor

    def second_half_price(basket: Basket, goods_minor: int) -> int:
        return min(_second_half_minor(scope, basket), cap_minor, goods_minor)

    def bundle(basket: Basket, goods_minor: int) -> int:
        return min(off_minor, _bundle_minor(coupon, basket) if basket.items else goods_minor)

    def gift(basket: Basket, goods_minor: int) -> int:
        return 0  # the price stays as it is; see shop_cost_minor

    return {
        "amount_off": amount_off,
        "percent_off": percent_off,
        "free_shipping": free_shipping,
        "second_half_price": second_half_price,
        "bundle": bundle,
        "gift": gift,
    }[coupon.kind]


def share_minor(amount_minor: int, ratio: float) -> int:
    """Take a share of an amount, rounded half up.

    Examples
    --------
    >>> share_minor(105_00, 0.2), share_minor(25, 0.1)
    (2100, 3)
    """
    return (amount_minor * round(ratio * RATIO_STEPS) + RATIO_STEPS // 2) // RATIO_STEPS


def shop_cost_minor(coupon: Coupon, priced: Quote) -> int:
    """Tell what the shop gives up: the discount, or the gift's cost.

    Examples
    --------
    >>> mug = Coupon(coupon_id="c", campaign_id="k", kind="gift", cost_minor=300)
    >>> shop_cost_minor(mug, quote(mug, Basket(goods_minor=2_000)))
    300
    """
    if coupon.kind == "gift":
        return coupon.cost_minor if priced.refused is None else 0
    return priced.discount_minor


def worst_case_minor(coupon: Coupon) -> int:
    """Tell the most a coupon can cost the shop: what the budget holds until it is settled.

    Raises
    ------
    ValueError
        The coupon has no cap, so no budget could promise to hold it.

    Examples
    --------
    >>> worst_case_minor(Coupon(coupon_id="c", campaign_id="k", kind="amount_off", off_minor=500))
    500
    """
    if coupon.kind == "gift":
        return coupon.cost_minor
    if coupon.kind in ("amount_off", "bundle"):
        cap_minor = coupon.max_discount_minor
        return coupon.off_minor if cap_minor is None else min(coupon.off_minor, cap_minor)
    if coupon.max_discount_minor is None:
        msg = f"max_discount_minor of {coupon.coupon_id!r} must be set, was None"
        raise ValueError(msg)
    return coupon.max_discount_minor


def scoped_minor(scope: Scope, basket: Basket) -> int:
    """Value the goods that a coupon of this scope counts for."""
    if scope.of == "shop" or not basket.known:
        return basket.goods_minor
    return sum(
        (item.price_minor or 0) * item.quantity for item in basket.items if in_scope(scope, item)
    )


def missing_count(coupon: Coupon, basket: Basket) -> int:
    """Count the bundle's products that a known basket lacks."""
    if not basket.known:
        return 0
    return len(coupon.bundle_products.difference(item.product_id for item in basket.items))


def _second_half_minor(scope: Scope, basket: Basket) -> int:
    """Halve the cheaper piece of each pair, pairs formed from the dearest piece down."""
    if not basket.known:
        return (basket.goods_minor // 2 + 1) // 2
    lines = [
        (item.price_minor or 0, item.quantity) for item in basket.items if in_scope(scope, item)
    ]
    return (_cheaper_of_pairs_minor(lines) + 1) // 2


def _cheaper_of_pairs_minor(lines: Sequence[tuple[int, int]]) -> int:
    total_minor = seen_count = 0
    for price_minor, quantity in sorted(lines, reverse=True):
        pairs_closed_count = (seen_count + quantity) // 2 - seen_count // 2
        total_minor += price_minor * pairs_closed_count
        seen_count += quantity
    return total_minor


def _bundle_minor(coupon: Coupon, basket: Basket) -> int:
    """Value one of each product of the bundle."""
    prices = {item.product_id: item.price_minor or 0 for item in basket.items}
    return sum(prices.get(product, 0) for product in sorted(coupon.bundle_products))
