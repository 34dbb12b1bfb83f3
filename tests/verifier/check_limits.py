"""What decisions and rows say of each limit of a campaign, and what the accounts of pots say."""

from collections import Counter
from typing import Any

from tests.verifier.catalogue import budget_of, clock_of, day_or_week
from tests.verifier.decided import Decided
from tests.verifier.facts import Facts
from tests.verifier.report import CATALOGUE_MISSING, Check

TIMED = ("day", "week")
Place = tuple[int, str]
"""A partition and a pot."""


def check_limits(facts: Facts) -> list[Check]:
    """Look at every pot that a coupon was charged to."""
    return [_charged(facts), _held(facts), _within(facts)]


def _charged(facts: Facts) -> Check:
    check = Check(
        name="limits_charged",
        promise="a coupon is charged to each limit of its campaign, by a day that has come",
    )
    if facts.terms.campaigns is None:
        check.skipped = CATALOGUE_MISSING
        return check
    for decided, pots in _known(facts):
        limits = facts.terms.campaigns[decided.campaign_id or ""].limits
        wanted = sorted({by for by, _ in limits if by in TIMED})
        named = [pot.split("/", 2) for pot in pots]
        timed = [one for one in named if one[1] in TIMED]
        right = sorted(by for _, by, _ in timed) == wanted
        right &= all(_has_come(by, name, decided.decided_ms) for _, by, name in timed)
        right &= all(f"{decided.campaign_id}/" in pot and _limit(facts, pot) >= 0 for pot in pots)
        check.expect(right, f"{decided.name} was charged to {pots}, must be by {wanted}")
    return check


def _has_come(by: str, name: str, at_ms: int) -> bool:
    return name >= day_or_week(by, at_ms, clock_of(name))


def _held(facts: Facts) -> Check:
    check = Check(
        name="limits_held", promise="what a limit's account holds is what customers' coupons hold"
    )
    ours = Counter[Place]()
    for (partition, _), row in facts.rows.users.items():
        for name, (_, charge_minor) in row.held.items() if row is not None else ():
            for pot in facts.rows.pots.get((partition, name), ()):
                ours[partition, pot] += charge_minor
    theirs = {place: int(one["held_minor"]) for place, one in _accounts(facts).items()}
    for place in sorted(ours.keys() | theirs.keys()):
        check.expect(
            ours[place] == theirs.get(place, 0),
            f"{place}: rows {ours[place]}, account {theirs.get(place, 0)}",
        )
    return check


def _within(facts: Facts) -> Check:
    check = Check(
        name="limits_within",
        promise="what decisions charged to a limit, less what came back, is never more than it",
    )
    if facts.terms.campaigns is None:
        check.skipped = CATALOGUE_MISSING
        return check
    out = Counter[str]()
    users = facts.rows.users.items()
    held = {(at, name) for (at, _), row in users if row is not None for name in row.held}
    for decided, pots in _known(facts):
        closed = facts.rows.closed.get((decided.partition, decided.decision_id))
        is_held = (decided.partition, decided.decision_id) in held
        out_minor = decided.charged_minor if is_held else 0  # who is forgotten cannot be judged
        if closed is not None:
            out_minor = closed.spent_minor if closed.stage == "redeemed" else 0
        out.update(dict.fromkeys(pots, out_minor))
    for (_, pot), account in _accounts(facts).items():
        out.setdefault(pot, 0)
        beyond_minor = int(account["held_minor"]) + int(account["spent_minor"])
        check.expect(
            beyond_minor <= int(account["target_minor"]), f"{pot}: overspent, was {account}"
        )
    for pot, out_minor in sorted(out.items()):
        most_minor = _limit(facts, pot)
        check.expect(out_minor <= most_minor, f"{pot}: {out_minor} is out of {most_minor}")
    return check


def _known(facts: Facts) -> list[tuple[Decided, tuple[str, ...]]]:
    """Give charged decisions whose coupon was seen in a row, of campaigns that are limited."""
    campaigns, seen = facts.terms.campaigns or {}, facts.rows.pots
    return [
        (one, seen[one.partition, one.decision_id])
        for one in facts.decided
        if one.campaign_id in campaigns
        and one.is_charged
        and campaigns[one.campaign_id].limits
        and (one.partition, one.decision_id) in seen
    ]


def _accounts(facts: Facts) -> dict[Place, dict[str, Any]]:
    return {
        (partition, name): account
        for partition, shared in facts.rows.shared.items()
        for name, account in shared["ledger"].get("pots", {}).items()
        if "/quota/" not in name
    }


def _limit(facts: Facts, pot: str) -> int:
    """Give the amount of a pot; -1 where the catalogue limits no such thing."""
    limit_minor = budget_of(facts.terms.campaigns or {}, pot)
    return -1 if limit_minor is None else limit_minor
