"""What was last told about a customer: basics, and the device and channel last used."""

from typing import Any

from features.events import Event

# name -> [ts_ms, value]
Facts = dict[str, list[Any]]

_BASICS = ("sex", "birth_month", "birth_year", "place", "tier", "member", "consent")


def learn(facts: Facts, event: Event) -> None:
    """Keep what the event tells, if nothing newer is known; what it leaves out stays.

    Of two tellings at the same millisecond the first in the alphabet wins, so that arrival does not
    matter and a refusal (`False`) beats a consent.
    """
    if event.device is not None:
        _tell(facts, "device", event.device, event.ts_ms)
    if event.channel is not None:
        _tell(facts, "channel", event.channel, event.ts_ms)
    if event.basics is not None:
        for name in _BASICS:
            value = getattr(event.basics, name)
            if value is not None:
                _tell(facts, name, value, event.ts_ms)


def _tell(facts: Facts, name: str, value: Any, ts_ms: int) -> None:
    known = facts.get(name)
    if known is None:
        facts[name] = [ts_ms, value]
    elif ts_ms > known[0] or (ts_ms == known[0] and str(value) < str(known[1])):
        known[:] = ts_ms, value


def fact(facts: Facts, name: str) -> Any:
    """Give what is known under `name`, None when nothing is.

    Examples
    --------
    >>> fact({"device": [7, "phone"]}, "device")
    'phone'
    """
    known = facts.get(name)
    return known[1] if known is not None else None
