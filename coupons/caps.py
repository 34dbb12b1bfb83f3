"""How much one customer may be given: caps that hold whatever the events, and end by themselves."""

from collections.abc import Callable

from coupons.catalogue import Campaign, Coupon
from coupons.held import COUNTED_MAX, HELD_MAX, RECENT_MAX, WINDOW_MS, Closed, Held, Wallet


def blocked(
    wallet: Wallet, coupon: Coupon, campaign: Campaign, now_ms: int, channel: str | None
) -> str | None:
    """Name the first cap that forbids giving `coupon` now, None if none does.

    In this order: `already_has_one`; `per_user_limit`, the coupon's count for life; `cooldown`;
    `campaign_limit` and `channel_limit`, within the campaign's window of at most `WINDOW_MS`, in
    which held coupons count however old they are; `stacking_conflict` with a held coupon; and
    `wallet_full` for `HELD_MAX` held coupons or `RECENT_MAX` given within `WINDOW_MS`. All but the
    count for life end by use, expiry or time.

    Examples
    --------
    >>> ten = Coupon(coupon_id="ten", campaign_id="spring", kind="percent_off", off_ratio=0.1)
    >>> spring = Campaign(campaign_id="spring", budget_minor=100_000, coupons=(ten,))
    >>> from coupons.held import empty
    >>> blocked(empty(), ten, spring, 0, "app") is None
    True
    """
    caps = caps_of(wallet, campaign, now_ms, channel)
    return caps(coupon) if caps is not None else None


def caps_of(
    wallet: Wallet, campaign: Campaign, now_ms: int, channel: str | None
) -> Callable[[Coupon], str | None] | None:
    """Give `blocked` for the coupons of one campaign, with what they share worked out once.

    None where the customer was given nothing, so that no cap can forbid anything.
    """
    held, counts = wallet["held"], wallet["counts"]
    if not held and not wallet["recent"] and not counts and not campaign.channel_caps:
        return None  # most customers, most of the time
    by_campaign = _blocked_by_campaign(wallet, campaign, now_ms, channel)
    full = "wallet_full" if _is_full(wallet, now_ms) else None

    def blocked_by_caps(coupon: Coupon) -> str | None:
        for one in held.values():
            if one["coupon_id"] == coupon.coupon_id:
                return "already_has_one"
        count, last_ms = counts.get(coupon.coupon_id, (0, 0))
        if count >= coupon.per_user:
            return "per_user_limit"
        if coupon.cooldown_ms and count and now_ms - last_ms < coupon.cooldown_ms:
            return "cooldown"
        if by_campaign is not None:
            return by_campaign
        for one in held.values():
            if coupon.exclusive or "exclusive" in one or one["stacking"] == coupon.stacking:
                return "stacking_conflict"
        return full

    return blocked_by_caps


def _blocked_by_campaign(
    wallet: Wallet, campaign: Campaign, now_ms: int, channel: str | None
) -> str | None:
    name, count, by_channel = campaign.campaign_id, 0, 0
    since_ms = now_ms - min(campaign.per_user_window_ms, WINDOW_MS)
    for given in wallet["recent"]:
        if given["campaign_id"] == name and given["given_ms"] > since_ms:
            count += 1
            by_channel += given["channel"] == channel
    for one in wallet["held"].values():
        if one["campaign_id"] == name and one["given_ms"] <= since_ms:
            count += 1
            by_channel += one["channel"] == channel
    if count >= campaign.per_user:
        return "campaign_limit"
    if channel is not None and by_channel >= campaign.channel_caps.get(channel, RECENT_MAX):
        return "channel_limit"
    return None


def _is_full(wallet: Wallet, now_ms: int) -> bool:
    if len(wallet["held"]) >= HELD_MAX:
        return True
    recent = wallet["recent"]
    return len(recent) >= RECENT_MAX and recent[-RECENT_MAX]["given_ms"] > now_ms - WINDOW_MS


def count(wallet: Wallet, one: Held) -> None:
    """Count a coupon just given against every cap.

    After `COUNTED_MAX` other coupons the one given longest ago is forgotten: the row is bounded.
    """
    counts, now_ms, name = wallet["counts"], one["given_ms"], one["coupon_id"]
    before, last_ms = counts.get(name, (0, 0))
    counts[name] = [before + 1, max(last_ms, now_ms)]
    if len(counts) > COUNTED_MAX:
        held = {other["coupon_id"] for other in wallet["held"].values()} | {name}
        del counts[
            min((last, other) for other, (_, last) in counts.items() if other not in held)[1]
        ]
    recent = [given for given in wallet["recent"] if given["given_ms"] > now_ms - WINDOW_MS]
    recent.append(
        {"given_ms": now_ms, "campaign_id": one["campaign_id"], "channel": one["channel"]}
    )
    recent.sort(key=lambda given: given["given_ms"])  # a late event may be older than the last
    wallet["recent"] = recent[-RECENT_MAX:]


def uncount(wallet: Wallet, one: Held | Closed) -> None:
    """Take a coupon back out of the caps, as if it had not been given."""
    counts, name = wallet["counts"], one["coupon_id"]
    before, last_ms = counts.get(name, (0, 0))
    if before > 1:
        # The one before was a cooldown earlier, so no cooldown can be running any more.
        counts[name] = [before - 1, 0 if last_ms == one["given_ms"] else last_ms]
    else:
        counts.pop(name, None)
    for place, given in enumerate(wallet["recent"]):
        # Two of a campaign may be given at once, by two channels: each counts against its own.
        if (
            given["given_ms"] == one["given_ms"]
            and given["campaign_id"] == one["campaign_id"]
            and given["channel"] == one.get("channel", given["channel"])
        ):
            del wallet["recent"][place]
            return
