"""The native event: its fields and limits, and the one validation every envelope ends in."""

import re
import unicodedata
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType, ValidationError, convert

from features.events import (
    FAMILY_OF,
    MAX_ITEMS,
    MAX_MONEY_MINOR,
    MAX_QUANTITY,
    EventType,
    Family,
)
from streams.refusals import MalformedEvent, Reason, refuse

Identifier = Annotated[str, Meta(min_length=1, max_length=128)]
Text = Annotated[str, Meta(max_length=256)]
Currency = Annotated[str, Meta(pattern="^[A-Z]{3}$", description="ISO 4217")]
Minor = Annotated[int, Meta(ge=0, le=MAX_MONEY_MINOR, description="minor units of the currency")]
# Not told is another thing than 1, so that an event written again holds just what was told.
Quantity = Annotated[int, Meta(ge=1, le=MAX_QUANTITY, extra_json_schema={"default": 1})] | UnsetType
Count = Annotated[int, Meta(ge=0, le=1_000_000_000)]
Duration = Annotated[int, Meta(ge=0, le=86_400_000, description="milliseconds")]


class NativeItem(Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """One line of a cart or an order; the price is of one piece."""

    product_id: Identifier
    price_minor: Minor | None = None
    quantity: Quantity = UNSET
    category: Text | None = None
    brand: Text | None = None


class NativeBasics(Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """What the shop tells about a customer."""

    sex: Text | None = None
    birth_month: Annotated[int, Meta(ge=1, le=12)] | None = None
    birth_year: Annotated[int, Meta(ge=1900, le=2100)] | None = None
    place: Text | None = None
    tier: Text | None = None
    member: bool | None = None
    consent: bool | None = None


class NativeEvent(Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """Every field a native event may have; which of them count depends on its family."""

    event_type: EventType
    event_id: Identifier | None = None
    user_id: Identifier | None = None
    occurred_at: Annotated[str, Meta(max_length=64, description="RFC 3339 with zone")] | None = None
    anonymous_id: Identifier | None = None
    person_id: Identifier | None = None
    address_id: Identifier | None = None
    store_id: Identifier | None = None
    session_id: Identifier | None = None
    channel: Text | None = None
    device: Text | None = None
    currency: Currency | None = None
    product_id: Identifier | None = None
    sku: Identifier | None = None
    category: Text | None = None
    brand: Text | None = None
    price_minor: Minor | None = None
    quantity: Quantity = UNSET
    items: Annotated[tuple[NativeItem, ...], Meta(max_length=MAX_ITEMS)] = ()
    dwell_ms: Duration | None = None
    query: Text | None = None
    results_count: Count | None = None
    cart_id: Identifier | None = None
    order_id: Identifier | None = None
    total_minor: Minor | None = None
    discount_minor: Minor | None = None
    shipping_minor: Minor | None = None
    coupon_code: Identifier | None = None
    decision_id: Identifier | None = None
    offer_id: Identifier | None = None
    reason: Text | None = None
    request_id: Identifier | None = None
    reserve: bool | None = None
    rating: Annotated[int, Meta(ge=1, le=5, description="5 is best")] | None = None
    basics: NativeBasics | None = None


ALWAYS = (
    "event_type event_id user_id occurred_at anonymous_id person_id session_id store_id channel"
    " device currency"
).split()
PRODUCT = "product_id sku category brand price_minor quantity".split()
FIELDS: dict[Family, tuple[str, ...]] = {
    "browse": (*ALWAYS, *PRODUCT, "items", "dwell_ms"),
    "search": (*ALWAYS, "query", "results_count", "category", "dwell_ms"),
    "cart": (
        *ALWAYS,
        *PRODUCT,
        *"items dwell_ms cart_id total_minor coupon_code address_id".split(),
    ),
    "purchase": (
        *ALWAYS,
        *PRODUCT,
        *"items cart_id order_id total_minor discount_minor shipping_minor".split(),
        *"coupon_code decision_id offer_id reason rating address_id".split(),
    ),
    "coupon": (
        *ALWAYS,
        *"coupon_code decision_id offer_id reason cart_id order_id discount_minor".split(),
    ),
    "profiles": (*ALWAYS, "basics"),
    "heartbeats": ("event_type", "event_id", "user_id", "occurred_at"),
}
# What only a request has; no foreign envelope knows any.
ASKED = ("request_id", "reserve", "items", "shipping_minor")

_PRODUCT = ("product_id", "sku", "items")
_OFFER = ("coupon_code", "decision_id", "offer_id")
# Each group needs at least one of its fields.
NEEDS: dict[EventType, tuple[tuple[str, ...], ...]] = {
    "product.viewed": (_PRODUCT,),
    "cart.added": (_PRODUCT,),
    "cart.removed": (_PRODUCT,),
    "order.completed": (("order_id",), ("items", "product_id", "sku", "total_minor")),
    "order.refunded": (("order_id",),),
    "order.cancelled": (("order_id",),),
    "order.rated": (("rating",), ("order_id", "product_id", "sku")),
    "coupon.viewed": (_OFFER,),
    "coupon.clicked": (_OFFER,),
    "coupon.entered": (_OFFER,),
    "coupon.applied": (_OFFER,),
    "coupon.denied": (_OFFER,),
    "coupon.removed": (_OFFER,),
    "coupon.reserved": (_OFFER,),
    "coupon.redeemed": (_OFFER,),
    "coupon.released": (_OFFER,),
    "coupon.voided": (_OFFER,),
    "coupon.check_requested": (_OFFER, ("items",)),
    "profile.updated": (("basics", "anonymous_id", "person_id"),),
}

EARLIEST_MS = 946_684_800_000  # the year 2000: anything before is seconds taken for milliseconds
MAX_AHEAD_MS = 5 * 60_000
LATEST_MS = 253_402_300_799_000  # the end of the year 9999
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


def validate(fields: Mapping[str, object], plain: bool) -> NativeEvent:
    """Check fields in native names against the limits; unknown fields are ignored.

    Parameters
    ----------
    plain
        The source cannot hold control characters, so its texts need no look.

    Raises
    ------
    MalformedEvent
        With the first field that does not fit, by its name and never by its content.
    """
    event_type = fields.get("event_type")
    if not isinstance(event_type, str):
        absent = event_type is None
        refuse("missing_field" if absent else "wrong_type", "event_type must be a string")
    if event_type not in FAMILY_OF:
        refuse("unknown_event_type")
    try:
        native = convert(fields, NativeEvent)
    except ValidationError as error:
        raise _refusal(str(error)) from None
    if not plain:
        _refuse_controls(native)
    require_needs(native)
    return native


def require_needs(native: NativeEvent) -> None:
    """Check that an event tells what its type cannot do without.

    Raises
    ------
    MalformedEvent
        `missing_field`.
    """
    for group in NEEDS.get(native.event_type, ()):
        for name in group:
            if getattr(native, name) not in (None, "", ()):  # 0 is told, too
                break
        else:
            refuse("missing_field", f"{' or '.join(group)} must be given")


def _refusal(message: str) -> MalformedEvent:
    expected, _, path = message.partition(" - at ")
    name = re.sub(r"[^A-Za-z_.\[\]0-9]", "", path).lstrip(".") or "event"
    reason: Reason = "out_of_range"
    if expected.startswith("Object missing"):
        reason = "missing_field"
    elif name == "occurred_at":
        reason = "bad_timestamp"
    elif ", got " in expected:
        reason = "wrong_type"
    return MalformedEvent(reason, f"{name}: {expected.replace('`', '')}")


def _refuse_controls(native: NativeEvent) -> None:
    for name in NativeEvent.__struct_fields__:
        _refuse_control(getattr(native, name), name)
    for item in native.items:
        for name in NativeItem.__struct_fields__:
            _refuse_control(getattr(item, name), f"items.{name}")
    if native.basics is not None:
        for name in NativeBasics.__struct_fields__:
            _refuse_control(getattr(native.basics, name), f"basics.{name}")


def _refuse_control(text: object, name: str) -> None:
    if isinstance(text, str) and not text.isprintable():
        if any(unicodedata.category(char) == "Cc" for char in text):
            refuse("bad_text", f"{name} must not hold control characters")


def event_time_ms(occurred_at: str | None, timestamp_ms: int) -> int:
    """Read the event time; without one the record's own time counts.

    Examples
    --------
    >>> event_time_ms("2026-11-22T02:10:00.123Z", 1_800_000_000_000)
    1795313400123
    """
    ts_ms = timestamp_ms
    if occurred_at is not None:
        try:
            ts_ms = (datetime.fromisoformat(occurred_at) - _EPOCH) // _MILLISECOND
        except (ValueError, TypeError, OverflowError):
            detail = "occurred_at must be RFC 3339 with a zone"
            refuse("bad_timestamp", detail)
    if ts_ms < EARLIEST_MS:
        refuse("bad_timestamp", "the event time must be after the year 2000")
    if ts_ms > timestamp_ms + MAX_AHEAD_MS:
        refuse("too_far_in_future")
    return ts_ms
