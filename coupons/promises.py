"""What one customer is promised: the catalogue's coupon, with a maximum of their own.

The budget holds the worst case of every coupon that is out. A maximum made for the largest basket
of all holds many times what this customer will save, and that money is nobody's while it waits.
"""

from dataclasses import replace
from math import ceil

from coupons.catalogue import Coupon

# Kinds whose discount grows with what is bought, so that a maximum has to be told.
GROWING = frozenset({"percent_off", "second_half_price", "free_shipping"})
PROMISE_RATIO = 1.5


def promise_minor(worst_minor: int, expected_minor: int, ratio: float) -> int:
    """Tell the most that a customer is promised, where a discount grows with the basket.

    `ratio` times what it will probably be, rounded up to two digits, and never above the worst
    case; 0 promises the worst case to everybody.

    Examples
    --------
    >>> promise_minor(1_500, 312, 2.0), promise_minor(1_500, 900, 2.0), promise_minor(1_500, 9, 0.0)
    (630, 1500, 1500)
    """
    if ratio == 0.0:
        return worst_minor
    most_minor = ceil(expected_minor * ratio)
    step_minor = 1
    while most_minor > 99 * step_minor:
        step_minor *= 10
    return min(worst_minor, -(-most_minor // step_minor) * step_minor)


def promised(coupon: Coupon, most_minor: int | None) -> Coupon:
    """Give the coupon as it was promised to one customer: with their maximum, if they have one.

    Examples
    --------
    >>> ten = Coupon(coupon_id="c", campaign_id="k", kind="percent_off", off_ratio=0.1)
    >>> promised(ten, 200).max_discount_minor
    200
    """
    if coupon.kind not in GROWING or most_minor in (None, coupon.max_discount_minor):
        return coupon
    return replace(coupon, max_discount_minor=most_minor)
