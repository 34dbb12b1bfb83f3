"""What people order of a ledger, in any order, with partitions giving meanwhile."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coupons.books import Books
from coupons.catalogue import Campaign, Catalogue, Coupon
from coupons.leases import Grant
from coupons.ledger import Ledger
from coupons.orders import STOPS_COUNT, Order, OrderKind
from coupons.pacing import DAY_MS

BUDGET_MINOR, COUPON_MINOR, PARTITIONS_COUNT = 1_000, 100, 3
TEN = Coupon(coupon_id="ten", campaign_id="spring", kind="amount_off", off_minor=COUPON_MINOR)
SPRING = Campaign(
    campaign_id="spring", budget_minor=BUDGET_MINOR, coupons=(TEN,), starts_ms=0, ends_ms=DAY_MS
)
KINDS: tuple[OrderKind, ...] = ("top_up", "pause", "resume", "close", "stop")


def an_order(kind: OrderKind, version: int, amount_minor: int = 0) -> Order:
    return Order(
        campaign_id="spring",
        order_id=f"{kind}-{version}-{amount_minor}",
        kind=kind,
        version=version,
        amount_minor=amount_minor,
    )


class Shop:
    """A ledger and three partitions; grants wait until somebody delivers them."""

    def __init__(self) -> None:
        self.books = self.opened()
        self.ledgers = [
            Ledger(partition=number, partitions=PARTITIONS_COUNT)
            for number in range(PARTITIONS_COUNT)
        ]
        self.grants: list[list[Grant]] = [[] for _ in self.ledgers]
        self.orders: list[Order] = []
        # What should come of the orders, told again in few words.
        self.standing, self.version, self.added_minor = "open", 0, 0
        self.stops: set[str] = set()
        for ledger in self.ledgers:
            ledger.adopt(Catalogue.of([SPRING]), None, 0.5)

    def opened(self) -> Books:
        books = Books(partitions=PARTITIONS_COUNT, shares=None, lease_ratio=0.5, horizon_ms=DAY_MS)
        books.adopt(Catalogue.of([SPRING]))
        return books

    def order(self, order: Order) -> None:
        self.orders.append(order)
        wanted = self.follow(order)
        assert (self.books.obey(order) is None) == wanted
        self.answer()

    def follow(self, order: Order) -> bool:
        after = {"pause": "paused", "stop": "paused", "resume": "open", "close": "closed"}
        if self.standing == "closed":
            return False
        if order.kind == "stop":
            is_new = order.order_id not in self.stops
            self.stops.add(order.order_id)
            if not is_new or self.standing == "paused":
                return is_new
        elif order.version != self.version + 1:
            return False
        elif order.kind != "top_up" and after[order.kind] == self.standing:
            return False
        self.version += 1
        self.added_minor += order.amount_minor
        self.standing = after.get(order.kind, self.standing)
        return True

    def offer(self, number: int) -> bool:
        ledger = self.ledgers[number]
        if is_given := ledger.blocked(TEN, SPRING, COUPON_MINOR) is None:
            ledger.charge(TEN, SPRING, COUPON_MINOR)
        else:
            ledger.missed(["ten"])
        return is_given

    def deliver(self, number: int) -> None:
        waiting, self.grants[number] = self.grants[number], []
        for grant in waiting:
            self.ledgers[number].hear(grant)
        self.answer()

    def answer(self) -> None:
        for ledger in self.ledgers:
            for ask in ledger.take_asks():
                self.books.hear(ask)
        for grant in self.books.answers():
            self.grants[grant.partition].append(grant)

    def restart(self) -> None:
        state = json.loads(json.dumps(self.books.of("spring").state))
        self.books = self.opened()
        self.books.load("spring", state)

    def settle(self) -> None:
        for _ in range(20):
            for number in range(PARTITIONS_COUNT):
                self.deliver(number)
        assert not any(self.grants), "partitions and ledger must have told each other everything"

    def check(self) -> None:
        book = self.books.of("spring")
        accounts = [ledger.dump()["accounts"]["spring"] for ledger in self.ledgers]
        out = sum(one["held_minor"] + one["spent_minor"] for one in accounts)
        leased = sum(one["target_minor"] for one in accounts)
        assert out <= leased <= book.leased_minor <= BUDGET_MINOR + self.added_minor
        assert book.free_minor + book.leased_minor == book.budget_minor
        assert book.budget_minor == BUDGET_MINOR + self.added_minor
        assert (book.state["standing"], book.state["version"]) == (self.standing, self.version)


NUMBERS = st.integers(0, PARTITIONS_COUNT - 1)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("offer"), NUMBERS),
        st.tuples(st.just("deliver"), NUMBERS),
        st.tuples(st.just("restart"), st.just(0)),
        st.tuples(st.just("repeat"), st.integers(0, 9)),
        st.tuples(st.sampled_from(KINDS), st.integers(-1, 1)),
    ),
    max_size=60,
)


@given(STEPS)
def test_n1_money_is_conserved_under_any_order_of_orders(steps: list[tuple[str, int]]) -> None:
    shop = Shop()
    for what, number in steps:
        if what == "offer":
            shop.offer(number)
        elif what == "deliver":
            shop.deliver(number)
        elif what == "restart":
            shop.restart()
        elif what == "repeat":
            for order in shop.orders[number : number + 1]:
                shop.order(order)
        else:
            kind: OrderKind = next(one for one in KINDS if one == what)
            version = max(kind != "stop", shop.version + 1 + number)
            order = an_order(kind, version, 150 if kind == "top_up" else 0)
            shop.order(replace(order, order_id=f"{len(shop.orders)}"))
        shop.check()
    shop.settle()
    shop.check()
    given = [shop.offer(number) for number in range(PARTITIONS_COUNT)]
    assert shop.standing == "open" or not any(given)
    if shop.standing == "closed":
        assert shop.books.of("spring").leased_minor == sum(
            ledger.held_minor("spring") for ledger in shop.ledgers
        )


def test_an_order_is_refused_with_what_had_to_be_and_what_was() -> None:
    books = Shop().books
    elsewhere = replace(an_order("pause", 1), campaign_id="autumn")
    assert books.obey(elsewhere) == "campaign must be in the catalogue, was autumn"
    assert books.obey(an_order("resume", 1)) == "spring must be paused, was open"
    assert books.obey(an_order("top_up", 2, 5)) == "spring: the order's version must be 1, was 2"
    assert books.obey(an_order("pause", 1)) is None
    assert books.obey(an_order("pause", 2)) == "spring must be open, was paused"
    assert books.obey(an_order("close", 2)) is None
    assert books.obey(an_order("resume", 3)) == "spring must be open or paused, was closed for good"


@pytest.mark.parametrize(
    ("kind", "version", "amount_minor", "told"),
    [
        ("top_up", 1, 0, "amount_minor must be over 0 for top_up only, was 0"),
        ("top_up", 1, -5, "amount_minor must be over 0 for top_up only, was -5"),
        ("pause", 1, 5, "amount_minor must be over 0 for top_up only, was 5"),
        ("pause", 0, 0, "version must be 0 or more for stop, over 0 for others, was 0"),
        ("stop", -1, 0, "version must be 0 or more for stop, over 0 for others, was -1"),
    ],
)
def test_an_order_that_says_nothing_sensible_is_none(
    kind: OrderKind, version: int, amount_minor: int, told: str
) -> None:
    with pytest.raises(ValueError, match=told):
        an_order(kind, version, amount_minor)


def standing(books: Books) -> str:
    return books.of("spring").state["standing"]


@pytest.mark.parametrize("before", ["open", "paused"])
def test_a_stop_that_comes_again_after_a_resume_stops_nothing_though_the_worker_changed(
    before: str,
) -> None:
    shop = Shop()
    if before == "paused":
        shop.order(an_order("pause", 1))
    first = an_order("stop", shop.version + 1)
    shop.order(first)
    shop.restart()
    shop.order(an_order("resume", shop.version + 1))
    assert shop.books.obey(first) == (
        f"spring: a stop must be a new one, was obeyed before as {first.order_id}"
    )
    assert standing(shop.books) == "open"


def test_a_stop_is_in_time_whatever_else_was_ordered_meanwhile() -> None:
    shop = Shop()
    for version, kind in enumerate(("pause", "resume", "pause", "resume"), start=1):
        shop.order(an_order(next(one for one in KINDS if one == kind), version))
    shop.order(an_order("stop", 1))
    assert standing(shop.books) == "paused"


def test_a_stop_too_old_to_be_known_by_its_id_is_known_by_its_number() -> None:
    shop = Shop()
    stops = []
    for number in range(STOPS_COUNT + 1):
        stops.append(replace(an_order("stop", shop.version + 1), order_id=f"stop {number}"))
        shop.order(stops[-1])
        shop.order(an_order("resume", shop.version + 1))
    state = shop.books.of("spring").state
    assert len(state.get("stops", {})) == STOPS_COUNT
    for stop in stops:
        assert shop.books.obey(stop) is not None
    assert shop.books.obey(replace(stops[0], order_id="new")) == (
        "spring: a stop must be of version 2 or later, was 1"
    )
    assert standing(shop.books) == "open"
    shop.order(an_order("stop", shop.version + 1))
    assert standing(shop.books) == "paused"
