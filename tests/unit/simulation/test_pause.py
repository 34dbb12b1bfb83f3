"""The pause in the twin: what it takes from farmers, and what it costs everybody else.

Played is somebody who, after some days, gives to all whom coupons move and takes farmers for such.
No learner's luck hides what the pause does.
"""

from functools import cache

from coupons.habit import Habit, follow, is_paused
from coupons.lifecycle import Lifecycle
from features.events import Event
from simulation.play import Decider, Given, end_of, play
from simulation.shop import Shop
from tests.unit.simulation.worlds import CATALOGUE, START_MS, Everybody

CUSTOMERS, EVENTS = 150, 30_000  # seven weeks
COUPON_ID = "percent-10"
BEGINS_MS = START_MS + 4 * 86_400_000


class Fooled(Everybody):
    """Gives to persuadables, and to farmers, who look like them."""

    def __init__(self, shop: Shop) -> None:
        super().__init__(COUPON_ID)
        self.shop = shop

    def decide(self, event: Event) -> Given | None:
        """Give at the first step of their visits."""
        sort = self.shop.customer_of(event.user_id).sort
        given = super().decide(event) if sort in ("persuadable", "farmer") else None
        return given if event.ts_ms >= BEGINS_MS else None


class Paused:
    """Asks another, and gives nothing to those who are paused."""

    def __init__(self, other: Decider) -> None:
        self.other = other
        self.habits: dict[str, Habit | None] = {}

    def decide(self, event: Event) -> Given | None:
        """Give what the other does, but not to those who are paused."""
        habit = follow(self.habits.get(event.user_id), event, _moved(event))
        self.habits[event.user_id] = habit
        given = self.other.decide(event)
        return None if is_paused(habit, event.ts_ms) else given


def _moved(event: Event) -> list[Lifecycle]:
    if event.event_type != "order.completed" or event.decision_id is None:
        return []
    return [
        Lifecycle(
            stage="redeemed",
            coupon_id=event.offer_id or "",
            campaign_id="simulated",
            decision_id=event.decision_id,
            ts_ms=event.ts_ms,
        )
    ]


def open_shop(seed: int) -> Shop:
    return Shop(
        seed=seed,
        customers_count=CUSTOMERS,
        catalogue=CATALOGUE,
        start_ms=START_MS,
        farmers_ratio=0.2,
    )


@cache
def played(pauses: bool) -> tuple[float, int, float]:
    """Play four worlds with one farmer in five; what is earned is counted by the truth.

    Returns profit from the honest, coupons used by farmers, and their mean habit at the end.
    """
    honest, taken, habits = 0.0, 0, list[float]()
    for seed in (5, 6, 7, 8):
        until_ms = end_of(open_shop(seed), EVENTS)
        shop = open_shop(seed)
        fooled = Fooled(shop)
        run = play(shop, Paused(fooled) if pauses else fooled, until_ms)
        by_customer = zip(run.expected_minor, run.spends_minor, shop.farmers(), strict=True)
        for expected, spent, farms in by_customer:
            honest += 0.0 if farms else expected
            taken += spent if farms else 0
        habits += [walk.farming.habit_ratio for walk in shop._walks if walk.farming is not None]
    return honest, taken, sum(habits) / len(habits)


def test_n7_the_pause_takes_half_of_their_coupons_from_farmers_who_learn_less() -> None:
    (_, with_minor, learned), (_, without_minor, more) = played(True), played(False)
    assert with_minor < 0.5 * without_minor
    assert learned < more


def test_n7_the_pause_costs_the_honest_less_than_2_percent_of_what_they_bring() -> None:
    (with_minor, *_), (without_minor, *_) = played(True), played(False)
    assert with_minor > 0.98 * without_minor > 0
