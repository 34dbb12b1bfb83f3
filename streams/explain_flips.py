"""What would have turned a decision: the smallest change of one number, tried before it is told.

Each number is computed from the recorded table and then given to the policy, which must answer as
told at both ends of what the record leaves open; otherwise the next step is tried, or none is told.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from math import ceil, floor
from typing import Literal

from streams.decisions import Decision, ScoredCandidate
from streams.explain_values import (
    NONE,
    ValueTable,
    answers,
    best_by_value,
    cases,
    price_of,
    table_of,
)

FlipKind = Literal["values", "chance", "discount", "price_paid", "price_withheld"]

TRIES_COUNT = 4  # steps beyond the computed number, where rounding asks for them
PRICE_STEPS = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Flip:
    """A change at which the policy, asked again, answers otherwise.

    Attributes
    ----------
    kind
        What is changed: `chance` (0..1), `discount` (minor units), or the campaign's shadow price
        so that the coupon's value turns positive (`price_paid`) or not (`price_withheld`);
        `values`: they decide instead of the customer's group, the draw or another policy.
    becomes
        The action then chosen; None where the record cannot tell, since other coupons may share
        the campaign whose price changes.
    """

    kind: FlipKind
    coupon: str
    now: float = 0.0
    needed: float = 0.0
    becomes: str | None = None


def decided_by_values(decision: Decision) -> bool:
    """Tell whether the values alone chose, and no group, draw or other policy."""
    return (
        decision.experiment.variant == "policy"
        and decision.policy.name == "policy"
        and not decision.explored
        and decision.action in ("offer", "no_offer")
    )


def flips_of(decision: Decision) -> tuple[Flip, ...]:
    """Find what would have turned a decision; nothing where no coupon could be weighed."""
    rows = decision.candidates
    if not any(row.action != NONE for row in rows):
        return ()
    best = best_by_value(rows)
    flips: list[Flip | None] = []
    if not decided_by_values(decision):
        flips.append(Flip(kind="values", coupon=best.action, becomes=best.action))
    table = table_of(decision)
    if table is not None and best.action != NONE:
        flips += [chance_to_lose(table, best.action), price_to_lose(table, best.action)]
    elif table is not None:
        flips += _nearest(table, decision.why_not)
    return tuple(flip for flip in flips if flip is not None)


def _nearest(table: ValueTable, why_not: dict[str, str]) -> list[Flip | None]:
    """Give what would have made the coupon win that came closest, of those that could."""
    for row in sorted(table.rows, key=lambda row: -row.score):
        found = ways_to_win(table, row.action, why_not.get(row.action))
        if any(found):
            return found
    return []


def ways_to_win(table: ValueTable, coupon: str, reason: str | None) -> list[Flip | None]:
    """Try a greater chance, a smaller discount and, where it was the budget, a lower price."""
    found = [chance_to_win(table, coupon), discount_to_win(table, coupon)]
    return [*found, price_to_win(table, coupon)] if reason == "budget_price" else found


def chance_to_win(table: ValueTable, coupon: str) -> Flip | None:
    """Find how likely a purchase with the coupon has to be for it to be chosen.

    Examples
    --------
    >>> rows = (ScoredCandidate(action="ten", p_buy=0.62, score=-270, propensity=0,
    ...     discount_minor=500),)
    >>> table = ValueTable(p_nothing=0.6, rows=rows, margins_minor=(2_000.0, 2_000.0))
    >>> chance_to_win(table, "ten").needed
    0.8001
    """
    row, rival = table.row(coupon), best_by_value(table.rows, but=coupon)
    steps, needed = _steps(row.p_buy), _chances(table, row, rival.score)
    if not needed:
        return None
    first = ceil(max(needed) * steps)
    tries = [step / steps for step in range(first, min(first + TRIES_COUNT, steps + 1))]
    return _first(
        (p for p in tries if p > row.p_buy),
        lambda p: answers(table, coupon, p_buy=p).chosen == {coupon},
        Flip(kind="chance", coupon=coupon, now=row.p_buy, becomes=coupon),
    )


def chance_to_lose(table: ValueTable, coupon: str) -> Flip | None:
    """Find at which lower chance the runner-up, or nothing, is chosen instead of the coupon."""
    row, rival = table.row(coupon), best_by_value(table.rows, but=coupon)
    steps, needed = _steps(row.p_buy), _chances(table, row, rival.score)
    if not needed:
        return None
    first = floor(min(needed) * steps)
    tries = [step / steps for step in range(first, max(first - TRIES_COUNT, -1), -1)]
    return _first(
        (p for p in tries if p < row.p_buy),
        lambda p: answers(table, coupon, p_buy=p).chosen == {rival.action},
        Flip(kind="chance", coupon=coupon, now=row.p_buy, becomes=rival.action),
    )


def discount_to_win(table: ValueTable, coupon: str) -> Flip | None:
    """Find the smaller discount at which the coupon, with the same chance, is chosen."""
    row, rival = table.row(coupon), best_by_value(table.rows, but=coupon)
    rise = row.p_buy - table.p_nothing
    if rise <= 0.0:
        return None
    limits = [
        row.discount_minor
        * (case.margin_minor * rise - rival.score)
        / (case.margin_minor * rise - case.value_minor)
        for case in cases(table, row)
        if case.margin_minor * rise > max(rival.score, case.value_minor)
    ]
    first = floor(min(limits, default=0.0))
    tries = range(min(first, row.discount_minor - 1), max(first - TRIES_COUNT, 0), -1)
    return _first(
        tries,
        lambda cost: answers(table, coupon, discount_minor=int(cost)).chosen == {coupon},
        Flip(kind="discount", coupon=coupon, now=row.discount_minor, becomes=coupon),
    )


def price_to_win(table: ValueTable, coupon: str) -> Flip | None:
    """Find the lower shadow price at which the coupon would be worth more than nothing."""
    row = table.row(coupon)
    if row.p_buy * row.discount_minor == 0.0:
        return None
    first = floor(min(_break_even_prices(table, row)) * PRICE_STEPS)
    now = [price_of(table, row, case) for case in cases(table, row)]
    tries = [step / PRICE_STEPS for step in range(first, max(first - TRIES_COUNT, -1), -1)]
    return _first(
        (price for price in tries if price < min(now)),
        lambda price: answers(table, coupon, price=price).least_minor > 0.0,
        Flip(kind="price_paid", coupon=coupon, now=round(sum(now) / len(now), 6)),
    )


def price_to_lose(table: ValueTable, coupon: str) -> Flip | None:
    """Find the higher shadow price at which the coupon would be worth no more than nothing."""
    row = table.row(coupon)
    if row.p_buy * row.discount_minor == 0.0:
        return None
    first = ceil(max(_break_even_prices(table, row)) * PRICE_STEPS)
    now = [price_of(table, row, case) for case in cases(table, row)]
    tries = [step / PRICE_STEPS for step in range(first, first + TRIES_COUNT)]
    return _first(
        (price for price in tries if price > max(now)),
        lambda price: answers(table, coupon, price=price).most_minor <= 0.0,
        Flip(kind="price_withheld", coupon=coupon, now=max(0.0, round(sum(now) / len(now), 6))),
    )


def _chances(table: ValueTable, row: ScoredCandidate, rival_minor: float) -> list[float]:
    """Give the chance at which the coupon is worth as much as its rival, in every case.

    From V(p) = p (m - c - lambda c) - P0 m, where the bracket follows from the recorded value; no
    chance will do in a case where the bracket, what a sale brings, is not above 0.
    """
    if row.p_buy == 0.0:
        return []
    found = []
    for case in cases(table, row):
        unaided_minor = table.p_nothing * case.margin_minor
        sold_minor = case.value_minor + unaided_minor
        if sold_minor <= 0.0:
            return []
        found.append(row.p_buy * (rival_minor + unaided_minor) / sold_minor)
    return found


def _break_even_prices(table: ValueTable, row: ScoredCandidate) -> list[float]:
    return [price_of(table, row, case._replace(value_minor=0.0)) for case in cases(table, row)]


def _steps(p_buy: float) -> int:
    """Cut chances as finely as they are told: to 0.01 points, small ones to 0.0001."""
    return 10_000 if p_buy >= 0.01 else 1_000_000


def _first(tries: Iterable[float], turns: Callable[[float], bool], flip: Flip) -> Flip | None:
    return next((replace(flip, needed=needed) for needed in tries if turns(needed)), None)
