"""A small shop whose truth is known: who buys, and what each coupon changes."""

import heapq
from collections.abc import Iterator
from dataclasses import replace
from math import exp
from random import Random

from hypothesis import HealthCheck, settings

from features.actions import NOTHING, Action
from online_models.outcomes import Outcome
from online_models.response import ResponseModel

# a loaded machine is no counterexample
RELAXED = settings(suppress_health_check=[HealthCheck.too_slow])

NAMES = (
    "cart_value_sum_1h",
    "browse_count_1h",
    "order_gap_last",
    "sale_ratio_30d",
    "shipping_drop_ratio_30d",
    "hour_evening",
)
TEN = Action(action_id="ten", kind="percent_off", depth_ratio=0.1, match_ratio=1.0)
THIRTY = Action(action_id="thirty", kind="percent_off", depth_ratio=0.3, match_ratio=1.0)
SHIP = Action(action_id="ship", kind="free_shipping", depth_ratio=0.05, match_ratio=1.0)
ACTIONS = (NOTHING, TEN, THIRTY, SHIP)


def visitor(random: Random) -> dict[str, float]:
    """Draw a user's features, some of them often zero."""
    return {
        "cart_value_sum_1h": round(max(0.0, random.gauss(0.3, 0.6)), 4),
        "browse_count_1h": round(random.random(), 4),
        "order_gap_last": round(random.uniform(-1, 1), 4),
        "sale_ratio_30d": float(random.random() < 0.4),
        "shipping_drop_ratio_30d": float(random.random() < 0.4),
        "hour_evening": float(random.random() < 0.3),
    }


def chance(x: dict[str, float], action: Action) -> float:
    """True P(buy): hunters of sales answer to percentages, the others to free shipping."""
    logit = -3.0 + 1.6 * x["cart_value_sum_1h"] + 0.8 * x["browse_count_1h"]
    logit -= 0.7 * x["order_gap_last"]
    if action.kind == "percent_off":
        logit += (0.2 + 4.0 * x["sale_ratio_30d"]) * action.depth_ratio
    if action.kind == "free_shipping":
        logit += 0.9 * x["shipping_drop_ratio_30d"]
    return 1 / (1 + exp(-logit))


def outcomes(
    random: Random, count: int, model: ResponseModel, delay_steps: int = 1_500
) -> Iterator[Outcome]:
    """Decide at random, one decision a step; labels follow after their delay or at the horizon.

    The stream ends with labels still out: a last run of late purchases alone would be no picture
    of a shop that goes on.
    """
    waiting: list[tuple[int, int, Outcome]] = []
    for step in range(count):
        while waiting and waiting[0][0] <= step:
            yield heapq.heappop(waiting)[2]
        x, action = visitor(random), random.choice(ACTIONS)
        opened = Outcome(
            decision_id=f"d{step}",
            user_id=f"u{step}",
            arm="random",
            state="opened",
            decided_ms=step,
            x=x,
            action=action,
            propensity=1 / len(ACTIONS),
            p_buy=model.predict_one(x, action),
        )
        yield opened
        y = random.random() < chance(x, action)
        delay = 1 + min(delay_steps - 1, int(random.expovariate(3 / delay_steps)))
        due = step + (delay if y else delay_steps)
        settled = replace(opened, state="settled", settled_ms=due, y=y)
        heapq.heappush(waiting, (due, step, settled))
