"""What would have turned a decision: the smallest change of one number, found by asking again.

The policy is asked about the recorded table with one number changed, step by step of that number's
own resolution (a millionth of a chance or of a price, one minor unit of money). Values are linear
in each of them, so a coupon is best within one stretch of a number, and the end of that stretch is
found by halving. Every flip told was asked, and so was the step before it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from streams.decisions import Decision
from streams.explaining.values import NONE, Asked, ValueTable, best_by_value, table_of

FlipKind = Literal["values", "chance", "discount", "price"]

MICRO = 1_000_000
MAX_PRICE = MICRO  # far beyond what any budget asks


@dataclass(frozen=True, slots=True, kw_only=True)
class Flip:
    """The smallest change at which the policy, asked again, answers otherwise.

    Attributes
    ----------
    kind
        What is changed: `chance` (0..1), `discount` (minor units), or `price`, the shadow price of
        the coupon's campaign, which its other coupons share; `values`: they decide instead of the
        customer's group, the draw or another policy.
    becomes
        The action then chosen.
    """

    kind: FlipKind
    coupon: str
    now: float = 0.0
    needed: float = 0.0
    becomes: str = NONE


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
        flips += _nearest(decision, table)
    return tuple(flip for flip in flips if flip is not None)


def _nearest(decision: Decision, table: ValueTable) -> list[Flip | None]:
    """Give what would have made the coupon win that came closest, of those that could."""
    coupons = [row for row in decision.candidates if row.action != NONE]
    for row in sorted(coupons, key=lambda row: -row.score):
        found = ways_to_win(table, row.action)
        if any(found):
            return found
    return []


def ways_to_win(table: ValueTable, coupon: str) -> list[Flip | None]:
    """Try a greater chance, a smaller discount and a lower price of its budget."""
    ways = chance_to_win, discount_to_win, price_to_win
    return [way(table, coupon) for way in ways]


def chance_to_win(table: ValueTable, coupon: str) -> Flip | None:
    """Find how likely a purchase with the coupon has to be for it to be chosen.

    Examples
    --------
    >>> line = Asked("ten", "spring", 0.62, 500, 0.0)
    >>> table = ValueTable(p_nothing=0.6, margin_minor=2_000.0, lines=(line,))
    >>> chance_to_win(table, "ten").needed
    0.800004
    """
    now = round(table.line(coupon).p_buy * MICRO)
    return _flip(table, "chance", coupon, now, MICRO, wins=True)


def chance_to_lose(table: ValueTable, coupon: str) -> Flip | None:
    """Find at which lower chance the runner-up, or nothing, is chosen instead of the coupon."""
    now = round(table.line(coupon).p_buy * MICRO)
    return _flip(table, "chance", coupon, now, 0, wins=False)


def discount_to_win(table: ValueTable, coupon: str) -> Flip | None:
    """Find the smaller discount at which the coupon, with the same chance, is chosen."""
    return _flip(table, "discount", coupon, table.line(coupon).discount_minor, 1, wins=True)


def price_to_win(table: ValueTable, coupon: str) -> Flip | None:
    """Find the lower shadow price of its campaign at which the coupon is chosen."""
    now = round(table.line(coupon).price * MICRO)
    easiest = max(_crossings(table, coupon, now), key=lambda micro: _lead(table, coupon, micro))
    return _flip(table, "price", coupon, now, easiest, wins=True)


def price_to_lose(table: ValueTable, coupon: str) -> Flip | None:
    """Find the higher shadow price of its campaign at which the coupon is no longer chosen."""
    now = round(table.line(coupon).price * MICRO)
    return _flip(table, "price", coupon, now, MAX_PRICE * MICRO, wins=False)


def _flip(
    table: ValueTable, kind: FlipKind, coupon: str, now: int, farthest: int, *, wins: bool
) -> Flip | None:
    """Halve the way from `now` to `farthest` until the first step is found that turns the answer.

    Parameters
    ----------
    wins
        The coupon is to be chosen, or else no longer.
    """
    steps = abs(farthest - now)
    way = 1 if farthest > now else -1
    change, unit = _CHANGES[kind]

    def answer(step: int) -> str:
        place = table.line(coupon)
        return table.answer(lambda line: change(line, place, (now + way * step) / unit))

    def turned(step: int) -> bool:
        return (answer(step) == coupon) == wins

    first = _first(turned, steps)
    if first is None:
        return None
    return Flip(
        kind=kind,
        coupon=coupon,
        now=now / unit,
        needed=(now + way * first) / unit,
        becomes=answer(first),
    )


def _first(turned: Callable[[int], bool], steps: int) -> int | None:
    """Give the first of 1..steps at which it has turned, None if it never does."""
    if steps < 1 or not turned(steps):
        return None
    low, high = 0, steps
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if turned(middle) else (middle, high)
    return high


def _crossings(table: ValueTable, coupon: str, now: int) -> list[int]:
    """Give the prices below `now`, in millionths, at which the coupon's lead may be greatest.

    Its lead over the best of the others is concave in the price, with corners only where two of
    the others are worth the same: a cheaper coupon of the campaign may lead in the middle alone.
    """
    campaign_id = table.line(coupon).campaign_id
    others = [(0.0, 0.0)]
    for line in table.lines:
        if line.action != coupon:
            fee = line.p_buy * line.discount_minor if line.campaign_id == campaign_id else 0.0
            others.append((table.worth(line, 0.0 if fee else line.price), fee))
    crossings = [
        (worth - other) / (fee - another) * MICRO
        for worth, fee in others
        for other, another in others
        if fee != another
    ]
    return [0, *(round(micro) for micro in crossings if 0 < micro < now)]


def _lead(table: ValueTable, coupon: str, price_micro: int) -> float:
    campaign_id, price = table.line(coupon).campaign_id, price_micro / MICRO
    worth = {
        line.action: table.worth(line, price if line.campaign_id == campaign_id else line.price)
        for line in table.lines
    }
    own = worth.pop(coupon)
    return own - max([0.0, *worth.values()])


def _with_chance(line: Asked, of: Asked, value: float) -> Asked:
    return line._replace(p_buy=value) if line is of else line


def _with_discount(line: Asked, of: Asked, value: float) -> Asked:
    return line._replace(discount_minor=int(value)) if line is of else line


def _with_price(line: Asked, of: Asked, value: float) -> Asked:
    return line._replace(price=value) if line.campaign_id == of.campaign_id else line


_CHANGES: dict[str, tuple[Callable[[Asked, Asked, float], Asked], int]] = {
    "chance": (_with_chance, MICRO),
    "discount": (_with_discount, 1),
    "price": (_with_price, MICRO),
}
