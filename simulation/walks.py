"""Where a customer is in the world: the visit under way, what is held, what was earned."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

from coupons.catalogue import Coupon
from simulation.customers import Customer
from simulation.truth import Reaction, reaction
from simulation.visits import Step, Visit


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """The offer a customer has in hand; a new one replaces it, use and expiry end it."""

    coupon: Coupon
    decision_id: str
    expires_ms: int


@dataclass(slots=True, kw_only=True)
class Walk:
    """Where a customer is: the visit under way (or to come), and what is held and earned.

    `coming[0]` is the visit under way; `buys` or `leaves` is set once the customer has made up
    their mind about it; `told` remembers reactions to the visits in `coming`.
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
    told: dict[tuple[int, str | None], Reaction] = field(default_factory=dict)

    def react(self, coupon: Coupon | None, visit: Visit) -> Reaction:
        """Tell what `visit` comes to, worked out once for each coupon."""
        key = (visit.number, coupon.coupon_id if coupon else None)
        known = self.told.get(key)
        if known is None:
            known = self.told[key] = reaction(self.customer, coupon, visit)
        return known

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
        """When something happens next: a step, or the making up of the customer's mind."""
        if self.position < len(self.steps):
            return self.steps[self.position].ts_ms
        if self.leaves:
            return self.steps[-1].ts_ms
        return self.coming[0].order_ms if self.buys else self.coming[0].truth_ms
