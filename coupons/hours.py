"""When a coupon may be given: dates, weekdays and quiet hours on the shop's clock."""

from coupons.catalogue import DAY_MINUTES, Campaign, Schedule

MINUTE_MS = 60_000
DAY_MS = DAY_MINUTES * MINUTE_MS
EPOCH_WEEKDAY = 3  # 1970 began on a Thursday


def closed_reason(campaign: Campaign, schedule: Schedule, now_ms: int) -> str | None:
    """Say why a coupon may not be given at a moment, if it may not; starts count, ends do not.

    Examples
    --------
    >>> nights = Schedule(quiet=((22 * 60, 8 * 60),))
    >>> closed_reason(Campaign(campaign_id="k", budget_minor=0), nights, 23 * 60 * MINUTE_MS)
    'quiet_hours'
    """
    for starts_ms in (campaign.starts_ms, schedule.starts_ms):
        if starts_ms is not None and now_ms < starts_ms:
            return "not_started"
    if campaign.ends_ms is not None and now_ms >= campaign.ends_ms:
        return "campaign_ended"
    if schedule.ends_ms is not None and now_ms >= schedule.ends_ms:
        return "coupon_ended"
    days, minute = divmod(now_ms // MINUTE_MS + schedule.utc_offset_minutes, DAY_MINUTES)
    if schedule.weekdays and (days + EPOCH_WEEKDAY) % 7 not in schedule.weekdays:
        return "wrong_weekday"
    if any(_within(span, minute) for span in schedule.quiet):
        return "quiet_hours"
    return None


def steady_span(campaign: Campaign, schedule: Schedule, now_ms: int) -> tuple[int, int]:
    """Bound the time around a moment in which `closed_reason` does not change; end exclusive.

    At most the local day, so that a worker asks the calendar once a day and not once an event.
    """
    day_ms = now_ms - (now_ms + schedule.utc_offset_minutes * MINUTE_MS) % DAY_MS
    edges = [day_ms, day_ms + DAY_MS]
    edges += [day_ms + minute * MINUTE_MS for span in schedule.quiet for minute in span]
    dates = (campaign.starts_ms, campaign.ends_ms, schedule.starts_ms, schedule.ends_ms)
    edges += [date_ms for date_ms in dates if date_ms is not None]
    from_ms = max(edge for edge in edges if edge <= now_ms)
    return from_ms, min(edge for edge in edges if edge > now_ms)


def _within(span: tuple[int, int], minute: int) -> bool:
    from_minute, to_minute = span
    if from_minute < to_minute:
        return from_minute <= minute < to_minute
    return minute >= from_minute or minute < to_minute
