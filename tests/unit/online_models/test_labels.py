"""Every remembered decision is settled or censored exactly once."""

import json
from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.actions import NOTHING, Action
from features.events import Event, Item
from online_models.labels import (
    MAX_PENDING,
    Pending,
    expire,
    guesses,
    next_due_ms,
    notice,
    order_margin_minor,
    remember,
    settle,
)
from online_models.outcomes import Outcome
from tests.unit.online_models.planted import NAMES, RELAXED, TEN

HORIZON_MS = 1_000


def _remember(
    pending: list[Pending], decision_id: str, at_ms: int, **changes: Any
) -> list[Outcome]:
    arguments: dict[str, Any] = {
        "user_id": "u1",
        "decision_id": decision_id,
        "decided_ms": at_ms,
        "arm": "policy",
        "action": TEN,
        "propensity": 0.25,
        "p_buy": 0.1234567,
        "x": dict.fromkeys(NAMES, 0.5),
        "names": NAMES,
        "model_version": "m1",
        "campaign_id": "spring",
        "horizon_ms": HORIZON_MS,
    }
    return remember(pending, **(arguments | changes))


def test_an_order_answers_the_guesses_of_the_decisions_that_it_settles() -> None:
    pending: list[Pending] = []
    _remember(pending, "d1", 0, guess=("toys", 900))
    _remember(pending, "d2", 100)
    _remember(pending, "d3", 300, guess=("", 500))
    assert guesses(pending, _order(200)) == [("toys", 900)]
    assert guesses(pending, _order(HORIZON_MS)) == [("", 500)]


def _order(at_ms: int, **changes: Any) -> Event:
    fields: dict[str, Any] = {
        "event_id": f"o{at_ms}",
        "event_type": "order.completed",
        "user_id": "u1",
        "ts_ms": at_ms,
        "total_minor": 9_500,
        "discount_minor": 1_000,
        "shipping_minor": 500,
    }
    return Event(**(fields | changes))


def _settle(pending: list[Pending], event: Event, **changes: Any) -> list[Outcome]:
    arguments: dict[str, Any] = {"names": NAMES, "margin_ratio": 0.3}
    return settle(pending, event, **(arguments | changes))


def _expire(pending: list[Pending], now_ms: int) -> list[Outcome]:
    return expire(pending, now_ms, user_id="u1", names=NAMES)


def test_an_opened_decision_comes_back_as_it_was_remembered() -> None:
    pending: list[Pending] = []
    x = dict(zip(NAMES, (0.1234, 0.0, -1.0, 1.0, 3.25, 0.0001), strict=True))
    opened = _remember(pending, "d1", 0, x=x)[0]
    bought = _settle(pending, _order(10))[0]
    assert (opened.state, opened.settled_ms, opened.y) == ("opened", None, False)
    assert (bought.state, bought.settled_ms, bought.y) == ("settled", 10, True)
    for outcome in (opened, bought):
        assert (outcome.x, list(outcome.x)) == (x, list(NAMES))
        assert (outcome.action, outcome.propensity, outcome.p_buy) == (TEN, 0.25, 0.123457)
        assert (outcome.arm, outcome.campaign_id, outcome.model_version) == (
            "policy",
            "spring",
            "m1",
        )


def test_c34_an_order_settles_what_was_decided_within_the_horizon_before_it() -> None:
    #          0        400       999 1000                 decisions late at 0, in at 400
    # late     |------------------->|                      due at 1000, end not included
    # in                |------------------->|             due at 1400
    # order                          ^1000
    # after                              |------->         decided after the order
    pending: list[Pending] = []
    for decision_id, at_ms in (("late", 0), ("in", 400), ("after", 1_001)):
        _remember(pending, decision_id, at_ms)
    assert [o.decision_id for o in _settle(pending, _order(1_000))] == ["in"]
    assert [d["id"] for d in pending] == ["late", "after"]
    assert [(o.decision_id, o.y, o.settled_ms) for o in _expire(pending, 1_000)] == [
        ("late", False, 1_000)
    ]
    assert next_due_ms(pending) == 2_001


def test_an_order_of_the_first_moment_counts_and_one_of_the_end_does_not() -> None:
    for at_ms, settled in ((0, 1), (HORIZON_MS - 1, 1), (HORIZON_MS, 0)):
        pending: list[Pending] = []
        _remember(pending, "d", 0)
        assert len(_settle(pending, _order(at_ms))) == settled


def test_one_order_settles_all_and_only_the_used_coupon_carries_the_discount() -> None:
    pending: list[Pending] = []
    _remember(pending, "d1", 0)
    _remember(pending, "d2", 100, action=NOTHING)
    outcomes = _settle(pending, _order(200, decision_id="d1"))
    # goods before discount 10_000, at 30 % margin 3_000, less the discount of 1_000
    assert [(o.order_minor, o.discount_minor, o.margin_minor) for o in outcomes] == [
        (9_500, 1_000, 2_000),
        (9_500, 0, 2_000),
    ]
    assert pending == []


def test_an_order_paid_by_a_coupon_is_no_purchase_of_what_was_decided_before_it() -> None:
    #            0      100     200          nothing is given, then a coupon, with which is bought
    # nothing    |-------------------->
    # coupon            |------>^
    pending: list[Pending] = []
    _remember(pending, "nothing", 0, action=NOTHING)
    _remember(pending, "coupon", 100)
    assert [o.decision_id for o in _settle(pending, _order(200, decision_id="coupon"))] == [
        "coupon"
    ]
    assert [(o.decision_id, o.y) for o in _expire(pending, HORIZON_MS)] == [("nothing", False)]


def test_an_order_at_the_full_price_is_a_purchase_of_all_that_was_decided_before_it() -> None:
    pending: list[Pending] = []
    _remember(pending, "nothing", 0, action=NOTHING)
    _remember(pending, "coupon", 100)
    settled = _settle(pending, _order(200, decision_id=None, discount_minor=None))
    assert [(o.decision_id, o.y) for o in settled] == [("nothing", True), ("coupon", True)]


def test_the_caller_may_know_better_what_was_used_and_what_it_cost() -> None:
    pending: list[Pending] = []
    _remember(pending, "d1", 0)
    order = _order(10, discount_minor=None, decision_id="other")
    [outcome] = _settle(pending, order, used_decision_id="d1", discount_minor=700)
    assert (outcome.discount_minor, outcome.margin_minor) == (700, 2_000)


def test_an_order_without_a_total_is_worth_its_lines() -> None:
    pending: list[Pending] = []
    _remember(pending, "d1", 0)
    lines = (Item(product_id="p", price_minor=1_000, quantity=2), Item(product_id="q"))
    order = _order(10, total_minor=None, discount_minor=500, shipping_minor=300, items=lines)
    [outcome] = _settle(pending, order)
    assert (outcome.order_minor, outcome.margin_minor) == (1_800, 100)


def test_an_orders_margin_is_what_its_coupons_leave_and_a_refund_takes_it_back() -> None:
    assert order_margin_minor(_order(1), 0.3) == 2_000
    assert order_margin_minor(_order(1), 0.3, discount_minor=0) == 3_000
    refund = _order(1, event_type="order.refunded", discount_minor=None)
    assert order_margin_minor(refund, 0.3) == -2_700


def test_a_look_and_a_click_are_told_when_the_decision_is_settled() -> None:
    pending: list[Pending] = []
    for decision_id in ("clicked", "seen", "unseen"):
        _remember(pending, decision_id, 0)
    notice(pending, [("clicked", "viewed"), ("seen", "viewed"), ("foreign", "clicked")])
    notice(pending, [("clicked", "clicked"), ("clicked", "viewed"), ("unseen", "reserved")])
    assert json.loads(json.dumps(pending)) == pending
    settled = expire(pending, HORIZON_MS, user_id="u1", names=NAMES)
    assert [one.clicked for one in settled] == [True, False, None]


def test_other_events_settle_nothing() -> None:
    pending: list[Pending] = []
    _remember(pending, "d1", 0)
    event = Event(event_id="e", event_type="order.cancelled", user_id="u1", ts_ms=5)
    assert _settle(pending, event) == []
    assert len(pending) == 1


def test_a_full_row_censors_its_oldest_decision() -> None:
    pending: list[Pending] = []
    for number in range(MAX_PENDING):
        _remember(pending, f"d{number}", 1_000 - number)
    outcomes = _remember(pending, "new", 2_000)
    assert [(o.decision_id, o.state) for o in outcomes] == [("d7", "censored"), ("new", "opened")]
    assert len(pending) == MAX_PENDING


def test_a_decision_that_already_waits_is_not_opened_again() -> None:
    pending: list[Pending] = []
    _remember(pending, "d1", 0)
    assert _remember(pending, "d1", 0) == []
    assert len(pending) == 1


def test_a_row_of_other_feature_names_settles_without_features() -> None:
    pending: list[Pending] = []
    _remember(pending, "d1", 0)
    [outcome] = _settle(pending, _order(1), names=tuple(reversed(NAMES)))
    assert (outcome.x, outcome.y, outcome.p_buy) == ({}, True, 0.123457)


@pytest.mark.parametrize("wrong", [{"propensity": 0.0}, {"propensity": 1.1}, {"horizon_ms": 0}])
def test_impossible_decisions_are_refused(wrong: dict[str, float]) -> None:
    pending: list[Pending] = []
    with pytest.raises(ValueError, match="must be"):
        _remember(pending, "d1", 0, **wrong)
    assert pending == []


steps = st.lists(
    st.tuples(
        st.sampled_from(["decide", "order", "timer"]), st.integers(0, 40).map(lambda i: i * 100)
    ),
    max_size=60,
)


@RELAXED
@given(steps)
def test_c55_every_opened_decision_leaves_exactly_once_whatever_the_order(
    script: list[tuple[str, int]],
) -> None:
    pending: list[Pending] = []
    outcomes: list[Outcome] = []
    for number, (what, at_ms) in enumerate(script):
        if what == "decide":
            outcomes += _remember(pending, f"d{number}", at_ms)
        elif what == "order":
            outcomes += _settle(pending, _order(at_ms))
        else:
            outcomes += _expire(pending, at_ms)
            due_ms = next_due_ms(pending)
            assert due_ms is None or due_ms > at_ms
        assert len(pending) <= MAX_PENDING
        assert json.loads(json.dumps(pending)) == pending
    outcomes += _expire(pending, 10**9)
    opened = Counter(o.decision_id for o in outcomes if o.state == "opened")
    left = Counter(o.decision_id for o in outcomes if o.state != "opened")
    assert pending == []
    assert opened == left
    assert set(left.values()) <= {1}
    for outcome in outcomes:
        if outcome.y:
            assert outcome.settled_ms is not None
            assert 0 <= outcome.settled_ms - outcome.decided_ms < HORIZON_MS


def test_fifty_features_of_one_decision_stay_small_in_the_row() -> None:
    names = tuple(f"browse_count_{i}h" for i in range(50))
    pending: list[Pending] = []
    x = {name: (0.1234 if i % 2 else 0.0) for i, name in enumerate(names)}
    coupon = Action(action_id="spring-ten", kind="percent_off", depth_ratio=1 / 3)
    _remember(pending, "k" * 26, 1_790_000_000_000, names=names, x=x, action=coupon)
    assert len(json.dumps(pending, separators=(",", ":"))) < 550
