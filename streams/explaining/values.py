"""The recorded value table, and the policy asked again about it with one number changed.

A decision records everything that the policy compared: chances, discounts, the margin and the
shadow price of every campaign. So the policy, asked again, must give the recorded values to the
last digit; a record with which it does not (one of an earlier version, or a damaged one) gives no
table.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import NamedTuple

from coupons.catalogue import Coupon, Scope
from coupons.choices import Candidate, Choice
from coupons.policy import PolicySettings, choose
from features.actions import NOTHING, Action
from streams.decisions import Decision, ScoredCandidate

NONE = NOTHING.action_id
_BY_VALUE = PolicySettings(explore_ratio=0.0)


class Asked(NamedTuple):
    """One coupon as the policy is asked about it.

    `price` is the shadow price of its campaign, `hold_price` what each of the `held_minor` costs.
    """

    action: str
    campaign_id: str
    p_buy: float
    discount_minor: int
    price: float
    hold_price: float = 0.0
    held_minor: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueTable:
    """What the policy was asked; `margin_minor` is that of the basket before any discount."""

    p_nothing: float
    margin_minor: float
    lines: tuple[Asked, ...]

    def line(self, coupon: str) -> Asked:
        """Give the line of a coupon that was scored."""
        return next(line for line in self.lines if line.action == coupon)

    def worth(self, line: Asked, price: float) -> float:
        """Give a coupon's value at a shadow price, unrounded."""
        earned = line.p_buy * (self.margin_minor - line.discount_minor)
        fee = price * line.p_buy * line.discount_minor + line.hold_price * line.held_minor
        return earned - self.p_nothing * self.margin_minor - fee

    def answer(self, change: Callable[[Asked], Asked] = lambda line: line) -> str:
        """Ask the policy again with changed lines, and give the action it chooses."""
        choice = ask(map(change, self.lines), self.p_nothing, self.margin_minor)
        return NONE if choice.candidate is None else choice.candidate.coupon.coupon_id


def table_of(decision: Decision) -> ValueTable | None:
    """Read the value table; None if no coupon was scored or the record does not repeat itself."""
    scored = {row.action: row for row in decision.candidates}
    nothing = scored.pop(NONE, None)
    if not scored or nothing is None or decision.margin_minor is None:
        return None
    priced = {coupon: one for one in decision.prices for coupon in one.coupons or sorted(scored)}
    if priced.keys() != scored.keys():
        return None
    lines = tuple(
        Asked(
            row.action,
            one.campaign_id,
            row.p_buy,
            row.discount_minor,
            one.price,
            one.hold_price,
            one.held_minor.get(row.action, 0),
        )
        for row in scored.values()
        for one in (priced[row.action],)
    )
    table = ValueTable(p_nothing=nothing.p_buy, margin_minor=decision.margin_minor, lines=lines)
    again = ask(lines, table.p_nothing, table.margin_minor).values_minor
    return table if list(again) == [row.score for row in scored.values()] else None


def best_by_value(rows: Iterable[ScoredCandidate], but: str = NONE) -> ScoredCandidate:
    """Give the row that the values alone choose: `nothing`, unless a coupon's is above 0."""
    best = ScoredCandidate(action=NONE, score=0.0, p_buy=0.0, propensity=0.0)
    for row in rows:
        if row.action not in (but, NONE) and row.score > best.score:
            best = row
    return best


def ask(asked: Iterable[Asked], p_nothing: float, margin_minor: float) -> Choice:
    """Let the policy choose among coupons given in numbers, by their values alone.

    Each stands in a scope and a campaign of its own: recorded chances are monotone already.

    Examples
    --------
    >>> ask([Asked("ten", "spring", 0.2, 500, 0.0)], 0.05, 2_000.0).reasons
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
        hold_prices={line.action: line.hold_price for line in lines},
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
        charge_minor=line.held_minor,
    )
