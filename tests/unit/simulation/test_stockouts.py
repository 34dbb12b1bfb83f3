"""Goods sell out and come back, and nobody buys what is out."""

from itertools import islice
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from coupons.stock import Inventory
from simulation.calendar import DAY_MS
from simulation.plans import Plans
from simulation.play import end_of, play
from simulation.shop import Shop
from simulation.stockouts import ANOTHER_RATIO, OUT_DAYS, THERE_DAYS, StockOuts
from simulation.truth import reaction
from streams.settings import Settings
from streams.simulating.closed_loop import Product
from streams.simulating.rivals import policy_of
from tests.unit.simulation.worlds import CATALOGUE, START_MS, coupon, shelf

PRODUCTS = tuple(item for items in shelf().by_category.values() for item in items)
MOMENTS = st.integers(START_MS, START_MS + 60 * DAY_MS)


def stock() -> StockOuts:
    return StockOuts(1, shelf(), START_MS)


def plans() -> Plans:
    return Plans(seed=1, start_ms=START_MS, stock_outs=True)


def shop_of(plans: Plans) -> Shop:
    return Shop(seed=1, customers_count=60, catalogue=CATALOGUE, start_ms=START_MS, plans=plans)


@settings(max_examples=15, deadline=None)
@given(moment_ms=MOMENTS)
def test_c54_what_is_told_is_what_is_out(moment_ms: int) -> None:
    inventory, one = Inventory(), stock()
    for level in one.levels():
        if level.ts_ms > moment_ms:
            break
        inventory.put(level.item, level.available_count)
    out = {item.product_id for item in PRODUCTS if one.is_out(item, moment_ms)}
    assert inventory.at(1).sold_out == out


@settings(max_examples=30, deadline=None)
@given(moments=st.lists(MOMENTS, max_size=6), place=st.integers(0, len(PRODUCTS) - 1))
def test_c54_stock_is_the_same_in_whatever_order_it_is_asked(
    moments: list[int], place: int
) -> None:
    item, one = PRODUCTS[place], stock()
    assert [one.is_out(item, at_ms) for at_ms in moments] == [
        stock().is_out(item, at_ms) for at_ms in moments
    ]


def test_c54_goods_are_out_for_the_share_of_time_that_is_meant() -> None:
    one, days = stock(), range(20, 220, 5)
    found = [one.is_out(item, START_MS + day * DAY_MS) for item in PRODUCTS for day in days]
    assert abs(sum(found) / len(found) - OUT_DAYS / (THERE_DAYS + OUT_DAYS)) < 0.02


@settings(deadline=None)
@given(
    moment_ms=MOMENTS,
    places=st.lists(st.integers(0, len(PRODUCTS) - 1), unique=True, max_size=4),
    seed=st.integers(0, 99),
)
def test_c54_what_is_had_is_there_and_what_is_there_is_had(
    moment_ms: int, places: list[int], seed: int
) -> None:
    one, wanted = stock(), tuple(PRODUCTS[place] for place in places)
    had = one.had(wanted, moment_ms, Random(seed))
    assert not any(one.is_out(item, moment_ms) for item in had)
    assert {item for item in wanted if not one.is_out(item, moment_ms)} <= set(had)
    assert len({item.product_id for item in had}) == len(had) <= len(wanted)


def test_c54_half_of_those_who_miss_a_product_take_another() -> None:
    one, rng = stock(), Random(1)
    missed = [
        (item, day)
        for day in range(20, 120)
        for item in PRODUCTS
        if one.is_out(item, START_MS + day * DAY_MS)
    ]
    taken = sum(bool(one.had((item,), START_MS + day * DAY_MS, rng)) for item, day in missed)
    assert 0.9 * ANOTHER_RATIO < taken / len(missed) < 1.05 * ANOTHER_RATIO


def test_c54_a_visit_that_can_have_nothing_ends_without_cart_and_order() -> None:
    laid = plans()
    people = [laid.customer(index) for index in range(40)]
    empty = [
        (person, visit)
        for person in people
        for visit in islice(laid.visits(person), 20)
        if not visit.basket.items
    ]
    assert len(empty) > 20
    for person, visit in empty:
        assert reaction(person, coupon("percent-10"), visit).p_buy == 0.0
        assert not visit.carted
        assert {step.event_type for step in visit.steps}.isdisjoint({"cart.added"})


def test_c54_no_order_holds_what_was_out_when_the_visit_began() -> None:
    laid = plans()
    of, began = shop_of(laid), dict[str | None, int]()
    assert laid.stock is not None
    for event in (of.next_event() for _ in range(5_000)):
        at_ms = began.setdefault(event.session_id, event.ts_ms)
        if event.event_type == "order.completed":
            assert not any(laid.stock.is_out(item, at_ms) for item in event.items)


def test_c54_with_the_gate_nothing_is_promised_to_who_looks_at_what_is_sold_out() -> None:
    laid, offered = plans(), dict[bool, int]()
    until_ms = end_of(shop_of(laid), 1_800)
    for gate in (False, True):
        asked = Settings(stock_gate=gate)
        assert laid.stock is not None
        random = policy_of("random", asked, None)
        product = Product(asked, CATALOGUE, random, levels=laid.stock.levels())
        run = play(shop_of(laid), product, until_ms)
        assert run.offers_count > 50
        offered[gate] = run.sold_out_count
    assert offered[True] == 0 < offered[False]
