"""The shop's clockwork: one event after another, in order of event time, for many customers."""

from heapq import heapify, heappop, heappush, heapreplace

from coupons.catalogue import Catalogue, Coupon
from features.events import Event
from simulation.customers import Customer
from simulation.plans import Plans
from simulation.telling import (
    closing_steps,
    leaving_steps,
    notice_event,
    order_event,
    step_event,
)
from simulation.truth import Worth, offer_worth
from simulation.walks import Held, Walk, notices


class Shop:
    """A seeded shop with known truth.

    The world of a customer (visits, baskets, dice) hangs on the seed and the customer alone, so two
    runs with other decisions differ only where an offer changed a reaction (common random numbers).
    Memory is bounded by the number of customers.

    Parameters
    ----------
    seed
        Names the world.
    catalogue
        The coupons that may be offered; its longest validity is how long an offer can matter.
    start_ms
        Event time at which it begins.
    drift_ms
        Event time at which some persuadables and lost causes trade places; None for never.
    farmers_ratio
        Share of customers who learn to leave carts behind for coupons.
    plans
        This world's customers and visits, where other shops play it too.

    Examples
    --------
    >>> shop = Shop(seed=1, customers_count=20, catalogue=Catalogue(), start_ms=0)
    >>> times = [shop.next_event().ts_ms for _ in range(200)]
    >>> times == sorted(times)
    True
    """

    def __init__(
        self,
        *,
        seed: int,
        customers_count: int,
        catalogue: Catalogue,
        start_ms: int,
        drift_ms: int | None = None,
        farmers_ratio: float = 0.0,
        plans: Plans | None = None,
    ) -> None:
        if customers_count < 1:
            message = f"customers_count must be at least 1, was {customers_count}"
            raise ValueError(message)
        self.seed = seed
        self.catalogue = catalogue
        self.spent_minor = 0
        self.orders_count = 0
        if plans is None:
            plans = Plans(
                seed=seed,
                start_ms=start_ms,
                drift_ms=drift_ms,
                farmers_ratio=farmers_ratio,
                kept_count=0,
            )
        self._stock = plans.stock
        self._walks: list[Walk] = []
        for index in range(customers_count):
            person = plans.customer(index)
            walk = Walk(customer=person, plan=plans.visits(person))
            walk.begin()
            self._walks.append(walk)
        self._by_user = {walk.customer.user_id: walk for walk in self._walks}
        self._due = [(walk.next_ms, walk.customer.index) for walk in self._walks]
        heapify(self._due)

    def next_event(self) -> Event:
        """Let the next thing happen and tell it."""
        while True:
            event = self._turn()
            if event is not None:
                return event

    def event_before(self, ts_ms: int) -> Event | None:
        """Let the next thing happen and tell it, if it happens before `ts_ms`."""
        while self._due[0][0] < ts_ms:
            event = self._turn()
            if event is not None:
                return event
        return None

    def receive(
        self,
        user_id: str,
        coupon: Coupon | None,
        *,
        decided_ms: int,
        expires_ms: int,
        decision_id: str,
    ) -> None:
        """Hand an offer to a customer; None changes nothing.

        Raises
        ------
        ValueError
            The offer expires before it is made.
        """
        if coupon is None:
            return
        if expires_ms <= decided_ms:
            message = f"expires_ms must be after decided_ms {decided_ms}, was {expires_ms}"
            raise ValueError(message)
        walk = self._by_user[user_id]
        offer = Held(coupon=coupon, decision_id=decision_id, expires_ms=expires_ms)
        walk.receive(offer)
        told = walk.react(coupon, walk.coming[0])
        walk.notices = list(
            notices(self.seed, walk.customer, offer, walk.coming[0].sort, decided_ms, told)
        )
        if walk.notices:  # sooner than what the walk was waiting for
            heappush(self._due, (walk.next_ms, walk.customer.index))

    def worth(self, user_id: str, coupon: Coupon | None, *, now_ms: int, expires_ms: int) -> Worth:
        """Expect, exactly, what giving `coupon` now changes against giving nothing now.

        What a coupon still held would have done is taken off, since the new one replaces it. Summed
        over all decisions of a run this is its expected incremental profit against giving nothing
        at all (the performance difference lemma of Kakade and Langford, 2002). What an offer
        teaches a farmer is not in it; that shows in what was earned.
        """
        if coupon is None:
            return Worth()
        walk = self._by_user[user_id]
        new = self._outlook(walk, coupon, expires_ms)
        held = walk.held
        if held is None or held.expires_ms <= now_ms:
            return new
        old = self._outlook(walk, held.coupon, held.expires_ms)
        return Worth(
            new.profit_minor - old.profit_minor, new.spend_minor - old.spend_minor, new.most_minor
        )

    def customer_of(self, user_id: str) -> Customer:
        """Tell a customer's hidden nature."""
        return self._by_user[user_id].customer

    def is_sold_out(self, event: Event) -> bool:
        """Tell whether an event is about goods of which none is left."""
        stock = self._stock
        if stock is None or not event.items:
            return False
        return all(stock.is_out(item, event.ts_ms) for item in event.items)

    def farmers(self) -> list[bool]:
        """Tell by customer who farms coupons."""
        return [walk.farming is not None for walk in self._walks]

    def profits_minor(self) -> list[int]:
        """Tell what was earned so far by customer: margin on orders less what coupons cost."""
        return [walk.profit_minor for walk in self._walks]

    def spends_minor(self) -> list[int]:
        """Tell what coupons cost so far by customer."""
        return [walk.spent_minor for walk in self._walks]

    def _outlook(self, walk: Walk, coupon: Coupon, expires_ms: int) -> Worth:
        coming = walk.upcoming()
        if walk.leaves:
            next(coming)  # nothing more comes of the visit under way
        if not walk.buys:
            return offer_worth(walk.react, coupon, coming, expires_ms)
        visit = next(coming)
        told = walk.react(coupon, visit)
        if not told.fits or visit.order_ms >= expires_ms:
            return offer_worth(walk.react, coupon, coming, expires_ms)
        gain_minor = told.profit_minor - walk.react(None, visit).profit_minor
        return Worth(gain_minor, told.cost_minor, told.cost_minor)

    def _turn(self) -> Event | None:
        due_ms, index = self._due[0]
        walk = self._walks[index]
        if due_ms != walk.next_ms:  # a notice came in between and has taken its place
            heappop(self._due)
            return None
        event = self._advance(walk)
        heapreplace(self._due, (walk.next_ms, walk.customer.index))
        return event

    def _advance(self, walk: Walk) -> Event | None:
        if walk.notices and walk.notices[0].ts_ms <= walk.planned_ms:
            return notice_event(self.seed, walk.customer, walk.coming[0], walk.notices.pop(0))
        if walk.position < len(walk.steps):
            step = walk.steps[walk.position]
            walk.position += 1
            return step_event(self.seed, walk.customer, walk.coming[0], step, walk.position)
        if walk.buys:
            return self._order(walk)
        if walk.leaves:
            self._leave(walk)
            return None
        self._decide(walk)
        return None

    def _decide(self, walk: Walk) -> None:
        visit = walk.coming[0]
        walk.make_up_mind()
        if walk.buys:
            walk.steps += closing_steps(visit)
        elif walk.leaves:
            walk.steps += leaving_steps(visit)
        else:
            self._leave(walk)

    def _order(self, walk: Walk) -> Event:
        visit, held = walk.coming[0], walk.held
        told = walk.react(walk.coupon_at(visit), visit)
        used = held if told.fits else None
        walk.profit_minor += told.profit_minor
        walk.spent_minor += told.cost_minor
        self.spent_minor += told.cost_minor
        self.orders_count += 1
        if used is not None:
            walk.held = None
        self._leave(walk)
        coupon = used.coupon if used else None
        decision_id = used.decision_id if used else None
        return order_event(self.seed, walk.customer, visit, told, coupon, decision_id)

    def _leave(self, walk: Walk) -> None:
        left = walk.coming.popleft()
        walk.told.clear()
        if walk.held is not None and walk.held.expires_ms <= left.truth_ms:
            walk.held = None
        walk.begin()
