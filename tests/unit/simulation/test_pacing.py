"""The price of budget against the knapsack that knows the whole stream beforehand."""

from functools import partial
from random import Random

import pytest

from coupons.catalogue import Catalogue, Coupon
from coupons.ledger import Ledger
from coupons.lifecycle import Lifecycle
from coupons.price import worst_case_minor
from features.events import Event
from simulation.campaigns import simulated_catalogue
from simulation.oracle import options_at, price_of_budget
from simulation.play import Given, end_of, play
from simulation.truth import Worth
from tests.unit.simulation.worlds import START_MS, shop

SEED = 31
CUSTOMERS = 200
EVENTS = 14_000
MOMENTS = 20_000

Moment = tuple[int, list[tuple[Coupon, Worth]]]


class Clerk:
    """Gives nothing, and writes down what every coupon would have been worth at each visit."""

    def __init__(self) -> None:
        self.shop = shop(SEED, CUSTOMERS)
        self.moments: list[Moment] = []

    def decide(self, event: Event) -> Given | None:
        """Note the true options at a visit's beginning."""
        if event.event_type in ("list.viewed", "search.performed"):
            self.moments.append((event.ts_ms, options_at(self.shop, event)))
        return None


@pytest.fixture(scope="module")
def until_ms() -> int:
    return end_of(shop(SEED, CUSTOMERS), EVENTS)


@pytest.fixture(scope="module")
def moments(until_ms: int) -> list[Moment]:
    """As many moments as a shop of a thousand customers has, drawn from those of a smaller one.

    What pacing loses to chance falls with the number of decisions; times keep hours and weekdays.
    """
    clerk = Clerk()
    play(clerk.shop, clerk, until_ms)
    rng = Random(SEED)
    times = sorted(rng.choice(clerk.moments)[0] for _ in range(MOMENTS))
    return [(ts_ms, rng.choice(clerk.moments)[1]) for ts_ms in times]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("binding_ratio", "least_ratio"), [(0.6, 0.98), (0.3, 0.975), (0.1, 0.965)]
)
def test_c50_pacing_earns_nearly_all_of_the_hindsight_knapsack(
    moments: list[Moment], until_ms: int, binding_ratio: float, least_ratio: float
) -> None:
    choices = [[(w.profit_minor, w.spend_minor) for _, w in row] for _, row in moments]
    free_minor, _ = _best(choices, 0.0)
    budget_minor = round(binding_ratio * free_minor)
    _, hindsight_minor = _best(choices, price_of_budget(choices, budget_minor))
    catalogue = simulated_catalogue(budget_minor, START_MS, until_ms)
    spent_minor, earned_minor = _paced(moments, catalogue)
    assert 0.97 * budget_minor <= spent_minor <= budget_minor
    assert earned_minor >= least_ratio * hindsight_minor


def _best(choices: list[list[tuple[float, float]]], price: float) -> tuple[float, float]:
    """Tell what is spent and earned where each choice is the best one at this price."""
    spent = earned = 0.0
    for options in choices:
        profit, spend = max(options, key=lambda option: option[0] - price * option[1])
        if profit - price * spend > 0.0:
            spent, earned = spent + spend, earned + profit
    return spent, earned


def _net_minor(price: float, option: tuple[Coupon, Worth]) -> float:
    return option[1].profit_minor - price * option[1].spend_minor


def _paced(moments: list[Moment], catalogue: Catalogue) -> tuple[float, float]:
    """Decide moment by moment at the ledger's price; what is spent is what is to be expected."""
    ledger = Ledger(partition=0, partitions=1)
    ledger.adopt(catalogue)
    campaign = catalogue.campaigns[0]
    earned = owed = 0.0
    for ts_ms, options in moments:
        ledger.advance(ts_ms)
        price = ledger.lambda_price(campaign.campaign_id)
        coupon, worth = max(options, key=partial(_net_minor, price))
        charge_minor = worst_case_minor(coupon)
        net_minor = _net_minor(price, (coupon, worth))
        if net_minor <= 0.0 or charge_minor > ledger.room_minor(campaign):
            continue
        earned += worth.profit_minor
        owed += worth.spend_minor  # money is whole, expectations are not: the rest is carried on
        spent_minor = min(charge_minor, int(owed))
        owed -= spent_minor
        ledger.charge(coupon, campaign, charge_minor)
        ledger.settle(
            Lifecycle(
                stage="redeemed",
                coupon_id=coupon.coupon_id,
                campaign_id=campaign.campaign_id,
                decision_id=str(ts_ms),
                ts_ms=ts_ms,
                charge_minor=charge_minor,
                refund_minor=charge_minor - spent_minor,
            )
        )
    return ledger.spent_minor(campaign.campaign_id), earned
