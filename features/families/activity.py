"""How often and how variously: counts by window, distinct things, decayed rates."""

from features import distinct, scale, windows
from features.feature import Feature
from features.reading import Reading

FAMILY = "activity"
# measure -> windows that the vector holds; "lifetime" last
_COUNTED: dict[str, tuple[str, ...]] = {
    "browse": ("5m", "1h", "1d", "7d", "30d", "lifetime"),
    "search": ("1h", "7d", "30d"),
    "cart": ("1h", "1d", "7d", "30d"),
    "remove": ("7d",),
    "order": ("7d", "30d", "lifetime"),
    "coupon": ("30d",),
}
_WORDS = {
    "browse": "product and list views",
    "search": "searches",
    "cart": "additions to the cart",
    "remove": "removals from the cart",
    "order": "orders",
    "coupon": "coupons viewed or clicked",
}
# For each measure its places among the windows, and what a customer who never did it has: most
# customers never did most things.
_PLACES = tuple(
    (
        measure,
        tuple(windows.WINDOWS.index(window) for window in windows.WINDOWS if window in held),
        "lifetime" in held,
        (0.0,) * len(held),
    )
    for measure, held in _COUNTED.items()
)

FEATURES = (
    *(
        Feature(
            name=f"{measure}_count_{window}",
            unit="events",
            window=window,
            family=FAMILY,
            meaning=f"How many {_WORDS[measure]}; ln(1 + n) / 2.",
        )
        for measure, held in _COUNTED.items()
        for window in held
    ),
    Feature(
        name="browse_product_distinct_lifetime",
        unit="products",
        window="lifetime",
        family=FAMILY,
        meaning="How many different products were viewed, estimated above 23; ln(1 + n) / 2.",
    ),
    Feature(
        name="any_day_distinct_30d",
        unit="days",
        window="30d",
        family=FAMILY,
        meaning="On how many of the last 30 days anything happened; n / 10.",
    ),
    Feature(
        name="order_decayed_30d",
        unit="events",
        window="30d",
        family=FAMILY,
        meaning="Orders, half as much after each 7 days; ln(1 + n) / 2.",
    ),
)


def values(reading: Reading) -> tuple[float, ...]:
    """Give the family's numbers in the order of `FEATURES`."""
    profile, sums, total = reading.profile, reading.sums, reading.profile["total"]
    numbers: list[float] = []
    for measure, places, lifetime, zeros in _PLACES:
        if measure not in total:
            numbers += zeros
            continue
        counts = sums.get(measure)
        if counts is None:
            numbers += zeros[: len(places)]
        else:
            numbers += scale.counts([counts[place] for place in places])
        if lifetime:
            numbers.append(scale.count(total[measure]))
    days = (profile["days"] & ((1 << windows.KEPT_DAYS) - 1)).bit_count()
    return (
        *numbers,
        scale.count(distinct.count(profile["products"])),
        days / 10,
        _decayed(reading, "order"),
    )


def _decayed(reading: Reading, measure: str) -> float:
    buckets = reading.profile["window"].get(measure)
    return scale.amount(windows.decayed(buckets, reading.now_ms)) if buckets else 0.0
