"""The cart as it stands: value, size, variety, age."""

from features import scale
from features.feature import Feature
from features.reading import Reading

FAMILY = "cart"

FEATURES = (
    Feature(
        name="cart_value_now",
        unit="minor units",
        window="now",
        family=FAMILY,
        meaning="Value of the priced lines in the cart; ln(1 + x) / 5.",
    ),
    Feature(
        name="cart_quantity_now",
        unit="pieces",
        window="now",
        family=FAMILY,
        meaning="Pieces in the cart; ln(1 + n) / 2.",
    ),
    Feature(
        name="cart_product_distinct_now",
        unit="products",
        window="now",
        family=FAMILY,
        meaning="Different products in the cart; ln(1 + n) / 2.",
    ),
    Feature(
        name="cart_age_now",
        unit="seconds",
        window="now",
        family=FAMILY,
        meaning="Time since the oldest line was put in, 0 for an empty cart; ln(1 + s) / 4.",
    ),
)

_EMPTY = (0.0, 0.0, 0.0, 0.0)


def values(reading: Reading) -> tuple[float, ...]:
    """Give the family's numbers in the order of `FEATURES`."""
    if not reading.lines:
        return _EMPTY
    lines = reading.lines.values()
    return (
        scale.money(sum([line[0] * line[1] for line in lines if line[1] > 0])),
        scale.count(sum([line[0] for line in lines])),
        scale.count(len(lines)),
        scale.span(reading.now_ms - min([line[5] for line in lines])),
    )
