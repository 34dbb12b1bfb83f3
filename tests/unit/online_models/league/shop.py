"""A shop that draws every coupon by lot, and learners of which it is known what they know."""

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Any

from features.actions import NOTHING, Action
from online_models.league.contracts import Form, Learner
from online_models.league.forms import Labels, sealed
from online_models.league.linear import lay_out
from online_models.league.replies import Replies
from online_models.outcomes import Option, Outcome

NAMES = ("cart", "visits", "deals")
TEN = Option(action=Action(action_id="ten", kind="percent_off", depth_ratio=0.1), cost_minor=200)
TWIN = Option(action=Action(action_id="twin", kind="percent_off", depth_ratio=0.1), cost_minor=200)
THIRTY = Option(
    action=Action(action_id="thirty", kind="percent_off", depth_ratio=0.3), cost_minor=600
)
MARGIN_MINOR = 2_000


def belief(*, lift: float = 0.0, deals: float = 0.0, base: float = -2.0, **coupons: float) -> Form:
    """Write down what a learner believes: who buys, and whom coupons move."""
    return {
        "typical": [0.0, 0.0, 0.0],
        "user": [0.8, 0.4, 0.0],
        "lift": [0.0, 0.0, deals],
        "user_bias": base,
        "lift_extras": [lift, 0.0, 0.0, 0.0],
        "kinds": [],
        "actions": [{"id": key, "w": weight} for key, weight in coupons.items()],
    }


TRUTH = belief(deals=1.2)  # coupons move who looks for deals, and nobody else


@dataclass(slots=True)
class Sure:
    """A learner that believes the same for ever."""

    body: Form
    learned_count: int = 0

    def learn_opened(self, x: dict[str, float], action: Action) -> float:
        given = action.kind != NOTHING.kind
        return self.score(x, (action,) if given else ()).expected(0 if given else None)

    def learn_bought(self, x: dict[str, float], action: Action) -> None:
        self.learned_count += 1

    def score(self, x: dict[str, float], coupons: Sequence[Action]) -> Replies:
        return lay_out(self.body, NAMES, Labels()).score(x, coupons)

    def scoring_form(self) -> Form:
        return sealed("linear", NAMES, {}, self.learned_count, self.body)


@dataclass(slots=True)
class Poisoned:
    """A learner that hears the opposite of every label from its `after`th decision on."""

    inner: Learner
    after: int = 0
    learned_count: int = 0

    def learn_opened(self, x: dict[str, float], action: Action) -> float:
        self.learned_count += 1
        if self.learned_count <= self.after:
            return self.inner.learn_opened(x, action)
        given = action.kind != NOTHING.kind
        p = self.inner.score(x, (action,) if given else ()).expected(0 if given else None)
        self.inner.learn_bought(x, action)
        return p

    def learn_bought(self, x: dict[str, float], action: Action) -> None:
        if self.learned_count <= self.after:
            self.inner.learn_bought(x, action)
        else:
            self.inner.learn_opened(x, action)

    def score(self, x: dict[str, float], coupons: Sequence[Action]) -> Any:
        return self.inner.score(x, coupons)

    def scoring_form(self) -> Form:
        return self.inner.scoring_form()


def outcomes(
    seed: int,
    count: int,
    options: Sequence[Option] = (TEN, THIRTY),
    truth: Form = TRUTH,
    delay_steps: int = 200,
) -> Iterator[Outcome]:
    """Decide by lot, one decision a step; labels follow after their delay or at the horizon."""
    random, waiting = Random(seed), list[tuple[int, int, Outcome]]()
    knows = lay_out(truth, NAMES, Labels())
    for step in range(count + delay_steps):
        while waiting and waiting[0][0] <= step:
            yield heapq.heappop(waiting)[2]
        if step >= count:
            continue
        x = {
            "cart": round(random.random() * 2, 3),
            "visits": round(random.random(), 3),
            "deals": float(random.random() < 0.4),
        }
        drawn = random.randrange(len(options) + 1)
        given = options[drawn - 1] if drawn else None
        answers = knows.score(x, [option.action for option in options])
        p = answers.expected(drawn - 1 if drawn else None)
        opened = Outcome(
            decision_id=f"d{step}",
            user_id=f"u{step}",
            arm="random",
            state="opened",
            decided_ms=step,
            x=x,
            action=NOTHING if given is None else given.action,
            propensity=1 / (len(options) + 1),
            p_buy=p,
            candidates=tuple(options),
            expected_margin_minor=MARGIN_MINOR,
        )
        yield opened
        y = random.random() < p
        delay = 1 + min(delay_steps - 1, int(random.expovariate(4 / delay_steps)))
        cost = given.cost_minor if given is not None else 0
        money = {"discount_minor": cost, "margin_minor": MARGIN_MINOR - cost} if y else {}
        due = step + (delay if y else delay_steps)
        settled = replace(
            opened,
            state="settled",
            settled_ms=due,
            y=y,
            candidates=(),
            **money,  # type: ignore[arg-type]
        )
        heapq.heappush(waiting, (due, step, settled))
