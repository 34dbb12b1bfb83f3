"""What the customer spends, what the goods at hand cost, and how that compares."""

import math

from features import scale
from features.feature import Feature
from features.imputation import Imputer
from features.profile import Profile
from features.rates import logistic_cdf
from features.reading import Reading

FAMILY = "spending"
DEFAULT_ORDER_MINOR = 5_000
DEFAULT_PRICE_MINOR = 2_000

FEATURES = (
    Feature(
        name="order_value_sum_30d",
        unit="minor units",
        window="30d",
        family=FAMILY,
        meaning="Money spent on orders; ln(1 + x) / 5.",
    ),
    Feature(
        name="order_value_mean_lifetime",
        unit="minor units",
        window="lifetime",
        family=FAMILY,
        meaning="Mean value of an order, everybody's mean before the first; ln(1 + x) / 5.",
    ),
    Feature(
        name="order_value_missing",
        unit="flag",
        window="lifetime",
        family=FAMILY,
        meaning="1 before the first order with a value.",
    ),
    Feature(
        name="order_value_rank_lifetime",
        unit="share",
        window="lifetime",
        family=FAMILY,
        meaning="Share of orders below the customer's mean one (logistic, log scale); 0 for none.",
    ),
    Feature(
        name="browse_price_now",
        unit="minor units",
        window="now",
        family=FAMILY,
        meaning="Price of the event's first product, the median where unknown; ln(1 + x) / 5.",
    ),
    Feature(
        name="browse_price_missing",
        unit="flag",
        window="now",
        family=FAMILY,
        meaning="1 if the event tells no price.",
    ),
    Feature(
        name="browse_price_ratio_lifetime",
        unit="ratio",
        window="lifetime",
        family=FAMILY,
        meaning="ln of that price over the mean price viewed, within -1..1; 0 where unknown.",
    ),
)


def values(reading: Reading) -> tuple[float, ...]:
    """Give the family's numbers in the order of `FEATURES`."""
    total = reading.profile["total"]
    spent = reading.sum("spent")
    mean = mean_order_minor(reading.profile, reading.imputer)
    return (
        scale.money(spent[4]) if spent[4] else 0.0,
        scale.money(mean),
        0.0 if total.get("spent") else 1.0,
        _rank(reading, mean) if total.get("spent") else 0.0,
        *_price(reading),
    )


def mean_order_minor(profile: Profile, imputer: Imputer) -> float:
    """Give the customer's mean order value, or everybody's, or a stated default."""
    total = profile["total"]
    if total.get("spent"):
        return total["spent"] / total["order"]
    return imputer.mean("order_value_minor", DEFAULT_ORDER_MINOR)


def _rank(reading: Reading, mean_minor: float) -> float:
    value = math.log1p(max(0.0, mean_minor))
    centre = reading.imputer.mean("order_value_log", value)
    return scale.rounded(
        logistic_cdf(value, centre, reading.imputer.spread("order_value_log", 0.0))
    )


def _price(reading: Reading) -> tuple[float, float, float]:
    items, total = reading.event.items, reading.profile["total"]
    price_minor = items[0].price_minor if items else None
    if price_minor is None:
        imputed = reading.imputer.median("price_minor", DEFAULT_PRICE_MINOR)
        return scale.money(imputed), 1.0, 0.0
    ratio = 0.0
    if total.get("price_minor") and price_minor > 0:
        ratio = math.log(price_minor * total["priced"] / total["price_minor"])
    return scale.money(price_minor), 0.0, scale.rounded(max(-1.0, min(1.0, ratio)))
