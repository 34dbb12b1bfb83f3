"""What customers made of offers before: the traces that coupons themselves leave."""

from functools import lru_cache
from math import log

from features import scale
from features.feature import Feature
from features.reading import Reading

FAMILY = "offers"
# Of those who look at offers some two in ten click, and of all orders some three in ten have one;
# a customer without a history counts as such a one, with the weight of so many tries.
_CLICK_PRIOR = (0.5, 2.0)
_FULL_PRIOR = (0.7, 2.0)
_ENTER_PRIOR = (0.2, 2.0)
_DEAL_PRIOR = (0.4, 2.0)
_USE_PRIOR = (0.2, 2.0)

FEATURES = (
    Feature(
        name="coupon_seen_count_lifetime",
        unit="events",
        window="lifetime",
        family=FAMILY,
        meaning="How many offers were looked at; ln(1 + n) / 2.",
    ),
    Feature(
        name="coupon_click_odds_lifetime",
        unit="log odds",
        window="lifetime",
        family=FAMILY,
        meaning="Offers clicked on against looked at only, in log-odds / 2; half a click of 2.5 "
        "looks is added.",
    ),
    Feature(
        name="coupon_use_odds_lifetime",
        unit="log odds",
        window="lifetime",
        family=FAMILY,
        meaning="Offers used against looked at only, in log-odds / 2; 0.2 uses of 2.2 are added.",
    ),
    Feature(
        name="coupon_seen_gap_now",
        unit="ms",
        window="now",
        family=FAMILY,
        meaning="Time since an offer was last looked at; ln(1 + s) / 4, 4 for never.",
    ),
    Feature(
        name="order_full_price_odds_lifetime",
        unit="log odds",
        window="lifetime",
        family=FAMILY,
        meaning="Orders without a coupon against carts without an order at full price, in "
        "log-odds / 2; 0.7 of 2.7 are added.",
    ),
    Feature(
        name="coupon_enter_odds_lifetime",
        unit="log odds",
        window="lifetime",
        family=FAMILY,
        meaning="Coupon codes tried against additions to the cart, in log-odds / 2; 0.2 tries of "
        "2.2 are added.",
    ),
    Feature(
        name="coupon_used_depth_lifetime",
        unit="share",
        window="lifetime",
        family=FAMILY,
        meaning="Mean depth of offers used, two of 0.12 added; times 10.",
    ),
    Feature(
        name="coupon_clicked_depth_lifetime",
        unit="share",
        window="lifetime",
        family=FAMILY,
        meaning="Mean depth of offers clicked on, two of 0.12 added; times 10.",
    ),
    Feature(
        name="coupon_ignored_depth_lifetime",
        unit="share",
        window="lifetime",
        family=FAMILY,
        meaning="Mean depth of offers looked at only, two of 0.12 added; times 10.",
    ),
    Feature(
        name="search_deal_odds_lifetime",
        unit="log odds",
        window="lifetime",
        family=FAMILY,
        meaning="Searches for a lower price against others, in log-odds / 2; 0.4 of 2.4 are added.",
    ),
)


def values(reading: Reading) -> tuple[float, ...]:
    """Give the family's numbers in the order of `FEATURES`."""
    total, last = reading.profile["total"], reading.profile["last"]
    get = total.get
    seen, clicked, orders = get("seen", 0), get("clicked", 0), get("order", 0)
    used = max(get("used", 0), get("redeem", 0))
    full = max(0, orders - used)
    searches, deals = get("search", 0), get("deal", 0)
    seen_ms = last.get("coupon")
    return (
        scale.count(seen),
        _odds(clicked, seen, _CLICK_PRIOR),
        _odds(used, seen, _USE_PRIOR),
        scale.CEILING if seen_ms is None else scale.span(reading.now_ms - seen_ms),
        _odds(full, get("cart", 0), _FULL_PRIOR),
        _odds(get("entered", 0), get("cart", 0), _ENTER_PRIOR),
        _depth(get("used_depth", 0), get("used_depths", 0)),
        _depth(get("clicked_depth", 0), get("clicked_depths", 0)),
        _depth(
            get("seen_depth", 0) - get("clicked_depth", 0),
            get("seen_depths", 0) - get("clicked_depths", 0),
        ),
        _odds(deals, searches, _DEAL_PRIOR),
    )


def _depth(mils: int, count: int) -> float:
    """Give a mean depth, drawn to the usual one while there are few; clicks may come unseen."""
    return scale.rounded((max(0, mils) + 240) / (max(0, count) + 2) / 100)


@lru_cache(maxsize=8_192)
def _odds(hits: int, tries: int, prior: tuple[float, float]) -> float:
    """Give the smoothed log-odds of a rate, halved: evidence adds up in log-odds, not in rates.

    At most 4 either way: a robot that looks at offers by the ten thousand stays within bounds.
    """
    odds = log((hits + prior[0]) / (max(0, tries - hits) + prior[1])) / 2
    return scale.rounded(max(-scale.CEILING, min(scale.CEILING, odds)))
