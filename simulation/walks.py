"""Where a customer is in the world: the visit under way, what is held, what was earned."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Literal

from coupons.catalogue import Coupon
from simulation.customers import Customer
from simulation.farming import Farming
from simulation.habits import HABITS, Sort
from simulation.truth import Reaction, reaction
from simulation.visits import SECOND_MS, Step, Visit

IDLE_CLICK_RATIO = 0.2  # clicks on an offer that leaves cold, against one that is felt in full


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """The offer a customer has in hand; a new one replaces it, use and expiry end it."""

    coupon: Coupon
    decision_id: str
    expires_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """That an offer is looked at or clicked on."""

    ts_ms: int
    event_type: Literal["coupon.viewed", "coupon.clicked"]
    offer: Held
    told: Reaction


@dataclass(slots=True, kw_only=True)
class Walk:
    """Where a customer is: the visit under way (or to come), and what is held and earned.

    `coming[0]` is the visit under way; `buys` or `leaves` is set once the customer has made up
    their mind about it; `notices` are what comes of the newest offer besides the visit's steps;
    `told` remembers reactions to the visits in `coming`. `farming` is None for honest customers.
    """

    customer: Customer
    plan: Iterator[Visit]
    coming: deque[Visit] = field(default_factory=deque)
    steps: tuple[Step, ...] = ()
    position: int = 0
    buys: bool = False
    leaves: bool = False
    held: Held | None = None
    profit_minor: int = 0
    spent_minor: int = 0
    notices: list[Notice] = field(default_factory=list)
    told: dict[tuple[int, str | None, int | None], Reaction] = field(default_factory=dict)
    farming: Farming | None = None

    def __post_init__(self) -> None:
        """Let a farmer begin with nothing learned."""
        if self.customer.sort == "farmer":
            self.farming = Farming()

    def react(self, coupon: Coupon | None, visit: Visit) -> Reaction:
        """Tell what `visit` comes to, worked out once for each coupon."""
        key: tuple[int, str | None, int | None] = (visit.number, None, None)
        if coupon is not None:
            key = (visit.number, coupon.coupon_id, coupon.max_discount_minor)
        known = self.told.get(key)
        if known is None:
            known = reaction(self.customer, coupon, visit)
            if self.farming is not None:
                known = self.farming.bent(known, visit)
            self.told[key] = known
        return known

    def receive(self, offer: Held) -> None:
        """Take an offer in the place of any other."""
        self.held = offer
        if self.farming is not None:
            self.farming.rewarded()
            self.told.clear()

    def make_up_mind(self) -> None:
        """Decide about the visit under way, as the dice were cast."""
        visit = self.coming[0]
        if self.farming is not None:
            self.farming.disappointed()
            self.told.clear()
        coupon = self.coupon_at(visit)
        self.buys = visit.draw < self.react(coupon, visit).p_buy
        self.leaves = not self.buys and visit.carted
        if self.farming is not None and not self.buys:
            self.farming.leave(reaction(self.customer, coupon, visit), visit)

    def coupon_at(self, visit: Visit) -> Coupon | None:
        """Tell the coupon that is held and still good when `visit` would end in an order."""
        held = self.held
        in_force = held is not None and visit.order_ms < held.expires_ms
        return held.coupon if held and in_force else None

    def upcoming(self) -> Iterator[Visit]:
        """Give the visits under way and to come, planning ahead as far as is asked."""
        yield from tuple(self.coming)
        while True:
            self.coming.append(next(self.plan))
            yield self.coming[-1]

    def begin(self) -> None:
        """Turn to the next visit."""
        if not self.coming:
            self.coming.append(next(self.plan))
        self.steps, self.position = self.coming[0].steps, 0
        self.buys = self.leaves = False

    @property
    def next_ms(self) -> int:
        """When something happens next: a step, a look at an offer, or making up one's mind."""
        planned_ms = self.planned_ms
        return min(planned_ms, self.notices[0].ts_ms) if self.notices else planned_ms

    @property
    def planned_ms(self) -> int:
        """When the visit itself goes on."""
        if self.position < len(self.steps):
            return self.steps[self.position].ts_ms
        if self.leaves:
            return self.steps[-1].ts_ms
        return self.coming[0].order_ms if self.buys else self.coming[0].truth_ms


def notices(
    seed: int, customer: Customer, offer: Held, sort: Sort, decided_ms: int, told: Reaction
) -> Iterator[Notice]:
    """Tell whether an offer is looked at and clicked on; the more it is felt, the more clicks.

    The dice hang on the moment and not on the offer, so that policies meet the same attention.
    """
    habits = HABITS[sort]
    rng = Random(f"notice|{seed}|{customer.index}|{decided_ms}")
    looks, clicks = rng.random(), rng.random()
    if looks >= habits.notice_ratio:
        return
    viewed_ms = decided_ms + SECOND_MS + int(rng.random() * 2 * SECOND_MS)
    yield Notice(ts_ms=viewed_ms, event_type="coupon.viewed", offer=offer, told=told)
    if clicks < habits.click_ratio * (
        IDLE_CLICK_RATIO + (1.0 - IDLE_CLICK_RATIO) * told.felt_ratio
    ):
        clicked_ms = viewed_ms + SECOND_MS
        yield Notice(ts_ms=clicked_ms, event_type="coupon.clicked", offer=offer, told=told)
