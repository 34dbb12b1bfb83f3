"""The books, the rows and the decisions tell the same story of every minor unit."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any

from tests.verifier.decided import Decided
from tests.verifier.facts import Facts
from tests.verifier.report import CATALOGUE_MISSING, Check

BACK = frozenset({"released", "expired", "voided", "returned", "unfunded"})


@dataclass(slots=True)
class Purse:
    """One campaign in one partition: its account, and what decisions and rows say of it.

    `forgotten_count` counts coupons that left a row between two of its versions, so that nobody
    can tell what they cost.
    """

    account: dict[str, Any] = field(default_factory=dict)
    offers: list[Decided] = field(default_factory=list)
    held_minor: int = 0
    spent_minor: int = 0
    back: Counter[str] = field(default_factory=Counter)
    forgotten_count: int = 0

    def side(self, name: str) -> int:
        """Give one side of the account."""
        return int(self.account.get(f"{name}_minor", 0))

    def lease(self, name: str) -> int:
        """Sum what was granted, or returned, over all arms."""
        return sum(self.account.get("lease", {}).get(name, {}).values())

    @property
    def first_minor(self) -> int:
        """Give what there was without asking."""
        return self.side("target") - self.lease("granted") + self.lease("returned")


Purses = dict[tuple[int, str], Purse]


def check_money(facts: Facts) -> list[Check]:
    """Look at ledgers, rows and offers together."""
    purses = _purses(facts)
    return [
        _balanced(facts),
        _booked(purses),
        _held(purses),
        _spent(purses),
        _falls(purses),
        _within(facts, purses),
        _worst(facts),
    ]


def _purses(facts: Facts) -> Purses:
    purses: defaultdict[tuple[int, str], Purse] = defaultdict(Purse)
    for partition, shared in facts.rows.shared.items():
        for name, account in shared["ledger"]["accounts"].items():
            purses[partition, name].account = account
    held: set[tuple[int, str]] = set()
    for (partition, _), row in facts.rows.users.items():
        for name, (campaign_id, charge_minor) in row.held.items() if row is not None else ():
            purses[partition, campaign_id].held_minor += charge_minor
            held.add((partition, name))
    for (partition, _), closed in facts.rows.closed.items():
        purse = purses[partition, closed.campaign_id]
        purse.spent_minor += closed.spent_minor if closed.stage == "redeemed" else 0
        purse.back[closed.coupon_id] += closed.stage in BACK
    for decided in facts.decided:
        if decided.campaign_id is not None and decided.is_charged:
            purse = purses[decided.partition, decided.campaign_id]
            purse.offers.append(decided)
            name = (decided.partition, decided.decision_id)
            purse.forgotten_count += name not in held and name not in facts.rows.closed
    return dict(purses)


def _balanced(facts: Facts) -> Check:
    check = Check(
        name="money_balanced",
        promise="at every commit each account's share is free + held + spent, none negative",
    )
    check.checked_count = facts.rows.accounts_count
    for offender in facts.rows.unbalanced:
        check.accuse(offender)
    return check


def _booked(purses: Purses) -> Check:
    check = Check(
        name="money_booked",
        promise="what decisions charged is what the ledger has held and settled",
    )
    for (partition, name), purse in purses.items():
        charged_minor = sum(offer.charged_minor for offer in purse.offers)
        booked_minor = purse.side("held") + purse.side("settled")
        check.expect(
            charged_minor == booked_minor,
            f"{name} in partition {partition}: charged {charged_minor}, booked {booked_minor}",
        )
    return check


def _held(purses: Purses) -> Check:
    check = Check(
        name="money_held", promise="what the ledger holds is what customers' coupons hold"
    )
    for (partition, name), purse in purses.items():
        ours, theirs = purse.held_minor, purse.side("held")
        check.expect(
            ours == theirs, f"{name} in partition {partition}: rows {ours}, ledger {theirs}"
        )
    return check


def _spent(purses: Purses) -> Check:
    check = Check(
        name="money_spent",
        promise="what the ledger spent is what used coupons cost, the rest came back",
    )
    for (partition, name), purse in purses.items():
        ours, theirs = purse.spent_minor, purse.side("spent")
        exact = not purse.forgotten_count
        check.expect(
            ours == theirs if exact else ours <= theirs <= purse.side("settled"),
            f"{name} in partition {partition}: rows {ours}, ledger {theirs},"
            f" {purse.forgotten_count} forgotten",
        )
    return check


def _falls(purses: Purses) -> Check:
    check = Check(
        name="money_falls",
        promise="what remains falls by each charge and what was given back, and rises only by what"
        " came back and was granted",
    )
    for (partition, name), purse in purses.items():
        remaining_minor, gained_minor = purse.first_minor, 0
        where = f"{name} in partition {partition}"
        for offer in purse.offers:
            gain_minor = offer.remaining_minor + offer.charged_minor - remaining_minor
            check.expect(
                gain_minor >= -purse.lease("returned") and offer.remaining_minor >= 0,
                f"{offer.name} of {where}: {remaining_minor} less {offer.charged_minor}"
                f" became {offer.remaining_minor}",
            )
            remaining_minor = offer.remaining_minor
            gained_minor += gain_minor
        gained_minor += purse.side("free") - remaining_minor
        settled_minor = purse.side("settled") - purse.side("spent")
        leased_minor = purse.lease("granted") - purse.lease("returned")
        check.expect(
            gained_minor == settled_minor + leased_minor,
            f"{where}: {gained_minor} came, the ledger says {settled_minor} back and"
            f" {leased_minor} leased",
        )
    return check


def _within(facts: Facts, purses: Purses) -> Check:
    check = Check(
        name="money_within",
        promise="no partition has more than it leased, all together never more than the budget",
    )
    if facts.terms.campaigns is None:
        check.skipped = CATALOGUE_MISSING
        return check
    leased, out = Counter[str](), Counter[str]()
    for (partition, name), purse in purses.items():
        where, campaign = f"{name} in partition {partition}", facts.terms.campaigns.get(name)
        if campaign is None:
            check.expect(not purse.offers, f"{name} is not in the catalogue, but was given")
            continue
        even_minor = _share(campaign.budget_minor, partition, facts.partitions_count)
        check.expect(
            purse.side("share") == purse.side("target") and 0 <= purse.first_minor <= even_minor,
            f"{where}: must begin with at most {even_minor}, was {purse.account}",
        )
        granted_minor = facts.leases.granted_minor((partition, name))
        leased[name] += purse.first_minor + granted_minor - purse.lease("returned")
        charged_minor = sum(offer.charged_minor for offer in purse.offers)
        out[name] += charged_minor - (purse.side("settled") - purse.side("spent"))
    for name, out_minor in out.items():
        budget_minor = facts.terms.campaigns[name].budget_minor + facts.leases.added_minor(name)
        check.expect(
            out_minor <= leased[name] <= budget_minor,
            f"{name}: {out_minor} is out, {leased[name]} leased, the budget is {budget_minor}",
        )
    return check


def _share(total: int, partition: int, partitions_count: int) -> int:
    whole, rest = divmod(total, partitions_count)
    return whole + 1 if partition < rest else whole


def _worst(facts: Facts) -> Check:
    check = Check(
        name="money_worst",
        promise="a decision charges the most that it promises, within the catalogue's maximum",
    )
    if facts.terms.campaigns is None:
        check.skipped = CATALOGUE_MISSING
        return check
    coupons = {
        (name, coupon.coupon_id): coupon
        for name, campaign in facts.terms.campaigns.items()
        for coupon in campaign.coupons.values()
    }
    for decided in facts.decided:
        if decided.campaign_id is None:
            continue
        coupon = coupons.get((decided.campaign_id, decided.template_id))
        wanted = coupon.worst_minor if coupon is not None else None
        if coupon is not None and coupon.is_capped:
            wanted = min(decided.promised_minor or 0, coupon.worst_minor)
        check.expect(
            decided.charged_minor == wanted and decided.promised_minor in (None, wanted),
            f"{decided.name}: {decided.template_id} must charge {wanted},"
            f" was {decided.charged_minor} for a promise of {decided.promised_minor}",
        )
    return check
