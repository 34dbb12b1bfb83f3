"""What share of those who took one step took the next, with a Beta prior."""

from functools import lru_cache

from features import scale
from features.feature import Feature
from features.rates import beta_mean
from features.reading import Reading
from features.windows import DAY_MS

FAMILY = "funnel"
_WEEKS = 4
_WEEK_BITS = 0b1111111


def _rate(name: str, window: str, meaning: str) -> Feature:
    return Feature(
        name=name,
        unit="share",
        window=window,
        family=FAMILY,
        meaning=f"{meaning}; Beta(1, 1) mean.",
    )


FEATURES = (
    _rate("browse_cart_rate_lifetime", "lifetime", "Additions to the cart by views"),
    _rate("cart_order_rate_lifetime", "lifetime", "Orders by additions to the cart"),
    _rate("order_again_rate_lifetime", "lifetime", "Orders that another one followed, of all"),
    _rate("any_week_rate_30d", "30d", "Weeks with activity, of up to four since the first visit"),
    _rate("coupon_redeem_rate_lifetime", "lifetime", "Coupons redeemed by coupons seen"),
)


@lru_cache(maxsize=4_096)
def _smoothed(hits: int, tries: int) -> float:
    return scale.rounded(beta_mean(hits, tries))


def values(reading: Reading) -> tuple[float, ...]:
    """Give the family's numbers in the order of `FEATURES`."""
    get = reading.profile["total"].get
    orders, carts = get("order", 0), get("cart", 0)
    weeks = min(
        _WEEKS,
        (reading.now_ms - reading.profile["since"].get("any", reading.now_ms)) // (7 * DAY_MS),
    )
    return (
        _smoothed(carts, get("browse", 0)),
        _smoothed(orders, carts),
        _smoothed(max(0, orders - 1), orders),
        _smoothed(_weeks_active(reading.profile["days"], weeks), weeks),
        _smoothed(max(get("redeem", 0), get("used", 0)), get("seen", 0)),
    )


def _weeks_active(days: int, weeks: int) -> int:
    if not weeks:
        return 0
    return sum(1 for week in range(weeks) if days >> 7 * week & _WEEK_BITS)
