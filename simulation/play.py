"""Plays a world under one way of deciding, and keeps what was earned by customer."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

from coupons.catalogue import Coupon
from features.events import Event
from simulation.shop import Shop

TENTHS = 10
BEGINNING_TENTHS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """An offer as it was made."""

    coupon: Coupon
    decision_id: str
    decided_ms: int
    expires_ms: int


class Decider(Protocol):
    """Somebody who is told every event and may answer with an offer to its customer."""

    def decide(self, event: Event) -> Given | None:
        """Take the event in; None is for no offer."""


class Nobody:
    """Gives nothing to anybody: the world against which all others are measured."""

    def decide(self, event: Event) -> Given | None:
        """Give nothing."""
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What came of a world under one decider.

    Attributes
    ----------
    profits_minor, spends_minor
        What was earned by customer, coupons paid, and what these cost.
    expected_minor
        The exact expectation, at each offer, of what it changes against giving nothing, by
        customer.
    learned_minor
        The part of `expected_minor` that was decided after the first fifth of the time, in which
        a learner has to begin.
    tenths_minor
        `expected_minor` by tenth of the time, all customers together.
    sold_out_count
        Offers that answered an event about goods of which none was left.
    """

    events_count: int
    offers_count: int
    orders_count: int
    spent_minor: int
    profits_minor: tuple[int, ...]
    spends_minor: tuple[int, ...]
    expected_minor: tuple[float, ...]
    learned_minor: tuple[float, ...]
    tenths_minor: tuple[float, ...]
    sold_out_count: int = 0


def end_of(shop: Shop, events_count: int) -> int:
    """Play `events_count` events without an offer and tell when they are over (exclusive)."""
    ts_ms = 0
    for _ in range(events_count):
        ts_ms = shop.next_event().ts_ms
    return ts_ms + 1


def bare_run(shop: Shop, events_count: int) -> tuple[int, Run]:
    """Play a new shop without an offer: tell when `events_count` events are over, and the run."""
    until_ms = end_of(shop, events_count)
    rest = play(shop, Nobody(), until_ms)
    return until_ms, replace(rest, events_count=events_count + rest.events_count)


def play(
    shop: Shop, decider: Decider, until_ms: int, on_event: Callable[[], None] | None = None
) -> Run:
    """Let the world run until `until_ms`, then until no offer made by then can matter any more.

    The end is a moment and not a number of events, since orders that an offer brings are events
    too: every decider gets the same customers for the same time.
    """
    expected = [0.0] * len(shop.profits_minor())
    learned, tenths = expected.copy(), [0.0] * TENTHS
    events_count = offers_count = sold_out_count = 0
    start_ms: int | None = None
    while (event := shop.event_before(until_ms)) is not None:
        start_ms = event.ts_ms if start_ms is None else start_ms
        events_count += 1
        given = decider.decide(event)
        if given is not None:
            offers_count += 1
            sold_out_count += shop.is_sold_out(event)
            index = shop.customer_of(event.user_id).index
            worth_minor = _hand_over(shop, event, given)
            expected[index] += worth_minor
            tenth = TENTHS * (event.ts_ms - start_ms) // max(1, until_ms - start_ms)
            tenths[tenth] += worth_minor
            learned[index] += worth_minor if tenth >= BEGINNING_TENTHS else 0.0
        if on_event is not None:
            on_event()
    drained_ms = until_ms + longest_validity_ms(shop)
    while shop.event_before(drained_ms) is not None:
        pass
    return Run(
        events_count=events_count,
        offers_count=offers_count,
        orders_count=shop.orders_count,
        spent_minor=shop.spent_minor,
        profits_minor=tuple(shop.profits_minor()),
        spends_minor=tuple(shop.spends_minor()),
        expected_minor=tuple(expected),
        learned_minor=tuple(learned),
        tenths_minor=tuple(tenths),
        sold_out_count=sold_out_count,
    )


def longest_validity_ms(shop: Shop) -> int:
    """Tell how long after its making an offer of this shop's catalogue can matter."""
    return max((coupon.validity_ms for coupon in shop.catalogue.coupons), default=0)


def _hand_over(shop: Shop, event: Event, given: Given) -> float:
    worth = shop.worth(
        event.user_id, given.coupon, now_ms=given.decided_ms, expires_ms=given.expires_ms
    )
    shop.receive(
        event.user_id,
        given.coupon,
        decided_ms=given.decided_ms,
        expires_ms=given.expires_ms,
        decision_id=given.decision_id,
    )
    return worth.profit_minor
