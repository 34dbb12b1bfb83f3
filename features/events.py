"""What happened: one validated record per thing a customer did, whatever envelope it came in."""

from dataclasses import dataclass
from typing import Literal, get_args

EventType = Literal[
    "product.viewed",
    "list.viewed",
    "search.performed",
    "cart.added",
    "cart.removed",
    "cart.viewed",
    "checkout.started",
    "order.completed",
    "order.refunded",
    "order.cancelled",
    "order.rated",
    "coupon.viewed",
    "coupon.clicked",
    "coupon.entered",
    "coupon.applied",
    "coupon.denied",
    "coupon.removed",
    "coupon.reserved",
    "coupon.redeemed",
    "coupon.released",
    "coupon.voided",
    "coupon.check_requested",
    "profile.updated",
    "profile.erased",
    "heartbeat",
]
EVENT_TYPES: tuple[EventType, ...] = get_args(EventType)

Family = Literal[
    "browse", "search", "cart", "purchase", "coupon", "profiles", "heartbeats", "grants"
]
FAMILY_OF: dict[EventType, Family] = {
    "product.viewed": "browse",
    "list.viewed": "browse",
    "search.performed": "search",
    "cart.added": "cart",
    "cart.removed": "cart",
    "cart.viewed": "cart",
    "checkout.started": "cart",
    "order.completed": "purchase",
    "order.refunded": "purchase",
    "order.cancelled": "purchase",
    "order.rated": "purchase",
    "coupon.viewed": "coupon",
    "coupon.clicked": "coupon",
    "coupon.entered": "coupon",
    "coupon.applied": "coupon",
    "coupon.denied": "coupon",
    "coupon.removed": "coupon",
    "coupon.reserved": "coupon",
    "coupon.redeemed": "coupon",
    "coupon.released": "coupon",
    "coupon.voided": "coupon",
    "coupon.check_requested": "coupon",
    "profile.updated": "profiles",
    "profile.erased": "profiles",
    "heartbeat": "heartbeats",
}

MAX_ITEMS = 200
MAX_QUANTITY = 999
MAX_MONEY_MINOR = 1_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One line of a cart or an order.

    `price_minor` is the price of one piece, in minor units of the event's currency; None where the
    source does not tell it.
    """

    product_id: str
    price_minor: int | None = None
    quantity: int = 1
    category: str | None = None
    brand: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Basics:
    """What a shop may tell about a customer; every field may be absent."""

    sex: str | None = None
    birth_month: int | None = None  # 1..12
    birth_year: int | None = None
    place: str | None = None
    tier: str | None = None
    member: bool | None = None
    consent: bool | None = None  # False: no learning, plain offer only


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A validated event.

    Attributes
    ----------
    event_id
        The producer's id, at most 128 characters; derived from the payload where absent.
    ts_ms
        Event time: when it happened, UTC epoch milliseconds.
    user_id
        Equal to the message's key.
    items
        The lines of an order or cart; for a view or a cart event of one product, that product.
        At most `MAX_ITEMS`.
    total_minor
        What the customer paid for an order, after discounts, shipping included.
    request_id, reserve
        Of a request: the name by which it is answered, the event's id where it has none; and
        whether to keep the coupon for the payment.
    payload_digest
        48 bits of SHA-256 over the payload as 8 base64url characters: the same id with another
        digest is a conflict, not a duplicate.
    """

    event_id: str
    event_type: EventType
    user_id: str
    ts_ms: int
    payload_digest: str = ""
    session_id: str | None = None
    anonymous_id: str | None = None
    person_id: str | None = None  # who it is, whatever account they use
    address_id: str | None = None  # where an order goes, or the payment's: an opaque id, no text
    store_id: str | None = None  # which of the shop's stores, where there are several
    channel: str | None = None  # app, web, store, mail, sms, push ...
    device: str | None = None  # phone, tablet, desktop ...
    currency: str | None = None  # ISO 4217
    items: tuple[Item, ...] = ()
    dwell_ms: int | None = None
    query: str | None = None
    results_count: int | None = None
    cart_id: str | None = None
    order_id: str | None = None
    total_minor: int | None = None
    discount_minor: int | None = None
    shipping_minor: int | None = None
    coupon_code: str | None = None
    decision_id: str | None = None
    offer_id: str | None = None
    reason: str | None = None
    request_id: str | None = None
    reserve: bool | None = None
    rating: int | None = None  # 1..5, best last
    basics: Basics | None = None

    @property
    def family(self) -> Family:
        """The inbound concern this event belongs to, and so its topic."""
        return FAMILY_OF[self.event_type]
