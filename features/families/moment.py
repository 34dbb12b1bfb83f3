"""What the moment itself tells: time of day, device, channel, what was just done, basics."""

from features.facts import fact
from features.feature import Feature
from features.reading import Reading

FAMILY = "moment"
_HOUR_MS = 3_600_000


def _flag(name: str, meaning: str) -> Feature:
    return Feature(name=name, unit="flag", window="now", family=FAMILY, meaning=meaning)


FEATURES = (
    _flag("hour_night_now", "1 from 00:00 to 06:00 UTC."),
    _flag("hour_morning_now", "1 from 06:00 to 12:00 UTC."),
    _flag("hour_evening_now", "1 from 18:00 to 24:00 UTC; the afternoon is the rest."),
    _flag("weekend_now", "1 on Saturday and Sunday (UTC)."),
    _flag("device_phone_now", "1 on a phone."),
    _flag("device_missing", "1 if no event told the device."),
    _flag("channel_app_now", "1 in the app."),
    _flag("channel_missing", "1 if no event told the channel."),
    _flag("trigger_search_now", "1 if the event is a search."),
    _flag("trigger_cart_now", "1 if the event adds to or shows the cart."),
    _flag("trigger_checkout_now", "1 if the event starts the checkout."),
    _flag("profile_member_now", "1 for members."),
)
_BANDS = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 0.0), (0.0, 0.0, 1.0))
_TRIGGERS = {
    "search.performed": (1.0, 0.0, 0.0),
    "cart.added": (0.0, 1.0, 0.0),
    "cart.viewed": (0.0, 1.0, 0.0),
    "checkout.started": (0.0, 0.0, 1.0),
}
_OTHER_TRIGGER = (0.0, 0.0, 0.0)
_SATURDAY = 5


def values(reading: Reading) -> tuple[float, ...]:
    """Give the family's numbers in the order of `FEATURES`."""
    event, facts = reading.event, reading.profile["facts"]
    hour = event.ts_ms // _HOUR_MS
    device = event.device or fact(facts, "device")
    channel = event.channel or fact(facts, "channel")
    return (
        *_BANDS[hour % 24 // 6],
        1.0 if weekday(event.ts_ms) >= _SATURDAY else 0.0,
        1.0 if device == "phone" else 0.0,
        0.0 if device else 1.0,
        1.0 if channel == "app" else 0.0,
        0.0 if channel else 1.0,
        *_TRIGGERS.get(event.event_type, _OTHER_TRIGGER),
        1.0 if fact(facts, "member") else 0.0,
    )


def weekday(ts_ms: int) -> int:
    """Give the day of the week in UTC, 0 for Monday.

    Examples
    --------
    >>> weekday(0)  # 1 January 1970 was a Thursday
    3
    """
    return (ts_ms // (24 * _HOUR_MS) + 3) % 7
