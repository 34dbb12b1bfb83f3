"""How customers of each hidden sort behave on average."""

from dataclasses import dataclass
from typing import Literal

Sort = Literal["sure_thing", "persuadable", "lost_cause", "sleeping_dog", "farmer"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Habits:
    """How customers of one sort behave on average.

    Attributes
    ----------
    share_ratio
        Share of all customers; of farmers there are as many as the world asks for.
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
    # Buys readily at full price but hunts for coupons, and so looks like a persuadable: that is
    # the art of it. How it is learned stands in `farming`.
    "farmer": Habits(
        share_ratio=0.0,
        buy_ratio=0.15,
        visits_per_day=1.50,
        views_count=4.6,
        dwell_ms=34_000,
        cart_ratio=0.60,
        checkout_ratio=0.25,
        search_ratio=0.50,
        deal_ratio=0.50,
        phone_ratio=0.72,
        member_ratio=0.30,
        code_ratio=0.40,
        notice_ratio=0.90,
        click_ratio=0.60,
    ),
}
SORTS: tuple[Sort, ...] = tuple(sort for sort, habits in HABITS.items() if habits.share_ratio)
