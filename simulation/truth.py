"""What is really the case: how likely a visit is to end in an order, and what an offer earns."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from math import exp

from coupons.catalogue import Coupon
from coupons.price import quote, shop_cost_minor
from features.basket import Basket
from features.events import Item
from simulation.customers import Customer
from simulation.habits import HABITS
from simulation.visits import Visit

MARGIN_RATIO = 0.3
MAX_PROBABILITY = 0.9
REACH_RATIO = 0.25  # a basket this much short of a minimum spend may still be filled up
WIDTH_RATIO = 0.03  # how sharply the lift sets in around its threshold
WILLING_FROM_RATIO = 0.9  # whoever likes a kind of coupon less fills no basket up for it
SURE_LIFT_RATIO = 0.01
ANNOYANCE_RATIO = 0.4  # of a sleeping dog's purchases that any offer drives away


@dataclass(frozen=True, slots=True)
class Reaction:
    """What a visit comes to under one offer (or none).

    Attributes
    ----------
    p_buy
        Probability that the visit ends in an order.
    basket
        What is then bought; filled up if the offer asks for more and the customer plays along.
    discount_minor, cost_minor
        What the coupon takes off the bill, and what it costs the shop (a gift takes nothing off).
    fits
        Whether the coupon can be used on the order, and then is.
    felt_ratio
        How much of what a coupon could do at most this one does with this person, 0..1.
    """

    p_buy: float
    basket: Basket
    discount_minor: int = 0
    cost_minor: int = 0
    fits: bool = False
    felt_ratio: float = 0.0

    @property
    def profit_minor(self) -> int:
        """What the order earns if it comes."""
        return margin_minor(self.basket) - self.cost_minor


@dataclass(frozen=True, slots=True)
class Worth:
    """Expected change of profit and expected spend of an offer against offering nothing.

    `most_minor` is the most that it can come to cost.
    """

    profit_minor: float = 0.0
    spend_minor: float = 0.0
    most_minor: int = 0


def margin_minor(basket: Basket) -> int:
    """Margin on the goods before any discount; delivery is passed on at cost.

    Examples
    --------
    >>> margin_minor(Basket(goods_minor=5_000, shipping_minor=490))
    1500
    """
    return round(basket.goods_minor * MARGIN_RATIO)


def purchase_probability(customer: Customer, coupon: Coupon | None, visit: Visit) -> float:
    """Probability that `visit` ends in an order while `coupon` is held.

    A persuadable's chance grows along an S-curve of the relative saving, whose middle differs by
    person and category; a sure thing's and a farmer's hardly moves, a lost cause's not at all, and
    any offer drives a sleeping dog away.
    """
    return reaction(customer, coupon, visit).p_buy


def reaction(customer: Customer, coupon: Coupon | None, visit: Visit) -> Reaction:
    """Tell what `visit` comes to while `coupon` is held."""
    if not visit.basket.items:
        return Reaction(0.0, visit.basket)  # nothing that is wanted can be had
    plain = _plain_probability(customer, visit)
    if coupon is None:
        return Reaction(plain, visit.basket)
    basket = filled_up(visit.basket, coupon, customer)
    price = quote(coupon, basket)
    cost_minor = shop_cost_minor(coupon, price)
    if price.refused is not None or cost_minor <= 0:
        annoyed = plain * (1.0 - ANNOYANCE_RATIO) if visit.sort == "sleeping_dog" else plain
        return Reaction(annoyed, visit.basket)
    worth_minor = cost_minor * customer.likings[coupon.kind]
    depth = worth_minor / (basket.goods_minor + basket.shipping_minor)
    felt = _felt(depth, customer.thresholds[visit.category])
    offered = _offered_probability(customer, visit, plain, felt)
    return Reaction(offered, basket, price.discount_minor, cost_minor, fits=True, felt_ratio=felt)


def _plain_probability(customer: Customer, visit: Visit) -> float:
    """Spread the sort's buying rate: carts and checkouts say more, idle visits less."""
    habits = HABITS[visit.sort]
    cart, checkout = habits.cart_ratio, habits.checkout_ratio
    stage = 2.6 if visit.at_checkout else 1.4 if visit.carted else 0.45
    mean = 0.45 * (1 - cart) + cart * (1.4 + 1.2 * checkout)
    p = habits.buy_ratio * customer.level_ratio * visit.interest_ratio * stage / mean
    return min(MAX_PROBABILITY, p)


def _offered_probability(customer: Customer, visit: Visit, plain: float, felt: float) -> float:
    if visit.sort == "lost_cause":
        return plain
    if visit.sort == "sleeping_dog":
        return plain * (1.0 - ANNOYANCE_RATIO)
    if visit.sort in ("sure_thing", "farmer"):
        return min(MAX_PROBABILITY, plain + SURE_LIFT_RATIO * felt)
    keenness = visit.interest_ratio * (1.15 if visit.carted else 0.85)
    return min(MAX_PROBABILITY, plain + customer.peak_ratio * felt * min(1.6, keenness))


def _felt(depth_ratio: float, threshold_ratio: float) -> float:
    """Logistic in depth, shifted so that no saving is felt as exactly nothing."""
    at_zero = 1.0 / (1.0 + exp(threshold_ratio / WIDTH_RATIO))
    at_depth = 1.0 / (1.0 + exp((threshold_ratio - depth_ratio) / WIDTH_RATIO))
    return (at_depth - at_zero) / (1.0 - at_zero)


def filled_up(basket: Basket, coupon: Coupon, customer: Customer) -> Basket:
    """Add pieces of the cheapest line until the minimum is met, if that is within reach."""
    missing = coupon.min_spend_minor - basket.goods_minor
    willing = customer.likings[coupon.kind] > WILLING_FROM_RATIO
    if missing <= 0 or not willing or missing > REACH_RATIO * coupon.min_spend_minor:
        return basket
    cheapest = min(basket.items, key=lambda item: (item.price_minor or 0, item.product_id))
    more = -(-missing // max(1, cheapest.price_minor or 1))
    items = tuple(_more(item, more) if item is cheapest else item for item in basket.items)
    return Basket.of(items, basket.shipping_minor)


def _more(item: Item, pieces: int) -> Item:
    return Item(
        product_id=item.product_id,
        price_minor=item.price_minor,
        quantity=item.quantity + pieces,
        category=item.category,
        brand=item.brand,
    )


def offer_worth(
    react: Callable[[Coupon | None, Visit], Reaction],
    coupon: Coupon,
    visits: Iterable[Visit],
    expires_ms: int,
) -> Worth:
    """Expect what holding `coupon` until it expires changes, over the visits still undecided.

    Exact: a coupon is used by the first order it fits, so each later visit counts with the
    probability that the coupon is still there.
    """
    profit = spend = 0.0
    alive, most_minor = 1.0, 0
    for visit in visits:
        if visit.order_ms >= expires_ms:
            break
        plain, offered = react(None, visit), react(coupon, visit)
        gain = offered.p_buy * offered.profit_minor - plain.p_buy * plain.profit_minor
        profit += alive * gain
        spend += alive * offered.p_buy * offered.cost_minor
        most_minor = max(most_minor, offered.cost_minor)
        if offered.fits:
            alive *= 1.0 - offered.p_buy
    return Worth(profit, spend, most_minor)
