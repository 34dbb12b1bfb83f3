"""What is the same for all policies that are compared: the customers, their time, and the money."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial

from coupons.catalogue import Catalogue
from simulation.calendar import DAY_MS
from simulation.campaigns import simulated_catalogue
from simulation.customers import Customer
from simulation.plans import Plans
from simulation.play import Run, bare_run, end_of
from simulation.shop import Shop

START_MS = 1_767_225_600_000  # 2026-01-01 00:00 UTC; any moment would do
EVENTS_PER_CUSTOMER = 100
# Binds in this world: without a budget the oracle would spend more than twice as much.
BUDGET_MINOR_PER_EVENT = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """One world; `open` it anew for each policy.

    Attributes
    ----------
    bare
        What came of it without any offers.
    plans
        Its customers and their visits, shared by all that are opened.
    """

    seed: int
    events_count: int
    customers_count: int
    budget_minor: int
    until_ms: int
    catalogue: Catalogue
    bare: Run
    plans: Plans = field(compare=False, repr=False)
    drift_ms: int | None = None
    farmers_ratio: float = 0.0
    stock_outs: bool = False

    def open(self, customers_count: int | None = None) -> Shop:
        """Open the shop as it is at the beginning, with all or only its first customers."""
        return _shop(self.seed, customers_count or self.customers_count, self.catalogue, self.plans)

    def customers(self) -> Iterator[Customer]:
        """Give all customers, in the order of their numbers."""
        return map(self.plans.customer, range(self.customers_count))


def build_world(
    events_count: int,
    seed: int,
    budget_minor: int | None = None,
    *,
    drift: bool = False,
    farmers_ratio: float = 0.0,
    stock_outs: bool = False,
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
    stock_outs
        Goods sell out and come back.
    """
    customers_count = max(1, events_count // EVENTS_PER_CUSTOMER)
    if budget_minor is None:
        budget_minor = BUDGET_MINOR_PER_EVENT * events_count
    undated = simulated_catalogue(budget_minor)
    lay_down = partial(
        Plans, seed=seed, start_ms=START_MS, farmers_ratio=farmers_ratio, stock_outs=stock_outs
    )
    plans, drift_ms = lay_down(), None
    if drift:
        half_count = max(1, events_count // 2)
        drift_ms = end_of(_shop(seed, customers_count, undated, plans), half_count)
        plans = lay_down(drift_ms=drift_ms)
    until_ms, bare = bare_run(_shop(seed, customers_count, undated, plans), events_count)
    return World(
        seed=seed,
        events_count=events_count,
        customers_count=customers_count,
        budget_minor=budget_minor,
        until_ms=until_ms,
        catalogue=simulated_catalogue(budget_minor, START_MS, max(until_ms, START_MS + DAY_MS)),
        bare=bare,
        plans=plans,
        drift_ms=drift_ms,
        farmers_ratio=farmers_ratio,
        stock_outs=stock_outs,
    )


def _shop(seed: int, customers_count: int, catalogue: Catalogue, plans: Plans) -> Shop:
    return Shop(
        seed=seed,
        customers_count=customers_count,
        catalogue=catalogue,
        start_ms=START_MS,
        plans=plans,
    )
