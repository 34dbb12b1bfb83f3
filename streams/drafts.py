"""Builds events from validated fields, quickly, and takes them apart again."""

import unicodedata
from dataclasses import fields as fields_of
from typing import Any

from msgspec import UNSET, convert

from features.events import Basics, Event, Item
from streams.decisions import rfc3339
from streams.native import NativeEvent, NativeItem

# Building a frozen dataclass costs some microseconds, most of the budget of a decode. A twin with
# the same slots is filled and then declared an Event: same object in every respect, ten times as
# quick. `test_wire.py` holds the two ways equal.
_EventDraft: Any = type("_EventDraft", (), {"__slots__": tuple(f.name for f in fields_of(Event))})
_ItemDraft: Any = type("_ItemDraft", (), {"__slots__": tuple(f.name for f in fields_of(Item))})


def _item(native: NativeItem | NativeEvent, product_id: str) -> Item:
    draft = _ItemDraft()
    draft.product_id = product_id
    draft.price_minor = native.price_minor
    draft.quantity = 1 if native.quantity is UNSET else native.quantity
    draft.category = _composed(native.category)
    draft.brand = _composed(native.brand)
    draft.__class__ = Item
    item: Item = draft
    return item


def to_event(native: NativeEvent, event_id: str, user_id: str, ts_ms: int, digest: str) -> Event:
    """Build the domain's record from a validated native event."""
    draft = _EventDraft()
    draft.event_id = event_id
    draft.event_type = native.event_type
    draft.user_id = user_id
    draft.ts_ms = ts_ms
    draft.payload_digest = digest
    draft.session_id = native.session_id
    draft.anonymous_id = native.anonymous_id
    draft.person_id = native.person_id
    draft.address_id = native.address_id
    draft.store_id = native.store_id
    draft.channel = native.channel
    draft.device = native.device
    draft.currency = native.currency
    product_id = native.product_id or native.sku
    if native.items:
        draft.items = tuple([_item(item, item.product_id) for item in native.items])
    else:
        draft.items = (_item(native, product_id),) if product_id is not None else ()
    draft.dwell_ms = native.dwell_ms
    draft.query = _composed(native.query)
    draft.results_count = native.results_count
    draft.cart_id = native.cart_id
    draft.order_id = native.order_id
    draft.total_minor = native.total_minor
    draft.discount_minor = native.discount_minor
    draft.shipping_minor = native.shipping_minor
    draft.coupon_code = native.coupon_code
    draft.decision_id = native.decision_id
    draft.offer_id = native.offer_id
    draft.reason = native.reason
    draft.request_id = native.request_id
    draft.reserve = native.reserve
    draft.rating = native.rating
    basics = native.basics
    draft.basics = None if basics is None else convert(basics, Basics, from_attributes=True)
    draft.__class__ = Event
    event: Event = draft
    return event


def _composed(text: str | None) -> str | None:
    """Compose what is compared as text (NFC); ids stay the bytes that the producer keyed by."""
    if text is None or text.isascii():
        return text
    return unicodedata.normalize("NFC", text)


def to_fields(event: Event) -> dict[str, Any]:
    """Give an event's native fields, those that are told, in a fixed order."""
    fields: dict[str, Any] = {
        "event_id": event.event_id,
        "event_type": event.event_type,
        "user_id": event.user_id or None,
        "occurred_at": rfc3339(event.ts_ms),
        "items": [_told(item) for item in event.items] or None,
        "basics": None if event.basics is None else _told(event.basics),
    }
    for name in _SAME_FIELDS:
        fields[name] = getattr(event, name)
    return {name: value for name, value in fields.items() if value is not None}


_SAME_FIELDS = tuple(
    field.name
    for field in fields_of(Event)
    if field.name in NativeEvent.__struct_fields__
    and field.name not in ("event_id", "event_type", "user_id", "items", "basics")
)


def _told(record: Item | Basics) -> dict[str, Any]:
    found = {field.name: getattr(record, field.name) for field in fields_of(record)}
    return {name: value for name, value in found.items() if value is not None}
