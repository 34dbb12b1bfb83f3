"""Coupons whose fields are all well written and yet could never be given, or never be used."""

from collections.abc import Iterator

from coupons.catalogue import DAY_MINUTES, Audience, Campaign, Coupon
from coupons.price import worst_case_minor

Contradiction = tuple[str, str, str]


def contradictions(coupon: Coupon, campaign: Campaign) -> Iterator[Contradiction]:
    """Yield (field, what it must be, what was found) for each rule that excludes everybody.

    Examples
    --------
    >>> coupon = Coupon(coupon_id="c", campaign_id="k", kind="gift", cost_minor=100)
    >>> [field for field, *_ in contradictions(coupon, Campaign(campaign_id="k", budget_minor=99))]
    ['budget']
    """
    yield from _audience(coupon.audience, coupon.scope.of == "shop")
    worst_minor = worst_case_minor(coupon)
    if worst_minor > campaign.budget_minor:
        yield (
            "budget",
            f"enough for one coupon ({worst_minor} minor units)",
            f"{campaign.budget_minor} minor units",
        )
    if worst_minor == 0:
        yield "kind", "a coupon that is worth something", f"{coupon.kind} worth 0"
    if coupon.kind == "bundle" and len(coupon.bundle_products) < 2:
        yield "products", "two or more for a bundle", str(len(coupon.bundle_products))
    yield from _times(coupon, campaign)
    shut = [channel for channel in coupon.channels if campaign.channel_caps.get(channel, 1) == 0]
    if coupon.channels and len(shut) == len(coupon.channels):
        yield "channels", "open in channel_caps", ", ".join(sorted(shut))


def _audience(audience: Audience, whole_shop: bool) -> Iterator[Contradiction]:
    if audience.first_order and audience.bought:
        yield (
            "audience",
            "possible: who bought has an order (to win customers back: bought: true alone)",
            "first_order: true with bought: true",
        )
    if whole_shop and audience.first_order is False and audience.bought is False:
        yield (
            "audience",
            "possible: without a scope, bought: false means no order at all",
            "first_order: false with bought: false",
        )
    if audience.members is False and audience.tiers:
        yield "audience", "possible: only members have a tier", "members: false with tiers"


def _times(coupon: Coupon, campaign: Campaign) -> Iterator[Contradiction]:
    schedule = coupon.schedule
    starts = [at for at in (campaign.starts_ms, schedule.starts_ms) if at is not None]
    ends = [at for at in (campaign.ends_ms, schedule.ends_ms) if at is not None]
    if starts and ends and max(starts) >= min(ends):
        yield "schedule", "within the campaign's time", "outside of it"
    quiet_minutes = {
        minute % DAY_MINUTES
        for start, end in schedule.quiet
        for minute in range(start, end if start < end else end + DAY_MINUTES)
    }
    if len(quiet_minutes) == DAY_MINUTES:
        yield "quiet", "less than the whole day", "24 hours"
