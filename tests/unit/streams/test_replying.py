"""Requests about coupons through the step and the chunk: one reply each, one winner, repeatable.

`REDEMPTIONS=1000` tries as many coupons.
"""

import os
from collections import Counter
from random import Random
from typing import Any

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from coupons.codes import CodeKey, is_well_formed
from coupons.denials import REPLIED
from coupons.reserving import RESERVE_MS
from features.events import Event
from streams import flow, schemas, wire
from streams.context import Rules
from streams.partitions import Partition
from streams.replies import Reply
from streams.state_hash import state_hash
from tests.builders import (
    HOUR_MS,
    NOON_MS,
    FixedScorer,
    a_catalogue,
    a_context,
    a_coupon,
    a_partition,
    an_event,
    an_order,
    records_of,
    some_rules,
)

COUPONS_COUNT = int(os.environ.get("REDEMPTIONS", "20"))
KEY = CodeKey(key_id="A", secret=b"a secret")
SCHEMA = Draft202012Validator(schemas.SCHEMAS["coupon.reply.v1"]())


def generous(**fields: Any) -> Rules:
    """Give rules under which the first cart event gets 5.00 off."""
    offers = a_catalogue(budget_minor=max(1_000_000, 10_000 * COUPONS_COUNT))
    scorer = FixedScorer(nothing=0.05, ten=0.20)
    return some_rules(scorer, **{"catalogue": offers, "code_key": KEY, **fields})


def a_request(at_ms: int = NOON_MS + 1_000, **fields: Any) -> Event:
    fields.setdefault("event_id", f"request-{at_ms}")
    return an_event("coupon.check_requested", at_ms=at_ms, **fields)


def replies_of(partition: Partition, events: list[Event], rules: Rules) -> list[Reply]:
    emission = partition.apply(records_of(events), rules)
    return [wire.decode_reply(value or b"") for _, value, _ in emission.replies]


class Till:
    """One customer who holds a coupon, and the shop that asks about it."""

    def __init__(self, **fields: Any) -> None:
        self.context = a_context(generous(**fields))
        self.row = flow.new_row()
        decision = flow.step(self.row, an_event("cart.added"), self.context).decision
        assert decision is not None
        assert decision.offer is not None
        self.decision_id, self.code = decision.decision_id, decision.offer.code

    def ask(self, at_ms: int = NOON_MS + 1_000, **fields: Any) -> Reply | None:
        named = {} if "coupon_code" in fields else {"decision_id": self.decision_id}
        event = a_request(at_ms, **{**named, **fields})
        return flow.step(self.row, event, self.context).reply


def test_an_offer_bears_a_code_that_is_found_again_and_none_without_a_key() -> None:
    till = Till()
    assert till.code is not None
    assert is_well_formed(till.code)
    reply = till.ask(coupon_code=till.code.lower())
    assert reply is not None
    assert (reply.allowed, reply.decision_id) == (True, till.decision_id)
    assert Till(code_key=None).code is None
    shown = Till(catalogue=a_catalogue(a_coupon(code="SPRING10")))
    assert shown.code == "SPRING10"


def test_a_reply_says_the_exact_discount_and_a_refusal_says_why_in_two_languages() -> None:
    till = Till()
    reply = till.ask(shipping_minor=490)
    assert reply is not None
    assert (reply.discount_minor, reply.total_minor, reply.currency) == (500, 4_990, "EUR")
    assert reply.message == {}
    refused = till.ask(decision_id="d", event_id="other")
    assert refused is not None
    assert (refused.allowed, refused.reason) == (False, "coupon_unknown")
    assert refused.message == dict(zip(("en", "zh"), REPLIED["coupon_unknown"], strict=True))
    for each in (reply, refused):
        SCHEMA.validate(wire.decode_row(wire.encode_reply(each)[1] or b""))


def test_a_request_that_is_repeated_is_not_answered_again_and_a_retry_gets_the_same_bytes() -> None:
    till = Till()
    first = till.ask(request_id="r1", reserve=True, event_id="e1")
    assert first is not None
    assert till.ask(request_id="r1", reserve=True, event_id="e1") is None
    flow.step(till.row, an_event("coupon.voided", decision_id=till.decision_id), till.context)
    retry = till.ask(NOON_MS + HOUR_MS, request_id="r1", reserve=True, event_id="e2")
    assert retry is not None
    assert wire.encode_reply(retry) == wire.encode_reply(first)
    fresh = till.ask(NOON_MS + HOUR_MS, request_id="r2", event_id="e3")
    assert fresh is not None
    assert fresh.reason == "coupon_voided"


def test_a_request_from_long_before_is_refused() -> None:
    till = Till()
    flow.step(till.row, an_event("product.viewed", at_ms=NOON_MS + HOUR_MS), till.context)
    reply = till.ask(NOON_MS + 1)
    assert reply is not None
    assert reply.reason == "request_too_late"


def test_a_reservation_ends_by_the_watermark_though_its_customer_never_comes_back() -> None:
    rules, partition = generous(), a_partition()
    events = [an_event("cart.added", user_id="ann")]
    events += [a_request(decision_id=decision_of(events[0], rules), reserve=True)]
    (reply,) = replies_of(partition, events, rules)
    assert reply.reserved_until is not None
    late_ms = NOON_MS + RESERVE_MS + HOUR_MS
    others = [*events, an_event("product.viewed", at_ms=late_ms, user_id="bob")]
    partition.apply(records_of(others), rules)
    (held,) = wire.decode_row(dict(partition.canonical())[b"ann"])["wallet"]["held"].values()
    assert held["stage"] == "issued"
    assert "reserved" not in held


def decision_of(event: Event, rules: Rules) -> str:
    decision = flow.step(flow.new_row(), event, a_context(rules)).decision
    assert decision is not None
    return decision.decision_id


@pytest.mark.parametrize("as_one_order", [True, False])
def test_p5_of_64_simultaneous_redemptions_of_each_coupon_exactly_one_wins(
    as_one_order: bool,
) -> None:
    rules, partition, random = generous(), a_partition(), Random(7)
    users = [f"user-{number}" for number in range(COUPONS_COUNT)]
    carts = [an_event("cart.added", user_id=user, event_id=f"cart-{user}") for user in users]
    requests = [
        a_request(
            NOON_MS + 1_000 + random.randrange(1_000),
            event_id=f"{user}-{number}",
            user_id=user,
            decision_id=decision_of(cart, rules),
            order_id=f"order-{user}-{'' if as_one_order else number}",
            reserve=True,
        )
        for user, cart in zip(users, carts, strict=True)
        for number in range(64)
    ]
    random.shuffle(requests)
    records, at, replies = records_of([*carts, *requests]), 0, []
    while at < len(records):
        size = random.randrange(1, 400)  # chunks cut anywhere, each read back from its rows
        emission = partition.apply(records[at : at + size], rules)
        replies += [wire.decode_reply(value or b"") for _, value, _ in emission.replies]
        at += size
    assert Counter(one.user_id for one in replies) == dict.fromkeys(users, 64)
    won = Counter(one.user_id for one in replies if one.allowed)
    assert won == dict.fromkeys(users, 1)
    assert {one.reason for one in replies if not one.allowed} == {"already_reserved"}


def test_replies_do_not_depend_on_how_the_log_is_cut() -> None:
    rules, random = generous(), Random(11)
    cart = an_event("cart.added", user_id="ann")
    name = decision_of(cart, rules)
    events = [cart]
    for number in range(200):
        at_ms = NOON_MS + number * 300_000
        draw = random.randrange(6)
        told: dict[str, Any] = {"event_id": f"e{number}", "decision_id": name, "user_id": "ann"}
        order = f"o{number % 3}"
        if draw < 3:
            told |= {"reserve": draw == 0, "request_id": f"r{number % 40}", "order_id": order}
            events.append(a_request(at_ms, **told))
        elif draw == 3:
            events.append(an_event("order.cancelled", at_ms=at_ms, order_id=order, **told))
        elif draw == 4:
            events.append(an_event("coupon.released", at_ms=at_ms, reason="retry", **told))
        elif number > 100:
            events.append(an_order(at_ms=at_ms, order_id=order, discount_minor=400, **told))
    records, results = records_of(events), []
    for size in (1, 7, len(records)):
        rows: dict[bytes, Any] = {}
        made = []
        for at in range(0, len(records), size):
            emission = a_partition(rows).apply(records[at : at + size], rules)
            rows.update({key or b"": value for key, value, _ in emission.rows})
            made += emission.replies
        results.append((made, state_hash([a_partition(rows)])))
    assert results[0] == results[1] == results[2]
    reasons = {wire.decode_reply(value or b"").reason for _, value, _ in results[0][0]}
    assert {None, "already_reserved"} < reasons


def test_what_was_refused_and_answered_is_counted_by_reason() -> None:
    rules, partition = generous(), a_partition()
    cart = an_event("cart.added")
    name = decision_of(cart, rules)
    orders = [
        an_order(at_ms=NOON_MS + 2_000 + n, order_id=f"o{n}", decision_id=name, discount_minor=500)
        for n in range(2)
    ]
    events = [cart, a_request(decision_id=name), *orders]
    events += [a_request(NOON_MS + 5_000, decision_id=name)]
    counts = partition.apply(records_of(events), rules).tally.counts
    assert counts["replies", ("allowed",)] == 1
    assert counts["replies", ("already_redeemed",)] == 1
    assert counts["lifecycle_refusals", ("already_redeemed",)] == 1
