"""Visits: what a customer comes for, laid down before anything is offered to them."""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from features.basket import Basket
from features.events import EventType, Item
from simulation.calendar import DAY_MS, later
from simulation.customers import Customer
from simulation.goods import CATEGORIES, Shelf, shipping_minor
from simulation.habits import HABITS, Habits, Sort
from simulation.stockouts import StockOuts

SECOND_MS = 1_000
MINUTE_MS = 60 * SECOND_MS
PROMPT_RATIO = 0.6  # of orders are placed within minutes, the rest within the day
MAX_DELAY_MS = 22 * 60 * MINUTE_MS


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing done in a visit."""

    ts_ms: int
    event_type: EventType
    items: tuple[Item, ...] = ()
    dwell_ms: int | None = None
    deal: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """A visit's plan; an offer changes only whether `draw` is below the chance of buying.

    Attributes
    ----------
    truth_ms, order_ms
        When the customer makes up their mind, and when they then order.
    draw
        The dice, cast beforehand in [0, 1): the same under every policy.
    interest_ratio
        How serious the visit is against the customer's mean.
    basket
        What is bought if anything is; empty where nothing that is wanted can be had.
    steps
        What happens up to `truth_ms`, in order of time.
    """

    number: int
    sort: Sort
    start_ms: int
    truth_ms: int
    order_ms: int
    draw: float
    interest_ratio: float
    category: str
    basket: Basket
    carted: bool
    at_checkout: bool
    steps: tuple[Step, ...]


def visits(
    seed: int,
    customer: Customer,
    shelf: Shelf,
    start_ms: int,
    drift_ms: int | None,
    *,
    number: int = 0,
    stock: StockOuts | None = None,
) -> Iterator[Visit]:
    """Give a customer's visits one after another, without end.

    A visit starts only after the order of the one before could have been placed, so that two are
    never under way at once.

    Parameters
    ----------
    start_ms, number
        When the visit before was over, and how many there were before.
    stock
        What is sold out; None where goods never are.
    """
    after_ms = start_ms
    while True:
        rng = Random(f"visit|{seed}|{customer.index}|{number}")
        gap_hours = rng.expovariate(customer.visits_per_day / 24.0)
        at_ms = later(after_ms, gap_hours)
        drifted = drift_ms is not None and at_ms >= drift_ms
        sort = customer.later_sort if drifted else customer.sort
        visit = _visit(rng, customer, sort, shelf, stock, number, at_ms)
        yield visit
        number += 1
        after_ms = visit.order_ms + MINUTE_MS


def _visit(
    rng: Random,
    customer: Customer,
    sort: Sort,
    shelf: Shelf,
    stock: StockOuts | None,
    number: int,
    start_ms: int,
) -> Visit:
    habits = HABITS[sort]
    interest = rng.lognormvariate(-0.045, 0.3)
    draw, to_cart, to_checkout = rng.random(), rng.random(), rng.random()
    category = _focus(customer, rng.random())
    wanted = shelf.basket(category, customer.wealth, rng)
    # what a visit meets as it begins is laid by for it
    items = wanted if stock is None else stock.had(wanted, start_ms, rng)
    goods = sum((item.price_minor or 0) * item.quantity for item in items)
    carted = bool(items) and to_cart < habits.cart_ratio * customer.cart_ratio * interest
    at_checkout = carted and to_checkout < habits.checkout_ratio
    carts = items if carted else ()
    steps = _steps(rng, customer, habits, shelf, wanted, (carts, at_checkout), interest, start_ms)
    if number == 0 and customer.basics is not None:
        steps = (Step(ts_ms=start_ms, event_type="profile.updated"), *steps)
    truth_ms = steps[-1].ts_ms + SECOND_MS * (5 + int(rng.random() * 25))
    return Visit(
        number=number,
        sort=sort,
        start_ms=start_ms,
        truth_ms=truth_ms,
        order_ms=truth_ms + _delay_ms(rng),
        draw=draw,
        interest_ratio=interest,
        category=category,
        basket=Basket.of(items, shipping_minor(goods)),
        carted=carted,
        at_checkout=at_checkout,
        steps=steps,
    )


def _focus(customer: Customer, draw: float) -> str:
    for category, reached in zip(CATEGORIES, customer.tastes, strict=True):
        if draw < reached:
            return category
    return CATEGORIES[-1]


def _delay_ms(rng: Random) -> int:
    draw, size = rng.random(), rng.random()
    if draw < PROMPT_RATIO:
        return MINUTE_MS + int(size * 9 * MINUTE_MS)
    return min(MAX_DELAY_MS, int(rng.lognormvariate(0.7, 0.9) * DAY_MS / 24))


def _steps(
    rng: Random,
    customer: Customer,
    habits: Habits,
    shelf: Shelf,
    items: tuple[Item, ...],
    reached: tuple[tuple[Item, ...], bool],
    interest_ratio: float,
    start_ms: int,
) -> tuple[Step, ...]:
    steps: list[Step] = []
    now_ms = start_ms
    searches, deals = rng.random(), rng.random()
    if searches < habits.search_ratio:
        steps.append(
            Step(
                ts_ms=now_ms,
                event_type="search.performed",
                items=items[:1],
                deal=deals < habits.deal_ratio,
            )
        )
    else:
        steps.append(Step(ts_ms=now_ms, event_type="list.viewed", items=items[:1]))
    views = int(rng.expovariate(1.0 / (habits.views_count * customer.pace_ratio * interest_ratio)))
    viewed = [items[0], *(_other(rng, customer, shelf, items) for _ in range(min(views, 14)))]
    rng.shuffle(viewed)
    usual_ms = habits.dwell_ms * customer.pace_ratio * interest_ratio
    for item in viewed:
        dwell_ms = int(usual_ms * rng.lognormvariate(-0.18, 0.6))
        now_ms += 2 * SECOND_MS + dwell_ms
        steps.append(
            Step(ts_ms=now_ms, event_type="product.viewed", items=(item,), dwell_ms=dwell_ms)
        )
    carts, at_checkout = reached
    for item in carts:
        now_ms += SECOND_MS * (4 + int(rng.random() * 12))
        steps.append(Step(ts_ms=now_ms, event_type="cart.added", items=(item,)))
    tries_code, code_pause = rng.random(), rng.random()
    if carts and tries_code < habits.code_ratio:
        now_ms += SECOND_MS * (5 + int(code_pause * 20))
        steps.append(Step(ts_ms=now_ms, event_type="coupon.entered"))
    if at_checkout:
        now_ms += SECOND_MS * (8 + int(rng.random() * 40))
        steps.append(Step(ts_ms=now_ms, event_type="checkout.started", items=carts))
    return tuple(steps)


def _other(rng: Random, customer: Customer, shelf: Shelf, items: tuple[Item, ...]) -> Item:
    """Look mostly around in the category of the visit, sometimes elsewhere."""
    stray = rng.random() < 0.2
    category = _focus(customer, rng.random()) if stray else items[0].category or CATEGORIES[0]
    return shelf.pick(category, customer.wealth, rng)
