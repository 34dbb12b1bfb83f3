"""A customer's own maximum: between what a discount will probably be and the catalogue's (C50)."""

from hypothesis import given
from hypothesis import strategies as st

from coupons.catalogue import Coupon
from coupons.price import quote, shop_cost_minor, worst_case_minor
from coupons.promises import GROWING, promise_minor, promised
from features.basket import Basket
from features.events import Item

TEN = Coupon(
    coupon_id="ten", campaign_id="k", kind="percent_off", off_ratio=0.1, max_discount_minor=15_00
)
FIVE = Coupon(coupon_id="five", campaign_id="k", kind="amount_off", off_minor=5_00)


@given(
    worst_minor=st.integers(1, 10_000_00),
    expected_minor=st.integers(1, 10_000_00),
    ratio=st.floats(1.0, 10.0),
)
def test_c50_a_promise_covers_what_is_expected_and_never_passes_the_worst_case(
    worst_minor: int, expected_minor: int, ratio: float
) -> None:
    most_minor = promise_minor(worst_minor, expected_minor, ratio)
    assert min(worst_minor, expected_minor) <= most_minor <= worst_minor
    assert most_minor <= expected_minor * ratio * 1.1 + 1
    assert promise_minor(worst_minor, expected_minor + 1, ratio) >= most_minor


def test_a_promise_is_a_round_amount() -> None:
    assert [promise_minor(9_999_99, n, 2.0) for n in (7, 312, 4_444, 45_678)] == [
        *(14, 630, 8_900, 92_000),
    ]


def test_without_a_ratio_everybody_is_promised_the_catalogues_maximum() -> None:
    assert promise_minor(15_00, 40, 0.0) == 15_00


@given(
    price_minor=st.integers(1, 500_00),
    quantity=st.integers(1, 9),
    shipping_minor=st.integers(0, 20_00),
    most_minor=st.integers(1, 15_00),
    kind=st.sampled_from(sorted(GROWING)),
)
def test_c50_no_basket_makes_a_promised_coupon_cost_more_than_its_promise(
    price_minor: int, quantity: int, shipping_minor: int, most_minor: int, kind: str
) -> None:
    coupon = Coupon(
        coupon_id="c",
        campaign_id="k",
        kind=kind,  # type: ignore[arg-type]
        off_ratio=0.5,
        max_discount_minor=15_00,
    )
    own = promised(coupon, most_minor)
    items = (Item(product_id="p", price_minor=price_minor, quantity=quantity),)
    told = quote(own, Basket.of(items, shipping_minor))
    assert shop_cost_minor(own, told) <= worst_case_minor(own) == most_minor
    assert told.discount_minor <= quote(coupon, Basket.of(items, shipping_minor)).discount_minor


def test_a_coupon_that_costs_the_same_for_everybody_has_no_maximum_of_ones_own() -> None:
    assert promised(FIVE, 3_00) is FIVE
    assert promised(TEN, 15_00) is TEN
