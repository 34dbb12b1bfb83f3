from features import cart as carts
from features.basket import Basket
from features.events import Event
from features.imputation import Imputer, observe_event
from features.profile import Profile
from features.reading import read
from features.vector import expected_basket
from tests.unit.features.stories import (
    DAY,
    HOUR,
    MINUTE,
    SECOND,
    START,
    event,
    features_of,
    item,
    profile_of,
)


def quantities(*events: object) -> dict[str, int]:
    profile = profile_of(events)  # type: ignore[arg-type]
    now_ms = profile["newest_ms"][0]
    return {name: line[0] for name, line in carts.lines_at(profile["cart"], now_ms).items()}


ADD_A = event("cart.added", START, item("a", 500))
ADD_B = event("cart.added", START + MINUTE, item("b", 700, quantity=2))
REMOVE_B = event("cart.removed", START + 2 * MINUTE, item("b"))
ORDER_A = event("order.completed", START + 3 * MINUTE, item("a"))
MUCH_LATER = event("product.viewed", START + HOUR, item("z"))


def test_adding_removing_and_buying_in_any_order() -> None:
    for told in (
        (ADD_A, ADD_B, REMOVE_B, ORDER_A),
        (ORDER_A, REMOVE_B, ADD_B, ADD_A),
        (REMOVE_B, ADD_A, ORDER_A, ADD_B),
    ):
        assert quantities(*told) == {"b": 1}
        assert quantities(*told, MUCH_LATER) == {"b": 1}


def test_what_is_added_after_the_order_stays() -> None:
    again = event("cart.added", START + 4 * MINUTE, item("a", 500))
    assert quantities(ADD_A, again, ORDER_A) == {"a": 1}
    assert quantities(ADD_A, ORDER_A, again) == {"a": 1}


def test_an_order_without_lines_or_with_many_empties_the_cart() -> None:
    assert quantities(ADD_A, ADD_B, event("order.completed", START + HOUR)) == {}
    many = [item(f"p{n}") for n in range(17)]
    assert quantities(ADD_A, event("order.completed", START + HOUR, *many)) == {}


def test_a_late_order_takes_only_what_lay_there_then() -> None:
    late = event("order.completed", START + MINUTE, item("a"))
    later = event("cart.added", START + HOUR, item("a"))
    assert quantities(ADD_A, MUCH_LATER, late) == {}
    assert quantities(ADD_A, later, MUCH_LATER, late) == {"a": 1}
    much_later = event("product.viewed", START + 2 * HOUR)
    assert quantities(ADD_A, later, much_later, late) == {"a": 2}


def test_removing_more_than_there_is_leaves_nothing_owed() -> None:
    assert quantities(REMOVE_B, ADD_A, MUCH_LATER) == {"a": 1}
    assert (
        quantities(event("cart.removed", START, item("a", quantity=5)), ORDER_A, MUCH_LATER) == {}
    )


def test_a_line_is_forgotten_after_thirty_days_untouched() -> None:
    assert quantities(ADD_A, event("product.viewed", START + 30 * DAY)) == {"a": 1}
    assert quantities(ADD_A, event("product.viewed", START + 30 * DAY + 1)) == {}
    gone = profile_of([ADD_A, event("product.viewed", START + 32 * DAY)])
    assert gone["cart"]["lines"] == {}


def test_the_last_known_price_stands_where_an_event_tells_none() -> None:
    more = event("cart.added", START + MINUTE, item("a", None))
    lines = carts.lines_at(profile_of([ADD_A, more])["cart"], START + MINUTE)
    assert lines["a"][:2] == [2, 500]


def test_c14_cart_features_tell_value_size_variety_and_age() -> None:
    x = features_of([ADD_A, ADD_B, event("product.viewed", START + HOUR, item("z"))])
    assert x["cart_value_now"] == 1.51  # ln(1 + 500 + 2 * 700) / 5
    assert x["cart_quantity_now"] == 0.6931  # ln(1 + 3) / 2
    assert x["cart_product_distinct_now"] == 0.5493  # ln(1 + 2) / 2
    assert x["cart_age_now"] == 2.0472  # ln(1 + 3600) / 4
    assert x["remove_count_7d"] == 0.0


def guessed(profile: Profile, at: Event, imputer: Imputer) -> Basket:
    return expected_basket(read(profile, at, imputer))


def test_the_expected_basket_is_the_cart_if_it_has_prices() -> None:
    profile = profile_of([ADD_A, ADD_B])
    basket = guessed(profile, ADD_B, Imputer())
    assert basket.known
    assert basket.goods_minor == 1_900
    assert [line.product_id for line in basket.items] == ["a", "b"]


def test_the_expected_basket_of_a_checkout_is_what_it_tells() -> None:
    told = event("checkout.started", START + HOUR, item("q", 400, 3), shipping_minor=99)
    assert guessed(profile_of([ADD_A, told]), told, Imputer()) == Basket.of(told.items, 99)


def test_the_expected_basket_without_cart_is_the_product_then_a_guess() -> None:
    imputer = Imputer()
    viewed = event("product.viewed", START, item("v", 1_234))
    unpriced = event("product.viewed", START + SECOND, item("v", None))
    assert guessed(profile_of([viewed]), viewed, imputer) == Basket.guessed(viewed.items[0])
    assert guessed(profile_of([unpriced]), unpriced, imputer) == Basket(goods_minor=5_000)
    observe_event(imputer, event("order.completed", START, total_minor=8_000))
    assert guessed(profile_of([unpriced]), unpriced, imputer).goods_minor == 8_000
    own = event("order.completed", START, total_minor=2_000)
    assert guessed(profile_of([own, unpriced]), unpriced, imputer).goods_minor == 2_000
