"""How what happens in the shop is told: steps and orders as events."""

from coupons.catalogue import Coupon
from features.events import Event
from simulation.customers import Customer
from simulation.goods import WORDS
from simulation.truth import Reaction
from simulation.visits import SECOND_MS, Step, Visit
from simulation.walks import Notice

CURRENCY = "EUR"
DIGEST = "simulate"  # ids are never reused here, so no digest has to tell two payloads apart
FOREIGN_CODE = "WELCOME2019"  # a code from some forum; it is good for nothing here
_DEAL_WORDS = ("sale", "coupon", "优惠", "discount")


def step_event(seed: int, customer: Customer, visit: Visit, step: Step, position: int) -> Event:
    """Tell a step of a visit; its id depends on the world only, never on decisions."""
    session_id = f"{customer.user_id}-{visit.number}"
    searched = step.event_type == "search.performed"
    at_cart = step.event_type.startswith(("cart", "checkout"))
    return Event(
        event_id=f"{seed}-{session_id}-{position}",
        event_type=step.event_type,
        user_id=customer.user_id,
        ts_ms=step.ts_ms,
        payload_digest=DIGEST,
        session_id=session_id,
        channel=customer.channel,
        device=customer.device,
        currency=CURRENCY,
        items=step.items,
        dwell_ms=step.dwell_ms,
        query=_query(visit, step) if searched else None,
        results_count=12 + visit.number % 30 if searched else None,
        cart_id=session_id if at_cart else None,
        coupon_code=FOREIGN_CODE if step.event_type == "coupon.entered" else None,
        basics=customer.basics if step.event_type == "profile.updated" else None,
    )


def notice_event(seed: int, customer: Customer, visit: Visit, notice: Notice) -> Event:
    """Tell that an offer was looked at or clicked on."""
    offer, told = notice.offer, notice.told
    return Event(
        event_id=f"{seed}-{offer.decision_id}-{notice.event_type}",
        event_type=notice.event_type,
        user_id=customer.user_id,
        ts_ms=notice.ts_ms,
        payload_digest=DIGEST,
        session_id=f"{customer.user_id}-{visit.number}",
        channel=customer.channel,
        device=customer.device,
        currency=CURRENCY,
        decision_id=offer.decision_id,
        offer_id=offer.coupon.coupon_id,
        coupon_code=offer.coupon.code or offer.coupon.coupon_id,
        total_minor=told.basket.goods_minor if told.fits else None,
        discount_minor=told.cost_minor if told.fits else None,
    )


def order_event(
    seed: int,
    customer: Customer,
    visit: Visit,
    told: Reaction,
    coupon: Coupon | None,
    decision_id: str | None,
) -> Event:
    """Tell an order, with the coupon that was used on it."""
    session_id = f"{customer.user_id}-{visit.number}"
    basket = told.basket
    return Event(
        event_id=f"{seed}-{session_id}-order",
        event_type="order.completed",
        user_id=customer.user_id,
        ts_ms=visit.order_ms,
        payload_digest=DIGEST,
        session_id=session_id,
        channel=customer.channel,
        device=customer.device,
        currency=CURRENCY,
        items=basket.items,
        cart_id=session_id,
        order_id=f"o-{session_id}",
        total_minor=basket.goods_minor + basket.shipping_minor - told.discount_minor,
        discount_minor=told.discount_minor,
        shipping_minor=basket.shipping_minor,
        coupon_code=(coupon.code or coupon.coupon_id) if coupon else None,
        decision_id=decision_id,
        offer_id=coupon.coupon_id if coupon else None,
    )


def closing_steps(visit: Visit) -> tuple[Step, ...]:
    """Give what a customer does between the decision to buy and the order.

    All of it falls into the minute before the order, the least time between the two.
    """
    items, ahead_ms = visit.basket.items, visit.order_ms - 50 * SECOND_MS
    if visit.carted:
        steps = [Step(ts_ms=ahead_ms, event_type="cart.viewed", items=items)]
    else:
        steps = [
            Step(ts_ms=ahead_ms + place * 4 * SECOND_MS, event_type="cart.added", items=(item,))
            for place, item in enumerate(items)
        ]
    if not visit.at_checkout:
        checkout_ms = visit.order_ms - 20 * SECOND_MS
        steps.append(Step(ts_ms=checkout_ms, event_type="checkout.started", items=items))
    return tuple(steps)


def leaving_steps(visit: Visit) -> tuple[Step, ...]:
    """Give what a customer does who filled a cart and does not buy: it is emptied on leaving.

    Carts live as long as a visit in this shop, so that a cart tells what is about to be bought.
    """
    return tuple(
        Step(
            ts_ms=visit.truth_ms + (20 + place) * SECOND_MS,
            event_type="cart.removed",
            items=(item,),
        )
        for place, item in enumerate(visit.basket.items)
    )


def _query(visit: Visit, step: Step) -> str:
    words = WORDS[visit.category]
    word = words[visit.number % len(words)]
    return f"{word} {_DEAL_WORDS[visit.number % len(_DEAL_WORDS)]}" if step.deal else word
