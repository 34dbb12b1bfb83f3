"""The evidence of `evaluate`, kept up to date outcome by outcome on the worker that trains.

It begins when the worker begins to train, and its memory is bounded: customers are dealt into a few
hundred groups that stand for them in the variances, scores are rounded, decisions that wait too
long are forgotten. What each arm brought per customer is not told here: partitions know it exactly.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from heapq import heappop, heappush
from itertools import count
from typing import NamedTuple

from coupons.draw import bucket
from features.actions import NOTHING
from online_models.fairness import PriceGap, Prices
from online_models.league.contracts import Scorer
from online_models.off_policy import PolicySums, PolicyValue, Weighted
from online_models.outcomes import Arm, Outcome
from online_models.qini import Qini, Ranking, Treated
from streams.evidence.values import NAMED, Logged, treated, weighted

GROUPS_COUNT = 256
MAX_WAITING_COUNT = 20_000
MAX_ORDERS_COUNT = 50_000
SCORE_STEP_MINOR = 20
MAX_STEPS_COUNT = 250
LOGGED = "logged"
_SALT = "evidence"


@dataclass(slots=True)
class ArmCounts:
    """Settled decisions of one arm, and what became of them."""

    settled: int = 0
    given: int = 0
    bought: int = 0
    redeemed: int = 0

    @property
    def conversion_ratio(self) -> float | None:
        """Which share of the decisions was followed by a purchase."""
        return self.bought / self.settled if self.settled else None

    @property
    def redemption_ratio(self) -> float | None:
        """Which share of the coupons given was used."""
        return self.redeemed / self.given if self.given else None


class _Verdict(NamedTuple):
    """What a settled decision will count, once all made with it have had their time."""

    due_ms: int
    number: int
    arm: Arm
    is_given: bool
    is_bought: bool
    is_redeemed: bool
    weighted: tuple[tuple[str, Weighted], ...]
    drawn: Treated | None


class LiveEvidence:
    """Judges every named policy by the arm `random`, and counts what happened in each arm.

    A purchase is known at once and its absence only at the horizon. So a purchase counts when its
    own horizon has passed too: what is told is of whole days' decisions and not of quick buyers.

    Parameters
    ----------
    horizon_ms
        How long decisions wait for a purchase, event time.
    """

    def __init__(self, horizon_ms: int) -> None:
        self.arms: dict[Arm, ArmCounts] = {}
        self._horizon_ms = horizon_ms
        self._now_ms = 0
        self._values = {name: PolicySums() for name in (LOGGED, *NAMED)}
        self._ranking = Ranking()
        self._prices = Prices()
        self._waiting: dict[str, Logged] = {}
        self._orders: dict[str, int] = {}
        self._early: list[_Verdict] = []
        self._numbers = count()

    def learn(self, outcomes: Iterable[Outcome], scorer: Scorer) -> None:
        """Take in outcomes; `scorer` is the model as it is before it learns them."""
        for outcome in outcomes:
            self._now_ms = max(self._now_ms, outcome.settled_ms or outcome.decided_ms)
            if outcome.state == "settled":
                self._settle(outcome)
            elif outcome.state == "censored":
                self._waiting.pop(outcome.decision_id, None)
            elif outcome.candidates and outcome.x:
                self._wait(_asked(outcome, scorer))
        early = self._early
        while early and (early[0].due_ms <= self._now_ms or len(early) > MAX_WAITING_COUNT):
            self._count(heappop(early))

    def values(self) -> dict[str, PolicyValue]:
        """Tell what each policy would have earned per decision; `logged` is the one in force."""
        return {name: sums.value() for name, sums in self._values.items() if sums.count}

    def sorting(self) -> Qini | None:
        """Tell how well scores sort decisions by what a coupon changes, in money."""
        return self._ranking.drawn() if self._values["uniform"].count else None

    def price_gaps(self) -> list[PriceGap]:
        """Tell what one group pays of the list price more than another."""
        return self._prices.gaps()

    def _wait(self, asked: Logged) -> None:
        self._waiting[asked.outcome.decision_id] = asked
        if len(self._waiting) > MAX_WAITING_COUNT:
            del self._waiting[next(iter(self._waiting))]

    def _settle(self, outcome: Outcome) -> None:
        group = str(bucket(outcome.user_id, _SALT) % GROUPS_COUNT)
        if outcome.y:
            self._note_order(outcome, group)
        told: list[tuple[str, Weighted]] = []
        drawn = None
        if outcome.arm == "policy":
            told.append((LOGGED, weighted(Logged(outcome=outcome), None, group, in_money=True)))
        asked = self._waiting.pop(outcome.decision_id, None)
        if asked is not None:
            one = replace(asked, outcome=outcome)
            told += [(name, weighted(one, of, group, in_money=True)) for name, of in NAMED.items()]
            drawn = _rounded(treated(one, in_money=True))
        verdict = _Verdict(
            due_ms=outcome.decided_ms + self._horizon_ms,
            number=next(self._numbers),
            arm=outcome.arm,
            is_given=outcome.action.kind != NOTHING.kind,
            is_bought=outcome.y,
            is_redeemed=outcome.y and outcome.discount_minor > 0,
            weighted=tuple(told),
            drawn=drawn,
        )
        if outcome.y:
            heappush(self._early, verdict)
        else:
            self._count(verdict)

    def _note_order(self, outcome: Outcome, group: str) -> None:
        """Count an order once, though it settles all decisions that waited for it."""
        user_id, settled_ms = outcome.user_id, outcome.settled_ms or 0
        if self._orders.pop(user_id, None) != settled_ms:
            paid_minor = outcome.order_minor
            self._prices.update(group, outcome.x, paid_minor, outcome.discount_minor)
        self._orders[user_id] = settled_ms
        if len(self._orders) > MAX_ORDERS_COUNT:
            del self._orders[next(iter(self._orders))]

    def _count(self, verdict: _Verdict) -> None:
        counts = self.arms.setdefault(verdict.arm, ArmCounts())
        counts.settled += 1
        counts.given += verdict.is_given
        counts.bought += verdict.is_bought
        counts.redeemed += verdict.is_redeemed
        for name, record in verdict.weighted:
            self._values[name].update(record)
        if verdict.drawn is not None:
            self._ranking.update(verdict.drawn)


def _rounded(record: Treated) -> Treated:
    step = round(record.score / SCORE_STEP_MINOR)
    step = min(max(step, -MAX_STEPS_COUNT), MAX_STEPS_COUNT)
    return record._replace(score=float(step * SCORE_STEP_MINOR))


def _asked(opened: Outcome, scorer: Scorer) -> Logged:
    """Ask the model about a decision that was drawn evenly, as the policy would have asked it."""
    options = opened.candidates
    answers = scorer.score(opened.x, [one.action for one in options])
    margin_minor, p_nothing = opened.expected_margin_minor, answers.p_nothing
    worth = [
        p * (margin_minor - one.cost_minor * (1 + one.price_ratio)) - p_nothing * margin_minor
        for one, p in zip(options, answers.p_buy, strict=True)
    ]
    return Logged(
        outcome=opened,
        actions=(NOTHING.action_id, *(one.action.action_id for one in options)),
        scores=(0.0, *worth),
        propensities=_evenly(len(options)),
        p_buy=(p_nothing, *answers.p_buy),
        discounts_minor=(0, *(one.cost_minor for one in options)),
        basket_minor=margin_minor,
    )


def _evenly(options_count: int) -> tuple[float, ...]:
    return (1 / (options_count + 1),) * (options_count + 1)
