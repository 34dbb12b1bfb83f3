"""Caps by device and address in the step, in partitions, and under every fault."""

import json
from dataclasses import replace
from typing import Any

import pytest

from coupons.arms import ArmShares
from coupons.shared import HOLD_MS, PATIENCE_MS
from features.events import Basics, Event
from streams import flow, wire
from streams.context import Context, Effects, Row, Rules
from streams.emission import Emission, Source
from streams.lending_at_once import LendingAtOnce
from streams.partitioner import partition_of
from streams.partitions import Partition
from streams.refusals import MalformedEvent
from tests.builders import (
    DAY_MS,
    FAMILIES,
    NOON_MS,
    TOPIC_OF,
    FakeRecord,
    FixedScorer,
    a_catalogue,
    a_context,
    an_event,
    an_order,
    records_of,
    some_rules,
)
from tests.unit.streams import sharing_world

PAYS = FixedScorer(nothing=0.05, ten=0.20)
SOON_MS = NOON_MS + 60_000


def capped(scorer: Any = PAYS, device: int = 1, **fields: Any) -> Rules:
    return some_rules(scorer, a_catalogue(shared_caps={"device": device}), **fields)


def on(device: str = "d1", event_type: str = "cart.added", **fields: Any) -> Event:
    return an_event(event_type, anonymous_id=device, **fields)


def answer(row: Row, context: Context, **change: Any) -> None:
    """Let the ledger grant what was claimed last."""
    wanted = context.partition.claims.take()[-1]
    fields = {"permit": wanted.claim, "pots": wanted.pots, "partition": 0, "user_id": "ann"}
    value = json.dumps({**fields, **change}).encode()
    permit = wire.decode_grant(value, 0)
    assert context.partition.claims.hear(row["shared"], permit)  # type: ignore[arg-type]


def codes(effects: Effects) -> list[str]:
    assert effects.decision is not None
    return [one.code for one in effects.decision.guardrails]


def test_c47_the_first_event_claims_and_the_trigger_waits_for_the_answer() -> None:
    row, context = flow.new_row(), a_context(capped())
    effects = flow.step(row, on(), context)
    assert effects.decision is not None
    assert (effects.decision.action, codes(effects)) == ("suppressed", ["permit_awaited"])
    assert row["last"] == [0, -1], "the episode is not used up"
    assert [one.says for one in context.partition.claims.take()] == ["wants"]


def test_c47_with_the_permit_the_coupon_is_given_and_the_ledger_is_told() -> None:
    row, context = flow.new_row(), a_context(capped())
    flow.step(row, on(event_type="product.viewed"), context)
    answer(row, context)
    effects = flow.step(row, on(at_ms=SOON_MS), context)
    assert effects.decision is not None
    assert effects.decision.action == "offer"
    (used,) = context.partition.claims.take()
    assert (used.says, used.until_ms) == ("used", SOON_MS + 7 * DAY_MS)


def test_c47_a_refused_customer_is_told_of_the_device_and_may_get_other_coupons() -> None:
    row, context = flow.new_row(), a_context(capped())
    flow.step(row, on(event_type="product.viewed"), context)
    answer(row, context, short=next(iter(row["shared"]["claims"].values()))["pots"][0])
    effects = flow.step(row, on(at_ms=SOON_MS), context)
    assert effects.decision is not None
    assert (effects.decision.action, codes(effects)) == ("no_offer", ["device_limit"])


def test_c47_no_answer_is_waited_for_in_vain_for_long() -> None:
    row, context = flow.new_row(), a_context(capped())
    flow.step(row, on(), context)
    effects = flow.step(row, on(at_ms=NOON_MS + PATIENCE_MS), context)
    assert effects.decision is not None
    assert (effects.decision.action, codes(effects)) == ("no_offer", ["permit_awaited"])


def test_c47_the_device_is_remembered_for_events_that_tell_none() -> None:
    row, context = flow.new_row(), a_context(capped())
    flow.step(row, on(event_type="product.viewed"), context)
    answer(row, context)
    (pot,) = row["shared"]["claims"]["spring"]["pots"]
    flow.step(row, an_event("cart.added", at_ms=SOON_MS), context)
    (used,) = context.partition.claims.take()
    assert used.pots == (pot,)
    assert "d1" not in pot


def test_c47_a_customer_without_a_device_is_not_capped() -> None:
    row, context = flow.new_row(), a_context(capped())
    effects = flow.step(row, an_event("cart.added"), context)
    assert effects.decision is not None
    assert effects.decision.action == "offer"
    assert "shared" not in row


def test_c47_what_is_given_back_is_given_back_to_the_device() -> None:
    row, context = flow.new_row(), a_context(capped())
    flow.step(row, on(event_type="product.viewed"), context)
    answer(row, context)
    given = flow.step(row, on(at_ms=SOON_MS), context).decision
    assert given is not None
    (used,) = context.partition.claims.take()
    told: dict[str, Any] = {"order_id": "o1", "discount_minor": 500, "event_id": "o"}
    paid = an_order(at_ms=SOON_MS + 1, decision_id=given.decision_id, **told)
    flow.step(row, paid, context)
    assert context.partition.claims.take() == [], "a used coupon counts"
    undone = an_event("order.cancelled", at_ms=SOON_MS + 2, order_id="o1", items=())
    flow.step(row, undone, context)
    returned, wanted = context.partition.claims.take()
    assert wanted.says == "wants", "for the next coupon"
    assert (returned.says, returned.claim, returned.pots) == ("returns", used.claim, used.pots)


def test_c47_a_permit_that_is_not_used_in_a_visit_goes_back_by_itself() -> None:
    row, context = flow.new_row(), a_context(capped(FixedScorer(nothing=0.2, ten=0.1)))
    effects = flow.step(row, on(event_type="product.viewed"), context)
    assert effects.is_waiting
    answer(row, context)
    due_ms = flow.due_ms(row)
    assert due_ms == NOON_MS + HOLD_MS
    flow.settle_due(row, "ann", due_ms, context, Effects())
    assert [one.says for one in context.partition.claims.take()] == ["spares"]


def test_c47_who_refuses_to_be_known_gives_back_at_once_and_claims_no_more() -> None:
    row, context = flow.new_row(), a_context(capped())
    flow.step(row, on(event_type="product.viewed"), context)
    context.partition.claims.take()
    refusal = an_event("profile.updated", at_ms=SOON_MS, basics=Basics(consent=False))
    flow.step(row, refusal, context)
    assert [one.says for one in context.partition.claims.take()] == ["spares"]
    flow.step(row, on(at_ms=SOON_MS + 1), context)
    assert context.partition.claims.take() == []
    assert "shared" not in row


@pytest.mark.parametrize(
    "rules",
    [capped(shares=ArmShares(random=0.0, business_as_usual=0.0, holdout=1.0)), some_rules(PAYS)],
    ids=["holdout", "no caps"],
)
def test_c47_nothing_is_claimed_for_who_can_use_none(rules: Rules) -> None:
    row, context = flow.new_row(), a_context(rules)
    flow.step(row, on(), context)
    assert context.partition.claims.take() == []


def test_c47_a_dry_run_claims_nothing_and_answers_as_if_there_were_no_cap() -> None:
    row, context = flow.new_row(), a_context(capped(dry_run=True))
    effects = flow.step(row, on(), context)
    assert effects.decision is not None
    assert effects.decision.action == "offer"
    assert context.partition.claims.take() == []


def test_c11_accounts_that_are_linked_share_the_caps_of_the_person() -> None:
    ours, rules = partitions(), some_rules(PAYS, a_catalogue(shared_caps={"person": 1}))
    links = [
        an_event("profile.updated", user_id=user, at_ms=NOON_MS - 1, event_id=user, person_id="p")
        for user in USERS
    ]
    plain = [replace(event, anonymous_id=None) for event in visits()]
    assert offers(applied(ours, [*links, *plain], rules)) == 1


# -- partitions ------------------------------------------------------------------------------

USERS = [f"u{number}" for number in range(8)]


def partitions(count: int = 4) -> list[Partition]:
    source = Source(
        families=FAMILIES,  # type: ignore[arg-type]
        group="test",
        worker_version="0",
        partitions_count=count,
    )
    return [Partition(number, {}, source) for number in range(count)]


def applied(ours: list[Partition], events: list[Event], rules: Rules) -> list[Emission]:
    """Apply each event where its customer is, and answer what is claimed at once."""
    topic = TOPIC_OF["grants"]
    ledger, emissions = LendingAtOnce(ours, topic, rules), []
    offsets = dict.fromkeys(range(len(ours)), 0)
    for event in events:
        number = partition_of(event.user_id.encode(), len(ours))
        ((name, record),) = records_of([event])
        at = FakeRecord(offsets[number], record.timestamp, record.key, record.value)
        offsets[number] += 1
        emissions.append(ours[number].apply([(name, at)], rules))
        ledger.lend(emissions[-1].asks, rules)
    return emissions


def visits(*, users: list[str] = USERS, from_ms: int = NOON_MS) -> list[Event]:
    kinds = ("cart.viewed", "checkout.started")
    return [
        on(event_type="cart.added" if turn == 0 else kinds[turn - 1], user_id=user, at_ms=at_ms)
        for at_ms, (turn, user) in enumerate(
            ((turn, user) for turn in range(3) for user in users), from_ms
        )
    ]


def offers(emissions: list[Emission]) -> int:
    decided = [
        wire.decode_decision(value or b"") for one in emissions for _, value, _ in one.decisions
    ]
    return sum(one.offer is not None for one in decided)


def test_c47_customers_of_one_device_in_four_partitions_share_its_cap() -> None:
    spread = {partition_of(user.encode(), 4) for user in USERS}
    assert len(spread) > 2, "or it shows nothing"
    assert offers(applied(partitions(), visits(), capped(device=2))) == 2
    assert offers(applied(partitions(), visits(), capped(device=5))) == 5
    assert offers(applied(partitions(), visits(), some_rules(PAYS))) == len(USERS)


def test_c47_who_is_erased_gives_back_what_was_not_used() -> None:
    ours, rules = partitions(1), capped(device=1, scorer=FixedScorer(nothing=0.2, ten=0.1))
    (viewed,) = applied(ours, [on(user_id="u0", event_type="product.viewed")], rules)
    assert len(viewed.asks) == 1
    gone = FakeRecord(0, NOON_MS + 1, b"u0", None)
    erased = ours[0].apply([(TOPIC_OF["profiles"], gone)], rules)
    told = [wire.decode_ask(value or b"") for _, value, _ in erased.asks]
    assert [getattr(one, "says", "") for one in told] == ["spares"]


def test_c47_rows_go_on_with_their_claims_in_another_worker() -> None:
    rules, stored = capped(), dict[bytes, bytes]()
    source = partitions(1)[0].source
    first = Partition(0, stored, source)
    asked = first.apply(records_of([on(event_type="product.viewed", user_id="u0")]), rules)
    second = Partition(0, dict(stored), source)
    claim = wire.decode_ask(asked.asks[0][1] or b"")
    assert second.state.claims.count == 1
    answer = {"permit": 1, "pots": claim.pots, "partition": 0, "user_id": "u0"}  # type: ignore[union-attr]
    second.apply([(TOPIC_OF["grants"], FakeRecord(0, 0, b"0", json.dumps(answer).encode()))], rules)
    trigger = on(user_id="u0", at_ms=SOON_MS)
    assert offers([second.apply(records_of([trigger]), rules)]) == 1


@pytest.mark.parametrize("pots", [[], ["spring"], ["spring/day/2026-01-01"]])
def test_an_answer_about_nothing_that_can_be_shared_is_refused(pots: list[str]) -> None:
    told = {"permit": 1, "pots": pots, "partition": 0, "user_id": "u0"}
    with pytest.raises(MalformedEvent):
        wire.decode_grant(json.dumps(told).encode(), 0)


# -- every fault -----------------------------------------------------------------------------


def test_c47_no_device_is_given_more_than_its_cap_whatever_fails_and_nothing_strands() -> None:
    counts = sharing_world.play_all(range(12))
    assert counts["given"] > 50
    assert counts["given back"] > 0
    assert counts["crashes"] > 100
