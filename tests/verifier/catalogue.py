"""Reads a catalogue's limits from its YAML file: budgets, quotas, caps and worst cases."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import yaml

_SPANS_MS = {"w": 604_800_000, "d": 86_400_000, "h": 3_600_000, "m": 60_000, "s": 1_000}
_NO_DECIMALS = frozenset("BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF".split())
_THREE_DECIMALS = frozenset("BHD IQD JOD KWD LYD OMR TND".split())
WINDOW = "7d"


@dataclass(frozen=True, slots=True, kw_only=True)
class Coupon:
    """What limits one coupon; `worst_minor` is the most that it can cost.

    `is_capped`: that is a maximum, below which a customer may be promised less.
    """

    coupon_id: str
    worst_minor: int
    is_capped: bool
    quota: int | None
    per_user: int
    cooldown_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Campaign:
    """What limits the coupons of a campaign together; `limits` by (day, week ..., name).

    A day's or week's "name" is how far its clock is from UTC: "+01:00", nothing for UTC itself.
    `shared_caps` by device, address and person, of all customers of one.
    """

    campaign_id: str
    budget_minor: int
    per_user: int
    per_user_window_ms: int
    channel_caps: dict[str, int]
    shared_caps: dict[str, int]
    limits: dict[tuple[str, str], int]
    coupons: dict[str, Coupon]


def read_campaigns(text: str) -> dict[str, Campaign]:
    """Read a catalogue file that the worker accepted.

    Examples
    --------
    >>> found = read_campaigns("campaigns: [{id: a, budget: 12.50, coupons: []}]")
    >>> found["a"].budget_minor, found["a"].per_user
    (1250, 3)
    """
    return {entry["id"]: _campaign(entry) for entry in yaml.safe_load(text)["campaigns"]}


def budget_of(campaigns: Mapping[str, Campaign], name: str) -> int | None:
    """Give the money of a campaign, or of one of its limits such as `spring/day/2026-11-23`.

    Of a quota such as `spring/quota/mug` it is the pieces.
    """
    owner, *limit = name.split("/", 2)
    campaign = campaigns.get(owner)
    if campaign is None or not limit:
        return None if campaign is None else campaign.budget_minor
    by, which = limit
    if by == "quota":
        coupon = campaign.coupons.get(which)
        return None if coupon is None else coupon.quota
    return campaign.limits.get((by, which if by in ("segment", "store") else clock_of(which)))


def clock_of(which: str) -> str:
    """Give what stands behind a day or week: how far its clock is from UTC.

    Examples
    --------
    >>> clock_of("2026-11-23+01:00"), clock_of("2026-W48")
    ('+01:00', '')
    """
    return which[-6:] if which[-3:-2] == ":" else ""


def day_or_week(by: str, at_ms: int, clock: str = "") -> str:
    """Name the day, or the ISO week, of a time on a clock.

    Examples
    --------
    >>> day_or_week("day", 1_795_392_000_000), day_or_week("week", 1_795_392_000_000)
    ('2026-11-23', '2026-W48')
    >>> day_or_week("day", 1_795_392_000_000, "-03:00")
    '2026-11-22-03:00'
    """
    form = "%Y-%m-%d" if by == "day" else "%G-W%V"
    zone = datetime.strptime(clock, "%z").tzinfo if clock else UTC
    return datetime.fromtimestamp(at_ms / 1_000, zone).strftime(form) + clock


def _campaign(entry: dict[str, Any]) -> Campaign:
    currency = entry.get("currency", "EUR")
    return Campaign(
        campaign_id=entry["id"],
        budget_minor=_minor(entry["budget"], currency),
        per_user=entry.get("per_user", 3),
        per_user_window_ms=_span_ms(entry.get("per_user_window", WINDOW)),
        channel_caps=dict(entry.get("channel_caps") or {}),
        shared_caps={
            by: entry[f"per_{by}"] for by in ("device", "address", "person") if f"per_{by}" in entry
        },
        limits={
            (one["by"], one.get("name", _clock(one))): _minor(one["amount"], currency)
            for one in entry.get("limits", ())
        },
        coupons={one["id"]: _coupon(one, currency) for one in entry["coupons"]},
    )


def _clock(limit: dict[str, Any]) -> str:
    written = limit.get("utc_offset", "")
    return "" if written[1:] == "00:00" else written


def _coupon(entry: dict[str, Any], currency: str) -> Coupon:
    # Each kind names its worst case in exactly one field; a cap comes beside no other.
    worst = next(entry[name] for name in ("cost", "save", "max_discount") if name in entry)
    return Coupon(
        coupon_id=entry["id"],
        worst_minor=_minor(worst, currency),
        is_capped="max_discount" in entry,
        quota=entry.get("quota"),
        per_user=entry.get("per_user", 1),
        cooldown_ms=_span_ms(entry.get("cooldown", "0d")),
    )


def _minor(amount: object, currency: str) -> int:
    decimals = 0 if currency in _NO_DECIMALS else 3 if currency in _THREE_DECIMALS else 2
    return int(Decimal(str(amount)).scaleb(decimals).to_integral_exact())


def _span_ms(text: str) -> int:
    found = re.fullmatch(r"([0-9]+)([wdhms])", text)
    if found is None:
        message = f"a time span must be such as 7d, was {text}"
        raise ValueError(message)
    return int(found[1]) * _SPANS_MS[found[2]]
