"""Baskets that grow: exact sums, bounded names, and a guess that comes nearer to what is bought."""

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from features.basket import Basket
from features.events import Event, Item
from features.growth import MAX_CATEGORIES, MOST_RATIO, BasketGrowth, bought_minor, grown, guess_of

orders = st.lists(
    st.tuples(
        st.sampled_from(["", "grocery", "toys"]), st.integers(0, 10_000), st.integers(0, 90_000)
    ),
    max_size=30,
)


def observed(told: list[tuple[str, int, int]]) -> BasketGrowth:
    growth = BasketGrowth()
    for category, guess_minor, paid_minor in told:
        growth.observe(category, guess_minor, paid_minor)
    return growth


def viewed(price_minor: int, category: str | None) -> Basket:
    return Basket.guessed(Item(product_id="p", price_minor=price_minor, category=category))


@given(told=orders, seed=st.integers(0, 99))
def test_any_order_of_orders_gives_the_same_growth_within_its_bounds(
    told: list[tuple[str, int, int]], seed: int
) -> None:
    other = told.copy()
    Random(seed).shuffle(other)
    assert observed(told).dump() == observed(other).dump()
    again = BasketGrowth.load(observed(told).dump())
    for category in ("", "grocery", "toys", "never seen"):
        assert 1.0 <= again.ratio(category) <= MOST_RATIO
        assert again.ratio(category) == observed(told).ratio(category)


def test_each_category_comes_to_its_own_growth() -> None:
    rng, growth = Random(5), BasketGrowth()
    for _ in range(2_000):
        price_minor = rng.randrange(500, 1_500)
        growth.observe("grocery", price_minor, price_minor * rng.choice((1, 3, 5)))
        growth.observe("television", price_minor * 100, price_minor * 100)
    assert abs(growth.ratio("grocery") - 3.0) < 0.1
    assert growth.ratio("television") < 1.02
    assert grown(viewed(1_000, "grocery"), growth).goods_minor > 2_800


def test_names_from_outside_cannot_fill_the_memory() -> None:
    growth = BasketGrowth()
    for number in range(10 * MAX_CATEGORIES):
        growth.observe(f"c{number}", 100, 200)
    assert len(growth.dump()) == MAX_CATEGORIES + 1
    assert growth.ratio("c639") == growth.ratio("")


def test_only_a_guess_from_one_product_grows() -> None:
    growth = observed([("toys", 100, 300)] * 50)
    cart = Basket.of((Item(product_id="p", price_minor=100, category="toys"),))
    assert grown(cart, growth) is cart
    assert guess_of(cart) is None
    basket = grown(viewed(100, "toys"), growth)
    assert guess_of(basket) == ("toys", 100)
    assert [item.product_id for item in basket.items] == ["p", ""]
    assert basket.goods_minor == sum(item.price_minor or 0 for item in basket.items)


def test_an_order_counts_with_what_it_has_of_the_category() -> None:
    lines = (
        Item(product_id="a", price_minor=100, quantity=3, category="toys"),
        Item(product_id="b", price_minor=500, category="books"),
    )
    order = Event(event_id="e", event_type="order.completed", user_id="u", ts_ms=0, items=lines)
    counted = [bought_minor(order, category) for category in ("toys", "books", "", "home")]
    assert counted == [300, 500, 800, 0]
