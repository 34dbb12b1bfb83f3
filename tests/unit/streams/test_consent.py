"""C65: who opts out leaves nothing behind but what is owed, and who agrees again begins anew."""

import copy
from collections import Counter
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from features.events import Basics, Event
from online_models.outcomes import Outcome
from streams import flow, wire
from streams.context import Context, Effects, Row
from streams.decisions import Decision
from tests.builders import (
    DAY_MS,
    HOUR_MS,
    NOON_MS,
    FixedScorer,
    a_context,
    a_partition,
    an_event,
    an_order,
    records_of,
    some_rules,
)

PAYS = FixedScorer(nothing=0.05, ten=0.20)
RULES = some_rules(PAYS, keeps_sessions=True, session_key=b"k", pauses_habits=True)
MINUTE_MS = 60_000


def says(agrees: bool, at_ms: int, **basics: Any) -> Event:
    return an_event(
        "profile.updated",
        at_ms=at_ms,
        event_id=f"says-{agrees}-{at_ms}",
        basics=Basics(consent=agrees, **basics),
    )


def applied(row: Row, context: Context, *events: Event) -> list[Effects]:
    return [flow.step(row, event, context) for event in events]


def bare(row: Row, consent: list[Any]) -> Row:
    """Give a row that holds only what is owed to the customer of `row`, and their refusal."""
    left = flow.new_row()
    left["seen"], left["wallet"], left["at"] = row["seen"], row["wallet"], row["at"]
    left["profile"]["facts"] = {"consent": consent}
    return left


def test_c65_who_opts_out_leaves_nothing_in_the_row_but_what_is_owed() -> None:
    row, context = flow.new_row(), a_context(RULES)
    story = [an_event("cart.added", at_ms=NOON_MS + n, event_id=f"a{n}") for n in range(3)]
    applied(row, context, *story, an_order(at_ms=NOON_MS + 5, device="phone"))
    wallet, imputer = copy.deepcopy(row["wallet"]), context.partition.imputer.dump()
    assert wallet["held"]
    later = [an_event("cart.added", at_ms=NOON_MS + 10 + n, event_id=f"b{n}") for n in range(20)]
    refusal = says(False, NOON_MS + 6, sex="f")
    more = applied(row, context, refusal, *later, an_order(at_ms=NOON_MS + 99, event_id="o2"))
    assert row == bare(row, [NOON_MS + 6, False])
    assert row["wallet"] == wallet
    assert context.partition.imputer.dump() == imputer
    answers = [effects.decision.action for effects in more if effects.decision]
    assert set(answers) == {"suppressed"}


def test_c65_a_label_that_waits_is_let_go_when_the_customer_opts_out() -> None:
    row, context = flow.new_row(), a_context(RULES)
    given_out, refused = applied(
        row, context, an_event("cart.added"), says(False, NOON_MS + MINUTE_MS)
    )
    (opened,), (gone,) = given_out.outcomes, refused.outcomes
    assert (gone.decision_id, gone.state, gone.settled_ms) == (
        opened.decision_id,
        "censored",
        NOON_MS + MINUTE_MS,
    )


def test_c65_a_coupon_given_before_is_used_after_and_its_money_settles_once() -> None:
    row, context = flow.new_row(), a_context(RULES)
    ledger = context.partition.ledger
    (first,) = applied(row, context, an_event("cart.added"))
    assert first.decision is not None
    assert ledger.held_minor("spring") == 500
    used = an_order(
        at_ms=NOON_MS + HOUR_MS, decision_id=first.decision.decision_id, discount_minor=500
    )
    _, settled = applied(row, context, says(False, NOON_MS + 1), used)
    assert [one.stage for one in settled.lifecycle] == ["redeemed"]
    assert (ledger.held_minor("spring"), ledger.free_minor("spring")) == (0, 999_500)
    assert row["profile"] == bare(row, [NOON_MS + 1, False])["profile"]


def test_c65_who_agrees_again_begins_anew_and_keeps_the_caps() -> None:
    row, context = flow.new_row(), a_context(RULES)
    applied(row, context, an_event("cart.added"))
    counts = copy.deepcopy(row["wallet"]["counts"])
    applied(row, context, says(False, NOON_MS + 1), says(True, NOON_MS + HOUR_MS, tier="gold"))
    late = an_event("cart.added", at_ms=NOON_MS + HOUR_MS - 1, event_id="late")
    (left_out,) = applied(row, context, late)
    assert left_out.decision is not None
    assert row["profile"]["total"] == {}
    applied(row, context, an_event("cart.added", at_ms=NOON_MS + HOUR_MS + 1))
    assert row["profile"]["total"] == {"cart": 1}
    assert row["profile"]["facts"]["tier"] == [NOON_MS + HOUR_MS, "gold"]
    assert row["wallet"]["counts"] == counts


def test_c65_what_happened_while_the_customer_refused_and_comes_late_is_not_answered() -> None:
    row, context = flow.new_row(), a_context(RULES)
    applied(row, context, says(False, NOON_MS), says(True, NOON_MS + HOUR_MS))
    late = an_event("cart.added", at_ms=NOON_MS + HOUR_MS - 1)
    (effects,) = applied(row, context, late)
    assert effects.decision is not None
    assert effects.decision.reasons[0].code == "no_consent"
    assert effects.outcomes == []


KINDS = ("product.viewed", "cart.added", "checkout.started", "order", "use", "out", "in")
# Minutes up to now and then more than a day, so that labels, coupons and sessions run out.
STEPS = st.tuples(st.sampled_from(KINDS), st.integers(1, 120) | st.integers(1_400, 12_000))


def follow(steps: list[tuple[str, int]]) -> tuple[Row, Context, list[Effects], int]:
    """Play a history, each step some minutes after the one before, and check it on the way."""
    row, context, told, now_ms = flow.new_row(), a_context(RULES), [], NOON_MS
    for number, (kind, minutes) in enumerate(steps):
        now_ms += minutes * MINUTE_MS
        held = next(iter(row["wallet"]["held"]), None)
        money: dict[str, Any] = {"decision_id": held, "discount_minor": 500 if held else None}
        name = f"e{number}"
        if kind in ("out", "in"):
            event = says(kind == "in", now_ms)
        elif kind in ("order", "use"):
            event = an_order(at_ms=now_ms, event_id=name, **(money if kind == "use" else {}))
        else:
            event = an_event(kind, at_ms=now_ms, event_id=name)
        told.append(flow.step(row, event, context))
        consent = row["profile"]["facts"].get("consent")
        if consent is not None and consent[1] is False:
            assert row == bare(row, consent)
    return row, context, told, now_ms


@settings(max_examples=60)
@given(st.lists(STEPS, max_size=30))
def test_c65_whatever_the_history_no_profile_outlives_a_refusal_and_all_is_settled_once(
    steps: list[tuple[str, int]],
) -> None:
    row, context, told, now_ms = follow(steps)
    last = Effects()
    flow.settle_due(row, "ann", now_ms + 40 * DAY_MS, context, last)
    told.append(last)
    outcomes: list[Outcome] = [one for effects in told for one in effects.outcomes]
    opened = Counter(one.decision_id for one in outcomes if one.state == "opened")
    ended = Counter(one.decision_id for one in outcomes if one.state != "opened")
    assert opened == ended
    assert set(ended.values()) <= {1}
    ledger = context.partition.ledger
    moved = [one for effects in told for one in effects.lifecycle]
    spent_minor = sum(one.charge_minor - one.refund_minor for one in moved)
    assert ledger.held_minor("spring") == 0
    assert ledger.free_minor("spring") == 1_000_000 - spent_minor
    offers: list[Decision] = [
        effects.decision
        for effects in told
        if effects.decision is not None and effects.decision.action == "offer"
    ]
    ends = Counter(one.decision_id for one in moved if one.stage in ("redeemed", "expired"))
    assert ends == {one.decision_id: 1 for one in offers}


def test_c65_rows_repeat_to_the_byte_however_the_log_is_cut() -> None:
    events = [
        an_event("cart.added"),
        says(False, NOON_MS + 1),
        an_event(at_ms=NOON_MS + 2),
        says(True, NOON_MS + 3),
        an_event("cart.added", at_ms=NOON_MS + HOUR_MS),
    ]
    whole, parts = a_partition(), a_partition()
    records = records_of(events)
    whole.apply(records, RULES)
    for record in records:
        parts.apply([record], RULES)
    assert list(whole.canonical()) == list(parts.canonical())


def test_c65_a_refusal_that_an_earlier_version_took_is_heeded_at_the_next_event() -> None:
    row, context = flow.new_row(), a_context(RULES)
    applied(row, context, an_event("cart.added"))
    row["profile"]["facts"]["consent"] = [NOON_MS + 1, False]  # as earlier versions left it
    applied(row, context, an_event(at_ms=NOON_MS + 2))
    assert wire.encode_row(row) == wire.encode_row(bare(row, [NOON_MS + 1, False]))
