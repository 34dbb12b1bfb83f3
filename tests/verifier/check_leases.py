"""Partitions and the ledger of a campaign tell the same story, and it stays within the budget."""

from collections import Counter, defaultdict
from itertools import pairwise
from typing import Any

from tests.verifier.catalogue import budget_of, clock_of, day_or_week
from tests.verifier.facts import Facts
from tests.verifier.leases import Asked, Granted, Party, Totals
from tests.verifier.report import CATALOGUE_MISSING, Check


def check_leases(facts: Facts) -> list[Check]:
    """Look at asks and grants together, and at what the partitions keep of them."""
    return [_asked(facts), _granted(facts), _leased(facts), _ordered(facts)]


def _asked(facts: Facts) -> Check:
    check = Check(
        name="leases_asked",
        promise="asks are numbered, nothing given back is taken again, accounts say the same",
    )
    for offender in facts.leases.strange:
        check.accuse(offender)
    for party, asks in sorted(facts.leases.asks.items()):
        for before, ask in pairwise(asks):
            check.expect(
                before.seq < ask.seq and _grew(before.returned, ask.returned),
                f"{ask.place} is no. {ask.seq} and returned {ask.returned}, after no."
                f" {before.seq} and {before.returned}",
            )
        lease, newest = _lease(facts, party), asks[-1]
        check.expect(
            _is_over(facts, party)
            or (lease["seq"], lease["returned"]) == (newest.seq, newest.returned),
            f"{newest.place}: no. {newest.seq} returned {newest.returned}, the account {lease}",
        )
    return check


def _granted(facts: Facts) -> Check:
    check = Check(
        name="leases_granted",
        promise="grants are numbered, never fall, answer what was asked, and accounts follow them",
    )
    for party, grants in sorted(facts.leases.grants.items()):
        asked = {0, *(ask.seq for ask in facts.leases.asks.get(party, ()))}
        before: Granted | None = None
        for number, grant in enumerate(grants, 1):
            check.expect(grant.seq == number, f"{grant.place} must be no. {number}, was {grant}")
            answered, totals = (before.answers, before.totals) if before else (0, {})
            check.expect(
                grant.answers in asked and grant.answers >= answered,
                f"{grant.place} answers no. {grant.answers}, of {len(asked) - 1}",
            )
            check.expect(
                _grew(totals, grant.totals) and (grant.answers > 0 or not grant.totals),
                f"{grant.place}: {totals} became {grant.totals}",
            )
            before = grant
    for party in facts.leases.parties():
        lease = _lease(facts, party)
        heard = facts.leases.granted(party, lease["heard"]) if lease["heard"] else {}
        is_told = _is_over(facts, party) or heard == lease["granted"]
        check.expect(is_told, f"{party} heard {heard}, the account {lease}")
    return check


def _leased(facts: Facts) -> Check:
    """Go through asks and grants in the order of their append times."""
    check = Check(
        name="leases_within",
        promise="at every moment all that is leased of a campaign is within its budget",
    )
    if facts.terms.campaigns is None:
        check.skipped = CATALOGUE_MISSING
        return check
    leased = _first(facts)
    moves: list[tuple[int, bool, str, Party, Asked | Granted]] = []
    for party in facts.leases.parties():
        for one in (*facts.leases.asks.get(party, ()), *facts.leases.grants.get(party, ())):
            moves.append((one.at_ms, isinstance(one, Granted), one.place, party, one))
    known: defaultdict[tuple[Party, bool], int] = defaultdict(int)
    for at_ms, is_grant, place, party, one in sorted(moves, key=lambda move: move[:3]):
        _, name = party
        own_minor = budget_of(facts.terms.campaigns, name)
        if own_minor is None:
            check.accuse(f"{place}: {name} is not in the catalogue")
            continue
        total_minor = sum((one.totals if isinstance(one, Granted) else one.returned).values())
        more_minor = total_minor - known[party, is_grant]
        known[party, is_grant] = total_minor
        leased[name] += more_minor if is_grant else -more_minor
        budget_minor = own_minor + facts.leases.added_minor(name, at_ms)
        check.expect(
            leased[name] <= budget_minor,
            f"{place}: {leased[name]} of {name} leased, the budget is {budget_minor}",
        )
    return check


def _ordered(facts: Facts) -> Check:
    check = Check(
        name="orders_kept",
        promise="grants stand as was ordered, and nothing is given of what a partition was told"
        " to keep",
    )
    for (_, name), grants in sorted(facts.leases.grants.items()):
        ordered = {"open", *(one.standing for one in facts.leases.orders.get(name, ()))}
        for grant in grants:
            check.expect(grant.standing in ordered, f"{grant.place}: {name} was never so: {grant}")
    for decided in facts.decided:
        sent = facts.triggers.get((decided.user_id, decided.trigger_event_id))
        if decided.campaign_id is None or sent is None:
            continue
        standing = facts.leases.standing(
            (decided.partition, decided.campaign_id), sent.timestamp_ms
        )
        check.expect(standing == "open", f"{decided.name}: {decided.campaign_id} was {standing}")
    return check


def _first(facts: Facts) -> Counter[str]:
    """Sum what partitions had of each campaign without asking, as far as they said so."""
    first: Counter[str] = Counter()
    for partition, shared in facts.rows.shared.items():
        for name, account in _accounts(shared).items():
            lease = _lease(facts, (partition, name))
            beyond_minor = sum(lease["granted"].values()) - sum(lease["returned"].values())
            first[name] += int(account["target_minor"]) - beyond_minor
    for _, name in facts.leases.parties():
        if "/quota/" in name:  # all of it is dealt out, also to who never dealt with the ledger
            first[name] = budget_of(facts.terms.campaigns or {}, name) or 0
    return first


def _lease(facts: Facts, party: Party) -> dict[str, Any]:
    partition, name = party
    accounts = _accounts(facts.rows.shared.get(partition, {}))
    nothing: dict[str, Any] = {"seq": 0, "heard": 0, "granted": {}, "returned": {}}
    return {**nothing, **accounts.get(name, {}).get("lease", {})}


def _accounts(shared: dict[str, Any]) -> dict[str, Any]:
    ledger = shared.get("ledger", {})
    return {**ledger.get("accounts", {}), **ledger.get("pots", {})}


def _is_over(facts: Facts, party: Party) -> bool:
    """Tell whether a day or week is over in a partition, which then may have forgotten its pot."""
    partition, name = party
    _, *limit = name.split("/", 2)
    shared = facts.rows.shared.get(partition, {})
    if not limit or limit[0] in ("segment", "quota") or name in _accounts(shared):
        return False
    by, name = limit
    return name < day_or_week(by, int(shared["ledger"]["now_ms"]), clock_of(name))


def _grew(before: Totals, after: Totals) -> bool:
    return all(after.get(arm, 0) >= minor for arm, minor in before.items())
