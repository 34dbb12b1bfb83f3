"""P5: whatever one customer does, from however many sessions, caps and single use hold.

Everything goes through the step, as events; what is checked is counted here from what came out.
"""

from collections import Counter
from dataclasses import dataclass, field
from random import Random
from typing import Any

import pytest

from coupons.catalogue import Campaign, Catalogue, Coupon
from coupons.lifecycle import Lifecycle
from features.events import Event
from streams import flow
from streams.context import Context, Effects, Row
from tests.builders import (
    DAY_MS,
    HOUR_MS,
    NOON_MS,
    FixedScorer,
    a_context,
    an_event,
    an_order,
    some_rules,
)

COUPONS = (
    Coupon(
        coupon_id="ten",
        campaign_id="spring",
        kind="amount_off",
        off_minor=400,
        per_user=3,
        cooldown_ms=12 * HOUR_MS,
        validity_ms=DAY_MS,
    ),
    Coupon(coupon_id="five", campaign_id="spring", kind="amount_off", off_minor=500, per_user=2),
    Coupon(coupon_id="once", campaign_id="vip", kind="amount_off", off_minor=800, per_user=1),
)
CAMPAIGNS = {
    "spring": Campaign(
        campaign_id="spring",
        budget_minor=60_000,
        coupons=COUPONS[:2],
        per_user=2,
        per_user_window_ms=3 * DAY_MS,
        channel_caps={"app": 1},
    ),
    "vip": Campaign(campaign_id="vip", budget_minor=8_000, coupons=COUPONS[2:]),
}
BY_ID = {coupon.coupon_id: coupon for coupon in COUPONS}
CHANNELS = ("app", "web", None)
TRIGGERS = ("product.viewed", "cart.added", "checkout.started")
USES = ("order.completed", "coupon.redeemed")
GIVES_BACK = ("order.cancelled", "order.refunded", "coupon.released")


@dataclass(frozen=True)
class Given:
    """An offer as it went out."""

    coupon: Coupon
    charge_minor: int
    at_ms: int
    channel: str | None


@dataclass
class Person:
    """A customer and the shop's books, with a record of its own of what was given and came back."""

    random: Random
    now_ms: int = NOON_MS
    row: Row = field(default_factory=flow.new_row)
    given: dict[str, Given] = field(default_factory=dict)
    told: dict[str, list[Lifecycle]] = field(default_factory=dict)
    sent: list[Event] = field(default_factory=list)
    context: Context = field(
        default_factory=lambda: a_context(
            some_rules(
                FixedScorer(nothing=0.05, ten=0.7, five=0.6, once=0.55),
                catalogue=Catalogue.of(CAMPAIGNS.values()),
                spacing_ms=0,
            )
        )
    )

    def act(self) -> None:
        """Do one of the things that people do, and check that nothing was given too often."""
        self.now_ms += self.random.choice((0, 1, 60_000, HOUR_MS, 9 * HOUR_MS))
        draw = self.random.random()
        if draw < 0.45:
            self.look()
        elif draw < 0.85 and self.given:
            self.use()
        elif draw < 0.98 and self.sent:
            self.send(self.random.choice(self.sent[-200:]))  # a repeat, of an hour or of days ago
        elif self.sent:
            for event in self.sent[-40:]:  # the last hours once more
                self.send(event)

    def look(self) -> None:
        """Come by in one of several sessions, on one of several devices."""
        self.send(
            an_event(
                self.random.choice(TRIGGERS),
                at_ms=self.now_ms,
                event_id=f"e{len(self.sent)}",
                channel=self.random.choice(CHANNELS),
                session_id=f"s{self.random.randrange(3)}",
            )
        )

    def use(self) -> None:
        """Use an offer, or give it back: one of the last, perhaps for the third time."""
        decision_id = self.random.choice(list(self.given)[-5:])
        kind = self.random.choice(USES + GIVES_BACK)
        named = self.random.choice(({"decision_id": decision_id}, self.code_of(decision_id)))
        fields: dict[str, Any] = {
            "at_ms": self.now_ms,
            "event_id": f"e{len(self.sent)}",
            "order_id": f"o{self.random.randrange(4)}",
            "discount_minor": self.random.choice((None, 0, 300, 1_000)),
            **named,
        }
        self.send(an_order(**fields) if kind == "order.completed" else an_event(kind, **fields))

    def code_of(self, decision_id: str) -> dict[str, str]:
        return {"coupon_code": self.given[decision_id].coupon.coupon_id}

    def send(self, event: Event) -> None:
        """Let the event through the step, and book what comes of it."""
        if not self.sent or event is not self.sent[-1]:
            self.sent.append(event)
        effects = flow.step(self.row, event, self.context)
        for one in effects.lifecycle:
            self.told.setdefault(one.decision_id, []).append(one)
        self.take_offer(effects, event)

    def take_offer(self, effects: Effects, event: Event) -> None:
        """Check an offer against all that was given before; then remember it."""
        decision = effects.decision
        if decision is None or decision.offer is None:
            return
        assert decision.budget is not None
        assert decision.decision_id not in self.given, "answered twice"
        coupon = BY_ID[decision.offer.template_id]
        self.caps_allow(coupon, event)
        self.given[decision.decision_id] = Given(
            coupon, decision.budget.charged_minor, event.ts_ms, event.channel
        )

    def caps_allow(self, coupon: Coupon, event: Event) -> None:
        """Count what stands: all that was given and did not come back before or after use."""
        standing = {
            decision_id: one
            for decision_id, one in self.given.items()
            if not {"released", "returned"} & {t.stage for t in self.told.get(decision_id, ())}
        }
        same = [one for one in standing.values() if one.coupon is coupon]
        assert len(same) < coupon.per_user
        assert all(event.ts_ms - one.at_ms >= coupon.cooldown_ms for one in same)
        campaign = CAMPAIGNS[coupon.campaign_id]
        since_ms = event.ts_ms - campaign.per_user_window_ms
        recent = [
            one
            for one in standing.values()
            if one.coupon.campaign_id == campaign.campaign_id and one.at_ms > since_ms
        ]
        assert len(recent) < campaign.per_user
        if event.channel in campaign.channel_caps:
            of_channel = [one for one in recent if one.channel == event.channel]
            assert len(of_channel) < campaign.channel_caps[event.channel]
        assert not self.open_offers(), "a second offer beside one that stands"

    def open_offers(self) -> list[str]:
        ends = {"redeemed", "released", "expired"}
        return [
            decision_id
            for decision_id, one in self.given.items()
            if not ends & {t.stage for t in self.told.get(decision_id, ())}
            and one.at_ms + one.coupon.validity_ms > self.now_ms
        ]

    def check_money(self) -> None:
        """The budget is free, held and spent; no offer ended twice or gave back more."""
        held: Counter[str] = Counter()
        spent: Counter[str] = Counter()
        for decision_id, one in self.given.items():
            told = self.told.get(decision_id, [])
            stages = Counter(t.stage for t in told)
            ended_count = stages["redeemed"] + stages["released"] + stages["expired"]
            assert ended_count <= 1, "used or given back twice"
            assert stages["returned"] <= stages["redeemed"]
            assert sum(t.quota_back for t in told) <= 1
            back_minor = sum(t.refund_minor for t in told)
            assert 0 <= back_minor <= one.charge_minor
            where = spent if ended_count else held
            where[one.coupon.campaign_id] += one.charge_minor - back_minor
        ledger = self.context.partition.ledger
        for name, campaign in CAMPAIGNS.items():
            assert ledger.held_minor(name) == held[name]
            assert ledger.spent_minor(name) == spent[name]
            assert ledger.free_minor(name) + held[name] + spent[name] == campaign.budget_minor


def play(seed: int, steps_count: int) -> Counter[str]:
    """Let people live a thousand steps each; count what became of their offers."""
    random, became = Random(seed), Counter[str]()
    while steps_count > 0:
        person = Person(random)
        for _ in range(min(1_000, steps_count)):
            person.act()
        person.check_money()
        became["given"] += len(person.given)
        became.update(one.stage for told in person.told.values() for one in told)
        steps_count -= 1_000
    return became


def test_p5_no_cap_is_exceeded_and_nothing_is_used_or_returned_twice() -> None:
    became = play(seed=5, steps_count=6_000)
    for stage in ("given", "redeemed", "released", "returned", "expired"):
        assert became[stage] > 10, became


@pytest.mark.slow
def test_p5_caps_hold_in_a_hundred_thousand_steps() -> None:
    assert play(seed=500, steps_count=100_000)["given"] > 1_000
