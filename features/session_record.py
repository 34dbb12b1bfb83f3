"""A session that is over: what other rooms and other users' knowledge learn from."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from features.events import EventType

LINE, OF = "\n", "\t"  # between the products or words of one event; between product and category
MERGE_S = 60
MAX_NAMES = 20

# What a customer does, what matters most first: the log gives up the last ones first.
_CUSTOMERS: tuple[EventType, ...] = (
    "order.completed",
    "checkout.started",
    "cart.added",
    "coupon.entered",
    "search.performed",
    "cart.removed",
    "coupon.clicked",
    "coupon.applied",
    "coupon.denied",
    "coupon.removed",
    "coupon.viewed",
    "cart.viewed",
    "product.viewed",
    "list.viewed",
)
CODE_OF: dict[EventType, str] = dict(zip(_CUSTOMERS, "abcdefghijklmn", strict=True))
TYPE_OF: dict[str, EventType] = {code: kind for kind, code in CODE_OF.items()}

Counts = tuple[tuple[str, int], ...]
"""(name, count), in the order of first mention; at most 20."""

_VIEW, _CART, _ORDER, _SEARCH = (
    CODE_OF[kind]
    for kind in ("product.viewed", "cart.added", "order.completed", "search.performed")
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """What one customer did between two silences of half an hour.

    Attributes
    ----------
    steps
        Event types in order, a run of the same as one with its length; of a long session those
        that found room in its log. Views of one product within a minute count as one.
    events_count, dwell_ms, orders_count, order_minor, codes_count
        Of the whole session: events, time spent looking, orders, what was paid for them, coupon
        codes tried.
    viewed, carted, bought
        Products, each with the number of events that told of it.
    viewed_categories, carted_categories, bought_categories
        The same by category.
    words
        Words searched for.
    merged_count
        Views that were counted as one with the view before.
    device_hash, address_hash
        Keyed hashes, or empty.
    """

    user_id: str
    start_ms: int
    end_ms: int
    steps: tuple[tuple[EventType, int], ...] = ()
    events_count: int = 0
    dwell_ms: int = 0
    orders_count: int = 0
    order_minor: int = 0
    codes_count: int = 0
    viewed: Counts = ()
    carted: Counts = ()
    bought: Counts = ()
    viewed_categories: Counts = ()
    carted_categories: Counts = ()
    bought_categories: Counts = ()
    words: Counts = ()
    merged_count: int = 0
    device: str = ""
    channel: str = ""
    device_hash: str = ""
    address_hash: str = ""


Line = tuple[int, str, str, str, int]
"""Second, code, category, products or words, dwell in ms."""


def record(
    user_id: str,
    span: Sequence[int],
    sums: Sequence[int],
    log: Mapping[str, list[list[Any]]],
    place: Sequence[Any],
) -> Session:
    """Make the record of a session from what `features.session` kept of it."""
    lines = sorted(
        (second, name[0], name[1:], what, dwell_ms)
        for name, entries in log.items()
        for second, what, dwell_ms in entries
    )
    told, merged_count = merge_views(lines)
    return outline(
        user_id,
        span,
        sums,
        place,
        steps=_runs([line[1] for line in told]),
        **_names(told),
        words=_counts(word for line in told if line[1] == _SEARCH for word in _split(line[3])),
        merged_count=merged_count,
    )


def outline(
    user_id: str, span: Sequence[int], sums: Sequence[int], place: Sequence[Any], **logged: Any
) -> Session:
    """Make the record of a session from its sums and its place, and what was read from its log."""
    events_count, dwell_ms, orders_count, order_minor, codes_count = sums
    _, device, channel, device_hash, address_hash = place or (0, "", "", "", "")
    return Session(
        user_id=user_id,
        start_ms=span[0],
        end_ms=span[1],
        events_count=events_count,
        dwell_ms=dwell_ms,
        orders_count=orders_count,
        order_minor=order_minor,
        codes_count=codes_count,
        device=device,
        channel=channel,
        device_hash=device_hash,
        address_hash=address_hash,
        **logged,
    )


def merge_views(lines: Sequence[Line]) -> tuple[list[Line], int]:
    """Count a view within a minute of the last view of the same product as one with it.

    Dwell is summed; lines are in order. Gives also how many views went.

    Examples
    --------
    >>> merge_views([(0, "m", "", "p", 500), (60, "m", "", "p", 700), (121, "m", "", "p", 1)])
    ([(0, 'm', '', 'p', 1200), (121, 'm', '', 'p', 1)], 1)
    """
    told: list[Line] = []
    last: dict[str, tuple[int, int]] = {}  # product -> place in `told`, second of its last view
    for line in lines:
        second, code, category, product, dwell_ms = line
        if code == _VIEW and product:
            at, before = last.get(product, (-1, 0))
            if at >= 0 and second - before <= MERGE_S:
                first = told[at]
                told[at] = (first[0], code, first[2] or category, product, first[4] + dwell_ms)
                last[product] = (at, second)
                continue
            last[product] = (len(told), second)
        told.append(line)
    return told, len(lines) - len(told)


def _runs(codes: Sequence[str]) -> tuple[tuple[EventType, int], ...]:
    runs: list[tuple[EventType, int]] = []
    for code in codes:
        kind = TYPE_OF[code]
        if runs and runs[-1][0] == kind:
            runs[-1] = (kind, runs[-1][1] + 1)
        else:
            runs.append((kind, 1))
    return tuple(runs)


def _names(told: Sequence[Line]) -> dict[str, Any]:
    found: dict[str, Counts] = {}
    for name, code in (("viewed", _VIEW), ("carted", _CART), ("bought", _ORDER)):
        lines = [line for line in told if line[1] == code]
        pairs = [pair for line in lines for pair in _goods(line)]
        found[name] = _counts(product for product, _ in pairs)
        found[f"{name}_categories"] = _counts(category for _, category in pairs)
    return found


def _goods(line: Line) -> Iterator[tuple[str, str]]:
    for text in _split(line[3]):
        product, _, category = text.partition(OF)
        yield product, category or line[2]


def _split(text: str) -> list[str]:
    return text.split(LINE) if text else []


def _counts(names: Iterator[str]) -> Counts:
    counts: dict[str, int] = {}
    for name in names:
        if name and (name in counts or len(counts) < MAX_NAMES):
            counts[name] = counts.get(name, 0) + 1
    return tuple(counts.items())
