"""What a customer and the shop's offers made of each other: whole numbers that add up."""

from features.events import Event, EventType

_NAMES: dict[EventType, str] = {
    "coupon.viewed": "seen",
    "coupon.clicked": "clicked",
    "coupon.entered": "entered",
    "order.completed": "used",
}
_DEEPEST_MILS = 500  # deeper offers count as this deep, so that one of them cannot fill the mean


def learn(total: dict[str, int], event: Event) -> None:
    """Count an offer looked at, clicked on or used, or a code tried; other events do nothing.

    An order counts as a use if it tells a coupon or a discount. Where the price of the goods is
    told, the depth is added up as well, in thousandths (`seen_depth` and so on, over `..._depths`
    events).

    Examples
    --------
    >>> total: dict[str, int] = {}
    >>> learn(total, Event(event_id="e", event_type="coupon.viewed", user_id="u", ts_ms=0,
    ...     total_minor=2_000, discount_minor=300))
    >>> total
    {'seen': 1, 'seen_depth': 150, 'seen_depths': 1}
    """
    name = _NAMES.get(event.event_type)
    if name is None:
        return
    goods_minor, off_minor = event.total_minor or 0, event.discount_minor or 0
    if name == "used":
        if not off_minor and event.coupon_code is None and event.offer_id is None:
            return
        goods_minor += off_minor - (event.shipping_minor or 0)  # an order tells what was paid
    add_up(total, name)
    if goods_minor > 0 and off_minor > 0:
        add_up(total, f"{name}_depth", min(_DEEPEST_MILS, off_minor * 1_000 // goods_minor))
        add_up(total, f"{name}_depths")


def add_up(total: dict[str, int], name: str, amount: int = 1) -> None:
    """Add to one of the lifetime totals."""
    total[name] = total.get(name, 0) + amount
