"""Random histories of one customer: caps hold, money moves once, repeats change nothing.

`LIFE_STEPS=100000` makes the histories as many steps long.
"""

import json
import os
from collections import Counter
from random import Random

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from coupons import wallet as wallets
from coupons.catalogue import Campaign, Catalogue, Coupon
from coupons.choices import Candidate
from coupons.circulation import Circulation, held_by
from coupons.denials import DENIALS, REPLIED
from coupons.held import Wallet
from coupons.ledger import Ledger
from coupons.lifecycle import STEPS, Lifecycle, State, allows
from coupons.redemption import Request, check
from coupons.refusing import refusal_of
from coupons.reserving import reservation_at
from features.actions import Action
from features.basket import Basket
from features.events import Event, EventType, Item

DAY_MS = 86_400_000
HOUR_MS = 3_600_000
START_MS = 1_700_000_000_000
CHANNELS = ("app", "mail", None)
COUPONS = (
    Coupon(coupon_id="a", campaign_id="k1", kind="percent_off", per_user=2, validity_ms=DAY_MS),
    Coupon(coupon_id="b", campaign_id="k1", kind="gift", per_user=3, stacking="b", code="B"),
    Coupon(coupon_id="c", campaign_id="k1", kind="bundle", per_user=9, cooldown_ms=5 * HOUR_MS),
    Coupon(coupon_id="d", campaign_id="k2", kind="amount_off", per_user=4, stacking="d", quota=5),
    Coupon(coupon_id="e", campaign_id="k2", kind="free_shipping", per_user=5, exclusive=True),
)
CAMPAIGNS = {
    "k1": Campaign(
        campaign_id="k1",
        budget_minor=1_500,
        per_user=3,
        per_user_window_ms=2 * DAY_MS,
        coupons=COUPONS[:3],
        channel_caps={"app": 1},
    ),
    "k2": Campaign(campaign_id="k2", budget_minor=900, per_user=2, coupons=COUPONS[3:]),
}
EVENT_TYPES: tuple[EventType, ...] = (
    "order.completed",
    "order.cancelled",
    "order.refunded",
    "coupon.viewed",
    "coupon.clicked",
    "coupon.denied",
    "coupon.reserved",
    "coupon.redeemed",
    "coupon.released",
    "coupon.voided",
    "product.viewed",
)


def candidate_of(coupon: Coupon, charge_minor: int) -> Candidate:
    return Candidate(
        coupon=coupon,
        action=Action(action_id=coupon.coupon_id, kind=coupon.kind),
        discount_minor=charge_minor,
        charge_minor=charge_minor,
    )


def standing(wallet: Wallet) -> object:
    """All that caps and money depend on; an order's number may still be learned."""
    closed = {d: (one["stage"], one["spent_minor"]) for d, one in wallet["closed"].items()}
    return json.loads(json.dumps([wallet["held"], wallet["counts"], wallet["recent"], closed]))


class OneCustomer(RuleBasedStateMachine):
    """A wallet and its ledger against a plain record of what was given and what came back."""

    def __init__(self) -> None:
        super().__init__()
        self.wallet = wallets.empty()
        self.ledger = Ledger(partition=0, partitions=1)
        self.circulation = Circulation()
        self.held: list[str] = []
        self.now_ms = START_MS
        self.given: dict[str, tuple[Coupon, int, int, str | None]] = {}
        self.told: list[Lifecycle] = []
        self.sent: list[Event] = []

    @initialize()
    def open_the_books(self) -> None:
        self.ledger.adopt(Catalogue.of(CAMPAIGNS.values()))

    @rule(hours=st.integers(1, 40))
    def time_passes(self, hours: int) -> None:
        self.now_ms += hours * HOUR_MS
        self.book(wallets.expire(self.wallet, self.now_ms))

    @rule(
        coupon=st.sampled_from(COUPONS),
        charge_minor=st.integers(0, 300),
        channel=st.sampled_from(CHANNELS),
    )
    def a_coupon_is_asked_for(self, coupon: Coupon, charge_minor: int, channel: str | None) -> None:
        campaign = CAMPAIGNS[coupon.campaign_id]
        if wallets.blocked(self.wallet, coupon, campaign, self.now_ms, channel):
            return
        if self.ledger.blocked(coupon, campaign, charge_minor):
            return
        self.caps_allow(coupon, campaign, channel)
        decision_id = f"d{len(self.given)}"
        wallets.issue(
            self.wallet, candidate_of(coupon, charge_minor), decision_id, self.now_ms, channel
        )
        self.ledger.charge(coupon, campaign, charge_minor)
        self.circulation.give(coupon.campaign_id)
        self.given[decision_id] = (coupon, charge_minor, self.now_ms, channel)

    @precondition(lambda self: self.given)
    @rule(
        event_type=st.sampled_from(EVENT_TYPES),
        which=st.integers(0, 9),
        by=st.sampled_from(("decision_id", "offer_id", "coupon_code")),
        order=st.sampled_from((None, "o1", "o2", "o3")),
        discount_minor=st.one_of(st.none(), st.integers(0, 400)),
        total_minor=st.sampled_from((None, 500, 1_000, 2_000)),
        reason=st.sampled_from((None, "payment_failed")),
    )
    def something_happens(
        self,
        event_type: EventType,
        which: int,
        by: str,
        order: str | None,
        discount_minor: int | None,
        total_minor: int | None,
        reason: str | None,
    ) -> None:
        names = list(self.given)[-10:]
        decision_id = names[which % len(names)]
        coupon = self.given[decision_id][0]
        event = Event(
            event_id=f"e{len(self.sent)}",
            event_type=event_type,
            user_id="u",
            ts_ms=self.now_ms,
            order_id=order,
            discount_minor=discount_minor,
            total_minor=total_minor,
            reason=reason,
            decision_id=decision_id if by == "decision_id" else None,
            offer_id=coupon.coupon_id if by == "offer_id" else None,
            coupon_code=(coupon.code or coupon.coupon_id) if by == "coupon_code" else None,
        )
        before = self.states()
        told = wallets.follow(self.wallet, event)
        if not told:
            refused = refusal_of(self.wallet, event)
            assert refused is None or refused in DENIALS
        self.follows_the_table(before, told)
        self.book(told)
        if by == "decision_id":
            self.sent.append(event)

    @precondition(lambda self: self.given)
    @rule(
        which=st.integers(0, 9),
        number=st.integers(0, 5),
        order=st.sampled_from((None, "o1", "o2")),
        keep=st.booleans(),
        goods_minor=st.sampled_from((100, 5_000)),
    )
    def the_shop_asks(
        self, which: int, number: int, order: str | None, keep: bool, goods_minor: int
    ) -> None:
        names = list(self.given)[-10:]
        name = names[which % len(names)]
        request = Request(
            request_id=f"r{number}",
            ts_ms=self.now_ms,
            basket=Basket.of((Item(product_id="p", price_minor=goods_minor),), 300),
            currency="EUR",
            decision_id=name,
            order=order,
            reserve=keep,
        )
        held = self.wallet["held"].get(name)
        waits = held is not None and reservation_at(held, self.now_ms) is not None
        answered = [one["request_id"] for one in self.wallet.get("answers", ())]
        answer, told = check(self.wallet, request, CAMPAIGNS)
        assert check(self.wallet, request, CAMPAIGNS) == (answer, [])
        if request.request_id in answered:  # its answer stands, whatever became of the coupon
            assert told == []
            return
        assert bool(told) == ("reserved_until_ms" in answer)
        if "refusal" in answer:
            assert answer["refusal"] in REPLIED
            return
        assert held is not None
        assert self.now_ms <= wallets.ends_ms(held)
        assert not (keep and waits)
        promised = {one[0]: self.given[str(one[0])][1] for one in answer["applied"]}
        assert all(int(one[2]) <= promised[one[0]] for one in answer["applied"])
        assert sum(int(one[2]) for one in answer["applied"]) == answer["discount_minor"]
        self.book(told)

    def states(self) -> dict[str, State]:
        both = {**self.wallet["held"], **self.wallet["closed"]}
        return {name: one["stage"] for name, one in both.items()}

    def follows_the_table(self, before: dict[str, State], told: list[Lifecycle]) -> None:
        for one in told:
            assert allows(before[one.decision_id], one.stage)
            before[one.decision_id] = STEPS[one.stage].after or before[one.decision_id]

    @precondition(lambda self: self.sent)
    @rule()
    def the_last_event_comes_again(self) -> None:
        before = standing(self.wallet)
        told = wallets.follow(self.wallet, self.sent[-1])
        again = wallets.follow(self.wallet, self.sent[-1])
        self.book(told)
        assert again == []
        if not told:
            assert standing(self.wallet) == before

    def book(self, told: list[Lifecycle]) -> None:
        for one in told:
            self.ledger.settle(one)
        self.circulation.follow(told)
        self.told += told

    def caps_allow(self, coupon: Coupon, campaign: Campaign, channel: str | None) -> None:
        """Check every cap against the record before the coupon goes out."""
        undone = {one.decision_id for one in self.told if one.stage in ("released", "returned")}
        standing = {d: given for d, given in self.given.items() if d not in undone}
        of_coupon = [given for given in standing.values() if given[0] is coupon]
        assert len(of_coupon) < coupon.per_user
        assert all(self.now_ms - given[2] >= coupon.cooldown_ms for given in of_coupon)
        since_ms = self.now_ms - campaign.per_user_window_ms
        recent = [
            given
            for d, given in standing.items()
            if given[0].campaign_id == campaign.campaign_id
            and (given[2] > since_ms or d in self.wallet["held"])
        ]
        assert len(recent) < campaign.per_user
        if channel in campaign.channel_caps:
            of_channel = [given for given in recent if given[3] == channel]
            assert len(of_channel) < campaign.channel_caps[channel]
        for one in self.wallet["held"].values():
            assert one["stacking"] != coupon.stacking
            assert not coupon.exclusive

    @invariant()
    def the_row_equals_its_own_json(self) -> None:
        assert json.loads(json.dumps(self.wallet)) == self.wallet
        assert len(json.dumps(self.wallet)) < 6_000

    @invariant()
    def the_ledger_holds_what_the_wallet_holds(self) -> None:
        held: Counter[str] = Counter()
        for one in self.wallet["held"].values():
            held[one["campaign_id"]] += one["charge_minor"]
        for name, campaign in CAMPAIGNS.items():
            assert self.ledger.held_minor(name) == held[name]
            out_minor = held[name] + self.ledger.spent_minor(name)
            assert out_minor + self.ledger.free_minor(name) == campaign.budget_minor

    @invariant()
    def no_coupon_is_missing_from_issued_used_gone_and_open(self) -> None:
        before, self.held = self.held, held_by(self.wallet)
        self.circulation.move(before, self.held)
        self.circulation = Circulation.load(json.loads(json.dumps(self.circulation.dump())))
        for name in CAMPAIGNS:
            given = [one for one in self.given.values() if one[0].campaign_id == name]
            open_count = self.circulation.open_count(name)
            assert self.circulation.off_count(name) == 0
            assert open_count == self.held.count(name)
            assert len(given) == self.circulation.ended_count(name) + open_count

    @invariant()
    def no_money_and_no_quota_comes_back_twice(self) -> None:
        back: Counter[str] = Counter()
        quotas: Counter[str] = Counter()
        ends: Counter[str] = Counter()
        for one in self.told:
            back[one.decision_id] += one.refund_minor
            quotas[one.decision_id] += one.quota_back
            ends[one.decision_id] += one.stage in ("redeemed", "released", "expired", "voided")
        for decision_id, (_, charge_minor, _, _) in self.given.items():
            assert back[decision_id] <= charge_minor
            assert quotas[decision_id] <= 1
            assert ends[decision_id] == (decision_id not in self.wallet["held"])

    @invariant()
    def no_more_than_the_quota_is_out(self) -> None:
        gone = Counter(
            self.given[one.decision_id][0].coupon_id for one in self.told if one.quota_back
        )
        given = Counter(coupon.coupon_id for coupon, *_ in self.given.values())
        assert given["d"] - gone["d"] <= 5


STEPS_COUNT = int(os.environ.get("LIFE_STEPS", "3840"))
OneCustomer.TestCase.settings = settings(
    max_examples=max(1, STEPS_COUNT // 64), stateful_step_count=64
)
test_p5_caps_and_money_hold_in_random_histories = OneCustomer.TestCase


@pytest.mark.slow
def test_c47_no_cap_breach_in_a_million_events() -> None:
    random, users, now_ms = Random(3), 200, START_MS
    rows: list[Wallet] = [wallets.empty() for _ in range(users)]
    offers = [candidate_of(coupon, 100) for coupon in COUPONS]
    given: Counter[tuple[int, str]] = Counter()
    recent: dict[tuple[int, str], list[int]] = {}
    events = [
        Event(event_id="e", event_type=event_type, user_id="u", ts_ms=START_MS, offer_id=coupon_id)
        for event_type in ("product.viewed", "coupon.viewed", "coupon.redeemed")
        for coupon_id in ("a", "b", "c", "d", "e")
    ]
    issued = 0
    for number in range(1_000_000):
        user, draw = number % users, random.getrandbits(16)
        row, now_ms = rows[user], now_ms + 2_000
        wallets.expire(row, now_ms)
        wallets.follow(row, events[draw % 15])
        if draw & 3:
            continue
        offer = offers[draw % 5]
        coupon = offer.coupon
        campaign, channel = CAMPAIGNS[coupon.campaign_id], CHANNELS[draw % 3]
        if wallets.blocked(row, coupon, campaign, now_ms, channel) is not None:
            continue
        wallets.issue(row, offer, f"d{number}", now_ms, channel)
        issued += 1
        given[user, coupon.coupon_id] += 1
        assert given[user, coupon.coupon_id] <= coupon.per_user
        window = recent.setdefault((user, campaign.campaign_id), [])
        window.append(now_ms)
        inside = sum(ts_ms > now_ms - campaign.per_user_window_ms for ts_ms in window)
        assert inside <= campaign.per_user
    assert issued > 10 * users
