"""Which coupons may be used together, and what their order changes.

Coupons apply one after another, each on what the ones before left to pay. So a minimum spend is
checked against the running goods total, and the order changes money: whoever applies coupons must
declare the order. Ours is `best_order`: the customer pays the least that the rules allow.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import permutations

from coupons.catalogue import Coupon
from coupons.choices import Blocked
from coupons.price import quote
from coupons.scopes import in_scope
from features.basket import Basket
from features.events import Item

MAX_STACK = 5  # 325 orders to try; nobody hands in more at a till


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """A coupon of a stack and what it took off."""

    coupon_id: str
    discount_minor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StackedQuote:
    """What the customer pays after all coupons of a stack.

    `applied` is in the order of application; `refused` names the others and why.
    """

    discount_minor: int
    goods_minor: int
    shipping_minor: int
    total_minor: int
    applied: tuple[Applied, ...]
    refused: tuple[Blocked, ...] = ()


def conflict(one: Coupon, other: Coupon) -> bool:
    """Tell whether two coupons exclude each other.

    Examples
    --------
    >>> ten = Coupon(coupon_id="a", campaign_id="k", kind="amount_off", off_minor=10)
    >>> conflict(ten, replace(ten, coupon_id="b")), conflict(ten, replace(ten, stacking="ship"))
    (True, False)
    """
    return one.exclusive or other.exclusive or one.stacking == other.stacking


def stack(coupons: Sequence[Coupon], basket: Basket) -> StackedQuote:
    """Apply coupons in the order given.

    A coupon that conflicts with one already applied is refused, as is one whose condition the
    running basket no longer meets; the rest still apply.
    """
    running = basket
    used: list[Coupon] = []
    applied: list[Applied] = []
    refused: list[Blocked] = []
    for coupon in coupons:
        reason = "stacking_conflict" if any(conflict(coupon, one) for one in used) else None
        priced = quote(coupon, running)
        reason = reason or priced.refused
        if reason is not None:
            refused.append(Blocked(coupon_id=coupon.coupon_id, reason=reason))
            continue
        used.append(coupon)
        applied.append(Applied(coupon_id=coupon.coupon_id, discount_minor=priced.discount_minor))
        running = _after(coupon, priced.discount_minor, running)
    return StackedQuote(
        discount_minor=sum(one.discount_minor for one in applied),
        goods_minor=running.goods_minor,
        shipping_minor=running.shipping_minor,
        total_minor=running.goods_minor + running.shipping_minor,
        applied=tuple(applied),
        refused=tuple(refused),
    )


def best_order(coupons: Sequence[Coupon], basket: Basket) -> tuple[Coupon, ...]:
    """Choose which coupons to apply and in which order so that the customer pays least.

    Ties go to the most coupons that do something, then to the order by coupon id, so the answer
    does not depend on the order in which the coupons were handed in. Coupons that would be refused
    are left out.

    Raises
    ------
    ValueError
        More than `MAX_STACK` coupons.
    """
    if len(coupons) > MAX_STACK:
        msg = f"coupons must be at most {MAX_STACK}, was {len(coupons)}"
        raise ValueError(msg)
    by_id = sorted(coupons, key=lambda coupon: coupon.coupon_id)
    ranked = []
    for order in permutations(by_id):
        priced = stack(order, basket)
        kept = tuple(one.coupon_id for one in priced.applied)
        ranked.append((priced.total_minor, -len(kept), kept))
    chosen = min(ranked)[2]
    of_id = {coupon.coupon_id: coupon for coupon in by_id}
    return tuple(of_id[coupon_id] for coupon_id in chosen)


def _after(coupon: Coupon, saved_minor: int, basket: Basket) -> Basket:
    """Give the basket with the discount taken off what it was for."""
    if coupon.kind == "free_shipping":
        return replace(basket, shipping_minor=basket.shipping_minor - saved_minor)
    if not basket.known:
        return replace(basket, goods_minor=basket.goods_minor - saved_minor)
    items: list[Item] = []
    left_minor = saved_minor
    shares = [_worth(coupon, item) for item in basket.items]
    rest_minor = sum(shares)
    for item, share in zip(basket.items, shares, strict=True):
        # Each line takes its part of what is left, so that the parts add up to the discount.
        off_minor = left_minor * share // rest_minor if rest_minor else 0
        left_minor -= off_minor
        rest_minor -= share
        items.extend(_cheaper(item, off_minor))
    return Basket.of(tuple(items), basket.shipping_minor)


def _worth(coupon: Coupon, item: Item) -> int:
    if coupon.kind == "bundle":
        counts = item.product_id in coupon.bundle_products
    else:
        counts = in_scope(coupon.scope, item)
    return (item.price_minor or 0) * item.quantity if counts else 0


def _cheaper(item: Item, off_minor: int) -> list[Item]:
    """Take an amount off a line; two lines where the pieces do not share it evenly."""
    if off_minor == 0 or item.price_minor is None:
        return [item]
    price_minor, dearer_count = divmod(item.price_minor * item.quantity - off_minor, item.quantity)
    cheaper = replace(item, price_minor=price_minor, quantity=item.quantity - dearer_count)
    if dearer_count == 0:
        return [cheaper]
    return [cheaper, replace(item, price_minor=price_minor + 1, quantity=dearer_count)]
