"""Partitions, a ledger and the log between them in memory, with every fault at random.

`python -m tests.unit.coupons.lending_world 10000` plays so many seeds and counts what went wrong.
"""

import json
import sys
from collections import Counter
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

from coupons.books import Books
from coupons.catalogue import Campaign, Catalogue, Coupon, Limit
from coupons.leases import Ask, Grant
from coupons.ledger import Ledger
from coupons.lifecycle import Lifecycle
from coupons.limits import ANYBODY, Whose, is_quota, terms_of
from coupons.orders import Order
from coupons.pacing import DAY_MS
from coupons.purses import POLICY

COUPON_MINOR = 100
COUPON = Coupon(
    coupon_id="ten", campaign_id="spring", kind="amount_off", off_minor=COUPON_MINOR, per_user=1
)


class Fenced(Exception):
    """A writer that was replaced tried to commit."""


@dataclass
class Durable:
    """What the broker has of one partition: its state, how far it read, and who may write."""

    state: Any = None
    read: int = 0
    epoch: int = 0


@dataclass
class Worker:
    """One owner of a partition, alive or thought dead."""

    ledger: Ledger
    read: int
    epoch: int
    given: dict[str, tuple[str, ...]] = field(default_factory=dict)
    back: list[str] = field(default_factory=list)


class World:
    """All of it, after any number of steps; `check` after each says what went wrong."""

    def __init__(self, seed: int, *, is_limited: bool = False, has_quota: bool = False) -> None:
        self.random = random = Random(seed)
        self.partitions = random.choice((1, 2, 3, 5, 12))
        self.budget_minor = random.randrange(0, 40 * COUPON_MINOR)
        self.ratio = random.choice((0.0, 0.5, 1.0))
        self.coupon = replace(COUPON, quota=random.randrange(1, 41)) if has_quota else COUPON
        self.campaign = Campaign(
            campaign_id="spring",
            budget_minor=self.budget_minor,
            coupons=(self.coupon,),
            starts_ms=0,
            ends_ms=30 * DAY_MS,
            limits=limits_by(random, self.budget_minor) if is_limited else (),
        )
        self.catalogue = Catalogue.of([self.campaign])
        self.now_ms = 0
        self.asks: list[Ask] = []
        self.grants: list[list[Grant]] = [[] for _ in range(self.partitions)]
        self.durable = [Durable() for _ in range(self.partitions)]
        self.decisions: dict[str, int] = {}
        self.pots: dict[str, tuple[str, ...]] = {}
        self.book_states: dict[str, Any] = {}
        self.book_now_ms = 0
        self.book_read = self.book_epoch = 0
        self.workers = [self.take_over(number) for number in range(self.partitions)]
        self.books = self.open_books()
        self.zombies: list[Callable[[], None]] = []
        self.added_minor = 0

    # -- partitions ------------------------------------------------------------------------

    def take_over(self, number: int) -> Worker:
        durable = self.durable[number]
        durable.epoch += 1
        state = json.loads(json.dumps(durable.state))
        ledger = Ledger(partition=number, partitions=self.partitions, state=state)
        return Worker(ledger, durable.read, durable.epoch)

    def work(self, number: int, events_count: int) -> None:
        """Apply a chunk: what was granted, then customers."""
        worker = self.workers[number]
        ledger = worker.ledger
        ledger.adopt(self.catalogue, None, self.ratio)
        for grant in self.grants[number][worker.read :]:
            ledger.hear(grant)
            if self.random.random() < 0.1:
                ledger.hear(grant)  # a record that comes twice
        worker.read = len(self.grants[number])
        for _ in range(events_count):
            self.now_ms += self.random.choice((1_000, 3_600_000))
            ledger.advance(self.now_ms)
            if self.random.random() < 0.7:
                self.offer(worker, number)
            else:
                self.settle(worker, number)

    def offer(self, worker: Worker, number: int) -> None:
        ledger, whose = worker.ledger, ANYBODY
        if self.campaign.limits:
            segment = self.random.choice((None, "loyal"))
            whose = Whose(segment, self.random.choice((None, "north")))
        reason = ledger.blocked(self.coupon, self.campaign, COUPON_MINOR)
        if reason == "quota_exhausted":
            ledger.quotas.missed(["ten"])
        elif reason is not None:
            ledger.missed(["ten"])
        elif ledger.pots.blocked(self.campaign, COUPON_MINOR, whose, POLICY) is not None:
            ledger.pots.missed(["ten"], whose, POLICY)
        else:
            pots = ledger.charge(self.coupon, self.campaign, COUPON_MINOR, whose=whose)
            worker.given[f"{number}-{self.random.getrandbits(64)}"] = tuple(pots)

    def settle(self, worker: Worker, number: int) -> None:
        mine = [one for one in self.decisions if one.startswith(f"{number}-")]
        mine = [one for one in mine if self.decisions[one] and one not in worker.back]
        if mine:
            name = self.random.choice(mine)
            worker.ledger.settle(replace(expired(self.now_ms), pots=self.pots[name]))
            worker.back.append(name)

    def commit(self, number: int, worker: Worker, *, loses: bool = True) -> None:
        """One transaction: state, position, decisions and asks."""
        durable = self.durable[number]
        if worker.epoch != durable.epoch:
            raise Fenced
        durable.state, durable.read = worker.ledger.dump(), worker.read
        for name, pots in worker.given.items():
            assert name not in self.decisions, "a decision was made twice"
            self.decisions[name], self.pots[name] = COUPON_MINOR, pots
        for name in worker.back:
            assert self.decisions[name], "a coupon gave its money back twice"
            self.decisions[name] = 0
        worker.given, worker.back = {}, []
        for ask in worker.ledger.take_asks():
            fate = self.random.random() if loses else 1.0
            times = 0 if fate < 0.1 else 2 if fate < 0.2 else 1
            for _ in range(times):
                self.asks.insert(self.place_of(ask), ask)

    def place_of(self, ask: Ask) -> int:
        """Overtake others' asks that were not read, but never one's own."""
        place = len(self.asks)
        while place > self.book_read and self.random.random() < 0.3:
            if self.asks[place - 1].partition == ask.partition:
                break
            place -= 1
        return place

    # -- the ledger ------------------------------------------------------------------------

    def open_books(self) -> Books:
        self.book_epoch += 1
        books = Books(
            partitions=self.partitions, shares=None, lease_ratio=self.ratio, horizon_ms=DAY_MS
        )
        books.adopt(self.catalogue)
        books.now_ms = self.book_now_ms
        for name, state in self.book_states.items():
            books.load(name, json.loads(json.dumps(state)))
        return books

    def lend(self, books: Books, epoch: int, read: int, *, commits: bool = True) -> None:
        """Read some asks, answer them, and commit the answers, the state and the position."""
        until = self.random.randrange(read, len(self.asks) + 1)
        for ask in self.asks[read:until]:
            books.hear(ask)
        if self.random.random() < 0.02:
            give_more(books)
        books.close_old()
        answers = books.answers()
        if not commits:
            return
        if epoch != self.book_epoch:
            raise Fenced
        for grant in answers:
            self.grants[grant.partition].append(grant)
        self.book_read = until
        self.keep(books)

    def keep(self, books: Books) -> None:
        self.book_states = {name: deepcopy(books.of(name).state) for name in books.names()}
        self.book_now_ms = books.now_ms

    # -- one step --------------------------------------------------------------------------

    def step(self) -> None:
        """Let something happen, or go wrong."""
        fate = self.random.random()
        if fate < 0.25:
            self.lend_or_fail()
        elif fate < 0.3 and self.zombies:
            try:
                self.zombies.pop()()
            except Fenced:
                return
            message = "a zombie could write"
            raise AssertionError(message)
        else:
            self.work_or_fail(self.random.randrange(self.partitions))

    def lend_or_fail(self) -> None:
        fate, epoch = self.random.random(), self.book_epoch
        books = self.books
        if fate < 0.1:  # dies before the commit
            self.lend(books, epoch, self.book_read, commits=False)
            self.books = self.open_books()
        elif fate < 0.2:  # dies after it
            self.lend(books, epoch, self.book_read)
            self.books = self.open_books()
        elif fate < 0.25:  # was taken for dead
            read = self.book_read
            self.zombies.append(lambda: self.lend(books, epoch, read))
            self.books = self.open_books()
        else:
            self.lend(books, epoch, self.book_read)

    def work_or_fail(self, number: int) -> None:
        fate, worker = self.random.random(), self.workers[number]
        self.work(number, self.random.randrange(6))
        if fate >= 0.1:
            if fate >= 0.15:
                self.commit(number, worker)
            else:
                self.zombies.append(lambda: self.commit(number, worker))
        if fate < 0.2:
            self.workers[number] = self.take_over(number)

    # -- what must hold --------------------------------------------------------------------

    def check(self) -> None:
        """Nothing is overspent, and no two tell another story."""
        whole = self.budget_minor + self.added()
        leased = 0
        for number, durable in enumerate(self.durable):
            if durable.state is not None:
                account = durable.state["accounts"].get("spring")
                leased += account["target_minor"] if account is not None else 0
                out = account["held_minor"] + account["spent_minor"] if account is not None else 0
                mine = (
                    minor for name, minor in self.decisions.items() if name.startswith(f"{number}-")
                )
                assert sum(mine) == out, "decisions and account must tell the same"
        assert sum(self.decisions.values()) <= leased <= whole, "must not be overspent"
        self.check_pots()
        self.check_quota()

    def added(self) -> int:
        return int(self.book_states.get("spring", {"added_minor": 0})["added_minor"])

    def check_pots(self) -> None:
        """Every pot is within its limit, by the decisions and by the accounts."""
        out = Counter[tuple[int, str]]()
        for name, minor in self.decisions.items():
            out.update({(int(name.split("-")[0]), pot): minor for pot in self.pots[name]})
        campaigns = {"spring": self.campaign}
        for pot in {pot for _, pot in out}:
            terms = terms_of(pot, campaigns)
            given_minor = sum(minor for (_, each), minor in out.items() if each == pot)
            assert terms is not None
            assert given_minor <= terms.budget_minor, f"{pot} must not be overspent"
        for number, durable in enumerate(self.durable):
            pots = {} if durable.state is None else durable.state.get("pots", {})
            accounts = {name: account for name, account in pots.items() if not is_quota(name)}
            for pot in accounts.keys() | {pot for each, pot in out if each == number}:
                account = accounts.get(pot, {"held_minor": 0, "spent_minor": 0})
                booked_minor = account["held_minor"] + account["spent_minor"]
                assert out[number, pot] == booked_minor, f"{pot} must be told the same"

    def check_quota(self) -> None:
        """No more pieces are out than the quota, and every partition counts its own."""
        out_count = sum(1 for minor in self.decisions.values() if minor)
        quota = self.coupon.quota
        assert quota is None or out_count <= quota, "the quota must not be exceeded"
        for number, durable in enumerate(self.durable):
            if durable.state is not None and "spring" in durable.state["accounts"]:
                own = [one for one in self.decisions if one.startswith(f"{number}-")]
                own_count = sum(1 for one in own if self.decisions[one])
                account = durable.state["accounts"]["spring"]
                assert account["issued"].get("ten", 0) == own_count, "pieces must be told the same"

    def exhaust(self) -> None:
        """Without faults, one partition can give all that there is: nothing was lost."""
        number, idle_count = self.random.randrange(self.partitions), 0
        while idle_count < 10 + 3 * self.partitions:  # the others may have asked before
            before = len(self.decisions)
            self.now_ms += 9 * 3_600_000  # who waits asks again now and then
            for each in range(self.partitions):
                self.work(each, 0)
                self.workers[each].ledger.advance(self.now_ms)
                if each == number:
                    self.offer(self.workers[each], each)
                self.commit(each, self.workers[each], loses=False)
            self.lend_all()
            idle_count = 0 if len(self.decisions) > before else idle_count + 1
            self.check()
        left_minor = self.budget_minor + self.added() - sum(self.decisions.values())
        out_count = sum(1 for minor in self.decisions.values() if minor)
        is_given = self.coupon.quota is not None and out_count == self.coupon.quota
        assert is_given or left_minor < COUPON_MINOR, f"{left_minor} was lost, {out_count} are out"

    def lend_all(self) -> None:
        for ask in self.asks[self.book_read :]:
            self.books.hear(ask)
        for grant in self.books.answers():
            self.grants[grant.partition].append(grant)
        self.book_read = len(self.asks)
        self.keep(self.books)


def limits_by(random: Random, budget_minor: int) -> tuple[Limit, ...]:
    """Draw a limit by day, by week, for a segment and for a store, each at most the budget."""
    amounts = [random.randrange(budget_minor + 1) for _ in range(4)]
    offset = random.choice((0, 60, -210))
    return (
        Limit(by="day", amount_minor=amounts[0], utc_offset_minutes=offset),
        Limit(by="week", amount_minor=amounts[1]),
        Limit(by="segment", name="loyal", amount_minor=amounts[2]),
        Limit(by="store", name="north", amount_minor=amounts[3]),
    )


def give_more(books: Books) -> None:
    """Top the budget up by one coupon."""
    version = books.of("spring").state["version"] + 1
    order = Order(
        campaign_id="spring",
        order_id=f"order-{version}",
        kind="top_up",
        version=version,
        amount_minor=COUPON_MINOR,
    )
    assert books.obey(order) is None


def expired(now_ms: int) -> Lifecycle:
    return Lifecycle(
        stage="expired",
        coupon_id="ten",
        campaign_id="spring",
        decision_id="d",
        ts_ms=now_ms,
        charge_minor=COUPON_MINOR,
        refund_minor=COUPON_MINOR,
        quota_back=True,
    )


def play(
    seed: int, steps_count: int = 60, *, is_limited: bool = False, has_quota: bool = False
) -> World:
    """Play a world with this seed."""
    world = World(seed, is_limited=is_limited, has_quota=has_quota)
    for _ in range(steps_count):
        world.step()
        world.check()
    if not is_limited:  # else a day's limit may be what keeps the money
        world.exhaust()
    return world


def play_all(seeds: range, *, is_limited: bool = False, has_quota: bool = False) -> None:
    """Play these seeds; the first that goes wrong is named."""
    for seed in seeds:
        try:
            play(seed, is_limited=is_limited, has_quota=has_quota)
        except AssertionError as error:
            error.add_note(f"seed {seed}")
            raise


if __name__ == "__main__":
    count, failed = int(sys.argv[1]), 0
    asks = grants = given = 0
    for seed in range(count):
        try:
            played = play(seed)
        except AssertionError as error:
            failed += 1
            print(f"seed {seed}: {error}")
            continue
        asks += len(played.asks)
        grants += sum(map(len, played.grants))
        given += len(played.decisions)
    print(f"{count} seeds: {failed} wrong; {given} coupons, {asks} asks, {grants} grants")
