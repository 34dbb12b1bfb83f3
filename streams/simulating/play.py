"""The product in a world with known truth: every policy on the same customers, with the same dice.

Each policy runs inside the whole product (same arms, holdout, caps, budget, learner): only what the
arm `policy` does differs. So the figures are of the whole population, what exploring and holding
out cost included. The oracle stands outside: it knows the truth and needs no experiment.
"""

from collections.abc import Callable, Sequence

from coupons.arms import ArmShares, arm_of
from online_models.evaluation import Figures
from simulation.figures import difference, total
from simulation.oracle import Oracle, best_single, tuned_price
from simulation.play import Decider, Nobody, Run, play
from simulation.shop import Shop
from streams.settings import Settings
from streams.simulating.closed_loop import Product
from streams.simulating.hiding import NOTHING_HIDDEN, Hidden
from streams.simulating.report import Report, Result
from streams.simulating.rivals import STANDARD, PolicyName, baseline_of, policy_of
from streams.simulating.worlds import World


def run(
    world: World,
    settings: Settings,
    policies: Sequence[PolicyName] = STANDARD,
    on_policy: Callable[[PolicyName], Callable[[], None] | None] = lambda _: None,
    hidden: Hidden = NOTHING_HIDDEN,
) -> Report:
    """Play the world once under each policy, to compare with the same world without offers.

    Parameters
    ----------
    settings
        Arms, exploration, horizon and spacing of the product.
    on_policy
        Called before each policy is played; gives what to call after each event.
    hidden
        Features that no learner sees.
    """
    bare = world.bare
    single_id = _single_id(world) if "single" in policies else None
    results = []
    for name in policies:
        shop = world.open()
        decider = _decider(name, world, shop, settings, single_id, hidden)
        played = play(shop, decider, world.until_ms, on_policy(name))
        learner = decider.figures if isinstance(decider, Product) else None
        results.append(_result(name, world, played, bare, learner))
    return Report(
        world=world,
        results=tuple(results),
        arms=_arms(world, settings),
        farmers=tuple(person.sort == "farmer" for person in world.customers()),
        bare_minor=bare.profits_minor,
    )


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
    name: PolicyName,
    world: World,
    shop: Shop,
    settings: Settings,
    single_id: str | None,
    hidden: Hidden,
) -> Decider:
    if name == "oracle":
        price = tuned_price(world.open, world.customers_count, world.until_ms, world.budget_minor)
        return Oracle(shop, world.budget_minor, price)
    if name == "none":
        return Nobody()
    policy = policy_of(name, settings, single_id)
    if name == "guarded":
        settings = settings.model_copy(update={"habit_pause": True})
    stock = world.plans.stock
    levels = None if stock is None else stock.levels()
    return Product(settings, world.catalogue, policy, baseline_of(name), hidden, levels)


def _arms(world: World, settings: Settings) -> tuple[str, ...]:
    shares = ArmShares(
        random=settings.random_ratio,
        business_as_usual=settings.business_as_usual_ratio,
        holdout=settings.holdout_ratio,
    )
    salt = settings.experiment_salt
    return tuple(arm_of(person.user_id, salt, shares) for person in world.customers())


def _single_id(world: World) -> str:
    coupon, _ = best_single(world.open, world.customers_count, world.until_ms)
    return coupon.coupon_id
