"""How long ago and how long: gaps between actions, dwell time."""

from features import scale
from features.feature import Feature
from features.reading import Reading

FAMILY = "recency"
DEFAULT_DWELL_MS = 20_000.0

FEATURES = (
    Feature(
        name="any_gap_now",
        unit="seconds",
        window="now",
        family=FAMILY,
        meaning="Time since the action before this one, 4 for the first; ln(1 + s) / 4.",
    ),
    Feature(
        name="order_gap_now",
        unit="seconds",
        window="now",
        family=FAMILY,
        meaning="Time since the last order, 4 before the first; ln(1 + s) / 4.",
    ),
    Feature(
        name="browse_dwell_mean_lifetime",
        unit="seconds",
        window="lifetime",
        family=FAMILY,
        meaning="Mean time on a product's page, everybody's median where unknown; ln(1 + s) / 4.",
    ),
    Feature(
        name="browse_dwell_missing",
        unit="flag",
        window="lifetime",
        family=FAMILY,
        meaning="1 if no view told its dwell time.",
    ),
    Feature(
        name="cart_pause_now",
        unit="minutes",
        window="now",
        family=FAMILY,
        meaning="At the cart and the checkout, time since goods were last looked at or searched "
        "for, 0 elsewhere; ln(1 + min) / 2. Who comes back to the cart has made up their mind.",
    ),
)
_AT_CART = frozenset({"cart.added", "cart.viewed", "checkout.started"})
_MINUTE_MS = 60_000


def values(reading: Reading) -> tuple[float, ...]:
    """Give the family's numbers in the order of `FEATURES`."""
    profile, total = reading.profile, reading.profile["total"]
    newest, ordered_ms = profile["newest_ms"], profile["last"].get("order")
    dwells = total.get("dwell")
    dwell_ms = (
        total["dwell_ms"] / dwells
        if dwells
        else reading.imputer.median("dwell_ms", DEFAULT_DWELL_MS)
    )
    return (
        scale.span(newest[0] - newest[1]) if len(newest) > 1 else scale.CEILING,
        scale.CEILING if ordered_ms is None else scale.span(reading.now_ms - ordered_ms),
        scale.span(dwell_ms),
        0.0 if dwells else 1.0,
        _pause(reading),
    )


def _pause(reading: Reading) -> float:
    if reading.event.event_type not in _AT_CART:
        return 0.0
    last = reading.profile["last"]
    looked_ms = max(last.get("browse", 0), last.get("search", 0))
    return scale.amount((reading.now_ms - looked_ms) / _MINUTE_MS) if looked_ms else 0.0
