"""Whom a coupon is for: one small check per thing that its entry asks, none for the rest."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import NamedTuple

from coupons.catalogue import Coupon
from coupons.draw import unit_draw
from features.traits import Traits

MINUTE_MS = 60_000


class Moment(NamedTuple):
    """When, to whom and where a decision is made; `salt` deals customers into shares."""

    now_ms: int
    user_id: str
    venue: str = "online"
    channel: str | None = None
    salt: str = ""


Check = Callable[[Traits, Moment], str | None]
HasBought = Callable[[Traits], bool]


def checks_of(coupon: Coupon, has_bought: HasBought) -> tuple[Check, ...]:
    """Give the checks of a coupon, cheapest first; each answers with a reason or None.

    A fact that we do not have does not qualify.

    Parameters
    ----------
    has_bought
        Tells whether a customer bought inside the coupon's scope.
    """
    audience = coupon.audience
    checks: list[Check] = []
    if coupon.channels:
        checks.append(_on_channel(coupon.channels))
    if coupon.venue != "any":
        checks.append(_in_venue(coupon.venue))
    if audience.first_order is not None:
        checks.append(_first_order(audience.first_order))
    if audience.members is not None:
        checks.append(_members(audience.members))
    if audience.tiers:
        checks.append(_tier(audience.tiers))
    if audience.segments:
        checks.append(_segment(audience.segments))
    if audience.birthday_month:
        checks.append(_birthday(coupon.schedule.utc_offset_minutes))
    if audience.bought is not None:
        checks.append(_bought(audience.bought, has_bought))
    if audience.share_ratio < 1.0:
        checks.append(_share(coupon.coupon_id, audience.share_ratio))
    return tuple(checks)


def _on_channel(channels: frozenset[str]) -> Check:
    return lambda traits, moment: None if moment.channel in channels else "wrong_channel"


def _in_venue(venue: str) -> Check:
    return lambda traits, moment: None if moment.venue == venue else "wrong_venue"


def _first_order(wanted: bool) -> Check:
    reason = "first_order_only" if wanted else "audience_returning"
    return lambda traits, moment: None if (traits.orders_count == 0) == wanted else reason


def _members(wanted: bool) -> Check:
    reason = "audience_members" if wanted else "audience_non_members"
    return lambda traits, moment: None if traits.member == wanted else reason


def _tier(tiers: frozenset[str]) -> Check:
    return lambda traits, moment: None if traits.tier in tiers else "audience_tier"


def _segment(segments: frozenset[str]) -> Check:
    return lambda traits, moment: None if traits.segment in segments else "audience_segment"


def _birthday(utc_offset_minutes: int) -> Check:
    def check(traits: Traits, moment: Moment) -> str | None:
        local_s = (moment.now_ms + utc_offset_minutes * MINUTE_MS) // 1000
        if traits.birth_month == datetime.fromtimestamp(local_s, tz=UTC).month:
            return None
        return "audience_birthday"

    return check


def _bought(wanted: bool, has_bought: HasBought) -> Check:
    reason = "audience_never_bought" if wanted else "audience_already_bought"
    return lambda traits, moment: None if has_bought(traits) == wanted else reason


def _share(coupon_id: str, share_ratio: float) -> Check:
    """Keep the same customers while the share grows: the draw does not depend on its size."""

    def check(traits: Traits, moment: Moment) -> str | None:
        drawn = unit_draw(f"{moment.salt}|share|{moment.user_id}|{coupon_id}")
        return None if drawn < share_ratio else "audience_share"

    return check
