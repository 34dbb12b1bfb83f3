"""The product in a world with known truth: every policy on the same customers, with the same dice.

Each policy runs inside the whole product (same arms, holdout, caps, budget, learner): only what the
arm `policy` does differs. So the figures are of the whole population, what exploring and holding
out cost included. The oracle stands outside: it knows the truth and needs no experiment.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from coupons.arms import ArmShares, arm_of
from coupons.catalogue import Catalogue
from online_models.evaluation import Figures
from simulation.calendar import DAY_MS
from simulation.campaigns import simulated_catalogue
from simulation.customers import customer
from simulation.figures import Estimate, difference, total
from simulation.oracle import Oracle, best_single, tuned_price
from simulation.play import Decider, Nobody, Run, end_of, play
from simulation.shop import Shop
from streams.settings import Settings
from streams.simulating.closed_loop import Product
from streams.simulating.rivals import POLICIES, PolicyName, baseline_of, policy_of

START_MS = 1_767_225_600_000  # 2026-01-01 00:00 UTC; any moment would do
EVENTS_PER_CUSTOMER = 100
# Binds in this world: without a budget the oracle would spend more than twice as much.
BUDGET_MINOR_PER_EVENT = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What is the same for all policies: the customers, their time, and the money."""

    seed: int
    events_count: int
    customers_count: int
    budget_minor: int
    until_ms: int
    catalogue: Catalogue
    drift_ms: int | None = None

    def open(self, customers_count: int | None = None) -> Shop:
        """Open the shop as it is at the beginning, with all or only its first customers."""
        return Shop(
            seed=self.seed,
            customers_count=customers_count or self.customers_count,
            catalogue=self.catalogue,
            start_ms=START_MS,
            drift_ms=self.drift_ms,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One policy's figures.

    Attributes
    ----------
    expected
        Incremental profit against giving nothing: the exact expectation of every offer made.
    realised
        The same as it came out: profit less the profit of the same world without offers.
    figures
        How good the logged probabilities were; None for policies without a learner.
    """

    name: PolicyName
    expected: Estimate
    realised: Estimate
    run: Run
    overspend_minor: int
    figures: Figures | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """All policies of one world; `arms` tells each customer's arm, in which only `policy` decides.

    The oracle knows no arms and is compared with itself on the same customers.
    """

    world: World
    results: tuple[Result, ...]
    arms: tuple[str, ...] = ()

    def result(self, name: str) -> Result | None:
        """Find a policy's figures."""
        return next((result for result in self.results if result.name == name), None)

    def share_of_oracle(self, name: str) -> float | None:
        """Tell which part of the best possible profit a policy earned."""
        oracle, result = self.result("oracle"), self.result(name)
        if oracle is None or result is None or oracle.expected.point <= 0:
            return None
        return result.expected.point / oracle.expected.point

    def learned_share(self, name: str, arm: str | None = None) -> float | None:
        """Tell the same after the first fifth of the time, all customers or those of one arm."""
        oracle, result = self.result("oracle"), self.result(name)
        if oracle is None or result is None:
            return None
        customers = [i for i, own in enumerate(self.arms) if arm is None or own == arm]
        best_minor = sum(oracle.run.learned_minor[i] for i in customers)
        if best_minor <= 0:
            return None
        return sum(result.run.learned_minor[i] for i in customers) / best_minor


def build_world(
    events_count: int, seed: int, budget_minor: int | None = None, *, drift: bool = False
) -> World:
    """Lay out a world that lasts `events_count` events when nothing is offered.

    Parameters
    ----------
    budget_minor
        None takes a budget that binds, in proportion to the events.
    drift
        Some customers change their nature half-way.
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
    )
    drift_ms = _half_way_ms(plain) if drift else None
    until_ms = end_of(replace(plain, drift_ms=drift_ms).open(), events_count)
    catalogue = simulated_catalogue(budget_minor, START_MS, max(until_ms, START_MS + DAY_MS))
    return replace(plain, until_ms=until_ms, catalogue=catalogue, drift_ms=drift_ms)


def run(
    world: World,
    settings: Settings,
    policies: Sequence[PolicyName] = POLICIES,
    on_policy: Callable[[PolicyName], Callable[[], None] | None] = lambda _: None,
) -> Report:
    """Play the world once under each policy, and once without offers to compare with.

    Parameters
    ----------
    settings
        Arms, exploration, horizon and spacing of the product.
    on_policy
        Called before each policy is played; gives what to call after each event.
    """
    bare = play(world.open(), Nobody(), world.until_ms)
    single_id = _single_id(world) if "single" in policies else None
    results = []
    for name in policies:
        shop = world.open()
        decider = _decider(name, world, shop, settings, single_id)
        played = play(shop, decider, world.until_ms, on_policy(name))
        learner = decider.figures if isinstance(decider, Product) else None
        results.append(_result(name, world, played, bare, learner))
    return Report(world=world, results=tuple(results), arms=_arms(world, settings))


def _result(
    name: PolicyName, world: World, played: Run, bare: Run, figures: Figures | None
) -> Result:
    return Result(
        name=name,
        expected=total(played.expected_minor),
        realised=difference(played.profits_minor, bare.profits_minor),
        run=played,
        overspend_minor=max(0, played.spent_minor - world.budget_minor),
        figures=figures,
    )


def _decider(
    name: PolicyName, world: World, shop: Shop, settings: Settings, single_id: str | None
) -> Decider:
    if name == "oracle":
        price = tuned_price(world.open, world.customers_count, world.until_ms, world.budget_minor)
        return Oracle(shop, world.budget_minor, price)
    if name == "none":
        return Nobody()
    policy = policy_of(name, settings, single_id)
    return Product(settings, world.catalogue, policy, baseline_of(name))


def _arms(world: World, settings: Settings) -> tuple[str, ...]:
    shares = ArmShares(
        random=settings.random_ratio,
        business_as_usual=settings.business_as_usual_ratio,
        holdout=settings.holdout_ratio,
    )
    users = (customer(world.seed, index).user_id for index in range(world.customers_count))
    return tuple(arm_of(user_id, settings.experiment_salt, shares) for user_id in users)


def _single_id(world: World) -> str:
    coupon, _ = best_single(world.open, world.customers_count, world.until_ms)
    return coupon.coupon_id


def _half_way_ms(world: World) -> int:
    return end_of(world.open(), max(1, world.events_count // 2))
