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
    prices = Prices()
    for user_id, one in customers:
        if one.orders:
            prices.update(user_id, one.x, one.paid_minor, one.discount_minor)
    return prices.gaps()


class Prices:
    """What each group paid and would have paid, by unit: customers, or groups of them."""

    def __init__(self) -> None:
        self._sides: dict[tuple[str, bool], dict[str, list[int]]] = {}

    def update(self, unit: str, x: dict[str, float], paid_minor: int, discount_minor: int) -> None:
        """Take in what somebody bought who was known as `x` when they were first asked."""
        for group, _, belongs in GROUPS:
            side = self._sides.setdefault((group, belongs(x)), {})
            sums = side.setdefault(unit, [0, 0, 0])
            sums[0] += 1
            sums[1] += paid_minor
            sums[2] += paid_minor + discount_minor

    def gaps(self) -> list[PriceGap]:
        """Compare the groups of which both sides have bought."""
        found = []
        for group, against, _ in GROUPS:
            inside, outside = (self._sides.get((group, side), {}) for side in (True, False))
            (own, own_variance), (other, other_variance) = _ratio(inside), _ratio(outside)
            if own is None or other is None:
                continue
            units_count = len(inside) + len(outside)
            found.append(
                PriceGap(
                    group=group,
                    against=against,
                    buyers=sum(count for count, _, _ in inside.values()),
                    against_buyers=sum(count for count, _, _ in outside.values()),
                    price_ratio=own,
                    against_ratio=other,
                    gap=around(own - other, own_variance + other_variance, units_count),
                )
            )
        return found


def _ratio(side: dict[str, list[int]]) -> tuple[float | None, float]:
    paid = sum(own for _, own, _ in side.values())
    listed = sum(whole for _, _, whole in side.values())
    if not listed or len(side) < 2:
        return None, 0.0
    ratio = paid / listed
    errors = ((unit, own - ratio * whole) for unit, (_, own, whole) in side.items())
    return ratio, clustered_variance(errors, listed)[0]
