"""How much the things at hand are to the customer's taste."""

from features import scale, tally
from features.feature import Feature
from features.reading import Reading

FAMILY = "taste"
_NONE = (0, 0, 0)

FEATURES = (
    Feature(
        name="category_share_now",
        unit="share",
        window="now",
        family=FAMILY,
        meaning="Share of the customer's decayed interest in the event's category; 0 if unknown.",
    ),
    Feature(
        name="brand_share_now",
        unit="share",
        window="now",
        family=FAMILY,
        meaning="Share of the customer's decayed interest in the event's brand; 0 where unknown.",
    ),
    Feature(
        name="category_missing",
        unit="flag",
        window="now",
        family=FAMILY,
        meaning="1 if the event tells no category.",
    ),
)


def values(reading: Reading) -> tuple[float, ...]:
    """Give the family's numbers in the order of `FEATURES`."""
    items = reading.event.items
    if not items:
        return (0.0, 0.0, 1.0)
    amount, whole, _ = reading.category
    brand = items[0].brand
    brand_amount, brand_whole, _ = tally.look(reading.profile["brand"], brand) if brand else _NONE
    return (
        scale.rounded(amount / whole) if amount else 0.0,
        scale.rounded(brand_amount / brand_whole) if brand_amount else 0.0,
        0.0 if items[0].category else 1.0,
    )


def shares(tastes: tally.Tally, prefix: str = "") -> dict[str, float]:
    """Give each name's share of interest; OTHER takes part but is not named.

    Examples
    --------
    >>> shares({"kept": {"shoes": 3, "": 1}, "open": {}, "epoch": 0}, "category:")
    {'category:shoes': 0.75}
    """
    points = tally.points(tastes)
    if not points:
        return {}
    whole = sum(points.values())
    return {prefix + name: amount / whole for name, amount in points.items() if amount and name}
