"""The ledger of a campaign and the partitions that lease from it."""

import json
from random import Random
from typing import Any

import pytest

from coupons.arms import ArmShares
from coupons.books import Books
from coupons.catalogue import Campaign, Catalogue, Coupon
from coupons.leases import Ask, Grant
from coupons.ledger import Ledger
from coupons.lending import Book
from coupons.lifecycle import Lifecycle
from coupons.orders import Order, OrderKind
from coupons.pacing import DAY_MS
from coupons.purses import Purse
from tests.unit.coupons import lending_world

HOUR_MS = 3_600_000
TEN = Coupon(coupon_id="ten", campaign_id="spring", kind="amount_off", off_minor=100)


def campaign(budget_minor: int = 1_000, **settings: Any) -> Campaign:
    return Campaign(campaign_id="spring", budget_minor=budget_minor, coupons=(TEN,), **settings)


def a_book(budget_minor: int = 1_000, partitions: int = 2, shares: ArmShares | None = None) -> Book:
    book = Book("spring", partitions=partitions, shares=shares, lease_ratio=0.5)
    book.adopt(campaign(budget_minor), horizon_ms=DAY_MS)
    return book


def an_ask(partition: int = 0, seq: int = 1, held_minor: int = 0, **fields: Any) -> Ask:
    own: Purse = {"held_minor": held_minor, "spent_minor": 0, "settled_minor": 0}
    given = {"now_ms": 0, "first_minor": 250, "purses": {"policy": own}, **fields}
    return Ask(campaign_id="spring", partition=partition, seq=seq, **given)


def an_order(kind: OrderKind, version: int, amount_minor: int = 0) -> Order:
    return Order(
        campaign_id="spring",
        order_id=f"{kind}-{version}",
        kind=kind,
        version=version,
        amount_minor=amount_minor,
    )


def granted(grants: list[Grant]) -> dict[int, int]:
    return {one.partition: one.granted.get("policy", 0) for one in grants}


def test_c50_nothing_is_overspent_contradicted_or_lost_whatever_fails() -> None:
    lending_world.play_all(range(150))


def test_p4_the_fault_simulator_sees_a_ledger_that_grants_twice(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Book, "_free_minor", lambda self, arm: 10_000)
    with pytest.raises(AssertionError, match="must not be overspent"):
        lending_world.play_all(range(20))


def test_c50_an_ask_that_comes_twice_or_late_is_answered_once() -> None:
    book = a_book()
    book.hear(an_ask(seq=2, wants={"policy": 100}))
    assert granted(book.answers())[0] == 100
    for late in (an_ask(seq=2, wants={"policy": 100}), an_ask(seq=1, wants={"policy": 400})):
        book.hear(late)
        assert book.answers() == []
    assert book.free_minor == 400


def test_c50_a_lease_follows_what_was_used_and_leaves_some_for_the_others() -> None:
    book = a_book(100_000)
    book.hear(an_ask(held_minor=4_000, wants={"policy": 100}, first_minor=25_000))
    # Twice what was used, but no more than what is free by four times the partitions.
    assert granted(book.answers())[0] == 50_000 // 8
    book.hear(an_ask(seq=2, held_minor=4_200, wants={"policy": 100}, first_minor=25_000))
    assert granted(book.answers())[0] == 50_000 // 8 + 400


def test_c50_what_others_have_is_called_back_and_given_to_who_waits() -> None:
    book = a_book(budget_minor=500)
    book.hear(an_ask(partition=0, first_minor=125, held_minor=125, wants={"policy": 300}))
    first, other = book.answers()
    assert (first.partition, first.granted, other.call_minor) == (0, {}, 300)
    book.hear(an_ask(partition=1, first_minor=125, returned={"policy": 125}))
    assert granted(book.answers())[0] == 300


def test_c50_money_of_one_arm_is_not_lent_to_another() -> None:
    shares = ArmShares(random=0.5, business_as_usual=0.0, holdout=0.0)
    book = a_book(shares=shares)
    book.hear(an_ask(wants={"random": 400}))  # 125 are there, 250 more are its arm's
    assert all(not grant.granted for grant in book.answers())
    book.hear(an_ask(seq=2, wants={"random": 375}))
    assert next(iter(book.answers())).granted == {"random": 250}


def test_c50_a_cut_budget_grants_nothing_and_an_added_one_serves_who_waits() -> None:
    book = a_book(1_000)
    book.adopt(campaign(100), horizon_ms=DAY_MS)
    book.hear(an_ask(wants={"policy": 100}))
    assert granted(book.answers())[0] == 0
    assert book.free_minor < 0
    assert book.obey(an_order("top_up", 1, 1_000)) is None
    assert granted(book.answers())[0] == 100


@pytest.mark.parametrize("kind", ["pause", "stop", "close"])
def test_c50_an_order_reaches_every_partition_and_stops_it(kind: OrderKind) -> None:
    book, ledger = a_book(), Ledger(partition=0, partitions=2)
    ledger.adopt(Catalogue.of([campaign()]), None, 0.5)
    assert ledger.blocked(TEN, campaign(), 100) is None
    assert book.obey(an_order(kind, 0 if kind == "stop" else 1)) is None
    orders = book.answers()
    assert [one.partition for one in orders] == [0, 1]
    ledger.hear(orders[0])
    assert ledger.blocked(TEN, campaign(), 100) == "campaign_paused"
    answer = next(iter(ledger.take_asks()), None)
    if kind == "close":
        assert answer is not None
        assert answer.returned == {"policy": 250}
        assert ledger.free_minor("spring") == 0
    else:
        assert answer is None
        assert book.obey(an_order("resume", 2)) is None
        ledger.hear(book.answers()[0])
        assert ledger.blocked(TEN, campaign(), 100) is None


def test_a_ledger_goes_on_where_its_state_was() -> None:
    book = a_book()
    book.hear(an_ask(wants={"policy": 100}))
    before = book.answers()
    state = json.loads(json.dumps(book.state))
    again = Book("spring", partitions=2, shares=None, lease_ratio=0.5, state=state)
    for one in (book, again):
        one.hear(an_ask(seq=2, held_minor=300, wants={"policy": 100}))
    assert book.answers() == again.answers()
    assert book.state == again.state
    assert before[0].seq == 1


def test_a_partition_without_want_asks_nobody() -> None:
    ledger = Ledger(partition=0, partitions=2)
    ledger.adopt(Catalogue.of([campaign()]), None, 0.5)
    ledger.charge(TEN, campaign(), 100)
    assert ledger.take_asks() == []
    assert "lease" not in ledger.dump()["accounts"]["spring"]
    ledger.charge(TEN, campaign(), 100)
    (ask,) = ledger.take_asks()
    assert (ask.seq, ask.wants, ask.first_minor) == (1, {"policy": 100}, 250)


def test_a_campaign_that_leases_is_not_forgotten_when_it_leaves_the_catalogue() -> None:
    ledger = Ledger(partition=0, partitions=2)
    ledger.hear(Grant(campaign_id="spring", partition=0, seq=3, granted={"policy": 40}))
    ledger.adopt(Catalogue.of([]), None, 0.5)
    ledger.adopt(Catalogue.of([campaign()]), None, 0.5)
    assert ledger.free_minor("spring") == 250 + 40
    ledger.hear(Grant(campaign_id="spring", partition=0, seq=3, granted={"policy": 90}))
    assert ledger.free_minor("spring") == 290  # an older grant, or one that comes twice


class Shop:
    """Twelve partitions whose customers are dealt out by Zipf's law, and a month of offers."""

    PARTITIONS = 12

    def __init__(
        self, lease_ratio: float, seed: int, budget_minor: int, exponent: float = 1.0
    ) -> None:
        self.random = Random(seed)
        self.exponent = exponent
        self.limits = campaign(budget_minor, starts_ms=0, ends_ms=30 * DAY_MS)
        self.leases = lease_ratio < 1.0
        self.ledgers = [
            Ledger(partition=number, partitions=self.PARTITIONS)
            for number in range(self.PARTITIONS)
        ]
        self.books = Books(
            partitions=self.PARTITIONS, shares=None, lease_ratio=lease_ratio, horizon_ms=DAY_MS
        )
        catalogue = Catalogue.of([self.limits])
        self.books.adopt(catalogue)
        for ledger in self.ledgers:
            ledger.adopt(catalogue, None, lease_ratio)

    def talk(self) -> None:
        while asks := [ask for ledger in self.ledgers for ask in ledger.take_asks()]:
            for ask in asks if self.leases else ():
                self.books.hear(ask)
            for grant in self.books.answers():
                self.ledgers[grant.partition].hear(grant)

    def month(self) -> tuple[float, float]:
        """Return what part of the budget was used, and the value that was bought."""
        weights = [(rank + 1) ** -self.exponent for rank in range(self.PARTITIONS)]
        out: list[tuple[int, int, bool]] = []
        value = 0.0
        for hour in range(30 * 24):
            for ledger in self.ledgers:
                ledger.advance(hour * HOUR_MS)
            while out and out[0][0] <= hour:
                _, number, used = out.pop(0)
                self.ledgers[number].settle(over(used))
            for _ in range(20 if hour % 24 > 7 else 0):
                (number,) = self.random.choices(range(self.PARTITIONS), weights)
                worth, used = self.random.expovariate(1.0), self.random.random() < 0.6
                if worth > self.ledgers[number].lambda_price("spring"):
                    if self.ledgers[number].blocked(TEN, self.limits, 100) is None:
                        self.ledgers[number].charge(TEN, self.limits, 100)
                        out.append((hour + 6, number, used))
                        value += worth * used
                    else:
                        self.ledgers[number].missed(["ten"])
            self.talk()
        spent_minor = sum(ledger.spent_minor("spring") for ledger in self.ledgers)
        return spent_minor / self.limits.budget_minor, value


def over(used: bool) -> Lifecycle:
    return Lifecycle(
        stage="redeemed" if used else "expired",
        coupon_id="ten",
        campaign_id="spring",
        decision_id="d",
        ts_ms=0,
        charge_minor=100,
        refund_minor=0 if used else 100,
        quota_back=not used,
    )


@pytest.mark.parametrize("exponent", [1.0, 1.5])
def test_c50_leases_use_the_budget_under_skew_and_buy_more_with_it(exponent: float) -> None:
    fixed_ratio, fixed_value = Shop(1.0, 11, 200_000, exponent).month()
    used_ratio, value = Shop(0.5, 11, 200_000, exponent).month()
    assert 0.97 <= used_ratio <= 1.0
    assert value > 1.1 * fixed_value, (used_ratio, fixed_ratio, value, fixed_value)
