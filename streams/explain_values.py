"""The recorded value table, and the policy asked again about it with one number changed.

A decision records chances, discounts and values, but neither the margin nor the shadow price of
every campaign. With V = P (m - c) - P0 m - lambda P c the record bounds the margin m, and m gives
the lambda of each coupon.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import product
from math import inf
from typing import Any, NamedTuple

from coupons.catalogue import Coupon, Scope
from coupons.choices import Candidate, Choice
from coupons.policy import PolicySettings, choose
from features.actions import NOTHING, Action
from streams.decisions import Decision, ScoredCandidate

NONE = NOTHING.action_id
HALF_CENT = 0.005  # a value is rounded to 2 decimals of a minor unit
HALF_MICRO = 5e-7
_SLACK = 1e-6  # of floats, relative
_BY_VALUE = PolicySettings(explore_ratio=0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueTable:
    """What was scored, and the margins in minor units between which the numbers fit together."""

    p_nothing: float
    rows: tuple[ScoredCandidate, ...]
    margins_minor: tuple[float, float]

    def row(self, coupon: str) -> ScoredCandidate:
        """Give the row of a coupon that was scored."""
        return next(row for row in self.rows if row.action == coupon)


class Case(NamedTuple):
    """One way in which the record may be true: a margin, and a coupon's value unrounded."""

    margin_minor: float
    value_minor: float


class Asked(NamedTuple):
    """One coupon as the policy is asked about it."""

    action: str
    p_buy: float
    discount_minor: int
    price: float


class Answers(NamedTuple):
    """What the policy chooses in all cases, and the range of one coupon's value."""

    chosen: frozenset[str]
    least_minor: float
    most_minor: float


def table_of(decision: Decision) -> ValueTable | None:
    """Read the value table; None if no coupon was scored or no finite margin fits the numbers."""
    rows = tuple(row for row in decision.candidates if row.action != NONE)
    nothing = next((row for row in decision.candidates if row.action == NONE), None)
    if not rows or nothing is None or decision.scores is None:
        return None
    low, high = 0.0, inf
    for least, most in _bounds(decision, decision.scores.expected_margin_minor, nothing, rows):
        low, high = max(low, least), min(high, most)
    if high == inf or low > high + _SLACK * (1.0 + abs(high)):
        return None
    margins = (min(low, high), max(low, high))
    return ValueTable(p_nothing=nothing.p_buy, rows=rows, margins_minor=margins)


def _bounds(
    decision: Decision,
    expected_minor: int,
    nothing: ScoredCandidate,
    rows: Iterable[ScoredCandidate],
) -> Iterator[tuple[float, float]]:
    """Bound the margin by the expected margin, and by each value, as no lambda is below 0."""
    given = decision.offer.template_id if decision.offer is not None else NONE
    chosen = next((row for row in rows if row.action == given), nothing)
    if chosen.p_buy > 0.0:
        middle = expected_minor / chosen.p_buy + chosen.discount_minor
        yield middle - 0.5 / chosen.p_buy, middle + 0.5 / chosen.p_buy
    for row in rows:
        rise, cost_minor = row.p_buy - nothing.p_buy, row.p_buy * row.discount_minor
        if rise == 0.0:
            continue
        limit = (row.score + cost_minor - HALF_CENT) / rise
        yield (limit, inf) if rise > 0.0 else (-inf, limit)
        if row.action == given and decision.budget is not None:
            price = decision.budget.lambda_micro / 1e6
            middle = (row.score + cost_minor * (1.0 + price)) / rise
            reach = (HALF_CENT + cost_minor * HALF_MICRO) / abs(rise)
            yield middle - reach, middle + reach


def best_by_value(rows: Iterable[ScoredCandidate], but: str = NONE) -> ScoredCandidate:
    """Give the row that the values alone choose: `nothing`, unless a coupon's is above 0."""
    best = ScoredCandidate(action=NONE, score=0.0, p_buy=0.0, propensity=0.0)
    for row in rows:
        if row.action not in (but, NONE) and row.score > best.score:
            best = row
    return best


def cases(table: ValueTable, row: ScoredCandidate) -> list[Case]:
    """Give the corners of what may be true; values are linear in both, so corners suffice."""
    values_minor = (row.score - HALF_CENT, row.score + HALF_CENT)
    return [Case(*pair) for pair in product(table.margins_minor, values_minor)]


def price_of(table: ValueTable, row: ScoredCandidate, case: Case) -> float:
    """Give the shadow price at which a coupon has its value, 0 where it does not matter."""
    cost_minor = row.p_buy * row.discount_minor
    if cost_minor == 0.0:
        return 0.0
    gain_minor = case.margin_minor * (row.p_buy - table.p_nothing)
    return (gain_minor - case.value_minor) / cost_minor - 1.0


def answers(table: ValueTable, coupon: str, **changes: Any) -> Answers:
    """Ask the policy again with fields of `Asked` changed for one coupon, in all its cases."""
    row = table.row(coupon)
    chosen: set[str] = set()
    values_minor: list[float] = []
    for case in cases(table, row):
        asked = []
        for one in table.rows:
            true = case if one is row else Case(case.margin_minor, one.score)
            line = Asked(one.action, one.p_buy, one.discount_minor, price_of(table, one, true))
            asked.append(line._replace(**changes) if one is row else line)
        choice = ask(asked, table.p_nothing, case.margin_minor)
        chosen.add(NONE if choice.candidate is None else choice.candidate.coupon.coupon_id)
        values_minor += [one.value_minor for one in choice.table if one.action_id == coupon]
    return Answers(frozenset(chosen), min(values_minor), max(values_minor))


def ask(asked: Iterable[Asked], p_nothing: float, margin_minor: float) -> Choice:
    """Let the policy choose among coupons given in numbers, by their values alone.

    Each stands in a scope and a campaign of its own: recorded chances are monotone already.

    Examples
    --------
    >>> ask([Asked("ten", 0.2, 500, 0.0)], 0.05, 2_000.0).reasons
    ('best_value',)
    """
    lines = list(asked)
    return choose(
        candidates=[_candidate(line) for line in lines],
        blocked=(),
        p_nothing=p_nothing,
        p_buy=[line.p_buy for line in lines],
        margin_minor=margin_minor,
        prices={line.action: line.price for line in lines},
        arm="policy",
        decision_id="",
        settings=_BY_VALUE,
        cold=False,
    )


def _candidate(line: Asked) -> Candidate:
    return Candidate(
        coupon=Coupon(
            coupon_id=line.action,
            campaign_id=line.action,
            kind="amount_off",
            scope=Scope(of="product", names=frozenset({line.action})),
        ),
        action=Action(action_id=line.action, kind="amount_off"),
        discount_minor=line.discount_minor,
        charge_minor=line.discount_minor,
    )
