"""What is the same for all policies that are compared: the customers, their time, and the money."""

from dataclasses import dataclass, replace

from coupons.catalogue import Catalogue
from simulation.calendar import DAY_MS
from simulation.campaigns import simulated_catalogue
from simulation.play import end_of
from simulation.shop import Shop

START_MS = 1_767_225_600_000  # 2026-01-01 00:00 UTC; any moment would do
EVENTS_PER_CUSTOMER = 100
# Binds in this world: without a budget the oracle would spend more than twice as much.
BUDGET_MINOR_PER_EVENT = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """One world; `open` it anew for each policy."""

    seed: int
    events_count: int
    customers_count: int
    budget_minor: int
    until_ms: int
    catalogue: Catalogue
    drift_ms: int | None = None
    farmers_ratio: float = 0.0

    def open(self, customers_count: int | None = None) -> Shop:
        """Open the shop as it is at the beginning, with all or only its first customers."""
        return Shop(
            seed=self.seed,
            customers_count=customers_count or self.customers_count,
            catalogue=self.catalogue,
            start_ms=START_MS,
            drift_ms=self.drift_ms,
            farmers_ratio=self.farmers_ratio,
        )


def build_world(
    events_count: int,
    seed: int,
    budget_minor: int | None = None,
    *,
    drift: bool = False,
    farmers_ratio: float = 0.0,
) -> World:
    """Lay out a world that lasts `events_count` events when nothing is offered.

    Parameters
    ----------
    budget_minor
        None takes a budget that binds, in proportion to the events.
    drift
        Some customers change their nature half-way.
    farmers_ratio
        Share of customers who learn to leave carts behind for coupons.
    """
    customers_count = max(1, events_count // EVENTS_PER_CUSTOMER)
    if budget_minor is None:
        budget_minor = BUDGET_MINOR_PER_EVENT * events_count
    plain = World(
        seed=seed,
        events_count=events_count,
        customers_count=customers_count,
        budget_minor=budget_minor,
        until_ms=0,
        catalogue=simulated_catalogue(budget_minor),
        farmers_ratio=farmers_ratio,
    )
    drift_ms = _half_way_ms(plain) if drift else None
    until_ms = end_of(replace(plain, drift_ms=drift_ms).open(), events_count)
    catalogue = simulated_catalogue(budget_minor, START_MS, max(until_ms, START_MS + DAY_MS))
    return replace(plain, until_ms=until_ms, catalogue=catalogue, drift_ms=drift_ms)


def _half_way_ms(world: World) -> int:
    return end_of(world.open(), max(1, world.events_count // 2))
