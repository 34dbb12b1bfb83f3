"""Whether some customers pay more for the same: realised prices by group."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from online_models.customers import Customer
from online_models.intervals import Interval, around, clustered_variance

GROUPS: tuple[tuple[str, str, Callable[[dict[str, float]], bool]], ...] = (
    ("member", "other", lambda x: x.get("profile_member_now", 0.0) > 0),
    ("bought_before", "new", lambda x: x.get("order_value_missing", 1.0) <= 0),
    ("phone", "other", lambda x: x.get("device_phone_now", 0.0) > 0),
    ("app", "web", lambda x: x.get("channel_app_now", 0.0) > 0),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceGap:
    """How much more of the list price one group pays than the other.

    Attributes
    ----------
    price_ratio, against_ratio
        Paid over what would have been paid without coupons, in either group.
    gap
        Their difference; above 0 the first group pays more.
    """

    group: str
    against: str
    buyers: int
    against_buyers: int
    price_ratio: float
    against_ratio: float
    gap: Interval


def price_gaps(customers: Iterable[tuple[str, Customer]]) -> list[PriceGap]:
    """Compare realised prices between groups told by what was known at the first decision.

    Pairs in which one side has not bought are left out. Interval: a ratio of sums, linearised, by
    customer.

    Examples
    --------
    >>> price_gaps([])
    []
    """
    buyers = [(user_id, one) for user_id, one in customers if one.orders]
    gaps = []
    for group, against, belongs in GROUPS:
        inside = [(user_id, one) for user_id, one in buyers if belongs(one.x)]
        outside = [(user_id, one) for user_id, one in buyers if not belongs(one.x)]
        (own, own_variance), (other, other_variance) = _ratio(inside), _ratio(outside)
        if own is None or other is None:
            continue
        gaps.append(
            PriceGap(
                group=group,
                against=against,
                buyers=len(inside),
                against_buyers=len(outside),
                price_ratio=own,
                against_ratio=other,
                gap=around(own - other, own_variance + other_variance, len(buyers)),
            )
        )
    return gaps


def _ratio(buyers: list[tuple[str, Customer]]) -> tuple[float | None, float]:
    paid = sum(one.paid_minor for _, one in buyers)
    listed = paid + sum(one.discount_minor for _, one in buyers)
    if not listed or len(buyers) < 2:
        return None, 0.0
    ratio = paid / listed
    errors = (
        (user_id, one.paid_minor - ratio * (one.paid_minor + one.discount_minor))
        for user_id, one in buyers
    )
    return ratio, clustered_variance(errors, listed)[0]
