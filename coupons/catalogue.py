"""What the shop may give: campaigns, their coupons and the limits on both."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from coupons.canonical import canonical

Kind = Literal["amount_off", "percent_off", "free_shipping", "gift", "second_half_price", "bundle"]
ScopeOf = Literal["shop", "category", "brand", "product"]
LimitBy = Literal["day", "week", "segment", "store"]
NAMED = ("segment", "store")
SHARED = ("device", "address", "person")
DAY_MINUTES = 24 * 60


def _require(condition: bool, name: str, expected: str, was: object) -> None:
    if not condition:
        msg = f"{name} must be {expected}, was {was!r}"
        raise ValueError(msg)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """The goods a coupon counts for; `shop` means all of them."""

    of: ScopeOf = "shop"
    names: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        """Refuse a scope that covers nothing, or names that would be ignored."""
        named = self.of != "shop"
        _require(bool(self.names) == named, "names", "set unless of is 'shop'", sorted(self.names))


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

    def __post_init__(self) -> None:
        """Refuse a share that is none."""
        _require(0 < self.share_ratio <= 1, "share_ratio", "in (0, 1]", self.share_ratio)


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

    def __post_init__(self) -> None:
        """Refuse times that no clock shows."""
        for span in self.quiet:
            right = all(0 <= minute <= DAY_MINUTES for minute in span) and span[0] != span[1]
            _require(right, "quiet", "two different minutes of the day", span)
        _require(self.weekdays <= set(range(7)), "weekdays", "in 0..6", sorted(self.weekdays))


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

    def __post_init__(self) -> None:
        """Refuse money and depths that would turn a discount into a charge or a giveaway."""
        for name in ("off_minor", "cost_minor", "min_spend_minor", "cooldown_ms"):
            _require(getattr(self, name) >= 0, name, "0 or more", getattr(self, name))
        _require(0 <= self.off_ratio <= 1, "off_ratio", "in 0..1", self.off_ratio)
        cap_minor = self.max_discount_minor
        _require(cap_minor is None or cap_minor >= 0, "max_discount_minor", "0 or more", cap_minor)
        _require(self.validity_ms > 0, "validity_ms", "above 0", self.validity_ms)
        _require(self.per_user >= 1, "per_user", "1 or more", self.per_user)
        _require(self.quota is None or self.quota >= 1, "quota", "1 or more", self.quota)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """How much of a campaign's budget may go to each day or week, or to what is named.

    Days and weeks are those of the clock that is `utc_offset_minutes` ahead of UTC.
    """

    by: LimitBy
    amount_minor: int
    name: str | None = None
    utc_offset_minutes: int = 0

    def __post_init__(self) -> None:
        """Refuse a limit that nobody can tell from another, or an amount that is none."""
        _require(bool(self.name) == (self.by in NAMED), "name", "a segment's or store's", self.name)
        _require(self.amount_minor >= 0, "amount_minor", "0 or more", self.amount_minor)


@dataclass(frozen=True, slots=True, kw_only=True)
class Campaign:
    """Coupons that share a budget.

    `per_user` caps how many coupons of the campaign one customer may hold or have been given within
    `per_user_window_ms`; `channel_caps` the same by channel; `shared_caps` by device, address
    and person (`SHARED`) how many all customers of one may be given in that time.
    """

    campaign_id: str
    version: int = 1
    currency: str = "EUR"
    budget_minor: int
    starts_ms: int | None = None
    ends_ms: int | None = None
    per_user: int = 3
    per_user_window_ms: int = 7 * 86_400_000
    channel_caps: dict[str, int] = field(default_factory=dict)
    shared_caps: dict[str, int] = field(default_factory=dict)
    limits: tuple[Limit, ...] = ()
    coupons: tuple[Coupon, ...] = ()
    line: int = 0

    def __post_init__(self) -> None:
        """Refuse a budget that no shop can have."""
        _require(self.budget_minor >= 0, "budget_minor", "0 or more", self.budget_minor)
        _require(self.per_user >= 1, "per_user", "1 or more", self.per_user)
        window_ms = self.per_user_window_ms
        _require(window_ms > 0, "per_user_window_ms", "above 0", window_ms)


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """All campaigns in force, in the order of their ids."""

    campaigns: tuple[Campaign, ...] = ()
    version: str = "empty"  # a digest of the content, recorded in every decision

    @classmethod
    def of(cls, campaigns: Iterable[Campaign]) -> "Catalogue":
        """Put campaigns in order and give the whole its version.

        Raises
        ------
        ValueError
            Two campaigns or two coupons share an id, so that a decision could not name one.

        Examples
        --------
        >>> spring = Campaign(campaign_id="spring", budget_minor=500)
        >>> Catalogue.of([spring]).version == Catalogue.of([spring]).version
        True
        """
        ordered = tuple(sorted(campaigns, key=lambda campaign: campaign.campaign_id))
        _require_distinct("campaign_id", [campaign.campaign_id for campaign in ordered])
        catalogue = cls(campaigns=ordered, version=version_of(ordered))
        _require_distinct("coupon_id", [coupon.coupon_id for coupon in catalogue.coupons])
        return catalogue

    @property
    def coupons(self) -> tuple[Coupon, ...]:
        """Every coupon of every campaign, in a fixed order."""
        return tuple(coupon for campaign in self.campaigns for coupon in campaign.coupons)


def version_of(campaigns: tuple[Campaign, ...]) -> str:
    """Digest the content: 64 bits of SHA-256 in hexadecimal.

    Line numbers are left out, so comments and blank lines do not make a new version.
    """
    return hashlib.sha256(canonical(campaigns).encode()).hexdigest()[:16]


def without_lines(campaign: Campaign) -> str:
    """Tell all of a campaign but where it stands in a file, so that two can be compared."""
    return canonical(campaign)


def _require_distinct(name: str, ids: list[str]) -> None:
    repeated = sorted({one for one in ids if ids.count(one) > 1})
    _require(not repeated, name, "used once", repeated)
