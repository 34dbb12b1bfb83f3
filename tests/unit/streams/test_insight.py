"""What is known of all customers in a decision: hints, segments, suspicions."""

from dataclasses import replace
from typing import Any

import pytest

from coupons.catalogue import Audience
from features.events import Basics, Event, EventType, Item
from features.session_record import Session
from online_models.knowledge.knowledge import Knowledge
from online_models.knowledge.known import Known
from online_models.knowledge.risk import WEIGHTS, risk_of
from streams import flow
from streams.context import Row, Rules
from streams.decisions import Decision
from streams.families import Families
from tests.builders import (
    HOUR_MS,
    NOON_MS,
    FixedScorer,
    a_catalogue,
    a_context,
    a_coupon,
    an_event,
    an_order,
    some_rules,
)

PAYS = FixedScorer(nothing=0.05, ten=0.20)
TENT, PEGS, LAMP = "tent", "pegs", "lamp"
STEPS: tuple[tuple[EventType, int], ...] = (
    ("product.viewed", 2),
    ("cart.added", 1),
    ("order.completed", 1),
)


def learned(count: int = 300) -> Known:
    """Know tents that go with pegs, a ring on one device, and sessions of three kinds."""
    knowledge = Knowledge()
    for n in range(count):
        goods = (TENT, PEGS) if n % 3 == 0 else (f"other{n % 5}",)
        knowledge.learn(
            Session(
                user_id=f"u{n}",
                start_ms=NOON_MS - count + n,
                end_ms=NOON_MS - count + n,
                steps=STEPS[: 1 + n % 3],
                carted=tuple((name, 1) for name in goods),
                viewed=((goods[0], 1),),
                viewed_categories=(("phones" if n % 2 else "dresses", 1),),
            )
        )
    for n in range(6):
        knowledge.learn(
            Session(
                user_id=f"ring{n}",
                start_ms=NOON_MS,
                end_ms=NOON_MS,
                orders_count=1,
                device_hash=device_of("tablet-7"),
            )
        )
    return Known(knowledge)


def device_of(anonymous_id: str) -> str:
    """Give the hash under which sessions know a device."""
    row = flow.new_row()
    flow.step(row, an_event(anonymous_id=anonymous_id), a_context(keeping()))
    return str(row["sessions"]["open"][0]["place"][3])


def keeping(known: Known | None = None, **families: Any) -> Rules:
    given: dict[str, Any] = {"known": known} if known is not None else {}
    on = Families(**families)
    return some_rules(PAYS, keeps_sessions=True, session_key=b"k", families=on, **given)


def at_checkouts(rules: Rules) -> Rules:
    """Ask for decisions at checkouts only, so that no offer stands before."""
    return replace(rules, triggers=frozenset({"checkout.started"}))


KNOWN = learned()


def goods(*names: str) -> tuple[Item, ...]:
    return tuple(Item(product_id=name, category="camp", price_minor=5_000) for name in names)


def decided(rules: Rules, *events: Event, row: Row | None = None) -> Decision:
    """Let events happen to one customer, and give the last decision."""
    kept = row if row is not None else flow.new_row()
    context = a_context(rules)
    for event in events:
        effects = flow.step(kept, event, context)
    assert effects.decision is not None
    return effects.decision


def test_c53_a_cart_is_answered_with_what_goes_with_it_and_why() -> None:
    decision = decided(keeping(KNOWN, hints=True), an_event("cart.added", items=goods(TENT)))
    (hint,) = decision.hints
    assert (hint.product_id, hint.because, hint.confidence) == (PEGS, TENT, 1.0)
    assert hint.support == pytest.approx(1 / 3, abs=0.02)
    assert hint.lift == pytest.approx(3, abs=0.1)
    assert decision.knowledge_version == "306"


def test_c53_hints_also_come_where_the_last_answer_stands() -> None:
    first = an_event("cart.added", items=goods(LAMP))
    second = an_event("cart.added", at_ms=NOON_MS + 1, items=goods(TENT))
    decision = decided(keeping(KNOWN, hints=True), first, second)
    assert decision.action == "suppressed"
    assert [hint.product_id for hint in decision.hints] == [PEGS]


def test_c53_what_lies_in_the_cart_is_no_hint() -> None:
    both = an_event("cart.added", items=goods(TENT, PEGS))
    assert decided(keeping(KNOWN, hints=True), both).hints == ()


@pytest.mark.parametrize(
    ("rules", "event"),
    [
        (keeping(KNOWN), an_event("cart.added", items=goods(TENT))),
        (keeping(hints=True), an_event("cart.added", items=goods(TENT))),
        (keeping(KNOWN, hints=True), an_event(items=goods(TENT))),
    ],
    ids=["turned off", "nothing known", "no cart"],
)
def test_c53_no_hints_otherwise(rules: Rules, event: Event) -> None:
    assert decided(rules, event).hints == ()


def test_c65_who_does_not_agree_gets_no_hints() -> None:
    refusal = an_event("profile.updated", basics=Basics(consent=False))
    cart = an_event("cart.added", at_ms=NOON_MS + 1, items=goods(TENT))
    assert decided(keeping(KNOWN, hints=True), refusal, cart).hints == ()


def test_c24_c25_a_decision_tells_the_segment_of_the_last_session_by_name() -> None:
    earlier = [an_event(items=goods("x")), an_event("cart.added", at_ms=NOON_MS + 1)]
    later = an_event("checkout.started", at_ms=NOON_MS + 2 * HOUR_MS)
    decision = decided(at_checkouts(keeping(KNOWN, segments=True)), *earlier, later)
    (told,) = [one for one in decision.reasons if one.code == "segment"]
    assert told.detail in {name for name, _ in KNOWN.knowledge.segments.named().values()}
    assert 0 < told.weight <= 1


@pytest.mark.parametrize("here", [True, False])
def test_c26_a_coupon_may_be_for_a_segment(here: bool) -> None:
    first, later = an_event(items=goods("x")), an_event(at_ms=NOON_MS + 2 * HOUR_MS)
    row, rules = flow.new_row(), keeping(KNOWN, segments=True)
    wait = replace(rules, triggers=frozenset())
    flow.step(row, first, a_context(wait))
    flow.step(row, replace(later, ts_ms=later.ts_ms - 1, event_id="z"), a_context(wait))
    name = KNOWN.seen(tuple(number / 100 for number in row["last_visit"])).name
    audience = Audience(segments=frozenset({name if here else "nobody"}))
    offers = a_catalogue(a_coupon(audience=audience))
    decision = decided(replace(rules, catalogue=offers), later, row=row)
    assert decision.action == ("offer" if here else "no_offer")
    assert decision.why_not.get("ten") == (None if here else "audience_segment")


def test_a_customer_without_a_session_has_no_segment() -> None:
    decision = decided(keeping(KNOWN, segments=True), an_event("cart.added"))
    assert [one.code for one in decision.reasons if one.code == "segment"] == []


def test_c17_c28_heat_and_the_next_step_are_told_where_asked_for() -> None:
    rules = keeping(KNOWN, heat=True, next_step=True)
    decision = decided(rules, an_event("cart.added", items=goods(TENT)))
    told = {one.code: one for one in decision.reasons}
    assert KNOWN.heat("other1") < told["hot_product"].weight < 1
    assert 0 < told["next_step"].weight < 1


def test_c28_a_customers_own_moves_weigh_beside_everybodys() -> None:
    rules = at_checkouts(keeping(KNOWN, next_step=True))
    events = [
        an_event(kind, at_ms=NOON_MS + day * 48 * HOUR_MS + at * 60_000, event_id=f"{day}-{at}")
        for day in range(4)
        for at, kind in enumerate(("checkout.started", "order.completed"))
    ]
    row = flow.new_row()
    rules = replace(rules, model=FixedScorer(nothing=0.05))  # no offer stands at the next one
    before = decided(rules, events[0], row=row)
    after = decided(rules, *events[1:-1], row=row)
    first, last = (next(r for r in d.reasons if r.code == "next_step") for d in (before, after))
    assert row["moves"] == {"ba": 3}
    assert last.weight > first.weight


def test_c62_who_orders_from_a_shared_device_gets_no_offer_and_the_reasons() -> None:
    event = an_event("cart.added", anonymous_id="tablet-7")
    row = flow.new_row()
    decision = decided(keeping(KNOWN, risk_limit=0.5), event, row=row)
    assert (decision.action, decision.offer, decision.propensity) == ("suppressed", None, 1.0)
    assert [one.code for one in decision.reasons] == ["risk", "shared_device"]
    assert decision.reasons[0].weight == WEIGHTS["shared_device"]
    assert (row["pending"], row["wallet"]["held"]) == ([], {})


@pytest.mark.parametrize(
    ("limit", "device"), [(0.5, "phone-1"), (0.7, "tablet-7"), (1.0, "tablet-7")]
)
def test_c62_others_and_those_below_the_limit_get_their_offer(limit: float, device: str) -> None:
    event = an_event("cart.added", anonymous_id=device)
    assert decided(keeping(KNOWN, risk_limit=limit), event).action == "offer"


@pytest.mark.parametrize(
    ("events", "sign"),
    [
        ([an_event("coupon.entered", coupon_code=f"C{n}") for n in range(7)], "code_guessing"),
        ([an_order(order_id=f"o{n}") for n in range(7)], "order_velocity"),
    ],
)
def test_c62_haste_within_the_session_counts_at_once(events: list[Event], sign: str) -> None:
    rows = [
        an_event(one.event_type, at_ms=NOON_MS + at, event_id=f"e{at}", coupon_code=one.coupon_code)
        for at, one in enumerate(events)
    ]
    rules = at_checkouts(keeping(KNOWN, risk_limit=0.5))
    decision = decided(rules, *rows, an_event("checkout.started", at_ms=NOON_MS + HOUR_MS // 4))
    assert [one.code for one in decision.reasons] == ["risk", sign]


def test_c08_an_odd_session_alone_stops_nobody() -> None:
    assert risk_of(["odd_session"]).score < 0.5
    assert risk_of(["odd_session", "shared_address"]).score > 0.5


def test_the_same_row_and_knowledge_give_the_same_answers() -> None:
    rules = keeping(KNOWN, hints=True, segments=True, heat=True, next_step=True, risk_limit=0.5)
    again = keeping(
        Known(Knowledge.load(KNOWN.knowledge.dump())),
        hints=True, segments=True, heat=True, next_step=True, risk_limit=0.5,
    )  # fmt: skip
    events = [
        an_event("cart.added", at_ms=NOON_MS + n * HOUR_MS, items=goods(TENT), event_id=f"e{n}")
        for n in range(5)
    ]
    assert decided(rules, *events) == decided(again, *events)
