"""V02 and V26: what two coupons on one cart come to, and that their order is a declared thing."""

from dataclasses import replace
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coupons.catalogue import Coupon, Kind, Scope
from coupons.stacking import MAX_STACK, best_order, conflict, stack
from features.basket import Basket
from features.events import Item

TEN_PERCENT = Coupon(
    coupon_id="all-day-10",
    campaign_id="k",
    kind="percent_off",
    off_ratio=0.1,
    max_discount_minor=50_00,
    stacking="day",
)
TWENTY_PERCENT = Coupon(
    coupon_id="over-100-20",
    campaign_id="k",
    kind="percent_off",
    off_ratio=0.2,
    max_discount_minor=50_00,
    min_spend_minor=100_00,
    stacking="spend",
)
SAVE_30 = Coupon(
    coupon_id="spend-200-save-30",
    campaign_id="k",
    kind="amount_off",
    off_minor=30_00,
    min_spend_minor=200_00,
)
SHIPPING = Coupon(
    coupon_id="ship",
    campaign_id="k",
    kind="free_shipping",
    max_discount_minor=6_00,
    stacking="ship",
)
CART_105 = Basket.of((Item(product_id="a", price_minor=105_00),))
CART_400 = Basket.of((Item(product_id="a", price_minor=400_00),), shipping_minor=5_00)


def test_v26_10_percent_first_loses_the_20_percent_that_needs_100() -> None:
    priced = stack([TEN_PERCENT, TWENTY_PERCENT], CART_105)
    assert priced.total_minor == 94_50
    assert [(one.coupon_id, one.reason) for one in priced.refused] == [
        ("over-100-20", "min_spend_not_reached")
    ]


def test_v26_20_percent_first_leaves_84_and_then_75_60() -> None:
    assert stack([TWENTY_PERCENT], CART_105).total_minor == 84_00
    assert stack([TWENTY_PERCENT, TEN_PERCENT], CART_105).total_minor == 75_60


def test_v26_best_order_finds_the_lowest_total_however_the_coupons_are_handed_in() -> None:
    for handed_in in permutations([TEN_PERCENT, TWENTY_PERCENT]):
        assert best_order(handed_in, CART_105) == (TWENTY_PERCENT, TEN_PERCENT)


def test_v02_two_of_the_same_coupon_on_400_count_once() -> None:
    priced = stack([SAVE_30, SAVE_30], CART_400)
    assert priced.goods_minor == 370_00
    assert [one.reason for one in priced.refused] == ["stacking_conflict"]


def test_v02_two_stacking_categories_count_twice_while_the_running_total_allows() -> None:
    other = replace(SAVE_30, coupon_id="second", stacking="second")
    assert stack([SAVE_30, other], CART_400).goods_minor == 340_00
    cart_220 = Basket.of((Item(product_id="a", price_minor=220_00),))
    assert stack([SAVE_30, other], cart_220).goods_minor == 190_00


def test_an_exclusive_coupon_goes_with_no_other() -> None:
    alone = replace(SHIPPING, exclusive=True)
    assert conflict(alone, SAVE_30)
    assert conflict(SAVE_30, alone)
    assert not conflict(SHIPPING, SAVE_30)
    assert stack([alone, SAVE_30], CART_400).total_minor == 400_00


def test_best_order_leaves_out_what_would_be_refused() -> None:
    assert best_order([SAVE_30, SHIPPING, TWENTY_PERCENT], CART_105) == (TWENTY_PERCENT,)
    assert best_order([], CART_105) == ()


def test_a_gift_is_taken_along_although_it_changes_no_price() -> None:
    gift = Coupon(coupon_id="bag", campaign_id="k", kind="gift", cost_minor=100, stacking="gift")
    assert set(best_order([SAVE_30, gift], CART_400)) == {SAVE_30, gift}


def test_too_many_coupons_are_refused_by_number() -> None:
    many = [replace(SAVE_30, coupon_id=str(at)) for at in range(MAX_STACK + 1)]
    with pytest.raises(ValueError, match="coupons must be at most 5, was 6"):
        best_order(many, CART_400)


def test_a_later_coupon_counts_what_the_earlier_left_of_its_goods() -> None:
    lines = (
        Item(product_id="a", price_minor=100_00, category="home"),
        Item(product_id="b", price_minor=300_00, category="grocery"),
    )
    home = replace(TEN_PERCENT, scope=Scope(of="category", names=frozenset({"home"})))
    # 40 off 400 takes 10 off the home line, so 10 % of it is 9 and not 10.
    first = Coupon(
        coupon_id="first", campaign_id="k", kind="amount_off", off_minor=40_00, stacking="first"
    )
    assert stack([first, home], Basket.of(lines)).applied[1].discount_minor == 9_00


kinds: tuple[Kind, ...] = (
    "amount_off",
    "percent_off",
    "free_shipping",
    "second_half_price",
    "bundle",
)
money = st.integers(min_value=0, max_value=9_999)
baskets = st.builds(
    Basket.of,
    st.lists(
        st.builds(
            Item,
            product_id=st.sampled_from(["a", "b"]),
            price_minor=st.none() | money,
            quantity=st.integers(min_value=1, max_value=5),
            category=st.sampled_from(["home", "grocery"]),
        ),
        max_size=4,
    ).map(tuple),
    money,
)
offers = st.builds(
    Coupon,
    coupon_id=st.uuids().map(str),
    campaign_id=st.just("k"),
    kind=st.sampled_from(kinds),
    scope=st.sampled_from([Scope(), Scope(of="category", names=frozenset({"home"}))]),
    off_minor=money,
    off_ratio=st.sampled_from([0.05, 0.333, 0.5]),
    min_spend_minor=money,
    max_discount_minor=money,
    bundle_products=st.just(frozenset({"a", "b"})),
    stacking=st.sampled_from(["one", "two", "three"]),
)


@given(st.lists(offers, max_size=3), baskets)
def test_a_stack_never_pays_out_and_its_parts_add_up(used: list[Coupon], basket: Basket) -> None:
    priced = stack(used, basket)
    before_minor = basket.goods_minor + basket.shipping_minor
    assert priced.goods_minor >= 0
    assert priced.shipping_minor >= 0
    assert priced.total_minor == before_minor - sum(one.discount_minor for one in priced.applied)
    assert len(priced.applied) + len(priced.refused) == len(used)


@given(st.lists(offers, max_size=3), baskets)
def test_no_order_beats_the_best_order(used: list[Coupon], basket: Basket) -> None:
    best = best_order(used, basket)
    lowest_minor = min(stack(order, basket).total_minor for order in permutations(used))
    assert stack(best, basket).total_minor == lowest_minor
    assert not stack(best, basket).refused
    assert best == best_order(used[::-1], basket)
