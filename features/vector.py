"""From profile to numbers: the vector that models read, the basket and traits that rules read."""

from features import cart as carts
from features.basket import Basket
from features.facts import fact
from features.families.spending import mean_order_minor
from features.families.taste import shares
from features.reading import Reading
from features.table import FAMILIES, FEATURES
from features.tally import OTHER, points
from features.traits import Traits

NAMES: tuple[str, ...] = tuple(feature.name for feature in FEATURES)
_BLANK = dict.fromkeys(NAMES, 0.0)
_VALUES = tuple(values for _, values in FAMILIES)
_TELLS_BASKET = frozenset({"cart.viewed", "checkout.started", "order.completed"})


def vector(reading: Reading) -> dict[str, float]:
    """Give the features of a user.

    Keys are `NAMES` in their order; values are finite, of fixed scale and rounded to 4 decimals.
    """
    numbers: list[float] = []
    for values in _VALUES:
        numbers += values(reading)
    # A copy is as large as it will be; a dict that grows to 60 names is made over four times.
    x = _BLANK.copy()
    x.update(zip(NAMES, numbers, strict=True))
    return x


def expected_basket(reading: Reading) -> Basket:
    """Tell what the customer would pay for if they bought now.

    The lines that the event itself tells of cart or order, if priced; else the priced lines of the
    cart; else the event's product; else a guess of only a total: the customer's mean order, or
    everybody's, or 5,000 minor units.
    """
    event = reading.event
    shipping_minor = event.shipping_minor or 0
    told = tuple([item for item in event.items if item.price_minor is not None])
    if told and event.event_type in _TELLS_BASKET:
        return Basket.of(told, shipping_minor)
    if reading.lines:
        lines = carts.items(reading.lines)
        priced = tuple([item for item in lines if item.price_minor is not None])
        if priced:
            return Basket.of(priced, shipping_minor)
    if told and event.event_type != "cart.removed":
        return Basket.guessed(told[0], shipping_minor)
    goods_minor = round(mean_order_minor(reading.profile, reading.imputer))
    return Basket(goods_minor=goods_minor, shipping_minor=shipping_minor)


def traits(reading: Reading) -> Traits:
    """Give the facts about the customer that rules ask for."""
    profile, event = reading.profile, reading.event
    facts, orders_count = profile["facts"], profile["total"].get("order", 0)
    affinity = shares(profile["category"], "category:")
    affinity |= shares(profile["brand"], "brand:")
    return Traits(
        orders_count=orders_count,
        bought=frozenset(points(profile["bought"])) - {OTHER} if orders_count else frozenset(),
        affinity=affinity,
        tier=fact(facts, "tier"),
        member=bool(fact(facts, "member")),
        birth_month=fact(facts, "birth_month"),
        channel=event.channel or fact(facts, "channel"),
        usual_order_minor=round(mean_order_minor(profile, reading.imputer)),
    )
