"""Visits of the simulated shop with coupons drawn by lot: what estimators say, and what is true.

A visit's truth is known for every coupon, so the value of any policy is too, exactly; what is
logged is one drawn coupon and the money that followed.
"""

from dataclasses import dataclass
from math import fsum
from random import Random

from coupons.catalogue import Coupon
from online_models.off_policy import PolicySums, PolicyValue, Weighted
from simulation.campaigns import simulated_catalogue
from simulation.customers import customer
from simulation.goods import Shelf
from simulation.truth import Reaction, margin_minor, reaction
from simulation.visits import Visit, visits

CUSTOMERS_COUNT = 500
VISITS_COUNT = 5  # of each customer
COUPON_IDS = ("off-10-from-60", "percent-10")
START_MS = 1_767_225_600_000
# A model that is wrong on purpose: everybody buys alike, and a coupon adds this much.
GUESSED_RATE, GUESSED_LIFT = 0.15, 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A policy's true mean margin a visit, and what the log says of it."""

    truth: float
    value: PolicyValue


def judged(seed: int) -> Judged:
    """Judge "ten off baskets of sixty and more, else nothing" by a log of drawn coupons.

    Parameters
    ----------
    seed
        Names the customers, their visits and the draws.
    """
    dice, shelf = Random(seed), Shelf.stocked(seed)
    coupons = (one for one in simulated_catalogue(10**9).coupons if one.coupon_id in COUPON_IDS)
    actions: list[Coupon | None] = [None, *coupons]
    sums, truths = PolicySums(), list[float]()
    for index in range(CUSTOMERS_COUNT):
        person = customer(seed, index)
        coming = visits(seed, person, shelf, START_MS, None)
        for _ in range(VISITS_COUNT):
            visit = next(coming)
            told = [reaction(person, coupon, visit) for coupon in actions]
            target = _target(actions, visit)
            truths.append(told[target].p_buy * told[target].profit_minor)
            taken = dice.randrange(len(actions))
            bought = dice.random() < told[taken].p_buy
            sums.update(
                Weighted(
                    unit=person.user_id,
                    weight=len(actions) * float(taken == target),
                    reward=float(told[taken].profit_minor * bought),
                    direct=_guessed(told[target], visit, target),
                    predicted=_guessed(told[taken], visit, taken),
                )
            )
    return Judged(truth=fsum(truths) / len(truths), value=sums.value())


def _target(actions: list[Coupon | None], visit: Visit) -> int:
    """Choose by what a policy could see."""
    if visit.basket.goods_minor < 6_000:
        return 0
    return next(at for at, one in enumerate(actions) if one and one.coupon_id == COUPON_IDS[0])


def _guessed(told: Reaction, visit: Visit, at: int) -> float:
    p = GUESSED_RATE + GUESSED_LIFT * (at > 0)
    return p * (margin_minor(visit.basket) - told.cost_minor)
