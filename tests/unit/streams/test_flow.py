"""The step: its fixed order, decision points, money, labels. Everything here is pure."""

import copy
from dataclasses import replace

from coupons.arms import ArmShares
from coupons.catalogue import Catalogue, Limit
from features.events import Item
from streams import flow, wire
from streams.context import Context, Effects, Row
from tests.builders import (
    DAY_MS,
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

# margin 40 % of 50.00 is 20.00; 5.00 off pays where the chance rises by more than a third
PAYS = FixedScorer(nothing=0.05, ten=0.20)
LOSES = FixedScorer(nothing=0.60, ten=0.62)


def applied(row: Row, context: Context, *events: object) -> list[Effects]:
    return [flow.step(row, event, context) for event in events]  # type: ignore[arg-type]


def test_v19_a_coupon_that_lifts_the_chance_enough_is_given() -> None:
    row, context = flow.new_row(), a_context(some_rules(PAYS))
    (effects,) = applied(row, context, an_event("cart.added"))
    assert effects.decision is not None
    assert effects.decision.action == "offer"
    assert effects.decision.offer is not None
    assert effects.decision.offer.template_id == "ten"


def test_v19_a_coupon_for_somebody_who_buys_anyway_is_not_given() -> None:
    row, context = flow.new_row(), a_context(some_rules(LOSES))
    (effects,) = applied(row, context, an_event("cart.added"))
    assert effects.decision is not None
    assert effects.decision.action == "no_offer"
    assert effects.decision.why_not == {"ten": "negative_value"}


def test_v18_without_any_uplift_nothing_is_given_whatever_the_chance() -> None:
    for chance in (0.01, 0.2, 0.9):
        context = a_context(some_rules(FixedScorer(nothing=chance)))
        (effects,) = applied(flow.new_row(), context, an_event("checkout.started"))
        assert effects.decision is not None
        assert effects.decision.action == "no_offer"


def test_every_trigger_event_gets_exactly_one_decision() -> None:
    row, context = flow.new_row(), a_context(some_rules(PAYS))
    events = [an_event(at_ms=NOON_MS + n * 1000) for n in range(20)]
    decisions = [effects.decision for effects in applied(row, context, *events)]
    assert all(decision is not None for decision in decisions)
    assert len({decision.decision_id for decision in decisions if decision}) == 20


def test_an_event_that_is_no_trigger_gets_none() -> None:
    row, context = flow.new_row(), a_context()
    (effects,) = applied(row, context, an_event("coupon.viewed"))
    assert effects.decision is None


def test_the_same_event_twice_changes_nothing_the_second_time() -> None:
    row, context = flow.new_row(), a_context(some_rules(PAYS))
    event = an_event("cart.added")
    applied(row, context, event)
    before, ledger = copy.deepcopy(row), context.partition.ledger.dump()
    (again,) = applied(row, context, event)
    assert again.verdict == "duplicate"
    assert again.decision is None
    assert row == before
    assert context.partition.ledger.dump() == ledger


def test_an_id_seen_with_another_payload_is_refused_as_a_conflict() -> None:
    row, context = flow.new_row(), a_context()
    first = an_event(event_id="e1", payload_digest="aaaaaaaa")
    other = an_event(event_id="e1", payload_digest="bbbbbbbb", at_ms=NOON_MS + 1)
    _, conflict = applied(row, context, first, other)
    assert (conflict.verdict, conflict.refusal) == ("refused", "id_conflict")


def test_triggers_within_the_spacing_repeat_that_the_last_answer_stands() -> None:
    row, context = flow.new_row(), a_context(some_rules(LOSES))
    _, soon, later = applied(
        row,
        context,
        an_event(at_ms=NOON_MS),
        an_event(at_ms=NOON_MS + 60_000),
        an_event(at_ms=NOON_MS + HOUR_MS),
    )
    assert soon.decision is not None
    assert later.decision is not None
    assert (soon.decision.action, soon.decision.reasons[0].code) == (
        "suppressed",
        "recently_decided",
    )
    assert later.decision.action == "no_offer"
    assert not soon.outcomes


def test_a_step_closer_to_the_checkout_is_a_decision_point_at_once() -> None:
    row, context = flow.new_row(), a_context(some_rules(LOSES))
    events = [
        an_event("product.viewed", at_ms=NOON_MS),
        an_event("cart.added", at_ms=NOON_MS + 1_000),
        an_event("checkout.started", at_ms=NOON_MS + 2_000),
    ]
    actions = [e.decision.action for e in applied(row, context, *events) if e.decision]
    assert actions == ["no_offer", "no_offer", "no_offer"]


def test_while_an_offer_stands_no_trigger_is_a_decision_point() -> None:
    row, context = flow.new_row(), a_context(some_rules(PAYS))
    given, closer = applied(
        row,
        context,
        an_event("cart.added", at_ms=NOON_MS),
        an_event("checkout.started", at_ms=NOON_MS + 1_000),
    )
    assert given.decision is not None
    assert given.decision.action == "offer"
    assert closer.decision is not None
    assert closer.decision.reasons[0].code == "standing_offer"
    assert given.decision.decision_id in closer.decision.reasons[0].detail
    assert not closer.outcomes


def test_a_late_trigger_is_answered_without_asking_the_policy() -> None:
    row, context = flow.new_row(), a_context(some_rules(PAYS))
    _, late = applied(
        row, context, an_event(at_ms=NOON_MS), an_event("cart.added", at_ms=NOON_MS - HOUR_MS)
    )
    assert late.late
    assert late.decision is not None
    assert late.decision.reasons[0].code == "late_event"


def test_a_purchase_settles_the_pending_decision_and_books_the_margin() -> None:
    row, context = flow.new_row(), a_context(some_rules(LOSES))
    _, bought = applied(
        row, context, an_event("cart.added"), an_order(at_ms=NOON_MS + HOUR_MS, total_minor=5_000)
    )
    settled = [o for o in bought.outcomes if o.state == "settled"]
    assert [(o.y, o.order_minor, o.margin_minor) for o in settled] == [(True, 5_000, 2_000)]
    assert row["net_minor"] == 2_000


def test_what_will_join_a_first_product_is_learned_from_orders() -> None:
    context = a_context(some_rules(LOSES))
    three = (Item(product_id="p1", category="toys", price_minor=5_000, quantity=3),)
    margins_minor = []
    for visit in range(40):
        at_ms = NOON_MS + visit * HOUR_MS
        viewed, _ = applied(
            flow.new_row(),
            context,
            an_event(at_ms=at_ms),
            an_order(at_ms=at_ms + 60_000, total_minor=15_000, items=three),
        )
        assert viewed.decision is not None
        margins_minor.append(viewed.decision.margin_minor or 0)
    assert margins_minor[0] == 2_000
    assert 5_000 < margins_minor[-1] < 6_000


def test_time_alone_settles_a_decision_of_a_user_who_never_returns() -> None:
    row, context = flow.new_row(), a_context(some_rules(LOSES))
    applied(row, context, an_event())
    assert flow.due_ms(row) == NOON_MS + DAY_MS
    effects = Effects()
    flow.settle_due(row, "ann", NOON_MS + DAY_MS, context, effects)
    assert [(o.state, o.y) for o in effects.outcomes] == [("settled", False)]
    assert flow.due_ms(row) is None


def test_an_offer_holds_its_worst_case_and_a_redemption_spends_the_real_discount() -> None:
    row, context = flow.new_row(), a_context(some_rules(PAYS))
    (given,) = applied(row, context, an_event("cart.added"))
    ledger = context.partition.ledger
    assert given.decision is not None
    assert ledger.held_minor("spring") == 500
    applied(
        row,
        context,
        an_order(
            at_ms=NOON_MS + HOUR_MS,
            total_minor=4_600,
            discount_minor=400,
            decision_id=given.decision.decision_id,
        ),
    )
    assert (ledger.held_minor("spring"), ledger.spent_minor("spring")) == (0, 400)
    assert row["net_minor"] == 5_000 * 4 // 10 - 400


def test_c50_an_offer_holds_what_this_customer_is_promised_and_says_so() -> None:
    capped = a_coupon(kind="percent_off", off_ratio=0.1, max_discount_minor=9_000)
    row, context = flow.new_row(), a_context(some_rules(PAYS, a_catalogue(capped)))
    (given,) = applied(row, context, an_event("cart.added"))
    assert given.decision is not None
    assert given.decision.offer is not None
    promised_minor = given.decision.offer.max_discount_minor
    assert given.decision.budget is not None
    assert promised_minor == given.decision.budget.charged_minor == 750
    assert context.partition.ledger.held_minor("spring") == 750
    dear = an_order(
        at_ms=NOON_MS + HOUR_MS,
        total_minor=27_000,
        discount_minor=3_000,
        decision_id=given.decision.decision_id,
    )
    (used,) = applied(row, context, dear)[0].lifecycle
    assert (used.discount_minor, used.charge_minor, used.refund_minor) == (3_000, 750, 0)
    assert context.partition.ledger.spent_minor("spring") == 750


def test_an_unused_offer_gives_its_money_back_when_it_expires() -> None:
    row, context = flow.new_row(), a_context(some_rules(PAYS))
    applied(row, context, an_event("cart.added"))
    effects = Effects()
    flow.settle_due(row, "ann", NOON_MS + 8 * DAY_MS, context, effects)
    assert [one.stage for one in effects.lifecycle] == ["expired"]
    assert context.partition.ledger.free_minor("spring") == 1_000_000


def test_c50_a_budget_that_is_used_up_stops_the_offers() -> None:
    catalogue = a_catalogue(a_coupon(), budget_minor=700)
    context = a_context(some_rules(PAYS, catalogue))
    first = flow.step(flow.new_row(), an_event("cart.added", user_id="a"), context)
    second = flow.step(flow.new_row(), an_event("cart.added", user_id="b"), context)
    assert first.decision is not None
    assert second.decision is not None
    assert first.decision.action == "offer"
    assert second.decision.why_not == {"ten": "budget_exhausted"}


def test_a_stores_limit_stops_the_offers_of_that_store_alone() -> None:
    north = Limit(by="store", name="north", amount_minor=700)
    (plain,) = a_catalogue(a_coupon()).campaigns
    context = a_context(some_rules(PAYS, Catalogue.of([replace(plain, limits=(north,))])))
    decided = []
    for name, store_id in (("a", "north"), ("b", "north"), ("c", "south"), ("d", None)):
        event = an_event("cart.added", user_id=name, store_id=store_id)
        decision = flow.step(flow.new_row(), event, context).decision
        assert decision is not None
        decided.append(decision.why_not.get("ten") or decision.action)
    assert decided == ["offer", "store_budget_exhausted", "offer", "offer"]


def test_a_days_limit_stops_the_offers_and_a_coupon_remembers_what_it_was_charged_to() -> None:
    day = Limit(by="day", amount_minor=700)
    (plain,) = a_catalogue(a_coupon()).campaigns
    catalogue = Catalogue.of([replace(plain, limits=(day,))])
    context = a_context(some_rules(PAYS, catalogue))
    rows = {name: flow.new_row() for name in ("a", "b", "c")}
    first = flow.step(rows["a"], an_event("cart.added", user_id="a"), context)
    second = flow.step(rows["b"], an_event("cart.added", user_id="b"), context)
    assert first.decision is not None
    assert second.decision is not None
    assert first.decision.action == "offer"
    assert second.decision.why_not == {"ten": "day_budget_exhausted"}
    (held,) = rows["a"]["wallet"]["held"].values()
    (pot,) = held["pots"]
    assert context.partition.ledger.dump()["pots"][pot]["held_minor"] == 500
    assert wire.decode_row(wire.encode_row(rows["a"])) == rows["a"]
    later = an_event("cart.added", user_id="c", at_ms=NOON_MS + DAY_MS)
    third = flow.step(rows["c"], later, context)
    assert third.decision is not None
    assert third.decision.action == "offer"


def test_the_holdout_never_gets_a_coupon_but_its_outcomes_are_learned() -> None:
    shares = ArmShares(random=0.0, business_as_usual=0.0, holdout=1.0)
    row, context = flow.new_row(), a_context(some_rules(PAYS, shares=shares))
    (effects,) = applied(row, context, an_event("cart.added"))
    assert effects.decision is not None
    assert (effects.decision.action, effects.decision.propensity) == ("holdout", 1.0)
    assert [o.state for o in effects.outcomes] == ["opened"]


def test_c65_without_consent_nothing_is_offered_and_nothing_learned() -> None:
    row, context = flow.new_row(), a_context(some_rules(PAYS))
    from_profile = wire.decode(
        "profiles",
        b"ann",
        b'{"event_type":"profile.updated","event_id":"p1","user_id":"ann",'
        b'"occurred_at":"2025-10-09T08:00:00Z","basics":{"consent":false}}',
        (),
        NOON_MS,
    )
    _, effects = applied(row, context, from_profile, an_event("cart.added"))
    assert effects.decision is not None
    assert effects.decision.reasons[0].code == "no_consent"
    assert effects.outcomes == []


def test_c66_contributions_and_base_sum_to_the_log_odds_shown() -> None:
    row, context = flow.new_row(), a_context(some_rules(PAYS))
    (effects,) = applied(row, context, an_event("cart.added"))
    assert effects.decision is not None
    shown = sum(part.log_odds for part in effects.decision.contributions)
    assert effects.decision.base_log_odds + shown == -2.5


def test_propensities_of_all_candidates_sum_to_one() -> None:
    for shares in (ArmShares(), ArmShares(random=1.0, business_as_usual=0.0, holdout=0.0)):
        coupons = [a_coupon(f"c{n}", off_minor=100 * n + 100) for n in range(6)]
        context = a_context(some_rules(PAYS, a_catalogue(*coupons), shares=shares))
        (effects,) = applied(flow.new_row(), context, an_event("cart.added"))
        assert effects.decision is not None
        total = sum(candidate.propensity for candidate in effects.decision.candidates)
        assert abs(total - 1.0) < 1e-12


def test_a_row_equals_its_json_round_trip_after_a_whole_life() -> None:
    row, context = flow.new_row(), a_context(some_rules(PAYS))
    applied(
        row,
        context,
        an_event("product.viewed"),
        an_event("cart.added", at_ms=NOON_MS + 1_000),
        an_order(at_ms=NOON_MS + HOUR_MS, discount_minor=500, coupon_code="ten"),
        an_event("product.viewed", at_ms=NOON_MS + 30 * DAY_MS),
    )
    assert wire.decode_row(wire.encode_row(row)) == row


def test_n7_who_buys_anyway_gets_no_coupon_and_is_told_why() -> None:
    """Ordered twice at full price and is back: with and without the pause."""
    told = {}
    for pauses in (True, False):
        row, context = flow.new_row(), a_context(some_rules(LOSES, pauses_habits=pauses))
        applied(row, context, an_order(at_ms=NOON_MS), an_order(at_ms=NOON_MS + DAY_MS))
        context.rules = some_rules(PAYS, pauses_habits=pauses)
        (back,) = applied(row, context, an_event("cart.added", at_ms=NOON_MS + 3 * DAY_MS))
        assert back.decision is not None
        told[pauses] = back.decision
        assert bool(row["wallet"]["held"]) is not pauses
    assert told[False].action == "offer"
    assert told[True].action == "suppressed"
    assert [one.code for one in told[True].reasons] == ["suppressed", "coupon_habit"]
    assert told[True].propensity == 1.0


def test_n7_the_pause_is_the_policys_and_the_arms_beside_it_go_on() -> None:
    for drawn in (0.0, 1.0):
        shares = ArmShares(random=drawn, business_as_usual=1.0 - drawn, holdout=0.0)
        rules = some_rules(PAYS, pauses_habits=True, shares=shares)
        row, context = flow.new_row(), a_context(rules)
        applied(row, context, an_order(at_ms=NOON_MS), an_order(at_ms=NOON_MS + DAY_MS))
        (back,) = applied(row, context, an_event("cart.added", at_ms=NOON_MS + 3 * DAY_MS))
        assert back.decision is not None
        assert "coupon_habit" not in [one.code for one in back.decision.reasons]


def test_c56_a_rating_moves_no_money_whatever_price_it_tells() -> None:
    row, context = flow.new_row(), a_context(some_rules(PAYS))
    rated = an_event("order.rated", order_id="o", rating=1, total_minor=9_000)
    (effects,) = applied(row, context, rated)
    assert (row["net_minor"], effects.decision, effects.outcomes) == (0, None, [])
    assert row["profile"]["total"] == {"rated": 1, "stars": 1}
