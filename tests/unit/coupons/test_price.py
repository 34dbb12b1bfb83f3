"""V01 to V07 to the cent, and what no coupon may ever do to a basket."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coupons.catalogue import Coupon, Kind, Scope
from coupons.price import quote, share_minor, shop_cost_minor, worst_case_minor
from features.basket import Basket
from features.events import Item

CATEGORIES = ("grocery", "grocery/organic", "home")


def coupon(
    kind: Kind,
    *,
    off_minor: int = 0,
    off_ratio: float = 0.0,
    cost_minor: int = 0,
    min_spend_minor: int = 0,
    max_discount_minor: int | None = None,
    category: str | None = None,
    products: tuple[str, ...] = (),
) -> Coupon:
    scope = Scope(of="category", names=frozenset({category})) if category else Scope()
    return Coupon(
        coupon_id=kind,
        campaign_id="k",
        kind=kind,
        scope=scope,
        off_minor=off_minor,
        off_ratio=off_ratio,
        cost_minor=cost_minor,
        min_spend_minor=min_spend_minor,
        max_discount_minor=max_discount_minor,
        bundle_products=frozenset(products),
    )


def cart(*prices_minor: int, shipping_minor: int = 0) -> Basket:
    lines = tuple(Item(product_id=f"p{at}", price_minor=p) for at, p in enumerate(prices_minor))
    return Basket.of(lines, shipping_minor)


def test_v01_spend_1000_save_100() -> None:
    offer = coupon("amount_off", off_minor=100_00, min_spend_minor=1000_00)
    short = quote(offer, cart(999_99))
    assert (short.refused, short.total_minor) == ("min_spend_not_reached", 999_99)
    reached = quote(offer, cart(1000_00))
    assert (reached.refused, reached.total_minor) == (None, 900_00)


def test_v01_shipping_does_not_help_to_reach_the_minimum() -> None:
    offer = coupon("amount_off", off_minor=100_00, min_spend_minor=1000_00)
    assert quote(offer, cart(999_99, shipping_minor=5_00)).discount_minor == 0


def test_v02_spend_200_save_30() -> None:
    offer = coupon("amount_off", off_minor=30_00, min_spend_minor=200_00)
    assert quote(offer, cart(200_00)).total_minor == 170_00


def test_v03_a_coupon_of_20_on_an_order_of_15_pays_0_and_never_minus_5() -> None:
    priced = quote(coupon("amount_off", off_minor=20_00), cart(15_00))
    assert (priced.total_minor, priced.discount_minor) == (0, 15_00)


def test_v03_an_amount_off_goods_leaves_shipping_to_pay() -> None:
    priced = quote(coupon("amount_off", off_minor=20_00), cart(15_00, shipping_minor=4_00))
    assert (priced.goods_minor, priced.shipping_minor, priced.total_minor) == (0, 4_00, 4_00)


@pytest.mark.parametrize(("off_ratio", "to_pay_minor"), [(0.2, 80_00), (0.1, 90_00)])
def test_v04_8_zhe_takes_20_percent_off_and_9_zhe_10(off_ratio: float, to_pay_minor: int) -> None:
    assert (
        quote(coupon("percent_off", off_ratio=off_ratio), cart(100_00)).total_minor == to_pay_minor
    )


@pytest.mark.parametrize(
    ("prices_minor", "to_pay_minor"),
    [((100, 100), 150), ((100, 60), 130), ((100, 100, 100), 250), ((60, 100, 40, 80), 220)],
)
def test_v05_second_item_half_price(prices_minor: tuple[int, ...], to_pay_minor: int) -> None:
    basket = cart(*(price * 100 for price in prices_minor))
    assert quote(coupon("second_half_price"), basket).total_minor == to_pay_minor * 100


def test_v05_pieces_of_one_line_pair_like_lines_of_their_own() -> None:
    three = Basket.of((Item(product_id="p", price_minor=100_00, quantity=3),))
    assert quote(coupon("second_half_price"), three).total_minor == 250_00


def test_v05_a_single_piece_has_no_second() -> None:
    assert quote(coupon("second_half_price"), cart(100_00)).refused == "no_discount"


def test_v05_only_goods_in_scope_form_pairs() -> None:
    lines = (
        Item(product_id="a", price_minor=100, category="grocery"),
        Item(product_id="b", price_minor=100, category="home"),
    )
    offer = coupon("second_half_price", category="grocery")
    assert quote(offer, Basket.of(lines)).discount_minor == 0


def test_v07_free_delivery_changes_the_shipping_line_only() -> None:
    priced = quote(coupon("free_shipping"), cart(40_00, shipping_minor=4_90))
    assert (priced.goods_minor, priced.shipping_minor) == (40_00, 0)
    assert priced.discount_minor == 4_90


def test_free_delivery_is_capped() -> None:
    priced = quote(coupon("free_shipping", max_discount_minor=3_00), cart(1, shipping_minor=4_90))
    assert priced.shipping_minor == 1_90


def test_a_percentage_is_capped_and_rounded_half_up_once() -> None:
    assert quote(coupon("percent_off", off_ratio=0.1), cart(5, 10, 10)).discount_minor == 3
    capped = coupon("percent_off", off_ratio=0.5, max_discount_minor=10)
    assert quote(capped, cart(100)).discount_minor == 10
    assert share_minor(105_00, 0.2) == 21_00


def test_a_category_covers_what_lies_below_it_and_nothing_beside_it() -> None:
    lines = (
        Item(product_id="a", price_minor=1_000, category="grocery/organic"),
        Item(product_id="b", price_minor=2_000, category="groceries"),
        Item(product_id="c", price_minor=4_000),
    )
    offer = coupon("percent_off", off_ratio=0.1, category="grocery")
    assert quote(offer, Basket.of(lines)).discount_minor == 100


def test_brand_and_product_scopes_count_their_own_goods() -> None:
    lines = (
        Item(product_id="a", price_minor=1_000, brand="acme"),
        Item(product_id="b", price_minor=2_000, brand="other"),
    )
    offer = coupon("percent_off", off_ratio=0.1)
    acme = replace(offer, scope=Scope(of="brand", names=frozenset({"acme"})))
    b_only = replace(offer, scope=Scope(of="product", names=frozenset({"b"})))
    assert quote(acme, Basket.of(lines)).discount_minor == 100
    assert quote(b_only, Basket.of(lines)).discount_minor == 200


def test_a_cart_without_goods_in_scope_is_refused_with_its_reason() -> None:
    offer = coupon("percent_off", off_ratio=0.1, category="home")
    assert quote(offer, cart(1_000)).refused == "scope_not_relevant"


def test_a_gift_costs_the_shop_and_changes_no_price() -> None:
    mug = coupon("gift", cost_minor=3_00, min_spend_minor=20_00)
    priced = quote(mug, cart(20_00))
    assert (priced.total_minor, priced.refused, shop_cost_minor(mug, priced)) == (20_00, None, 3_00)
    assert shop_cost_minor(mug, quote(mug, cart(19_99))) == 0


def test_a_bundle_needs_all_its_products_and_is_never_dearer_than_they_are() -> None:
    offer = coupon("bundle", off_minor=15_00, products=("p0", "p1"))
    assert quote(offer, cart(20_00)).refused == "bundle_incomplete"
    assert quote(offer, cart(20_00, 10_00, 7_00)).total_minor == 22_00
    assert quote(offer, cart(5_00, 4_00, 7_00)).total_minor == 7_00


def test_a_guessed_basket_is_priced_by_its_total() -> None:
    guess = Basket(goods_minor=100_00, shipping_minor=5_00)
    half = quote(coupon("second_half_price"), guess)
    assert half.discount_minor == 25_00
    assert (
        quote(coupon("percent_off", off_ratio=0.1, category="home"), guess).discount_minor == 10_00
    )
    assert (
        quote(coupon("bundle", off_minor=3_00, products=("a", "b")), guess).discount_minor == 3_00
    )
    assert quote(coupon("free_shipping"), guess).total_minor == 100_00


def test_an_unknown_price_is_left_out_and_never_fails() -> None:
    basket = Basket.of((Item(product_id="a"), Item(product_id="b", price_minor=100)))
    assert quote(coupon("percent_off", off_ratio=0.5), basket).total_minor == 50
    assert quote(coupon("second_half_price"), basket).discount_minor == 0


@pytest.mark.parametrize("kind", ["percent_off", "second_half_price", "free_shipping"])
def test_a_coupon_without_a_cap_has_no_worst_case(kind: Kind) -> None:
    with pytest.raises(ValueError, match=r"max_discount_minor of .* must be set, was None"):
        worst_case_minor(coupon(kind))


money = st.integers(min_value=0, max_value=100_000)
items = st.builds(
    Item,
    product_id=st.sampled_from(["a", "b", "c"]),
    price_minor=st.none() | money,
    quantity=st.integers(min_value=1, max_value=4),
    category=st.none() | st.sampled_from(CATEGORIES),
)
baskets = st.builds(Basket.of, st.lists(items, max_size=6).map(tuple), money) | st.builds(
    Basket, goods_minor=money, shipping_minor=money
)
coupons = st.builds(
    coupon,
    st.sampled_from(
        ["amount_off", "percent_off", "free_shipping", "gift", "second_half_price", "bundle"]
    ),
    off_minor=money,
    off_ratio=st.integers(min_value=0, max_value=10_000).map(lambda steps: steps / 10_000),
    cost_minor=money,
    min_spend_minor=money,
    max_discount_minor=money,
    category=st.none() | st.sampled_from(CATEGORIES),
    products=st.sampled_from([("a", "b"), ("a", "b", "c")]),
)


@given(coupons, baskets)
def test_no_coupon_makes_a_total_negative_or_dearer_or_dearer_than_its_worst_case(
    offer: Coupon, basket: Basket
) -> None:
    priced = quote(offer, basket)
    assert 0 <= priced.goods_minor <= basket.goods_minor
    assert 0 <= priced.shipping_minor <= basket.shipping_minor
    assert priced.total_minor == priced.goods_minor + priced.shipping_minor
    before_minor = basket.goods_minor + basket.shipping_minor
    assert priced.discount_minor == before_minor - priced.total_minor
    assert 0 <= shop_cost_minor(offer, priced) <= worst_case_minor(offer)
    assert priced.refused is None or priced.discount_minor == 0


@given(coupons, baskets, st.integers(min_value=0, max_value=1_000))
def test_a_deeper_percentage_never_saves_less(offer: Coupon, basket: Basket, more: int) -> None:
    shallow = replace(offer, kind="percent_off", off_ratio=min(offer.off_ratio, 0.9))
    deeper = replace(shallow, off_ratio=shallow.off_ratio + more / 10_000)
    assert quote(deeper, basket).discount_minor >= quote(shallow, basket).discount_minor
