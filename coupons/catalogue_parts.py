"""Reads parts of entries: a coupon's scope, audience and schedule, a campaign's limits."""

import re
from typing import cast, get_args

from coupons.catalogue import (
    DAY_MINUTES,
    NAMED,
    SHARED,
    Audience,
    Limit,
    LimitBy,
    Schedule,
    Scope,
    ScopeOf,
)
from coupons.catalogue_fields import Entry

MAX_OFFSET_MINUTES = 14 * 60
SCOPES = tuple(of for of in get_args(ScopeOf) if of != "shop")
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
AUDIENCE_FIELDS = (
    *("segments", "tiers", "members", "first_order", "birthday_month", "bought", "share_ratio"),
)
LIMIT_FIELDS = ("by", "name", "amount", "utc_offset")
LIMITS_MAX = 16  # each may be an account in every partition
SCHEDULE_FIELDS = ("starts", "ends", "weekdays", "quiet", "utc_offset")
_CLOCK = r"([01][0-9]|2[0-3]):([0-5][0-9])"


def read_scope(entry: Entry) -> Scope:
    """Read the goods a coupon counts for; the whole shop where none are named."""
    if not entry.has("scope"):
        return Scope()
    inner = Entry(entry.source, entry.fields["scope"], (*entry.path, "scope"), entry.name, SCOPES)
    written = [of for of in SCOPES if inner.has(of)]
    if len(written) != 1:
        entry.note("scope", f"one of {', '.join(SCOPES)} with a list", entry.fields["scope"])
        return Scope()
    names = inner.names(written[0])
    return Scope(of=cast(ScopeOf, written[0]), names=names) if names else Scope()


def read_audience(entry: Entry) -> Audience:
    """Read whom a coupon is for; everybody where nothing is said."""
    if not entry.has("audience"):
        return Audience()
    path = (*entry.path, "audience")
    inner = Entry(entry.source, entry.fields["audience"], path, entry.name, AUDIENCE_FIELDS)
    return Audience(
        segments=inner.names("segments"),
        tiers=inner.names("tiers"),
        members=inner.flag("members"),
        first_order=inner.flag("first_order"),
        birthday_month=inner.flag("birthday_month") or False,
        bought=inner.flag("bought"),
        share_ratio=inner.ratio("share_ratio", 1.0),
    )


def read_schedule(entry: Entry) -> Schedule:
    """Read when a coupon may be given; always where nothing is said."""
    if not entry.has("schedule"):
        return Schedule()
    path = (*entry.path, "schedule")
    inner = Entry(entry.source, entry.fields["schedule"], path, entry.name, SCHEDULE_FIELDS)
    starts_ms, ends_ms = read_bounds(inner)
    days = inner.names("weekdays")
    if not days <= set(WEEKDAYS):
        inner.note("weekdays", f"among {', '.join(WEEKDAYS)}", ", ".join(sorted(days)))
    return Schedule(
        starts_ms=starts_ms,
        ends_ms=ends_ms,
        weekdays=frozenset(at for at, day in enumerate(WEEKDAYS) if day in days),
        quiet=_quiet(inner),
        utc_offset_minutes=_utc_offset(inner),
    )


def _quiet(entry: Entry) -> tuple[tuple[int, int], ...]:
    spans = []
    for text in sorted(entry.names("quiet")):
        found = re.fullmatch(f"{_CLOCK}-{_CLOCK}", text)
        hours = [int(part) for part in found.groups()] if found else [0, 0, 0, 0]
        span = hours[0] * 60 + hours[1], hours[2] * 60 + hours[3]
        if span[0] == span[1]:
            entry.note("quiet", 'two different times of the day such as "22:00-08:00"', text)
        else:
            spans.append(span)
    return tuple(spans)


def _utc_offset(entry: Entry) -> int:
    text = entry.text("utc_offset", "+00:00")
    found = re.fullmatch(f"([+-]){_CLOCK}", text)
    minutes = int(found[2]) * 60 + int(found[3]) if found else DAY_MINUTES
    if minutes > MAX_OFFSET_MINUTES:
        entry.note("utc_offset", 'between "-14:00" and "+14:00"', text)
        return 0
    return -minutes if found and found[1] == "-" else minutes


def read_bounds(entry: Entry) -> tuple[int | None, int | None]:
    """Read when something starts and ends."""
    starts_ms, ends_ms = entry.instant_ms("starts"), entry.instant_ms("ends")
    if starts_ms is not None and ends_ms is not None and ends_ms <= starts_ms:
        entry.note("ends", f"after starts {entry.fields['starts']}", entry.fields["ends"])
    return starts_ms, ends_ms


def read_shared_caps(entry: Entry) -> dict[str, int]:
    """Read how many coupons all customers of one device or address may be given."""
    fields = {by: f"per_{by}" for by in SHARED}
    return {by: entry.whole(name, 1, least=1) for by, name in fields.items() if entry.has(name)}


def read_limits(entry: Entry, currency: str) -> tuple[Limit, ...]:
    """Read how much may go to a day, a week, a segment or a store; none where none are written."""
    parts = entry.fields.get("limits")
    if parts is None:
        return ()
    if not isinstance(parts, list) or len(parts) > LIMITS_MAX:
        entry.note("limits", f"a list of at most {LIMITS_MAX}", parts)
        return ()
    found: list[Limit] = []
    for at, part in enumerate(parts):
        path = (*entry.path, "limits", at)
        inner = Entry(entry.source, part, path, entry.name, LIMIT_FIELDS)
        limit = _limit(inner, currency)
        if limit is None:
            continue
        if any((one.by, one.name) == (limit.by, limit.name) for one in found):
            inner.note("by", "limited once", limit.name or limit.by)
        found.append(limit)
    return tuple(found)


def _limit(entry: Entry, currency: str) -> Limit | None:
    entry.need("by", "amount")
    by, name = entry.choice("by", get_args(LimitBy), ""), entry.text("name") or None
    amount_minor = entry.money("amount", currency)
    if by in NAMED:
        entry.need("name")
    elif by and name is not None:
        entry.note("name", f"left out for {by}: each has the amount", name)
    if by in NAMED and entry.has("utc_offset"):
        entry.note("utc_offset", f"left out for {by}", entry.fields["utc_offset"])
    if not by or (by in NAMED) != (name is not None):
        return None
    return Limit(
        by=cast(LimitBy, by),
        name=name,
        amount_minor=amount_minor,
        utc_offset_minutes=_utc_offset(entry),
    )
