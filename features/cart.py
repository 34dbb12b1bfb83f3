"""What lies in a customer's cart, whatever order its news arrive in.

Adding, removing and buying do not commute, so operations of the last ten minutes wait in `ops`,
sorted by time, and only those that nothing on time can precede any more are folded into `lines`.
"""

from bisect import insort
from typing import Any, TypedDict

from features.events import Event, Item

# [ts_ms, rank, product, quantity, price_minor, category, brand]; an unknown price is -1, an unknown
# name "", so that operations compare. A purchase has no more than its product, "" for all.
Op = list[Any]
# [quantity, price_minor, category, brand, touched_ms, since_ms]
Line = list[Any]

MAX_LINES = 16
MAX_OPS = 64
MAX_BOUGHT = 16  # a larger order empties the cart rather than naming each product
EXPIRY_MS = 30 * 86_400_000
_GC_MS = EXPIRY_MS + 86_400_000
_ADD, _REMOVE, _BUY = 0, 1, 2  # the order within one millisecond


class Cart(TypedDict):
    """Settled lines by product, and operations that still wait."""

    lines: dict[str, Line]
    ops: list[Op]


def empty() -> Cart:
    """Give a cart without lines."""
    return Cart(lines={}, ops=[])


def apply(cart: Cart, event: Event) -> None:
    """Note what a cart event or an order does to the cart; it may arrive in any order."""
    ops, ts_ms = cart["ops"], event.ts_ms
    if event.event_type == "order.completed":
        products = {item.product_id for item in event.items}
        if not products or len(products) > MAX_BOUGHT:
            products = {""}
        for product in sorted(products):
            insort(ops, [ts_ms, _BUY, product])
    elif event.event_type == "cart.removed":
        for item in event.items:
            insort(ops, [ts_ms, _REMOVE, item.product_id, item.quantity])
    else:
        for item in event.items:
            price = -1 if item.price_minor is None else item.price_minor
            names = (item.category or "", item.brand or "")
            insort(ops, [ts_ms, _ADD, item.product_id, item.quantity, price, *names])
    if len(ops) > MAX_OPS:
        fold(cart, len(ops) - MAX_OPS)


def settle(cart: Cart, before_ms: int) -> None:
    """Fold the operations before `before_ms` into the lines."""
    ops = cart["ops"]
    if not ops or ops[0][0] >= before_ms:
        return
    fold(cart, sum(1 for op in ops if op[0] < before_ms))


def fold(cart: Cart, count: int) -> None:
    """Fold the `count` oldest operations into the lines, of which the stalest go when too many."""
    lines, ops = cart["lines"], cart["ops"]
    for op in ops[:count]:
        _do(lines, op)
        if len(lines) > MAX_LINES:
            del lines[stalest(lines)]
    del ops[:count]


def stalest(lines: dict[str, Line]) -> str:
    """Name the line that was touched longest ago."""
    return min(lines, key=lambda product: (lines[product][4], product))


def sweep(cart: Cart, newest_ms: int) -> None:
    """Drop lines that expired for good; a day of slack keeps this free of consequences."""
    lines, oldest_ms = cart["lines"], newest_ms - _GC_MS
    for product in [name for name, line in lines.items() if line[4] < oldest_ms]:
        del lines[product]


def _do(lines: dict[str, Line], op: Op) -> None:
    ts_ms, rank, product = op[0], op[1], op[2]
    if rank == _BUY:
        # What was touched after an order that came late is not part of it.
        for name in [product] if product else list(lines):
            if name in lines and lines[name][4] <= ts_ms:
                del lines[name]
        return
    line = lines.get(product)
    if line is not None and ts_ms - line[4] > EXPIRY_MS:
        line = None
        del lines[product]
    if rank == _REMOVE:
        if line is not None:
            if line[0] <= op[3]:
                del lines[product]
            else:
                lines[product] = [line[0] - op[3], *line[1:4], ts_ms, line[5]]
    elif line is None:
        lines[product] = [*op[3:7], ts_ms, ts_ms]
    else:
        price = op[4] if op[4] >= 0 else line[1]
        lines[product] = [
            line[0] + op[3], price, op[5] or line[2], op[6] or line[3], ts_ms, line[5]
        ]  # fmt: skip


def lines_at(cart: Cart, now_ms: int) -> dict[str, Line]:
    """Give the cart's lines by product at `now_ms`, operations that still wait included.

    A line that nobody touched for 30 days is gone.

    Examples
    --------
    >>> cart = empty()
    >>> lines = (Item(product_id="p", price_minor=500),)
    >>> apply(
    ...     cart, Event(event_id="1", event_type="cart.added", user_id="u", ts_ms=7, items=lines)
    ... )
    >>> lines_at(cart, 8)
    {'p': [1, 500, '', '', 7, 7]}
    """
    lines = cart["lines"]
    if cart["ops"]:
        lines = dict(lines)
        for op in cart["ops"]:
            _do(lines, op)
    if not lines:
        return lines
    oldest_ms = now_ms - EXPIRY_MS
    return {product: line for product, line in lines.items() if line[4] >= oldest_ms}


def items(lines: dict[str, Line]) -> tuple[Item, ...]:
    """Give the lines as records, in the order of their products."""
    return tuple(
        Item(
            product_id=product,
            quantity=line[0],
            price_minor=line[1] if line[1] >= 0 else None,
            category=line[2] or None,
            brand=line[3] or None,
        )
        for product, line in sorted(lines.items())
    )
