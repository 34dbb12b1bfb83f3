"""Small worlds for the tests of the simulated shop."""

from coupons.catalogue import Catalogue, Coupon
from features.events import Event
from simulation.calendar import DAY_MS
from simulation.campaigns import simulated_catalogue
from simulation.customers import Customer, customer
from simulation.goods import Shelf
from simulation.habits import SORTS, Sort
from simulation.play import Given
from simulation.shop import Shop

START_MS = 1_700_000_000_000
CATALOGUE = simulated_catalogue(budget_minor=100_000_000)


def coupon(coupon_id: str) -> Coupon:
    """Find a coupon of the simulated campaign."""
    return next(coupon for coupon in CATALOGUE.coupons if coupon.coupon_id == coupon_id)


def shop(
    seed: int = 1,
    customers_count: int = 60,
    catalogue: Catalogue = CATALOGUE,
    drift_ms: int | None = None,
) -> Shop:
    """Open a small shop."""
    return Shop(
        seed=seed,
        customers_count=customers_count,
        catalogue=catalogue,
        start_ms=START_MS,
        drift_ms=drift_ms,
    )


def people(seed: int, count: int) -> dict[Sort, list[Customer]]:
    """Sort the first customers of a world by their hidden nature."""
    found: dict[Sort, list[Customer]] = {sort: [] for sort in SORTS}
    for index in range(count):
        person = customer(seed, index)
        found[person.sort].append(person)
    return found


def shelf(seed: int = 1) -> Shelf:
    """Stock the shelf of a world."""
    return Shelf.stocked(seed)


class Everybody:
    """Gives the same coupon to everybody at the start of each visit."""

    def __init__(self, coupon_id: str) -> None:
        self.coupon = coupon(coupon_id)

    def decide(self, event: Event) -> Given | None:
        """Give at a visit's first step."""
        if event.event_type not in ("list.viewed", "search.performed"):
            return None
        return Given(
            coupon=self.coupon,
            decision_id=f"all-{event.event_id}",
            decided_ms=event.ts_ms,
            expires_ms=event.ts_ms + DAY_MS,
        )


class AfterCarts(Everybody):
    """Gives to those only who left a cart behind since their last order."""

    def __init__(self, coupon_id: str) -> None:
        super().__init__(coupon_id)
        self.left: set[str] = set()

    def decide(self, event: Event) -> Given | None:
        """Give at the first step of a visit."""
        if event.event_type == "cart.removed":
            self.left.add(event.user_id)
        if event.event_type == "order.completed":
            self.left.discard(event.user_id)
        return super().decide(event) if event.user_id in self.left else None
