"""A campaign to simulate with: eight coupons of different kind, depth and scope."""

from coupons.catalogue import Campaign, Catalogue, Coupon, Kind, Scope
from simulation.calendar import DAY_MS

CAMPAIGN_ID = "simulated"
MOST_PER_USER = 60  # wide on purpose: the comparison is about whom to give, not about caps


def simulated_catalogue(
    budget_minor: int, starts_ms: int | None = None, ends_ms: int | None = None
) -> Catalogue:
    """Build the catalogue; every coupon is good for a day, and caps are wide.

    The budget is paced from `starts_ms` to `ends_ms`.

    Examples
    --------
    >>> len(simulated_catalogue(budget_minor=100_000).coupons)
    8
    """
    campaign = Campaign(
        campaign_id=CAMPAIGN_ID,
        budget_minor=budget_minor,
        starts_ms=starts_ms,
        ends_ms=ends_ms,
        per_user=MOST_PER_USER,
        coupons=_coupons(),
    )
    return Catalogue(campaigns=(campaign,), version=f"simulated-{budget_minor}")


def _coupons() -> tuple[Coupon, ...]:
    quick = frozenset({"apparel", "books", "grocery", "home"})
    other = frozenset({"beauty", "electronics", "sports", "toys"})
    return (
        _coupon("off-5-from-30", "amount_off", off_minor=500, from_minor=3_000),
        _coupon("off-10-from-60", "amount_off", off_minor=1_000, from_minor=6_000),
        _coupon("percent-10", "percent_off", off_ratio=0.10, most_minor=1_500),
        _coupon(
            "percent-20-from-40", "percent_off", off_ratio=0.2, most_minor=2_500, from_minor=4_000
        ),
        _coupon("free-shipping", "free_shipping", most_minor=490),
        _coupon("gift-from-25", "gift", cost_minor=300, from_minor=2_500),
        _coupon("second-half-price", "second_half_price", most_minor=2_500, categories=quick),
        _coupon(
            "percent-15-active", "percent_off", off_ratio=0.15, most_minor=2_000, categories=other
        ),
    )


def _coupon(
    coupon_id: str,
    kind: Kind,
    *,
    off_minor: int = 0,
    off_ratio: float = 0.0,
    cost_minor: int = 0,
    from_minor: int = 0,
    most_minor: int | None = None,
    categories: frozenset[str] = frozenset(),
) -> Coupon:
    return Coupon(
        coupon_id=coupon_id,
        campaign_id=CAMPAIGN_ID,
        kind=kind,
        scope=Scope(of="category", names=categories) if categories else Scope(),
        off_minor=off_minor,
        off_ratio=off_ratio,
        cost_minor=cost_minor,
        min_spend_minor=from_minor,
        max_discount_minor=most_minor,
        validity_ms=DAY_MS,
        per_user=MOST_PER_USER,
        title=coupon_id.replace("-", " "),
    )
