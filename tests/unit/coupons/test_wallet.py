"""The life of coupons in one customer's wallet, step by step."""

import json
from dataclasses import replace
from typing import Any

import pytest

from coupons import wallet as wallets
from coupons.catalogue import Campaign, Coupon, Kind
from coupons.choices import Candidate
from coupons.held import CLOSED_MAX, COUNTED_MAX, HELD_MAX, RECENT_MAX, WINDOW_MS, Wallet
from coupons.reserving import RESERVE_MS
from coupons.wallet import GRACE_MS
from features.actions import Action
from features.events import Event, EventType

DAY_MS = 86_400_000
NOW_MS = 1_700_000_000_000


def coupon(coupon_id: str = "ten", kind: Kind = "percent_off", **settings: Any) -> Coupon:
    return Coupon(coupon_id=coupon_id, campaign_id="spring", kind=kind, **settings)


def campaign(**settings: Any) -> Campaign:
    return Campaign(campaign_id="spring", budget_minor=1_000_000, **settings)


def give(
    wallet: Wallet,
    one: Coupon,
    decision_id: str = "d1",
    now_ms: int = NOW_MS,
    channel: str | None = "app",
    charge_minor: int = 500,
) -> None:
    action = Action(action_id=one.coupon_id, kind=one.kind)
    candidate = Candidate(
        coupon=one, action=action, discount_minor=charge_minor, charge_minor=charge_minor
    )
    wallets.issue(wallet, candidate, decision_id, now_ms, channel)


def happened(event_type: EventType, ts_ms: int = NOW_MS + 1, **fields: Any) -> Event:
    return Event(event_id="e", event_type=event_type, user_id="u", ts_ms=ts_ms, **fields)


def held_one(one: Coupon | None = None) -> Wallet:
    wallet = wallets.empty()
    give(wallet, one or coupon())
    return wallet


def test_a_coupon_is_given_once_at_a_time() -> None:
    wallet = held_one(coupon(per_user=5))
    reason = wallets.blocked(wallet, coupon(per_user=5), campaign(), NOW_MS, "app")
    assert reason == "already_has_one"


def test_c47_the_count_for_life_outlives_the_coupon() -> None:
    wallet = held_one()
    wallets.expire(wallet, NOW_MS + 400 * DAY_MS)
    later_ms = NOW_MS + 400 * DAY_MS
    assert wallets.blocked(wallet, coupon(), campaign(), later_ms, "app") == "per_user_limit"
    assert wallets.blocked(wallet, coupon(per_user=2), campaign(), later_ms, "app") is None


def test_c47_a_cooldown_ends_by_itself() -> None:
    patient = coupon(per_user=2, cooldown_ms=10 * DAY_MS, validity_ms=DAY_MS)
    wallet = held_one(patient)
    wallets.expire(wallet, NOW_MS + 3 * DAY_MS)
    for day, reason in ((9, "cooldown"), (10, None)):
        moment_ms = NOW_MS + day * DAY_MS
        assert wallets.blocked(wallet, patient, campaign(), moment_ms, "app") == reason


def test_c47_a_campaign_counts_what_was_given_in_its_window_or_is_still_held() -> None:
    limits = campaign(per_user=1, per_user_window_ms=DAY_MS)
    wallet = held_one()
    other = coupon("other", stacking="other")
    # given:  d1 |------- held, 7 days -------|
    # window:             [ 1 day ] now
    assert wallets.blocked(wallet, other, limits, NOW_MS + 5 * DAY_MS, "app") == "campaign_limit"
    wallets.expire(wallet, NOW_MS + 8 * DAY_MS)
    assert wallets.blocked(wallet, other, limits, NOW_MS + 8 * DAY_MS, "app") is None


def test_c47_a_window_ends_to_the_millisecond() -> None:
    limits = campaign(per_user=1, per_user_window_ms=DAY_MS)
    wallet = held_one()
    wallets.follow(wallet, happened("coupon.redeemed", decision_id="d1"))
    # given:  |d1 ............ 1 day ............| free again
    for passed_ms, reason in ((DAY_MS - 1, "campaign_limit"), (DAY_MS, None)):
        now_ms = NOW_MS + passed_ms
        assert wallets.blocked(wallet, coupon("other"), limits, now_ms, "app") == reason


def test_c51_a_channel_has_its_own_cap() -> None:
    wallet = held_one()
    limits = campaign(channel_caps={"app": 1, "sms": 0})
    other = coupon("other", stacking="other")
    assert wallets.blocked(wallet, other, limits, NOW_MS + 1, "app") == "channel_limit"
    assert wallets.blocked(wallet, other, limits, NOW_MS + 1, "mail") is None
    assert wallets.blocked(wallets.empty(), other, limits, NOW_MS + 1, "sms") == "channel_limit"


@pytest.mark.parametrize(
    ("first", "second", "reason"),
    [
        (coupon(), coupon("other"), "stacking_conflict"),
        (coupon(), coupon("other", stacking="shipping"), None),
        (coupon(exclusive=True), coupon("other", stacking="shipping"), "stacking_conflict"),
        (coupon(), coupon("other", stacking="shipping", exclusive=True), "stacking_conflict"),
    ],
)
def test_held_coupons_stack_by_category(first: Coupon, second: Coupon, reason: str | None) -> None:
    wallet = held_one(first)
    assert wallets.blocked(wallet, second, campaign(), NOW_MS + 1, "app") == reason


def test_a_wallet_is_full_for_a_while_only() -> None:
    wallet = wallets.empty()
    many = campaign(per_user=1_000)
    for number in range(HELD_MAX):
        give(wallet, coupon(f"c{number}", stacking=f"s{number}"), f"d{number}")
    fresh = coupon("fresh", stacking="fresh")
    assert wallets.blocked(wallet, fresh, many, NOW_MS + 1, "app") == "wallet_full"
    wallets.expire(wallet, NOW_MS + 8 * DAY_MS)
    assert wallets.blocked(wallet, fresh, many, NOW_MS + 8 * DAY_MS, "app") is None
    for number in range(RECENT_MAX - HELD_MAX):
        give(wallet, coupon(f"m{number}", stacking="m"), f"m{number}", NOW_MS + 8 * DAY_MS)
        wallets.follow(wallet, happened("coupon.redeemed", decision_id=f"m{number}"))
    assert wallets.blocked(wallet, fresh, many, NOW_MS + 9 * DAY_MS, "app") == "wallet_full"
    assert wallets.blocked(wallet, fresh, many, NOW_MS + WINDOW_MS, "app") is None


def test_c55_an_order_that_names_the_decision_redeems_and_returns_the_difference() -> None:
    wallet = held_one()
    order = happened("order.completed", decision_id="d1", discount_minor=300, total_minor=2_700)
    (used,) = wallets.follow(wallet, order)
    assert (used.stage, used.charge_minor, used.refund_minor, used.discount_minor) == (
        "redeemed",
        500,
        200,
        300,
    )
    assert not used.quota_back
    assert wallet["held"] == {}
    assert wallets.follow(wallet, order) == []


@pytest.mark.parametrize(
    "fields", [{"coupon_code": "SPRING10"}, {"offer_id": "ten"}, {"offer_id": "d1"}]
)
def test_c55_a_code_or_an_offer_redeems_too(fields: dict[str, Any]) -> None:
    wallet = held_one(coupon(code="SPRING10"))
    (used,) = wallets.follow(wallet, happened("order.completed", discount_minor=1, **fields))
    assert (used.stage, used.decision_id) == ("redeemed", "d1")


def test_an_order_without_a_coupon_or_with_a_foreign_one_redeems_nothing() -> None:
    wallet = held_one(coupon(code="SPRING10"))
    for fields in ({}, {"coupon_code": "OTHER"}, {"decision_id": "d9", "discount_minor": 5}):
        assert wallets.follow(wallet, happened("order.completed", **fields)) == []
    assert list(wallet["held"]) == ["d1"]


def test_an_order_that_saved_nothing_and_only_names_the_decision_is_attribution() -> None:
    wallet = held_one()
    seen = happened("order.completed", decision_id="d1", discount_minor=0)
    assert wallets.follow(wallet, seen) == []
    assert list(wallet["held"]) == ["d1"]


def test_more_discount_than_promised_is_seen_but_never_spent() -> None:
    wallet = held_one()
    (used,) = wallets.follow(
        wallet, happened("coupon.redeemed", decision_id="d1", discount_minor=900)
    )
    assert (used.refund_minor, used.discount_minor) == (0, 900)


def test_two_step_payments_count_once_and_the_later_truth_corrects_the_first() -> None:
    wallet = held_one()
    (used,) = wallets.follow(wallet, happened("coupon.redeemed", decision_id="d1", order_id="o1"))
    assert (used.stage, used.refund_minor) == ("redeemed", 0)
    order = happened("order.completed", order_id="o1", discount_minor=300, decision_id="d1")
    (told,) = wallets.follow(wallet, order)
    assert (told.stage, told.charge_minor, told.refund_minor) == ("adjusted", 0, 200)
    assert wallets.follow(wallet, order) == []


@pytest.mark.parametrize("kind", ["gift", "free_shipping"])
def test_a_gift_costs_its_charge_whatever_the_order_says(kind: Kind) -> None:
    wallet = held_one(coupon(kind=kind))
    (used,) = wallets.follow(
        wallet, happened("order.completed", decision_id="d1", discount_minor=0)
    )
    assert (used.stage, used.charge_minor, used.refund_minor) == ("redeemed", 500, 0)


def test_an_expired_coupon_returns_money_and_quota_once_but_keeps_the_cap() -> None:
    wallet = held_one()
    until_ms = NOW_MS + 7 * DAY_MS
    assert wallets.next_due_ms(wallet) == until_ms + GRACE_MS + 1
    assert wallets.expire(wallet, until_ms + GRACE_MS) == []
    (gone,) = wallets.expire(wallet, until_ms + GRACE_MS + 1)
    assert (gone.stage, gone.charge_minor, gone.refund_minor) == ("expired", 500, 500)
    assert (gone.quota_back, gone.ts_ms) == (True, until_ms)
    assert wallets.expire(wallet, until_ms + 2 * GRACE_MS) == []
    assert wallets.next_due_ms(wallet) is None
    assert wallets.blocked(wallet, coupon(), campaign(), until_ms, "app") == "per_user_limit"


def test_a_coupon_accepted_after_its_money_went_back_is_reported_once() -> None:
    wallet = held_one()
    wallets.expire(wallet, NOW_MS + 8 * DAY_MS)
    seen = happened("order.completed", decision_id="d1", discount_minor=0)
    assert wallets.follow(wallet, seen) == []
    late = happened("order.completed", decision_id="d1", discount_minor=300)
    (told,) = wallets.follow(wallet, late)
    assert (told.stage, told.charge_minor, told.refund_minor) == ("unfunded", 0, 0)
    assert told.discount_minor == 300
    assert wallets.follow(wallet, late) == []


def test_a_released_coupon_returns_money_quota_and_cap_once() -> None:
    wallet = held_one()
    release = happened("coupon.released", decision_id="d1")
    (gone,) = wallets.follow(wallet, release)
    assert (gone.stage, gone.refund_minor, gone.quota_back) == ("released", 500, True)
    assert wallets.follow(wallet, release) == []
    assert wallets.blocked(wallet, coupon(), campaign(per_user=1), NOW_MS + 2, "app") is None


def test_a_failed_payment_leaves_the_coupon_usable() -> None:
    wallet = held_one()
    (held,) = wallets.follow(wallet, happened("coupon.reserved", decision_id="d1"))
    assert held.stage == "reserved"
    failed = happened("coupon.released", decision_id="d1", reason="payment_failed")
    (back,) = wallets.follow(wallet, failed)
    assert (back.stage, back.refund_minor, back.quota_back) == ("unreserved", 0, False)
    assert wallets.follow(wallet, failed) == []
    (used,) = wallets.follow(wallet, happened("order.completed", decision_id="d1"))
    assert used.stage == "redeemed"


def test_every_payment_attempt_keeps_the_coupon_for_its_own_time() -> None:
    wallet = held_one(coupon(validity_ms=1))
    for minute in (0, 20, 40):
        event = happened("coupon.reserved", NOW_MS + minute * 60_000, decision_id="d1")
        wallets.follow(wallet, event)
    assert wallets.ends_ms(wallet["held"]["d1"]) == NOW_MS + 40 * 60_000 + RESERVE_MS


def test_a_reservation_outlasts_the_validity_but_not_for_ever() -> None:
    wallet = held_one()
    at_ms = NOW_MS + 7 * DAY_MS - 1
    wallets.follow(wallet, happened("coupon.reserved", at_ms, decision_id="d1"))
    assert wallets.expire(wallet, at_ms + RESERVE_MS + GRACE_MS) == []
    back, gone = wallets.expire(wallet, at_ms + RESERVE_MS + GRACE_MS + 1)
    assert (back.stage, gone.stage) == ("unreserved", "expired")
    assert gone.ts_ms == at_ms + RESERVE_MS


@pytest.mark.parametrize("undone", ["order.cancelled", "order.refunded"])
def test_a_cancelled_order_gives_money_quota_and_cap_back_once(undone: EventType) -> None:
    wallet = held_one()
    order: dict[str, Any] = {
        "decision_id": "d1",
        "order_id": "o1",
        "discount_minor": 300,
        "total_minor": 2_700,
    }
    wallets.follow(wallet, happened("order.completed", **order))
    assert wallets.blocked(wallet, coupon(), campaign(), NOW_MS + 2, "app") == "per_user_limit"
    cancelled = happened(undone, order_id="o1")
    (back,) = wallets.follow(wallet, cancelled)
    assert (back.stage, back.charge_minor, back.refund_minor) == ("returned", 0, 300)
    assert back.quota_back
    assert wallets.follow(wallet, cancelled) == []
    assert wallets.blocked(wallet, coupon(), campaign(per_user=1), NOW_MS + 2, "app") is None


def test_a_partial_refund_gives_its_part_back_and_a_foreign_order_nothing() -> None:
    wallet = held_one()
    order: dict[str, Any] = {
        "decision_id": "d1",
        "order_id": "o1",
        "discount_minor": 300,
        "total_minor": 2_700,
    }
    wallets.follow(wallet, happened("order.completed", **order))
    (part,) = wallets.follow(wallet, happened("order.refunded", order_id="o1", total_minor=900))
    assert (part.stage, part.refund_minor, part.quota_back) == ("reduced", 100, False)
    for code in (None, "ten"):
        foreign = happened("order.cancelled", order_id="o2", coupon_code=code)
        assert wallets.follow(wallet, foreign) == []
    whole = happened("order.refunded", order_id="o1", total_minor=2_700)
    whole = replace(whole, event_id="whole")
    (back,) = wallets.follow(wallet, whole)
    assert (back.stage, back.refund_minor) == ("returned", 200)


def test_a_cancelled_order_leaves_an_unused_coupon_with_its_customer() -> None:
    wallet = held_one(coupon(code="SPRING10"))
    assert wallets.follow(wallet, happened("order.cancelled", coupon_code="SPRING10")) == []
    assert list(wallet["held"]) == ["d1"]


def test_a_second_coupon_of_a_code_is_not_mixed_up_with_the_used_first() -> None:
    twice = coupon(code="SPRING10", per_user=2)
    wallet = held_one(twice)
    first = happened("coupon.redeemed", coupon_code="SPRING10", order_id="o1", discount_minor=300)
    wallets.follow(wallet, first)
    give(wallet, twice, "d2", NOW_MS + 5)
    again = happened("order.completed", coupon_code="SPRING10", order_id="o1", discount_minor=300)
    assert wallets.follow(wallet, again) == []
    assert list(wallet["held"]) == ["d2"]
    (back,) = wallets.follow(
        wallet, happened("order.cancelled", coupon_code="SPRING10", order_id="o1")
    )
    assert back.decision_id == "d1"


def test_stages_only_move_forward_and_are_told_once() -> None:
    wallet = held_one()
    told = []
    for event_type in ("clicked", "viewed", "clicked", "denied", "reserved", "reserved"):
        event = happened(f"coupon.{event_type}", decision_id="d1")  # type: ignore[arg-type]
        told += [one.stage for one in wallets.follow(wallet, event)]
    assert told == ["clicked", "denied", "reserved"]


def test_other_events_do_not_touch_the_wallet() -> None:
    wallet = held_one()
    before = json.dumps(wallet)
    assert wallets.follow(wallet, happened("product.viewed", decision_id="d1")) == []
    assert json.dumps(wallet) == before


def test_a_decision_issues_only_once() -> None:
    wallet = held_one()
    with pytest.raises(ValueError, match="decision_id must be new to the wallet, was d1"):
        give(wallet, coupon())


def test_only_one_of_many_redemptions_wins() -> None:
    wallet = held_one(coupon(code="SPRING10"))
    events = [
        happened("coupon.redeemed", NOW_MS + i, coupon_code="SPRING10", discount_minor=100)
        for i in range(64)
    ]
    told = [one.stage for event in events for one in wallets.follow(wallet, event)]
    assert told == ["redeemed"]


def test_c23_the_fullest_wallet_is_bounded() -> None:
    wallet = wallets.empty()
    for number in range(500):
        now_ms = NOW_MS + number * 3_600_000
        wallets.expire(wallet, now_ms)
        one = coupon(f"coupon-{number:04}", stacking=f"s{number}", code=f"CODE-{number:04}")
        if wallets.blocked(wallet, one, campaign(per_user=1_000), now_ms, "app") is None:
            give(wallet, one, f"decision-{number:017}", now_ms)
            if number % 2:
                order: dict[str, Any] = {
                    "decision_id": f"decision-{number:017}",
                    "order_id": f"o{number}",
                }
                wallets.follow(wallet, happened("order.completed", now_ms, **order))
    assert len(wallet["counts"]) <= COUNTED_MAX
    assert len(wallet["closed"]) == CLOSED_MAX
    assert len(json.dumps(wallet, separators=(",", ":"))) < 6_000


def test_c23_a_usual_wallet_is_small() -> None:
    wallet = wallets.empty()
    for number in range(2):
        give(wallet, coupon(f"coupon-{number}"), f"decision-{number:017}", NOW_MS + number)
        order: dict[str, Any] = {"decision_id": "decision-00000000000000000", "order_id": "order-1"}
        wallets.follow(wallet, happened("order.completed", **order))
    assert len(json.dumps(wallet, separators=(",", ":"))) < 800
