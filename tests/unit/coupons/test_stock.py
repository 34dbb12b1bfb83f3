"""What is sold out is what the newest levels say, and no coupon is good for it (C54)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

import coupons.stock
from coupons.catalogue import Coupon, Scope
from coupons.stock import EVERYTHING_THERE, Inventory, Stock
from features.basket import Basket
from features.events import Item

PRODUCTS = ("p1", "p2", "p3", "p4")
CATEGORIES = (None, "home", "home/lamps", "toys")
told = st.tuples(
    st.sampled_from(PRODUCTS),
    st.one_of(st.none(), st.integers(0, 3)),
    st.sampled_from(CATEGORIES),
    st.sampled_from((None, "acme", "zeta")),
)


@given(st.lists(told, max_size=30))
def test_c54_what_was_told_last_of_each_product_decides(
    history: list[tuple[str, int | None, str | None, str | None]],
) -> None:
    inventory = Inventory()
    newest: dict[str, tuple[int, str | None, str | None]] = {}
    for product, count, category, brand in history:
        if count is None:
            inventory.drop(product)
            newest.pop(product, None)
        else:
            inventory.put(Item(product_id=product, category=category, brand=brand), count)
            newest[product] = (count, category, brand)
    stock = inventory.at(7)
    assert stock.version == 7
    assert stock.sold_out == {name for name, (count, _, _) in newest.items() if not count}
    for of, name in (("category", "home"), ("category", "home/lamps"), ("brand", "acme")):
        within = [
            count
            for count, category, brand in newest.values()
            if (brand == name if of == "brand" else (category or "").startswith(name))
        ]
        assert (f"{of}:{name}" in stock.empty) == (within != [] and not any(within))


def test_c54_a_coupon_lacks_goods_only_when_nothing_of_its_scope_is_left() -> None:
    stock = Stock(sold_out=frozenset({"p1", "p2"}), empty=frozenset({"category:toys"}))

    def lacks(**fields: object) -> bool:
        given: dict[str, object] = {"kind": "amount_off", "off_minor": 5, **fields}
        return stock.lacks(Coupon(coupon_id="c", campaign_id="k", **given))  # type: ignore[arg-type]

    assert not lacks()
    assert lacks(scope=Scope(of="category", names=frozenset({"toys"})))
    assert not lacks(scope=Scope(of="category", names=frozenset({"toys", "home"})))
    assert lacks(scope=Scope(of="product", names=frozenset({"p1", "p2"})))
    assert not lacks(scope=Scope(of="product", names=frozenset({"p1", "p3"})))
    assert lacks(kind="bundle", bundle_products=frozenset({"p1", "p3"}))


def test_c54_a_basket_keeps_what_can_be_had_and_remembers_the_rest() -> None:
    lines = tuple(Item(product_id=name, price_minor=10_00, quantity=2) for name in PRODUCTS)
    basket = Basket.of(lines, 4_00)
    left = Stock(sold_out=frozenset({"p2"})).left(basket)
    assert (left.goods_minor, left.shipping_minor, left.known) == (60_00, 4_00, True)
    assert [item.product_id for item in left.sold_out] == ["p2"]
    assert EVERYTHING_THERE.left(basket) is basket


def test_c54_the_same_stock_at_a_later_place_shares_what_it_holds() -> None:
    inventory = Inventory()
    inventory.put(Item(product_id="p1"), 0)
    first = inventory.at(1)
    inventory.put(Item(product_id="p1"), 0)
    again = inventory.at(2)
    assert again.sold_out is first.sold_out
    inventory.put(Item(product_id="p1"), 4)
    assert first.sold_out == {"p1"}
    assert inventory.at(3).sold_out == frozenset()


def test_c54_products_beyond_the_most_are_refused_and_known_ones_still_followed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(coupons.stock, "MAX_PRODUCTS", 1)
    inventory = Inventory()
    inventory.put(Item(product_id="p1"), 0)
    with pytest.raises(ValueError, match="products must be at most 1"):
        inventory.put(Item(product_id="p2"), 0)
    inventory.put(Item(product_id="p1"), 1)
    assert inventory.at(1).sold_out == frozenset()
