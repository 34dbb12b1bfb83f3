"""Who visits: customers whose hidden sort shows only partly in what they do."""

from dataclasses import dataclass
from random import Random
from typing import Literal

from features.events import Basics
from simulation.goods import CATEGORIES

Sort = Literal["sure_thing", "persuadable", "lost_cause", "sleeping_dog"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Habits:
    """How customers of one sort behave on average.

    Attributes
    ----------
    share_ratio
        Share of all customers.
    buy_ratio
        Probability that a visit ends in an order when nothing is offered.
    visits_per_day
        Mean number of visits.
    cart_ratio, checkout_ratio
        Probability that a visit reaches the cart, and from there the checkout.
    deal_ratio
        Probability that a search asks for a bargain.
    code_ratio
        Probability that a visit with a cart tries a coupon code found elsewhere.
    notice_ratio, click_ratio
        Probability that an offer made is looked at, and that one looked at is clicked on if it can
        be used in the visit.
    """

    share_ratio: float
    buy_ratio: float
    visits_per_day: float
    views_count: float
    dwell_ms: int
    cart_ratio: float
    checkout_ratio: float
    search_ratio: float
    deal_ratio: float
    phone_ratio: float
    member_ratio: float
    code_ratio: float
    notice_ratio: float
    click_ratio: float


HABITS: dict[Sort, Habits] = {
    "sure_thing": Habits(
        share_ratio=0.11,
        buy_ratio=0.18,
        visits_per_day=0.75,
        views_count=2.6,
        dwell_ms=18_000,
        cart_ratio=0.50,
        checkout_ratio=0.70,
        search_ratio=0.35,
        deal_ratio=0.06,
        phone_ratio=0.40,
        member_ratio=0.55,
        code_ratio=0.06,
        notice_ratio=0.70,
        click_ratio=0.30,
    ),
    "persuadable": Habits(
        share_ratio=0.20,
        buy_ratio=0.022,
        visits_per_day=0.70,
        views_count=4.6,
        dwell_ms=34_000,
        cart_ratio=0.55,
        checkout_ratio=0.22,
        search_ratio=0.50,
        deal_ratio=0.50,
        phone_ratio=0.72,
        member_ratio=0.30,
        code_ratio=0.40,
        notice_ratio=0.85,
        click_ratio=0.60,
    ),
    "lost_cause": Habits(
        share_ratio=0.59,
        buy_ratio=0.005,
        visits_per_day=0.50,
        views_count=3.6,
        dwell_ms=24_000,
        cart_ratio=0.10,
        checkout_ratio=0.12,
        search_ratio=0.30,
        deal_ratio=0.12,
        phone_ratio=0.60,
        member_ratio=0.12,
        code_ratio=0.15,
        notice_ratio=0.60,
        click_ratio=0.08,
    ),
    "sleeping_dog": Habits(
        share_ratio=0.10,
        buy_ratio=0.065,
        visits_per_day=0.55,
        views_count=2.2,
        dwell_ms=15_000,
        cart_ratio=0.28,
        checkout_ratio=0.50,
        search_ratio=0.15,
        deal_ratio=0.02,
        phone_ratio=0.25,
        member_ratio=0.65,
        code_ratio=0.01,
        notice_ratio=0.60,
        click_ratio=0.03,
    ),
}
SORTS: tuple[Sort, ...] = tuple(HABITS)
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


def customer(seed: int, index: int) -> Customer:
    """Make customer number `index` of the world `seed`; the rest of the world does not matter.

    Examples
    --------
    >>> customer(7, 3) == customer(7, 3), customer(7, 3).user_id
    (True, 'c000003')
    """
    rng = Random(f"customer|{seed}|{index}")
    sort = _drawn_sort(rng.random())
    habits = HABITS[sort]
    return Customer(
        index=index,
        user_id=f"c{index:06d}",
        sort=sort,
        later_sort=_drifted(sort, rng.random()),
        tastes=_drawn_tastes(rng),
        thresholds=_drawn_thresholds(rng),
        likings={kind: 0.8 + 0.4 * rng.random() for kind in KINDS},
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
