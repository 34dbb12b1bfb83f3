"""Quotas of coupons: pieces that are leased like money, all given out and never more."""

import json
from collections import Counter
from dataclasses import replace
from random import Random
from typing import Any

import pytest

from coupons.balance import LedgerImbalance
from coupons.books import Books
from coupons.catalogue import Campaign, Catalogue, Coupon
from coupons.leases import Ask, Grant
from coupons.ledger import Ledger
from coupons.lending import Book
from coupons.lifecycle import Lifecycle
from coupons.limits import QUOTA_LEASE_RATIO, require_name
from coupons.pacing import DAY_MS
from coupons.purses import POLICY
from tests.unit.coupons import lending_world

PARTITIONS = 12
POT = "spring/quota/mug"
MUG = Coupon(coupon_id="mug", campaign_id="spring", kind="gift", cost_minor=1, quota=20)
CAMPAIGN = Campaign(campaign_id="spring", budget_minor=100_000, coupons=(MUG,))
CATALOGUE = Catalogue.of([CAMPAIGN])
BACK = Lifecycle(
    stage="expired",
    coupon_id="mug",
    campaign_id="spring",
    decision_id="d",
    ts_ms=0,
    charge_minor=1,
    refund_minor=1,
    quota_back=True,
)


class Group:
    """Twelve partitions and their ledger; `talk` lets every ask be answered."""

    def __init__(self, partitions: int = PARTITIONS, catalogue: Catalogue = CATALOGUE) -> None:
        self.ledgers = [Ledger(partition=at, partitions=partitions) for at in range(partitions)]
        self.books = Books(partitions=partitions, shares=None, lease_ratio=0.5, horizon_ms=DAY_MS)
        self.adopt(catalogue)

    def adopt(self, catalogue: Catalogue) -> None:
        self.books.adopt(catalogue)
        for ledger in self.ledgers:
            ledger.adopt(catalogue, None, 0.5)

    def talk(self) -> list[Ask]:
        told: list[Ask] = []
        while asks := [ask for ledger in self.ledgers for ask in ledger.take_asks()]:
            for ask in asks:
                self.books.hear(ask)
            for grant in self.books.answers():
                self.ledgers[grant.partition].hear(grant)
            told += asks
        return told

    def offer(self, at: int, coupon: Coupon = MUG) -> bool:
        """Give a piece if there is one; else ask for one."""
        ledger = self.ledgers[at]
        if ledger.blocked(coupon, CAMPAIGN, 1) == "quota_exhausted":
            ledger.quotas.missed(["mug"])
            return False
        ledger.charge(coupon, CAMPAIGN, 1)
        return True


def issued(ledger: Ledger) -> int:
    account = ledger.dump()["accounts"].get("spring")
    return account["issued"].get("mug", 0) if account else 0


def of_before(ledger: Ledger, count: int) -> Ledger:
    """Read the state back that a worker of before left: pieces counted, no account for them."""
    state = ledger.dump()
    state["accounts"]["spring"]["issued"]["mug"] = count
    state.pop("pots", None)
    state = json.loads(json.dumps(state))
    return Ledger.load(state, partition=ledger.partition, partitions=PARTITIONS)


@pytest.mark.parametrize("exponent", [0.0, 1.5, 9.0])
def test_a_quota_of_twenty_over_twelve_partitions_is_all_given_out_under_skew(
    exponent: float,
) -> None:
    group, random = Group(), Random(3)
    weights = [(rank + 1) ** -exponent for rank in range(PARTITIONS)]
    given = Counter[int]()
    for _ in range(400):
        (at,) = random.choices(range(PARTITIONS), weights)
        given[at] += group.offer(at)
        group.talk()
    assert given.total() == 20, given


def test_a_quota_that_lies_in_one_partition_only_is_all_given_out_there() -> None:
    group = Group()
    given = 0
    for _ in range(40):
        given += group.offer(11)
        group.talk()
    assert given == 20
    assert group.ledgers[11].blocked(MUG, CAMPAIGN, 1) == "quota_exhausted"
    with pytest.raises(LedgerImbalance, match="quota_exhausted"):
        group.ledgers[11].charge(MUG, CAMPAIGN, 1)


def test_nobody_asks_before_half_of_a_share_is_given_and_rows_are_what_they_were() -> None:
    coupon = replace(MUG, quota=48)
    group = Group(catalogue=Catalogue.of([replace(CAMPAIGN, coupons=(coupon,))]))
    assert all(group.offer(0, coupon) for _ in range(2))
    assert group.talk() == []
    assert "pots" not in group.ledgers[0].dump()
    assert group.offer(0, coupon)
    (ask,) = group.talk()
    assert (ask.campaign_id, ask.first_minor, ask.wants) == (POT, 4, {POLICY: 1})
    assert ask.purses[POLICY]["held_minor"] == 3


def test_a_single_partition_asks_nobody() -> None:
    group = Group(1)
    assert sum(group.offer(0) for _ in range(30)) == 20
    assert [ask for ask in group.talk() if ask.campaign_id == POT] == []
    assert "pots" not in group.ledgers[0].dump()


def test_arms_share_one_purse_of_pieces() -> None:
    group = Group()
    for ledger, arm in zip(group.ledgers, ("policy", "random", "policy"), strict=False):
        ledger.charge(MUG, CAMPAIGN, 1, arm)
        ledger.charge(MUG, CAMPAIGN, 1, arm)
        assert set(ledger.dump()["pots"][POT]["purses"]) == {POLICY}


def test_a_piece_that_comes_back_is_given_again_where_it_was_given() -> None:
    group = Group()
    given = sum((group.talk(), group.offer(0))[1] for _ in range(40))
    assert given == 20
    group.ledgers[0].settle(BACK)
    assert group.offer(0)
    assert not group.offer(0)
    assert issued(group.ledgers[0]) == 20


def test_a_partition_of_before_gives_no_more_than_its_even_share_and_what_it_leases() -> None:
    group = Group()
    # Before, 20 pieces over 12 partitions were 2 in each of the first eight and 1 in the others.
    group.ledgers = [of_before(one, 2 if one.partition < 8 else 1) for one in group.ledgers]
    group.adopt(CATALOGUE)
    for at in range(PARTITIONS):
        assert not group.offer(at)
    group.talk()
    assert not any(group.offer(at) for at in range(PARTITIONS))
    group.ledgers[3].settle(replace(BACK, charge_minor=0, refund_minor=0))
    assert group.offer(3)
    assert not group.offer(3)


def test_what_others_of_before_left_is_given_where_it_is_asked_for() -> None:
    group = Group()
    group.ledgers = [of_before(one, 1) for one in group.ledgers]  # 12 of 20 are out
    group.adopt(CATALOGUE)
    given = sum((group.talk(), group.offer(11))[1] for _ in range(40))
    assert given == 8
    assert sum(map(issued, group.ledgers)) == 20


def test_what_a_worker_of_before_counted_on_is_held_by_the_account() -> None:
    group = Group()
    assert group.offer(0)
    assert group.offer(0)  # the account opens
    state = json.loads(json.dumps(group.ledgers[0].dump()))
    state["accounts"]["spring"]["issued"]["mug"] = 3
    again = Ledger.load(state, partition=0, partitions=PARTITIONS)
    again.adopt(CATALOGUE, None, 0.5)
    assert again.dump()["pots"][POT]["held_minor"] == 3
    assert again.blocked(MUG, CAMPAIGN, 1) == "quota_exhausted"


def test_a_worker_of_before_that_was_called_has_its_even_share_when_it_is_upgraded() -> None:
    group = Group()
    # To a worker of before a called quota was a pot that the catalogue does not know.
    called = Grant(campaign_id=POT, partition=0, seq=4, call_minor=1)
    before = Ledger(partition=0, partitions=PARTITIONS)
    before.hear(called)
    pots = before.dump()["pots"]
    assert (pots[POT]["share_minor"], pots[POT]["lease"]["returned"]) == (0, {POLICY: 0})
    state = json.loads(json.dumps({**group.ledgers[0].dump(), "pots": pots}))
    state["accounts"]["spring"]["issued"]["mug"] = 1
    group.ledgers[0] = Ledger.load(state, partition=0, partitions=PARTITIONS)
    group.adopt(CATALOGUE)
    assert group.offer(0)
    assert not group.offer(0)


def test_a_raised_quota_is_given_and_a_lowered_one_stops() -> None:
    group = Group()
    given = sum((group.talk(), group.offer(0))[1] for _ in range(40))
    more = replace(MUG, quota=25)
    group.adopt(Catalogue.of([replace(CAMPAIGN, coupons=(more,))]))
    group.ledgers[0].advance(DAY_MS)  # who waits asks again now and then
    given += sum((group.talk(), group.offer(0, more))[1] for _ in range(40))
    assert given == 25
    fewer = replace(MUG, quota=10)
    group.adopt(Catalogue.of([replace(CAMPAIGN, coupons=(fewer,))]))
    group.ledgers[0].settle(BACK)
    assert not any((group.talk(), group.offer(at, fewer))[1] for at in range(PARTITIONS))


def test_a_ledger_goes_on_from_its_quotas() -> None:
    group = Group()
    for _ in range(6):
        group.offer(0)
        group.talk()
    again = Ledger.load(group.ledgers[0].dump(), partition=0, partitions=PARTITIONS)
    assert again.dump() == group.ledgers[0].dump()
    assert again.dump()["pots"][POT]["held_minor"] == 6


def test_a_grant_of_a_quota_that_is_no_more_is_kept_for_its_return() -> None:
    ledger = Ledger(partition=0, partitions=PARTITIONS)
    ledger.adopt(Catalogue.of([]), None, 0.5)
    ledger.hear(Grant(campaign_id=POT, partition=0, seq=1, granted={POLICY: 3}))
    ledger.adopt(CATALOGUE, None, 0.5)
    account = ledger.dump()["pots"][POT]
    assert (account["share_minor"], account["held_minor"]) == (2 + 3, 0)


def test_the_name_of_a_quota_is_a_pot() -> None:
    require_name(POT)
    with pytest.raises(ValueError, match="by day, week, segment, store, quota"):
        require_name("spring/quotas/mug")


def test_no_quota_is_exceeded_lost_or_told_two_ways_whatever_fails() -> None:
    lending_world.play_all(range(150), has_quota=True)


@pytest.mark.parametrize("fault", ["granted twice", "given back and kept"])
def test_the_fault_simulator_sees_a_quota_that_is_exceeded(
    monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    free, hear = Book._free_minor, Book.hear

    def returned_twice(self: Book, ask: Ask) -> None:
        hear(self, replace(ask, returned={arm: 2 * one for arm, one in ask.returned.items()}))

    def of_quota(self: Book, arm: str) -> int:
        return free(self, arm) + (30 if "/quota/" in self.campaign_id else 0)

    if fault == "granted twice":
        monkeypatch.setattr(Book, "_free_minor", of_quota)
    else:
        monkeypatch.setattr(Book, "hear", returned_twice)
    with pytest.raises(AssertionError, match=r"must not be (exceeded|overspent)"):
        lending_world.play_all(range(100), has_quota=True)


def test_a_partition_that_is_asked_from_the_start_of_its_lease_counts_its_even_share() -> None:
    settings: dict[str, Any] = {"partitions": PARTITIONS, "shares": None, "horizon_ms": DAY_MS}
    books = Books(lease_ratio=0.0, **settings)
    books.adopt(CATALOGUE)
    assert QUOTA_LEASE_RATIO == 1.0
    assert books.free_minor(POT) == 0
