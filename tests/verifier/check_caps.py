"""No customer, and nobody who shares a device with others, got more than the catalogue allows."""

from collections import defaultdict
from collections.abc import Iterator

from tests.verifier.catalogue import Campaign, Coupon
from tests.verifier.decided import Decided
from tests.verifier.facts import Facts
from tests.verifier.report import Check

UNCOUNTED = frozenset({"released", "returned"})
# Caps look back at most so far, however long a campaign's window is.
LONGEST_WINDOW_MS = 31 * 86_400_000


def check_caps(facts: Facts) -> list[Check]:
    """Look at offers by customer, and by device and address; coupons given back do not count."""
    check = Check(
        name="caps",
        promise="no customer, device, address or person was given more than the caps allow",
    )
    campaigns = facts.terms.campaigns
    if campaigns is None:
        check.skipped = "no catalogue was given"
        return [check]
    given: defaultdict[tuple[int, str, str], list[Decided]] = defaultdict(list)
    there: defaultdict[tuple[str, str, str], list[Decided]] = defaultdict(list)
    for decided in _counted(facts):
        name = str(decided.campaign_id)
        given[decided.partition, decided.user_id, name].append(decided)
        for by, place in _places(facts, decided, campaigns.get(name)):
            there[by, place, name].append(decided)
    for (_, user_id, campaign_id), offers in given.items():
        campaign = campaigns.get(campaign_id)
        problems = list(_problems(offers, campaign)) if campaign is not None else []
        check.expect(not problems, f"{user_id}: {'; '.join(problems[:3])}")
    for (by, place, name), offers in there.items():
        beyond = list(_beyond(offers, by, campaigns[name]))
        check.expect(not beyond, f"{by} {place}: {'; '.join(beyond[:3])}")
    return [check]


def _counted(facts: Facts) -> Iterator[Decided]:
    for decided in facts.decided:
        if decided.campaign_id is not None and decided.is_charged:
            closed = facts.rows.closed.get((decided.partition, decided.decision_id))
            if closed is None or closed.stage not in UNCOUNTED:
                yield decided


def _places(facts: Facts, decided: Decided, campaign: Campaign | None) -> Iterator[tuple[str, str]]:
    """Give where the customer was by the very event that was answered; others are not judged."""
    trigger = facts.triggers.get((decided.user_id, decided.trigger_event_id))
    if trigger is not None and campaign is not None:
        for by in campaign.shared_caps:
            if place := getattr(trigger, by):
                yield by, place


def _beyond(offers: list[Decided], by: str, campaign: Campaign) -> Iterator[str]:
    in_order = sorted(offers, key=lambda one: one.decided_ms)
    cap = campaign.shared_caps[by]
    for earlier, offer in zip(in_order, in_order[cap:], strict=False):
        if offer.decided_ms - earlier.decided_ms < campaign.per_user_window_ms:
            yield f"{offer.name} is one more than {cap} of {campaign.campaign_id}"


def _problems(offers: list[Decided], campaign: Campaign) -> Iterator[str]:
    window_ms = min(campaign.per_user_window_ms, LONGEST_WINDOW_MS)
    for place, offer in enumerate(offers):
        since_ms = offer.decided_ms - window_ms
        recent = [one for one in offers[:place] if one.decided_ms > since_ms]
        if len(recent) >= campaign.per_user:
            yield f"{offer.name} is one more than {campaign.per_user} of {campaign.campaign_id}"
        cap = campaign.channel_caps.get(offer.channel or "")
        if cap is not None and sum(one.channel == offer.channel for one in recent) >= cap:
            yield f"{offer.name} is one more than {cap} by {offer.channel}"
        coupon = campaign.coupons.get(offer.template_id)
        if coupon is not None:
            same = [one for one in offers[:place] if one.template_id == offer.template_id]
            yield from _coupon_problems(offer, same, coupon)


def _coupon_problems(offer: Decided, same: list[Decided], coupon: Coupon) -> Iterator[str]:
    if len(same) >= coupon.per_user:
        yield f"{offer.name} is one more than {coupon.per_user} of {coupon.coupon_id}"
    if same:
        last_ms = max(one.decided_ms for one in same)
        if offer.decided_ms - last_ms < coupon.cooldown_ms:
            yield f"{offer.name} came before {coupon.coupon_id} had cooled down"
