"""What we reply to a shop that asks about a coupon: the outbound record `coupon.reply.v1`.

Inside `.v1` fields are only ever added, with a default. Money is integer minor units.
"""

from typing import Annotated

from msgspec import Meta, Struct

from streams.decisions import Minor, Timestamp

REPLY_VERSION = "1.0"


class Used(Struct, frozen=True, kw_only=True, gc=False):
    """A coupon of a basket and what it takes off."""

    decision_id: str
    coupon_id: str
    discount_minor: Minor


class Reply(Struct, frozen=True, kw_only=True, gc=False):
    """The answer to one request, and to it again whenever it is repeated.

    Refused exactly where there is a `reason`; `message` says it to the customer, in `en` and `zh`.
    `applied` is in the order in which to apply them, and sums to `discount_minor`: the coupon asked
    for, and those that are reserved for the same order. `total_minor` is what is to be paid then,
    shipping included. `better` is told where other coupons of the customer would save more.
    `retry_at` is when a refusal ends by itself, `short_minor` what is missing to the minimum.
    """

    request_id: Annotated[str, Meta(min_length=1, max_length=128)]
    user_id: str
    answered_at: Timestamp
    allowed: bool
    reason: str | None = None
    message: dict[str, str] = {}
    decision_id: str | None = None
    coupon_id: str | None = None
    campaign_id: str | None = None
    currency: str | None = None
    discount_minor: Minor = 0
    total_minor: Minor | None = None
    applied: tuple[Used, ...] = ()
    better: tuple[Used, ...] = ()
    expires_at: Timestamp | None = None
    reserved_until: Timestamp | None = None
    retry_at: Timestamp | None = None
    short_minor: Minor | None = None
    schema_version: str = REPLY_VERSION
