"""What may follow what in a coupon's life, and that everything else is refused by a code."""

import re
from dataclasses import replace
from itertools import product
from typing import Any

import pytest

from coupons import wallet as wallets
from coupons.denials import DENIALS, REPLIED
from coupons.held import Wallet
from coupons.lifecycle import HELD, REFUSED_IN, STATES, STEPS, Stage, State, allows
from coupons.refusing import refusal_of
from coupons.transitions import IllegalStepError, take
from features.events import EventType
from tests.unit.coupons.test_wallet import DAY_MS, NOW_MS, coupon, give, happened, held_one

ORDER: dict[str, Any] = {"order_id": "o1", "discount_minor": 300, "total_minor": 2_700}


def brought_to(state: State) -> Wallet:
    """Give a wallet whose d1 is in a state."""
    wallet = held_one()
    used = happened("order.completed", decision_id="d1", **ORDER)
    match state:
        case "issued":
            pass
        case "expired" | "unfunded":
            wallets.expire(wallet, NOW_MS + 8 * DAY_MS)
            if state == "unfunded":
                wallets.follow(wallet, used)
        case "redeemed" | "returned":
            wallets.follow(wallet, used)
            if state == "returned":
                wallets.follow(wallet, happened("order.cancelled", order_id="o1"))
        case _:
            wallets.follow(wallet, happened(f"coupon.{state}", decision_id="d1", order_id="o1"))  # type: ignore[arg-type]
    one = {**wallet["held"], **wallet["closed"]}["d1"]
    assert one["stage"] == state
    return wallet


def state_of(wallet: Wallet) -> State:
    held = wallet["held"].get("d1")
    return wallet["closed"]["d1"]["stage"] if held is None else held["stage"]


ASKS: dict[EventType, Stage] = {
    "coupon.viewed": "viewed",
    "coupon.clicked": "clicked",
    "coupon.denied": "denied",
    "coupon.reserved": "reserved",
    "coupon.redeemed": "redeemed",
    "coupon.released": "released",
    "coupon.voided": "voided",
}


@pytest.mark.parametrize(("state", "event_type"), list(product(STATES, ASKS)))
def test_every_event_in_every_state_takes_an_allowed_step_or_is_refused_by_a_code(
    state: State, event_type: EventType
) -> None:
    wallet = brought_to(state)
    told = wallets.follow(wallet, happened(event_type, decision_id="d1", order_id="o2"))
    for one in told:
        assert allows(state, one.stage)
        assert state_of(wallet) == (STEPS[one.stage].after or state)
    if not told:
        assert state_of(wallet) == state
        renews = state == "reserved" and event_type == "coupon.reserved"
        event = happened(event_type, decision_id="d1", order_id="o2")
        code = refusal_of(wallet, event)
        assert code in DENIALS or renews
    asked = ASKS[event_type]
    assert bool(told) == (
        (allows(state, asked) and not (state == asked == "reserved"))
        or (asked == "redeemed" and allows(state, "unfunded"))
    )


def test_the_table_is_closed_every_held_state_ends_and_every_closed_one_has_its_refusal() -> None:
    for state in HELD:
        ends = {step.after for stage, step in STEPS.items() if state in step.before}
        assert {"redeemed", "released", "expired", "voided"} <= ends
    assert set(REFUSED_IN) == set(STATES) - HELD
    assert set(REFUSED_IN.values()) <= set(REPLIED)
    for en, zh in DENIALS.values():
        assert en.endswith(".")
        assert re.search("[\u4e00-\u9fff].*。$", zh)


def test_a_step_that_may_not_follow_is_never_taken() -> None:
    wallet = brought_to("redeemed")
    with pytest.raises(IllegalStepError, match=r"expired must follow .*, was redeemed"):
        take(wallet["closed"]["d1"], "d1", "expired", NOW_MS)


def test_a_second_order_with_a_used_coupon_is_a_double_use_and_moves_nothing() -> None:
    wallet = brought_to("redeemed")
    again = happened("order.completed", decision_id="d1", order_id="o2", discount_minor=300)
    assert wallets.follow(wallet, again) == []
    assert refusal_of(wallet, again) == "already_redeemed"
    same = happened("coupon.redeemed", decision_id="d1", order_id="o1", discount_minor=300)
    assert (wallets.follow(wallet, same), refusal_of(wallet, same)) == ([], None)
    foreign = happened("order.cancelled", decision_id="d1", order_id="o2")
    assert (wallets.follow(wallet, foreign), refusal_of(wallet, foreign)) == ([], "other_order")


def test_a_voided_coupon_returns_money_and_quota_once_but_keeps_the_cap() -> None:
    wallet = held_one()
    void = happened("coupon.voided", decision_id="d1")
    (gone,) = wallets.follow(wallet, void)
    assert (gone.stage, gone.refund_minor, gone.quota_back) == ("voided", 500, True)
    assert (wallets.follow(wallet, void), refusal_of(wallet, void)) == ([], "coupon_voided")
    assert wallet["counts"]["ten"][0] == 1


def test_parts_of_an_order_bring_their_part_back_once_and_the_last_one_all_the_rest() -> None:
    wallet = brought_to("redeemed")
    back = []
    for name, part_minor in (("a", 900), ("a", 900), ("b", 901), ("c", 899), ("c", 899)):
        part = happened("order.refunded", order_id="o1", total_minor=part_minor)
        told = wallets.follow(wallet, replace(part, event_id=name))
        back += [(one.stage, one.refund_minor, one.quota_back) for one in told]
    # 300 off 2,700 paid: a third, a little more, and with the rest the coupon's place as well
    assert back == [("reduced", 100, False), ("reduced", 100, False), ("returned", 100, True)]
    assert wallet["counts"] == {}


def test_a_discount_told_after_a_part_was_refunded_counts_for_what_is_left() -> None:
    wallet = held_one()
    wallets.follow(
        wallet, happened("order.completed", decision_id="d1", order_id="o1", total_minor=1_000)
    )
    half = happened("order.refunded", order_id="o1", total_minor=500)
    assert wallets.follow(wallet, half)[0].refund_minor == 250
    known = happened("coupon.redeemed", decision_id="d1", order_id="o1", discount_minor=300)
    (adjusted,) = wallets.follow(wallet, known)
    assert (adjusted.refund_minor, wallet["closed"]["d1"]["spent_minor"]) == (100, 150)


def test_a_gift_is_not_taken_back_in_parts() -> None:
    wallet = held_one(coupon(kind="gift"))
    wallets.follow(wallet, happened("order.completed", decision_id="d1", **ORDER))
    half = happened("order.refunded", order_id="o1", total_minor=1_350)
    assert [one.refund_minor for one in wallets.follow(wallet, half)] == [0]


def test_an_order_cancelled_before_it_is_told_gives_all_back_when_it_comes() -> None:
    wallet = held_one()
    assert wallets.follow(wallet, happened("order.cancelled", order_id="o1")) == []
    order = happened("order.completed", decision_id="d1", **ORDER)
    told = wallets.follow(wallet, order)
    assert [(one.stage, one.refund_minor) for one in told] == [("redeemed", 200), ("returned", 300)]
    assert wallets.follow(wallet, order) == []
    for number in range(50):
        give(wallet, coupon(f"c{number}", stacking=f"s{number}"), f"x{number}")
        wallets.follow(wallet, happened("order.cancelled", order_id=f"n{number}"))
        wallets.expire(wallet, NOW_MS + 8 * DAY_MS)
    assert len(wallet["undone"]) == 4


def test_what_is_not_ours_is_unknown_and_what_asks_nothing_is_not_refused() -> None:
    wallet = held_one()
    assert refusal_of(wallet, happened("coupon.viewed", decision_id="d9")) == "coupon_unknown"
    assert refusal_of(wallet, happened("order.completed", coupon_code="NEWS")) is None
    assert refusal_of(wallet, happened("product.viewed")) is None
    late = happened("coupon.reserved", NOW_MS + 8 * DAY_MS, decision_id="d1")
    assert (wallets.follow(wallet, late), refusal_of(wallet, late)) == ([], "coupon_expired")
