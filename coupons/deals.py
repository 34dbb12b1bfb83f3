"""What the coupons that a customer holds come to on a basket, together and in the best order."""

from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

from coupons.catalogue import Campaign, Coupon
from coupons.choices import Blocked
from coupons.held import Held
from coupons.price import quote
from coupons.promises import promised
from coupons.stacking import MAX_STACK, best_order, conflict, stack
from features.basket import Basket


class Deal(NamedTuple):
    """What is saved, by [decision id, coupon id, minor units] in the order of application."""

    discount_minor: int
    total_minor: int
    used: list[list[str | int]]
    refused: tuple[Blocked, ...] = ()


def terms_of(
    one: Held, campaigns: Mapping[str, Campaign], currency: str, venue: str
) -> Coupon | str:
    """Give a held coupon as it was promised, or the code of why it may not be used here.

    The catalogue in force says what it is; more than was promised, and set aside, it never is.
    """
    campaign = campaigns.get(one["campaign_id"])
    found = () if campaign is None else campaign.coupons
    coupon = next((each for each in found if each.coupon_id == one["coupon_id"]), None)
    if campaign is None or coupon is None:
        return "coupon_withdrawn"
    if campaign.currency != currency:
        return "wrong_currency"
    if coupon.venue not in ("any", venue):
        return "wrong_venue"
    most_minor = one["charge_minor"]
    return replace(promised(coupon, most_minor), off_minor=min(coupon.off_minor, most_minor))


def deal_of(coupons: Mapping[str, Coupon], basket: Basket) -> Deal:
    """Price a basket with coupons by decision id, in the order in which the customer pays least.

    Examples
    --------
    >>> ten = Coupon(coupon_id="c", campaign_id="k", kind="amount_off", off_minor=10)
    >>> deal_of({"d1": ten}, Basket(goods_minor=100)).used
    [['d1', 'c', 10]]
    """
    name_of = {coupon.coupon_id: name for name, coupon in coupons.items()}
    order = best_order(tuple(coupons.values()), basket)
    priced = stack(order, basket)
    used = {one.coupon_id for one in priced.applied}
    left_out = [one for one in coupons.values() if one.coupon_id not in used]
    return Deal(
        discount_minor=priced.discount_minor,
        total_minor=priced.total_minor,
        used=[
            [name_of[one.coupon_id], one.coupon_id, one.discount_minor] for one in priced.applied
        ],
        refused=stack((*order, *left_out), basket).refused,
    )


def best_of(coupons: Mapping[str, Coupon], basket: Basket) -> Deal:
    """Price a basket with whatever of these coupons saves most.

    Of more than `MAX_STACK` those are tried that save most alone.
    """
    ranked = sorted(
        (-quote(coupon, basket).discount_minor, name) for name, coupon in coupons.items()
    )
    return deal_of({name: coupons[name] for _, name in ranked[:MAX_STACK]}, basket)


def excludes(coupon: Coupon, others: Mapping[str, Coupon]) -> bool:
    """Tell whether a coupon may not be used together with these."""
    return any(conflict(coupon, other) for other in others.values())
