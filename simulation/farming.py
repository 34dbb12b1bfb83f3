"""Coupon farmers: customers who learn that a cart left behind brings a coupon, and wait for it."""

from dataclasses import dataclass, replace

from simulation.truth import MAX_PROBABILITY, Reaction
from simulation.visits import Visit

# Three lessons in a row make it a habit; it takes some five waits in vain to lose it again.
LEARN_RATIO = 0.5
FORGET_RATIO = 0.3


@dataclass(slots=True)
class Farming:
    """What one farmer has learned, and what they are waiting for.

    A farmer buys at full price until a coupon comes between a cart left behind and the next time
    they make up their mind. Each such lesson makes it likelier that they hold an order back; each
    wait in vain makes it less so. An order held back is wanted as much at the next visit.

    Attributes
    ----------
    habit_ratio
        Probability that a wanted order is held back where no coupon can be used on it.
    waiting
        A cart was left behind and no coupon has come since.
    wanted_at
        Number of the visit to which an order was put off.
    """

    habit_ratio: float = 0.0
    waiting: bool = False
    wanted_at: int | None = None

    def rewarded(self) -> None:
        """Learn from a coupon, if it follows a cart left behind."""
        if self.waiting:
            self.habit_ratio += LEARN_RATIO * (1.0 - self.habit_ratio)
            self.waiting = False

    def disappointed(self) -> None:
        """Learn from a wait that comes to its end without a coupon."""
        if self.waiting:
            self.habit_ratio *= 1.0 - FORGET_RATIO
            self.waiting = False

    def bent(self, told: Reaction, visit: Visit) -> Reaction:
        """Give the reaction of somebody who has learned this."""
        wish_ratio = self._wish_ratio(told, visit)
        can_wait = visit.carted or visit.number == self.wanted_at
        held_ratio = self.habit_ratio if can_wait and not told.fits else 0.0
        return replace(told, p_buy=wish_ratio * (1.0 - held_ratio))

    def leave(self, told: Reaction, visit: Visit) -> None:
        """Go without an order; what was wanted all the same is put off.

        Parameters
        ----------
        told
            How somebody would have reacted who has learned nothing.
        """
        self.waiting = visit.carted
        wanted = visit.draw < self._wish_ratio(told, visit)
        self.wanted_at = visit.number + 1 if wanted else None

    def _wish_ratio(self, told: Reaction, visit: Visit) -> float:
        put_off = visit.number == self.wanted_at and visit.basket.items
        return MAX_PROBABILITY if put_off else told.p_buy
