"""What the shop may give: campaigns, their coupons and the limits on both."""

from dataclasses import dataclass, field
from typing import Literal

Kind = Literal[
    "amount_off", "percent_off", "free_shipping", "gift", "second_half_price", "bundle"
]
ScopeOf = Literal["shop", "category", "brand", "product"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """The goods a coupon counts for; `shop` means all of them."""

    of: ScopeOf = "shop"
    names: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Audience:
    """Who may get a coupon; an empty field does not restrict.

    `first_order` True is for customers without an order, False for those with at least one;
    `bought` asks that the customer has (True) or has not (False) bought inside the coupon's scope.
    """

    segments: frozenset[str] = frozenset()
    tiers: frozenset[str] = frozenset()
    members: bool | None = None
    first_order: bool | None = None
    birthday_month: bool = False
    bought: bool | None = None
    share_ratio: float = 1.0  # tiered or targeted distribution: this share of users, by hash


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """When a coupon may be given, in the shop's local time.

    `quiet` holds (from_minute, to_minute) of the day, end exclusive; a span may pass midnight.
    `weekdays` 0 is Monday; empty means every day. `utc_offset_minutes` is the shop's clock.
    """

    starts_ms: int | None = None
    ends_ms: int | None = None
    weekdays: frozenset[int] = frozenset()
    quiet: tuple[tuple[int, int], ...] = ()
    utc_offset_minutes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Coupon:
    """One thing that may be given.

    Money in minor units of the campaign's currency; ratios in 0..1 (20 % off is 0.2, "8折").

    Attributes
    ----------
    off_minor, off_ratio, cost_minor
        The depth: `amount_off` and `bundle` use off_minor, `percent_off` off_ratio, `gift`
        cost_minor (what the gift costs the shop).
    max_discount_minor
        The cap of a `percent_off`, `second_half_price` or `free_shipping` discount, and what the
        budget holds for it until it is used.
    bundle_products
        Products that must all be in the basket for a `bundle`.
    validity_ms
        How long an issued coupon may be used.
    quota
        How many may be issued in all, None for no limit but the budget.
    per_user
        How many of this coupon one customer may ever get; `cooldown_ms` the least time between two.
    stacking
        Coupons of the same stacking category exclude each other; `exclusive` excludes all others.
    """

    coupon_id: str
    campaign_id: str
    kind: Kind
    scope: Scope = field(default_factory=Scope)
    off_minor: int = 0
    off_ratio: float = 0.0
    cost_minor: int = 0
    min_spend_minor: int = 0
    max_discount_minor: int | None = None
    bundle_products: frozenset[str] = frozenset()
    validity_ms: int = 7 * 86_400_000
    quota: int | None = None
    per_user: int = 1
    cooldown_ms: int = 0
    audience: Audience = field(default_factory=Audience)
    schedule: Schedule = field(default_factory=Schedule)
    channels: frozenset[str] = frozenset()  # where it may be given; empty = everywhere
    venue: Literal["online", "store", "any"] = "any"  # where it may be used
    stacking: str = "default"
    exclusive: bool = False
    code: str | None = None
    title: str = ""
    line: int = 0  # where it stands in its file, for messages


@dataclass(frozen=True, slots=True, kw_only=True)
class Campaign:
    """Coupons that share a budget.

    `margin_ratio` is the shop's margin on goods before discount; `per_user` caps how many coupons
    of the campaign one customer may hold or have been given within `per_user_window_ms`;
    `channel_caps` the same by channel.
    """

    campaign_id: str
    version: int = 1
    currency: str = "EUR"
    budget_minor: int
    margin_ratio: float = 0.3
    starts_ms: int | None = None
    ends_ms: int | None = None
    per_user: int = 3
    per_user_window_ms: int = 7 * 86_400_000
    channel_caps: dict[str, int] = field(default_factory=dict)
    coupons: tuple[Coupon, ...] = ()
    line: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """All campaigns in force, in the order of their ids."""

    campaigns: tuple[Campaign, ...] = ()
    version: str = "empty"  # a digest of the content, recorded in every decision

    @property
    def coupons(self) -> tuple[Coupon, ...]:
        """Every coupon of every campaign, in a fixed order."""
        return tuple(coupon for campaign in self.campaigns for coupon in campaign.coupons)
