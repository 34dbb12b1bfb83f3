"""What decisions, rows and accounts say of coupons that only so many may be given of."""

from collections import Counter
from typing import Any

from tests.verifier.catalogue import Campaign
from tests.verifier.check_money import BACK
from tests.verifier.facts import Facts
from tests.verifier.report import CATALOGUE_MISSING, Check

Place = tuple[int, str, str]
"""A partition, a campaign and a coupon."""


def check_quotas(facts: Facts) -> list[Check]:
    """Look at every coupon that was given or counted."""
    out, forgotten = _out(facts)
    return [_counted(facts, out, forgotten), _within(facts, out, forgotten)]


def _counted(facts: Facts, out: Counter[Place], forgotten: Counter[Place]) -> Check:
    check = Check(
        name="quota", promise="every partition counts the pieces that are out, its accounts too"
    )
    counted = _issued(facts)
    for place in sorted(out.keys() | counted.keys()):
        right = out[place] - forgotten[place] <= counted[place] <= out[place]
        check.expect(right, f"{place}: {out[place]} out, {counted[place]} counted")
    for place, account in _accounts(facts).items():
        held, spent = account["held_minor"], account["spent_minor"]
        check.expect(
            (held, spent) == (counted[place], 0), f"{place}: {counted[place]} out, was {account}"
        )
    return check


def _within(facts: Facts, out: Counter[Place], forgotten: Counter[Place]) -> Check:
    check = Check(
        name="quotas_within",
        promise="no more pieces are out than the quota, nor of a partition than it has leased",
    )
    if facts.terms.campaigns is None:
        check.skipped = CATALOGUE_MISSING
        return check
    quotas = _quotas(facts.terms.campaigns)
    everywhere = Counter[tuple[str, str]]()
    accounts, counted = _accounts(facts), _issued(facts)
    for place in out.keys() | counted.keys():
        partition, name, coupon_id = place
        quota = quotas.get((name, coupon_id))
        if quota is None:
            continue
        # Who is forgotten may have given the piece back.
        everywhere[name, coupon_id] += out[place] - forgotten[place]
        whole, rest = divmod(quota, facts.partitions_count)
        leased = whole + (partition < rest)
        if place in accounts:
            lease = accounts[place].get("lease", {})
            leased += sum(lease.get("granted", {}).values()) - sum(
                lease.get("returned", {}).values()
            )
        check.expect(counted[place] <= leased, f"{place}: {counted[place]} out, {leased} leased")
    for (name, coupon_id), count in sorted(everywhere.items()):
        quota = quotas[name, coupon_id]
        check.expect(count <= quota, f"{coupon_id} of {name}: {count} are out of {quota}")
    return check


def _out(facts: Facts) -> tuple[Counter[Place], Counter[Place]]:
    """Count what was given and did not come back, and of it what left its row unseen."""
    out, forgotten = Counter[Place](), Counter[Place]()
    users = facts.rows.users.items()
    held = {(at, name) for (at, _), row in users if row is not None for name in row.held}
    for decided in facts.decided:
        if decided.campaign_id is None or not decided.is_charged:
            continue
        name = decided.partition, decided.decision_id
        place = decided.partition, decided.campaign_id, decided.template_id or ""
        closed = facts.rows.closed.get(name)
        if closed is None or closed.stage not in BACK:
            out[place] += 1
        forgotten[place] += closed is None and name not in held
    return out, forgotten


def _quotas(campaigns: dict[str, Campaign]) -> dict[tuple[str, str], int]:
    return {
        (name, coupon.coupon_id): coupon.quota
        for name, campaign in campaigns.items()
        for coupon in campaign.coupons.values()
        if coupon.quota is not None
    }


def _issued(facts: Facts) -> Counter[Place]:
    return Counter(
        {
            (partition, name, coupon_id): count
            for partition, shared in facts.rows.shared.items()
            for name, account in shared["ledger"]["accounts"].items()
            for coupon_id, count in account["issued"].items()
        }
    )


def _accounts(facts: Facts) -> dict[Place, dict[str, Any]]:
    found: dict[Place, dict[str, Any]] = {}
    for partition, shared in facts.rows.shared.items():
        for pot, account in shared["ledger"].get("pots", {}).items():
            owner, by, name = pot.split("/", 2)
            if by == "quota":
                found[partition, owner, name] = account
    return found
