"""Limits of a campaign by day, week, segment and store: pots that are leased like its budget."""

from dataclasses import replace
from typing import Any

import pytest

from coupons.balance import LedgerImbalance
from coupons.books import Books
from coupons.catalogue import Campaign, Catalogue, Coupon, Limit
from coupons.catalogue_file import CatalogueError, campaign_from_record
from coupons.leases import Ask, Grant
from coupons.ledger import Ledger
from coupons.lending import Book
from coupons.lifecycle import Lifecycle
from coupons.limits import ANYBODY, KEPT_MS, Whose, require_name, terms_of
from coupons.pacing import DAY_MS
from coupons.purses import POLICY
from tests.unit.coupons import lending_world

MONDAY_MS = 1_795_392_000_000  # 2026-11-23T00:00Z, of week 48
TODAY, TOMORROW = "spring/day/2026-11-23", "spring/day/2026-11-24"
TEN = Coupon(coupon_id="ten", campaign_id="spring", kind="amount_off", off_minor=100)
HOUR_MS = DAY_MS // 24
BERLIN = Limit(by="day", amount_minor=200, utc_offset_minutes=60)
DAILY = Limit(by="day", amount_minor=200)
WEEKLY = Limit(by="week", amount_minor=300)
LOYAL = Limit(by="segment", name="loyal", amount_minor=100)
NORTH = Limit(by="store", name="north", amount_minor=100)


def campaign(*limits: Limit) -> Campaign:
    return Campaign(campaign_id="spring", budget_minor=1_000, coupons=(TEN,), limits=limits)


def a_ledger(*limits: Limit, partitions: int = 1, **settings: Any) -> Ledger:
    ledger = Ledger(partition=0, partitions=partitions, **settings)
    ledger.adopt(Catalogue.of([campaign(*limits)]), lease_ratio=0.5)
    ledger.advance(MONDAY_MS)
    return ledger


def give(ledger: Ledger, *limits: Limit, whose: Whose = ANYBODY) -> list[str]:
    return ledger.charge(TEN, campaign(*limits), 100, whose=whose)


def blocked(ledger: Ledger, *limits: Limit, whose: Whose = ANYBODY) -> str | None:
    return ledger.pots.blocked(campaign(*limits), 100, whose, POLICY)


def gone(pots: list[str], refund_minor: int = 100) -> Lifecycle:
    return Lifecycle(
        stage="expired",
        coupon_id="ten",
        campaign_id="spring",
        decision_id="d",
        ts_ms=MONDAY_MS,
        charge_minor=100,
        refund_minor=refund_minor,
        quota_back=True,
        pots=tuple(pots),
    )


@pytest.mark.parametrize(
    ("limit", "whose", "reason", "given_count"),
    [
        (DAILY, ANYBODY, "day_budget_exhausted", 2),
        (WEEKLY, ANYBODY, "week_budget_exhausted", 3),
        (LOYAL, Whose(segment="loyal"), "segment_budget_exhausted", 1),
        (LOYAL, Whose(segment="new"), None, 1),
        (NORTH, Whose(store="north"), "store_budget_exhausted", 1),
        (NORTH, Whose(segment="north"), None, 1),
    ],
)
def test_a_limit_that_is_used_up_refuses_by_its_own_name(
    limit: Limit, whose: Whose, reason: str | None, given_count: int
) -> None:
    ledger = a_ledger(limit)
    for _ in range(given_count):
        assert blocked(ledger, limit, whose=whose) is None
        give(ledger, limit, whose=whose)
    assert blocked(ledger, limit, whose=whose) == reason
    if reason is not None:
        with pytest.raises(LedgerImbalance, match=reason):
            give(ledger, limit, whose=whose)


def test_a_coupon_moves_in_every_pot_that_it_was_charged_to_and_back_once() -> None:
    limits = (DAILY, WEEKLY, LOYAL, NORTH)
    ledger = a_ledger(*limits)
    pots = give(ledger, *limits, whose=Whose("loyal", "north"))
    assert pots == [TODAY, "spring/week/2026-W48", "spring/segment/loyal", "spring/store/north"]
    held = {name: one["held_minor"] for name, one in ledger.dump()["pots"].items()}
    assert held == dict.fromkeys(pots, 100)
    ledger.settle(gone(pots, refund_minor=30))
    for one in ledger.dump()["pots"].values():
        assert (one["held_minor"], one["spent_minor"]) == (0, 70)
    assert ledger.spent_minor("spring") == 70


def test_a_new_day_has_money_again_and_an_old_one_never_opens_again() -> None:
    ledger = a_ledger(DAILY)
    pots = give(ledger, DAILY) + give(ledger, DAILY)
    assert blocked(ledger, DAILY) == "day_budget_exhausted"
    ledger.advance(MONDAY_MS + DAY_MS)
    assert give(ledger, DAILY) == [TOMORROW]
    ledger.advance(MONDAY_MS)  # a late event is paid from the day that it is now
    assert give(ledger, DAILY) == [TOMORROW]
    assert blocked(ledger, DAILY) == "day_budget_exhausted"
    assert pots == [TODAY, TODAY]


def test_a_day_that_is_over_is_forgotten_once_nothing_is_held_in_it() -> None:
    ledger = a_ledger(DAILY)
    pots = give(ledger, DAILY)
    ledger.advance(MONDAY_MS + DAY_MS)
    assert TODAY in ledger.dump()["pots"]
    ledger.settle(gone(pots, refund_minor=0))
    assert "pots" not in ledger.dump()
    ledger.settle(replace(gone(pots), charge_minor=0, refund_minor=100))  # refunded late
    ledger.hear(Grant(campaign_id=TODAY, partition=0, seq=1, granted={POLICY: 50}))
    assert "pots" not in ledger.dump()
    assert ledger.free_minor("spring") == 1_000


def test_a_ledger_goes_on_from_its_pots_and_says_nothing_of_them_where_there_are_none() -> None:
    ledger = a_ledger(DAILY)
    give(ledger, DAILY)
    again = Ledger.load(ledger.dump(), partition=0, partitions=1)
    assert again.dump() == ledger.dump()
    assert "pots" not in a_ledger().dump()


def test_a_partition_asks_for_a_pot_that_is_short_and_gives_what_it_is_granted() -> None:
    ledger = a_ledger(DAILY, partitions=2)  # half of an even share: 50 of 200
    assert blocked(ledger, DAILY) == "day_budget_exhausted"
    ledger.pots.missed(["ten"], ANYBODY, POLICY)
    books = Books(partitions=2, shares=None, lease_ratio=0.5, horizon_ms=DAY_MS)
    books.adopt(Catalogue.of([campaign(DAILY)]))
    (ask,) = ledger.take_asks()
    assert (ask.campaign_id, ask.first_minor, ask.wants) == (TODAY, 50, {POLICY: 100})
    books.hear(ask)
    for grant in books.answers():
        if grant.partition == 0:
            ledger.hear(grant)
    assert blocked(ledger, DAILY) is None
    assert give(ledger, DAILY) == [TODAY]


def test_the_book_of_a_day_long_over_is_closed_and_is_not_opened_again() -> None:
    books = Books(partitions=2, shares=None, lease_ratio=0.5, horizon_ms=DAY_MS)
    books.adopt(Catalogue.of([campaign(DAILY)]))
    asked: dict[str, Any] = {"partition": 0, "first_minor": 50, "wants": {POLICY: 100}}
    books.hear(Ask(campaign_id=TODAY, seq=1, now_ms=MONDAY_MS, **asked))
    over_ms = MONDAY_MS + DAY_MS + KEPT_MS
    books.hear(Ask(campaign_id="spring", seq=1, now_ms=over_ms - 1, **asked))
    assert books.close_old() == []
    books.hear(Ask(campaign_id="spring", seq=2, now_ms=over_ms, **asked))
    assert books.close_old() == [TODAY]
    books.hear(Ask(campaign_id=TODAY, seq=2, now_ms=MONDAY_MS, **asked))
    assert books.names() == ["spring"]


def test_no_pot_is_overspent_or_told_two_ways_whatever_fails() -> None:
    lending_world.play_all(range(100), is_limited=True)


def test_the_fault_simulator_sees_a_pot_that_is_granted_twice(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    free = Book._free_minor
    monkeypatch.setattr(Book, "_free_minor", lambda self, arm: 2 * free(self, arm) + 100)
    with pytest.raises(AssertionError, match="overspent"):
        lending_world.play_all(range(100), is_limited=True)


def test_a_catalogue_names_its_limits_in_major_units() -> None:
    limits = [
        {"by": "day", "amount": "2.00"},
        {"by": "week", "amount": "3.00"},
        {"by": "segment", "name": "loyal", "amount": "1.00"},
        {"by": "store", "name": "north", "amount": "1.00"},
    ]
    record = {"id": "spring", "budget": "10.00", "coupons": [], "limits": limits}
    assert campaign_from_record(record).limits == (DAILY, WEEKLY, LOYAL, NORTH)


def test_a_catalogue_without_limits_has_the_version_that_it_always_had() -> None:
    plain = Catalogue.of([Campaign(campaign_id="spring", budget_minor=1_000, coupons=(TEN,))])
    assert plain.version == "50c007eadbea9a40"
    daily = Catalogue.of([campaign(DAILY)])
    assert daily.version == "86168b6cded3181c"
    assert Catalogue.of([campaign(BERLIN)]).version not in (plain.version, daily.version)


def test_a_day_of_the_shops_clock_begins_and_ends_at_its_own_midnight() -> None:
    written = {"by": "day", "amount": "2.00", "utc_offset": "+01:00"}
    record = {"id": "spring", "budget": "10.00", "coupons": [], "limits": [written]}
    assert campaign_from_record(record).limits == (BERLIN,)
    ledger = a_ledger(BERLIN)
    today = "spring/day/2026-11-23+01:00"
    assert give(ledger, BERLIN) + give(ledger, BERLIN) == [today, today]
    ledger.advance(MONDAY_MS + DAY_MS - HOUR_MS - 1)
    assert blocked(ledger, BERLIN) == "day_budget_exhausted"
    ledger.advance(MONDAY_MS + DAY_MS - HOUR_MS)
    assert give(ledger, BERLIN) == ["spring/day/2026-11-24+01:00"]


def test_a_day_of_another_clock_than_the_catalogues_has_no_money_left_to_lend() -> None:
    terms = {"spring": campaign(BERLIN)}
    assert terms_of("spring/day/2026-11-23+01:00", terms) is not None
    assert terms_of(TODAY, terms) is None
    assert terms_of("spring/segment/loyal+01:00", {"spring": campaign(LOYAL)}) is None


@pytest.mark.parametrize(
    ("limits", "found"),
    [
        ({}, "spring: limits must be a list of at most 16, was a mapping"),
        ([{"by": "month", "amount": 1}], "by must be one of day, week, segment, store, was month"),
        ([{"by": "day"}], "amount must be written, was missing"),
        ([{"by": "segment", "amount": 1}], "name must be written, was missing"),
        ([{"by": "store", "amount": 1}], "name must be written, was missing"),
        ([{"by": "day", "name": "x", "amount": 1}], "left out for day: each has the amount, was x"),
        ([{"by": "day", "amount": 1}, {"by": "day", "amount": 2}], "limited once, was day"),
        ([{"by": "day", "amount": -1}], "amount must be money in EUR"),
        ([{"by": "day", "amount": 1, "each": 2}], "each must be one of by, name, amount"),
        ([{"by": "day", "amount": 1, "utc_offset": "+15:00"}], '"+14:00", was +15:00'),
        ([{"by": "store", "utc_offset": "+00:00"}], "utc_offset must be left out for store, was"),
    ],
)
def test_a_limit_that_cannot_be_meant_is_refused_by_name(limits: object, found: str) -> None:
    record = {"id": "spring", "budget": "10.00", "coupons": [], "limits": limits}
    with pytest.raises(CatalogueError) as refused:
        campaign_from_record(record)
    assert found in str(refused.value)


@pytest.mark.parametrize(
    "name",
    [f"spring/{pot}" for pot in ("", "day", "day/soon", "day/+01:00", "week/2026-W99", "moon/1")],
)
def test_a_name_that_no_pot_can_have_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        require_name(name)
