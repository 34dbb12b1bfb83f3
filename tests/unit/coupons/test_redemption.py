"""The shop's question at the till: one answer each, one winner, an exact amount or a reason."""

import json
from dataclasses import replace
from typing import Any

import pytest

from coupons import redemption
from coupons import wallet as wallets
from coupons.catalogue import Campaign, Coupon, Scope
from coupons.codes import CodeKey, code_of
from coupons.denials import REPLIED
from coupons.held import Wallet
from coupons.redemption import TRIES_MAX, TRIES_MS, Answer, Request
from coupons.reserving import RESERVE_MS
from features.basket import Basket
from features.events import Event, Item
from tests.unit.coupons.test_wallet import DAY_MS, NOW_MS, give, happened

KEY = CodeKey(key_id="A", secret=b"a secret")
CODE = code_of(KEY, "d1")


def ten(**fields: Any) -> Coupon:
    given: dict[str, Any] = {"coupon_id": "ten", "kind": "amount_off", "off_minor": 500, **fields}
    return Coupon(campaign_id="spring", **given)


def basket(price_minor: int | None = 5_000, **fields: Any) -> Basket:
    return Basket.of((Item(product_id="p1", price_minor=price_minor),), **fields)


def wallet_of(*coupons: Coupon, charge_minor: int = 500) -> Wallet:
    """Give a wallet with the decisions d1, d2 ... of these coupons, each with its code."""
    wallet = wallets.empty()
    for number, coupon in enumerate(coupons, 1):
        give(wallet, coupon, f"d{number}", NOW_MS, charge_minor=charge_minor)
        wallet["held"][f"d{number}"].setdefault("code", code_of(KEY, f"d{number}"))
    return wallet


def ask(wallet: Wallet, *coupons: Coupon, **fields: Any) -> Answer:
    """Ask about d1, unless a code is told, under a catalogue of these coupons."""
    asked: dict[str, Any] = {
        "request_id": f"r{fields.get('ts_ms', NOW_MS)}-{len(wallet.get('answers', []))}",
        "ts_ms": NOW_MS,
        "basket": basket(),
        "currency": "EUR",
        "decision_id": None if "code" in fields else "d1",
        **fields,
    }
    spring = Campaign(campaign_id="spring", budget_minor=1_000_000, coupons=coupons or (ten(),))
    return redemption.check(wallet, Request(**asked), {"spring": spring})[0]


def test_a_coupon_is_allowed_with_the_exact_discount_for_this_basket() -> None:
    answer = ask(wallet_of(ten()), basket=basket(5_000, shipping_minor=490))
    assert answer.get("refusal") is None
    assert (answer["discount_minor"], answer["total_minor"]) == (500, 4_990)
    assert answer["applied"] == [["d1", "ten", 500]]
    assert answer["until_ms"] == NOW_MS + 7 * DAY_MS


def test_more_than_was_promised_is_never_given_whatever_the_catalogue_says_now() -> None:
    fifth = ten(kind="percent_off", off_ratio=0.2, off_minor=0, max_discount_minor=9_000)
    for now in (fifth, ten(off_minor=900)):
        assert ask(wallet_of(now, charge_minor=600), now)["discount_minor"] == 600


def test_v26_two_coupons_of_an_order_are_applied_in_the_order_that_saves_most() -> None:
    tenth = ten(kind="percent_off", off_minor=0, off_ratio=0.1, max_discount_minor=9_000)
    fifth = replace(
        tenth, coupon_id="fifth", off_ratio=0.2, min_spend_minor=10_000, stacking="second"
    )
    wallet = wallet_of(tenth, fifth, charge_minor=9_000)
    cart = {"basket": basket(10_500), "order": "o1", "reserve": True}
    first = ask(wallet, tenth, fifth, **cart)
    assert first["discount_minor"] == 1_050
    # The other coupon alone saves more, both together most; the shop is told before it is paid.
    assert first["better"] == [["d2", "fifth", 2_100], ["d1", "ten", 840]]
    both = ask(wallet, tenth, fifth, decision_id="d2", **cart)
    assert both["applied"] == [["d2", "fifth", 2_100], ["d1", "ten", 840]]
    assert (both["discount_minor"], both["total_minor"]) == (2_940, 7_560)
    assert "better" not in both


def test_a_coupon_that_excludes_one_in_use_is_refused() -> None:
    other = ten(coupon_id="other", stacking="other")
    wallet = wallet_of(ten(), other)
    ask(wallet, ten(), other, order="o1", reserve=True)
    proud = replace(other, exclusive=True)
    refused = ask(wallet, ten(), proud, decision_id="d2", order="o1")
    assert refused["refusal"] == "stacking_conflict"
    assert "refusal" not in ask(wallet, ten(), proud, decision_id="d2", order="o2")


@pytest.mark.parametrize(
    ("coupon", "fields", "reason"),
    [
        (ten(min_spend_minor=6_000), {}, "min_spend_not_reached"),
        (
            ten(scope=Scope(of="category", names=frozenset({"toys"}))),
            {},
            "scope_not_relevant",
        ),
        (
            ten(kind="free_shipping", off_minor=0, max_discount_minor=500),
            {},
            "no_discount",
        ),
        (
            ten(kind="bundle", bundle_products=frozenset({"p1", "p2"})),
            {},
            "bundle_incomplete",
        ),
        (ten(venue="store"), {}, "wrong_venue"),
        (ten(), {"currency": "USD"}, "wrong_currency"),
        (ten(), {"basket": basket(None)}, "price_unknown"),
        (ten(), {"decision_id": "d9"}, "coupon_unknown"),
        (ten(), {"ts_ms": NOW_MS + 7 * DAY_MS + 1}, "coupon_expired"),
        (ten(), {"is_late": True}, "request_too_late"),
        (ten(), {"code": "SPRING10"}, "code_unknown"),
        (ten(), {"code": CODE[:-1] + ("2" if CODE[-1] != "2" else "3")}, "code_malformed"),
    ],
)
def test_a_refusal_has_a_reason_from_the_closed_list(
    coupon: Coupon, fields: dict[str, Any], reason: str
) -> None:
    answer = ask(wallet_of(coupon), coupon, **fields)
    assert answer["refusal"] == reason
    assert reason in REPLIED
    assert "discount_minor" not in answer


def test_what_is_missing_to_the_minimum_is_told() -> None:
    dear = ten(min_spend_minor=6_000)
    assert ask(wallet_of(dear), dear)["short_minor"] == 1_000


def test_a_coupon_that_left_the_catalogue_is_refused() -> None:
    assert ask(wallet_of(ten()), ten(coupon_id="other"))["refusal"] == "coupon_withdrawn"


@pytest.mark.parametrize(
    ("event_type", "reason"),
    [
        ("coupon.redeemed", "already_redeemed"),
        ("coupon.released", "coupon_released"),
        ("coupon.voided", "coupon_voided"),
    ],
)
def test_a_coupon_that_is_gone_is_refused_by_what_became_of_it(
    event_type: Any, reason: str
) -> None:
    wallet = wallet_of(ten())
    wallets.follow(wallet, happened(event_type, decision_id="d1"))
    assert ask(wallet)["refusal"] == reason
    assert ask(wallet, code=CODE)["refusal"] == reason


def test_a_code_finds_its_coupon_however_it_is_typed_and_nobody_elses() -> None:
    for typed in (CODE, CODE.lower(), CODE.replace("-", " ")):
        assert ask(wallet_of(ten()), code=typed)["decision_id"] == "d1"
    foreign = code_of(KEY, "a decision of somebody else")
    assert ask(wallet_of(ten()), code=foreign)["refusal"] == "code_unknown"
    assert ask(wallets.empty(), code=CODE)["refusal"] == "code_unknown"


def test_a_catalogue_s_code_is_found_too() -> None:
    shared = ten(code="SPRING10")
    assert ask(wallet_of(shared), shared, code="spring10")["decision_id"] == "d1"


def test_wrong_codes_are_limited_and_the_limit_ends_though_the_customer_goes_on() -> None:
    wallet = wallet_of(ten())
    for number in range(TRIES_MAX):
        tried = ask(wallet, code=f"GUESS{number}", ts_ms=NOW_MS + number)
        assert tried["refusal"] == "code_unknown"
    for minute in range(1, 15):
        blocked = ask(wallet, code=CODE, ts_ms=NOW_MS + minute * 60_000)
        assert blocked["refusal"] == "too_many_attempts"
        assert blocked["retry_ms"] == NOW_MS + TRIES_MS
    assert "refusal" not in ask(wallet, ts_ms=NOW_MS + 1), "a decision is no guess"
    assert "refusal" not in ask(wallet, code=CODE, ts_ms=NOW_MS + TRIES_MS)


def test_mistyped_codes_do_not_count_as_tries() -> None:
    wallet = wallet_of(ten())
    wrong = CODE[:-1] + ("2" if CODE[-1] != "2" else "3")
    for number in range(3 * TRIES_MAX):
        assert ask(wallet, code=wrong, ts_ms=NOW_MS + number)["refusal"] == "code_malformed"
    assert "refusal" not in ask(wallet, code=CODE)


def test_64_requests_for_one_coupon_have_exactly_one_winner() -> None:
    for order in ("o1", None):
        wallet = wallet_of(ten())
        answers = [
            ask(wallet, request_id=f"r{number}", order=order, reserve=True) for number in range(64)
        ]
        assert [one.get("refusal") for one in answers] == [None] + ["already_reserved"] * 63
        assert {one["retry_ms"] for one in answers[1:]} == {NOW_MS + RESERVE_MS}


def test_the_same_request_gets_the_same_answer_and_another_of_its_name_is_refused() -> None:
    wallet = wallet_of(ten())
    first = ask(wallet, request_id="r1", reserve=True)
    before = json.dumps(wallet)
    again = ask(wallet, request_id="r1", reserve=True, ts_ms=NOW_MS + 5 * DAY_MS)
    assert again == first
    other = ask(wallet, request_id="r1", reserve=True, basket=basket(9_000))
    assert other["refusal"] == "request_conflict"
    assert json.dumps(wallet) == before


def test_the_order_that_a_coupon_waits_for_may_be_priced_again_and_no_other() -> None:
    wallet = wallet_of(ten())
    ask(wallet, order="o1", reserve=True)
    assert "refusal" not in ask(wallet, order="o1", basket=basket(7_000))
    assert ask(wallet, order="o2")["refusal"] == "already_reserved"
    assert ask(wallet)["refusal"] == "already_reserved"


def test_a_reservation_comes_back_by_event_time_and_the_coupon_can_be_used_again() -> None:
    wallet = wallet_of(ten())
    wallets.follow(wallet, happened("coupon.viewed", decision_id="d1"))
    ask(wallet, order="o1", reserve=True)
    over_ms = NOW_MS + RESERVE_MS
    assert ask(wallet, order="o2", ts_ms=over_ms)["refusal"] == "already_reserved"
    assert "refusal" not in ask(wallet, order="o2", ts_ms=over_ms + 1)
    assert wallets.next_due_ms(wallet) == over_ms + wallets.GRACE_MS + 1
    (told,) = wallets.expire(wallet, over_ms + wallets.GRACE_MS + 1)
    assert (told.stage, told.ts_ms, told.refund_minor) == ("unreserved", over_ms, 0)
    assert wallet["held"]["d1"]["stage"] == "viewed"
    assert wallets.expire(wallet, over_ms + wallets.GRACE_MS + 1) == []


@pytest.mark.parametrize(
    "event",
    [
        happened("coupon.released", decision_id="d1", reason="payment_failed"),
        happened("order.cancelled", order_id="o1"),
    ],
)
def test_a_payment_that_failed_gives_the_coupon_back_at_once(event: Event) -> None:
    wallet = wallet_of(ten())
    ask(wallet, order="o1", reserve=True)
    assert [one.stage for one in wallets.follow(wallet, event)] == ["unreserved"]
    assert wallets.follow(wallet, event) == []
    assert "refusal" not in ask(wallet, order="o2", reserve=True)


def test_the_order_that_a_coupon_waited_for_uses_it_without_naming_it() -> None:
    wallet = wallet_of(ten())
    ask(wallet, order="o1", reserve=True)
    order = happened("order.completed", order_id="o1", discount_minor=500, total_minor=4_500)
    assert [one.stage for one in wallets.follow(wallet, order)] == ["redeemed"]
    assert "reserved" not in wallet["closed"]["d1"]


def test_a_gift_is_allowed_though_it_changes_no_price() -> None:
    mug = ten(kind="gift", off_minor=0, cost_minor=300)
    answer = ask(wallet_of(mug), mug)
    assert (answer["discount_minor"], answer["applied"]) == (0, [["d1", "ten", 0]])


def test_answers_and_tries_are_bounded_and_plain_json() -> None:
    wallet = wallet_of(ten())
    for number in range(200):
        ask(wallet, request_id="r" * 120 + str(number), code=f"GUESS{number}", ts_ms=NOW_MS)
        ask(wallet, request_id="q" * 120 + str(number), order="o1")
    assert json.loads(json.dumps(wallet)) == wallet
    assert len(json.dumps(wallet)) < 4_000
