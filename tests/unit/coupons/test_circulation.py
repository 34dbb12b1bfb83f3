"""Issued = used + gone + open: what is lost on the way is told."""

from coupons import wallet as wallets
from coupons.circulation import Circulation, expected_use_ratio, held_by
from tests.unit.coupons.test_wallet import DAY_MS, NOW_MS, happened, held_one


def given() -> tuple[Circulation, wallets.Wallet]:
    wallet, circulation = held_one(), Circulation()
    circulation.give(held_by(wallet)[0])
    circulation.move([], held_by(wallet))
    return circulation, wallet


def test_c50_a_coupon_that_is_used_and_undone_moves_between_states_and_is_never_missing() -> None:
    circulation, wallet = given()
    (name,) = held_by(wallet)
    used = happened("order.completed", decision_id="d1", order_id="o1", total_minor=2_700)
    circulation.follow(wallets.follow(wallet, used))
    assert circulation.off_count(name) == -1, "its wallet's side is not told yet"
    circulation.move([name], held_by(wallet))
    assert (circulation.off_count(name), circulation.open_count(name)) == (0, 0)
    assert circulation.used_count(name) == 1
    for _ in range(2):
        circulation.follow(wallets.follow(wallet, happened("order.cancelled", order_id="o1")))
        assert (circulation.off_count(name), circulation.used_count(name)) == (0, 0)
        assert circulation.ended_count(name) == 1


def test_c50_an_end_that_nobody_told_is_a_missing_coupon() -> None:
    circulation, wallet = given()
    (name,) = held_by(wallet)
    wallets.expire(wallet, NOW_MS + 8 * DAY_MS)
    circulation.move([name], held_by(wallet))
    assert circulation.off_count(name) == 1


def test_c50_a_coupon_in_a_wallet_that_no_decision_gave_is_one_too_many() -> None:
    circulation, wallet = Circulation(), held_one()
    circulation.move([], held_by(wallet))
    assert circulation.off_count(held_by(wallet)[0]) == -1


def test_open_coupons_are_expected_to_be_used_as_often_as_those_that_ended() -> None:
    assert expected_use_ratio(0, 0) == 1.0
    assert expected_use_ratio(3, 12) == 0.25


def test_asking_about_a_campaign_leaves_no_trace() -> None:
    circulation = Circulation()
    asked = circulation.open_count, circulation.used_count, circulation.ended_count
    assert [ask("spring") for ask in (*asked, circulation.off_count)] == [0, 0, 0, 0]
    assert circulation.dump() == {}
