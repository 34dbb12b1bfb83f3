"""Limits of a campaign: how much of its budget may go to one day, week, segment or store.

A limit is one more *pot* of money beside the campaign's own, with an account, leases and a book of
the same algebra; a coupon's quota is one more, counted in pieces. A pot's name begins with its
campaign's and holds a `/`, which no id may hold.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple, get_args

from coupons.catalogue import NAMED, Campaign, Coupon, Limit, LimitBy

MINUTE_MS = 60_000
DAY_MS = 86_400_000
# What partitions may lag behind each other: so long after its end a pot still has a book.
KEPT_MS = 2 * DAY_MS
QUOTA = "quota"
_OFFSET = re.compile(r"([+-])([0-9]{2}):([0-9]{2})$")
# A partition has its even share of a quota without asking: workers of before gave as many pieces.
QUOTA_LEASE_RATIO = 1.0


class Whose(NamedTuple):
    """What limits by name go by: the customer's segment, and the store that an event came from."""

    segment: str | None = None
    store: str | None = None


ANYBODY = Whose()


def reason_of(pot: str) -> str:
    """Give the code of why a coupon is not given when this pot is short.

    Examples
    --------
    >>> reason_of("spring/day/2026-11-23")
    'day_budget_exhausted'
    """
    return f"{pot.split('/', 2)[1]}_budget_exhausted"


def is_pot(name: str) -> bool:
    """Tell a pot from a campaign.

    Examples
    --------
    >>> is_pot("spring"), is_pot("spring/segment/loyal")
    (False, True)
    """
    return "/" in name


def is_quota(name: str) -> bool:
    """Tell the pot of a quota, which holds pieces, from all that hold money.

    Examples
    --------
    >>> is_quota("spring/day/2026-11-23"), is_quota("spring/quota/mug")
    (False, True)
    """
    return is_pot(name) and name.split("/", 2)[1] == QUOTA


def quota_of(coupon: Coupon, campaign: Campaign) -> Campaign:
    """Give a coupon's quota as a campaign whose money are pieces; none where there is no quota.

    Examples
    --------
    >>> mug = Coupon(coupon_id="mug", campaign_id="spring", kind="gift", cost_minor=9, quota=20)
    >>> terms = quota_of(mug, Campaign(campaign_id="spring", budget_minor=900))
    >>> terms.campaign_id, terms.budget_minor
    ('spring/quota/mug', 20)
    """
    return Campaign(
        campaign_id=f"{coupon.campaign_id}/{QUOTA}/{coupon.coupon_id}",
        budget_minor=coupon.quota or 0,
        starts_ms=campaign.starts_ms,
        ends_ms=campaign.ends_ms,
    )


def require_name(name: str) -> None:
    """Refuse what looks like a pot's name and is none.

    Raises
    ------
    ValueError
        No limit has such a name.

    Examples
    --------
    >>> require_name("spring"), require_name("spring/day/2026-11-23")
    (None, None)
    """
    known = (*get_args(LimitBy), QUOTA)
    if is_pot(name) and name.split("/", 2)[1] not in known:
        message = f"a pot must be by {', '.join(known)}, was {name}"
        raise ValueError(message)
    if is_pot(name):
        ends_ms_of(name)


def pots_of(campaign: Campaign, now_ms: int, whose: Whose) -> Iterator[Campaign]:
    """Give the terms of every pot that a coupon would be charged to, besides its campaign's own.

    Days begin at midnight on the limit's clock, weeks on Mondays (ISO 8601). A clock that is not
    UTC's stands in the pot's name, which so tells by itself when it is over.

    Examples
    --------
    >>> day, new = Limit(by="day", amount_minor=5), Limit(by="segment", name="new", amount_minor=9)
    >>> spring = Campaign(campaign_id="spring", budget_minor=900, limits=(day, new))
    >>> [one.campaign_id for one in pots_of(spring, 1_795_428_000_000, Whose("loyal"))]
    ['spring/day/2026-11-23']
    >>> berlin = Limit(by="day", amount_minor=5, utc_offset_minutes=60)
    >>> spring = Campaign(campaign_id="spring", budget_minor=900, limits=(berlin,))
    >>> [one.campaign_id for one in pots_of(spring, 1_795_476_000_000, ANYBODY)]
    ['spring/day/2026-11-24+01:00']
    """
    for limit in campaign.limits:
        if limit.by in NAMED:
            if limit.name == getattr(whose, limit.by):
                yield _terms(campaign, limit, limit.name or "")
        else:
            offset = limit.utc_offset_minutes
            moment = datetime.fromtimestamp((now_ms + offset * MINUTE_MS) // 1_000, UTC)
            form = "%Y-%m-%d" if limit.by == "day" else "%G-W%V"
            yield _terms(campaign, limit, f"{moment.strftime(form)}{_clock(offset)}")


def terms_of(pot: str, campaigns: Mapping[str, Campaign]) -> Campaign | None:
    """Give the terms of a campaign or of a pot by its name; None where the catalogue has none.

    Examples
    --------
    >>> limits = (Limit(by="day", amount_minor=500),)
    >>> spring = Campaign(campaign_id="spring", budget_minor=900, limits=limits)
    >>> terms_of("spring/day/2026-11-23", {"spring": spring}).budget_minor
    500
    """
    if not is_pot(pot):
        return campaigns.get(pot)
    owner, by, name = pot.split("/", 2)
    campaign = campaigns.get(owner)
    if campaign is None:
        return None
    if by == QUOTA:
        named = (one for one in campaign.coupons if one.coupon_id == name)
        return next((quota_of(one, campaign) for one in named if one.quota is not None), None)
    for limit in campaign.limits:
        if limit.by == by and (limit.name == name or _is_timed(limit, name)):
            return _terms(campaign, limit, name)
    return None


@lru_cache(maxsize=1_024)
def ends_ms_of(pot: str) -> int | None:
    """Tell when a pot is over for good; None for one that is not of a time.

    Examples
    --------
    >>> ends_ms_of("spring/day/2026-11-23"), ends_ms_of("spring/week/2026-W48")
    (1795478400000, 1795996800000)
    >>> ends_ms_of("spring/segment/loyal") is None
    True
    >>> ends_ms_of("spring/day/2026-11-23+01:00")
    1795474800000
    """
    _, by, name = pot.split("/", 2)
    if by not in ("day", "week"):
        return None
    written, offset_ms = _OFFSET.sub("", name), _offset_minutes(name) * MINUTE_MS
    if by == "day":
        day = datetime.strptime(written, "%Y-%m-%d").replace(tzinfo=UTC)
        return _midnight_ms(day) + DAY_MS - offset_ms
    year, week = written.split("-W")
    monday = datetime.fromisocalendar(int(year), int(week), 1).replace(tzinfo=UTC)
    return _midnight_ms(monday) + 7 * DAY_MS - offset_ms


def _clock(offset_minutes: int) -> str:
    """Write a clock's distance from UTC as ISO 8601 does; nothing for none.

    Examples
    --------
    >>> _clock(60), _clock(-210), _clock(0)
    ('+01:00', '-03:30', '')
    """
    hours, minutes = divmod(abs(offset_minutes), 60)
    return f"{'-' if offset_minutes < 0 else '+'}{hours:02}:{minutes:02}" if offset_minutes else ""


def _offset_minutes(name: str) -> int:
    """Read it again from the end of a day's or week's name.

    Examples
    --------
    >>> _offset_minutes("2026-W48-03:30"), _offset_minutes("2026-11-23")
    (-210, 0)
    """
    found = _OFFSET.search(name)
    if found is None:
        return 0
    minutes = int(found[2]) * 60 + int(found[3])
    return -minutes if found[1] == "-" else minutes


def _is_timed(limit: Limit, name: str) -> bool:
    """Tell whether a day's or week's name is of this limit's clock."""
    return limit.name is None and _offset_minutes(name) == limit.utc_offset_minutes


def _terms(campaign: Campaign, limit: Limit, name: str) -> Campaign:
    """Give a pot as a campaign that has its money: all that a ledger asks of one."""
    pot = f"{campaign.campaign_id}/{limit.by}/{name}"
    ends_ms = ends_ms_of(pot)
    if ends_ms is None:
        starts_ms, ends_ms = campaign.starts_ms, campaign.ends_ms
    else:
        starts_ms = ends_ms - (DAY_MS if limit.by == "day" else 7 * DAY_MS)
    return Campaign(
        campaign_id=pot, budget_minor=limit.amount_minor, starts_ms=starts_ms, ends_ms=ends_ms
    )


def _midnight_ms(moment: datetime) -> int:
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
