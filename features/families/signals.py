"""Two signals that the articles' stories turn on: somebody hesitates, somebody lapses."""

from features import scale, tally
from features.feature import Feature
from features.reading import Reading
from features.windows import DAY_MS

FAMILY = "signals"
HESITATES_AT = 0.5
LAPSES_AT = 0.5
# As many views without a purchase as make hesitation as likely as not.
_HALFWAY_VIEWS = 6.0
_MONTH_MS = 30 * DAY_MS

FEATURES = (
    Feature(
        name="browse_hesitation_7d",
        unit="share",
        window="7d",
        family=FAMILY,
        meaning="Interest in the category at hand (views, cart as 3, a minute's dwell as 1) "
        "without a purchase there: i / (i + 6), less what was bought; 0.5 and more is hesitation.",
    ),
    Feature(
        name="order_lapse_30d",
        unit="share",
        window="30d",
        family=FAMILY,
        meaning="By how much orders of the last 30 days fall short of the customer's own past "
        "rate; 0.5 and more is a lapse.",
    ),
    Feature(
        name="order_overdue_lifetime",
        unit="ratio",
        window="lifetime",
        family=FAMILY,
        meaning="Time since the last order over the customer's mean gap between orders, at most 4.",
    ),
    Feature(
        name="search_deal_rate_lifetime",
        unit="share",
        window="lifetime",
        family=FAMILY,
        meaning="Share of searches that ask for a lower price (sale, coupon, 优惠 and so on), as"
        " if one search without had been made before.",
    ),
    Feature(
        name="order_rating_mean_lifetime",
        unit="ratio",
        window="lifetime",
        family=FAMILY,
        meaning="Mean of the customer's ratings from -1 (worst) to 1 (best), as if two in the"
        " middle had been given before; 0 for none.",
    ),
)


def values(reading: Reading) -> tuple[float, ...]:
    """Give the family's numbers in the order of `FEATURES`."""
    return (
        scale.rounded(hesitation(reading)),
        scale.rounded(lapse(reading)),
        _overdue(reading),
        scale.rounded(_deal_rate(reading)),
        scale.rounded(_rating(reading)),
    )


def hesitation(reading: Reading) -> float:
    """Tell how much the customer wants something in a category without buying it, 0..1.

    The category is the event's, or the one of most interest; where the source tells none, all of
    the shop.
    """
    profile, items = reading.profile, reading.event.items
    name = items[0].category if items and items[0].category else _favourite(profile["category"])
    if name is None:
        interest = reading.sum("browse")[3] + 3.0 * reading.sum("cart")[3]
        bought = float(reading.sum("order")[3])
    else:
        amount, _, epoch = (
            reading.category if reading.category[1] else tally.look(profile["category"], name)
        )
        interest = tally.decayed(amount, epoch, reading.now_ms)
        bought = _bought(reading, name)
    return interest / (interest + _HALFWAY_VIEWS) * max(0.0, 1.0 - bought)


def _favourite(tastes: tally.Tally) -> str | None:
    points = tally.points(tastes)
    named = [(amount, name) for name, amount in points.items() if name != tally.OTHER]
    return max(named)[1] if named else None


def _bought(reading: Reading, category: str) -> float:
    if "order" not in reading.profile["total"]:
        return 0.0
    amount, _, epoch = tally.look(reading.profile["bought"], f"category:{category}")
    return tally.decayed(amount, epoch, reading.now_ms)


def lapse(reading: Reading) -> float:
    """Tell by how much a customer buys less than before, 0..1.

    The past rate comes from the orders older than 30 days and needs 30 days of them; one order is
    added to both sides, so that a single missing one does not look like a lapse.
    """
    first_ms = reading.profile["since"].get("order")
    past_ms = 0 if first_ms is None else reading.now_ms - _MONTH_MS - first_ms
    if past_ms < _MONTH_MS:
        return 0.0
    lately = reading.sum("order")[4]
    expected = (reading.profile["total"]["order"] - lately) * _MONTH_MS / past_ms
    return max(0.0, 1.0 - (lately + 1.0) / (expected + 1.0))


def _deal_rate(reading: Reading) -> float:
    total = reading.profile["total"]
    return total.get("deal", 0) / (total.get("search", 0) + 1)


def _rating(reading: Reading) -> float:
    get = reading.profile["total"].get
    rated = get("rated", 0)
    return (get("stars", 0) - 3 * rated) / (2 * (rated + 2))


def _overdue(reading: Reading) -> float:
    profile = reading.profile
    orders = profile["total"].get("order", 0)
    if orders < 2:
        return 0.0
    first_ms, last_ms = profile["since"]["order"], profile["last"]["order"]
    gap_ms = max(DAY_MS, (last_ms - first_ms) / (orders - 1))
    return min(scale.CEILING, scale.rounded((reading.now_ms - last_ms) / gap_ms))
