"""Who visits: customers whose hidden sort shows only partly in what they do."""

from dataclasses import dataclass
from random import Random

from features.events import Basics
from simulation.goods import CATEGORIES
from simulation.habits import HABITS, Sort

DRIFTING_RATIO = 0.3  # of persuadables and lost causes that trade places when the world drifts


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer:
    """One customer's hidden nature; nothing of it changes but the sort, once, by drift.

    Attributes
    ----------
    sort, later_sort
        What the customer is before and after the world's drift.
    tastes
        Cumulative share of visits by category, in the order of `CATEGORIES`.
    thresholds
        Depth at which half of the lift is reached, by category.
    likings
        How strongly a kind of coupon is felt against its money's worth.
    peak_ratio
        The most that a matching, deep coupon adds to the probability of buying.
    level_ratio, wealth, visits_per_day, pace_ratio, cart_ratio
        The person's own position around the sort's mean: chance of buying, price rank, visits,
        how long they look at things, and how readily they fill a cart.
    """

    index: int
    user_id: str
    sort: Sort
    later_sort: Sort
    tastes: tuple[float, ...]
    thresholds: dict[str, float]
    likings: dict[str, float]
    peak_ratio: float
    level_ratio: float
    wealth: float
    visits_per_day: float
    pace_ratio: float
    cart_ratio: float
    device: str
    channel: str
    basics: Basics | None


KINDS = ("amount_off", "percent_off", "free_shipping", "gift", "second_half_price", "bundle")


def customer(seed: int, index: int, farmers_ratio: float = 0.0) -> Customer:
    """Make customer number `index` of the world `seed`; the rest of the world does not matter.

    Parameters
    ----------
    farmers_ratio
        Share of customers who farm coupons; all others are the same whatever it is.

    Examples
    --------
    >>> customer(7, 3) == customer(7, 3), customer(7, 3).user_id
    (True, 'c000003')
    """
    rng = Random(f"customer|{seed}|{index}")
    sort, drifts = _drawn_sort(rng.random()), rng.random()
    later_sort = _drifted(sort, drifts)
    if Random(f"farmer|{seed}|{index}").random() < farmers_ratio:
        sort = later_sort = "farmer"
    habits = HABITS[sort]
    return Customer(
        index=index,
        user_id=f"c{index:06d}",
        sort=sort,
        later_sort=later_sort,
        tastes=_drawn_tastes(rng),
        thresholds=_drawn_thresholds(rng),
        likings=_drawn_likings(rng, sort),
        peak_ratio=0.12 + 0.16 * rng.random(),
        level_ratio=rng.lognormvariate(-0.06, 0.35),
        wealth=0.15 + 0.7 * rng.random(),
        visits_per_day=habits.visits_per_day * rng.lognormvariate(-0.08, 0.4),
        pace_ratio=rng.lognormvariate(-0.12, 0.5),
        cart_ratio=rng.lognormvariate(-0.08, 0.4),
        device=_drawn_device(rng, habits.phone_ratio),
        channel="app" if rng.random() < 0.35 else "web",
        basics=_drawn_basics(rng, habits.member_ratio),
    )


def _drawn_sort(draw: float) -> Sort:
    for sort, habits in HABITS.items():
        draw -= habits.share_ratio
        if draw < 0.0:
            return sort
    return "lost_cause"


def _drifted(sort: Sort, draw: float) -> Sort:
    if draw < DRIFTING_RATIO and sort == "persuadable":
        return "lost_cause"
    # fewer of the many lost causes wake up, so that the number of persuadables stays
    awaken = HABITS["persuadable"].share_ratio / HABITS["lost_cause"].share_ratio
    if draw < DRIFTING_RATIO * awaken and sort == "lost_cause":
        return "persuadable"
    return sort


def _drawn_tastes(rng: Random) -> tuple[float, ...]:
    weights = [rng.gammavariate(0.35, 1.0) + 0.01 for _ in CATEGORIES]
    total = sum(weights)
    reached = 0.0
    cumulative = []
    for weight in weights:
        reached += weight / total
        cumulative.append(reached)
    return tuple(cumulative)


def _drawn_thresholds(rng: Random) -> dict[str, float]:
    own = 0.05 + 0.09 * rng.random()
    return {category: own + 0.03 * rng.random() for category in CATEGORIES}


def _drawn_likings(rng: Random, sort: Sort) -> dict[str, float]:
    # farmers come for what they would have bought: no coupon makes them fill up a basket
    scale = 0.75 if sort == "farmer" else 1.0
    return {kind: scale * (0.8 + 0.4 * rng.random()) for kind in KINDS}


def _drawn_device(rng: Random, phone_ratio: float) -> str:
    draw = rng.random()
    if draw < phone_ratio:
        return "phone"
    return "tablet" if draw < phone_ratio + 0.1 else "desktop"


def _drawn_basics(rng: Random, member_ratio: float) -> Basics | None:
    told, member, month, sex = (rng.random() for _ in range(4))
    if told > 0.6:
        return None
    is_member = member < member_ratio
    return Basics(
        sex="f" if sex < 0.55 else "m",
        birth_month=1 + int(month * 12),
        tier="gold" if member < member_ratio * 0.4 else "silver" if is_member else None,
        member=is_member,
        consent=True,
    )
