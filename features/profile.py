"""All that features know of one user: plain JSON, small, bounded, the same for any arrival order.

Within ten minutes of lateness any order of the same events ends in the same profile. Three means
bring that about: whole numbers where things add up (`windows`, `tally`), newest-wins with a fixed
tie break (`facts`, first and last times), and waiting where they do not commute (`cart`, and the
open cells of `tally`).
"""

from collections.abc import Iterable
from typing import TypedDict

from features import cart as carts
from features import distinct, encounters, eviction, facts, tally, windows
from features.events import Event
from features.imputation import order_value_minor
from features.measures import MEASURE_OF, interest_points
from features.words import asks_for_a_deal

GRACE_MS = 600_000
MAX_TASTES = 16
MAX_BOUGHT = 32
MAX_JSON_BYTES = 8_192
KEPT_DAYS = 35

_CART_EVENTS = frozenset({"cart.added", "cart.removed", "order.completed"})
_TIMED = frozenset({"search", "cart", "coupon", "order"})


class Profile(TypedDict):
    """A user's profile.

    Attributes
    ----------
    newest_ms
        The two newest event times, newest first; fewer at the start.
    since, last
        First and last time by measure; `since["any"]` is the first of all.
    total
        Lifetime amounts by measure, late events included.
    window
        Ring buckets by measure.
    days
        Bit n stands for activity n days before the day of the newest event.
    products
        Sketch of the products viewed.
    category, brand
        Interest, decayed.
    bought
        `category:x`, `brand:x` and `product:x` of what was bought, decayed.
    """

    newest_ms: list[int]
    since: dict[str, int]
    last: dict[str, int]
    total: dict[str, int]
    window: dict[str, windows.Buckets]
    days: int
    products: list[int]
    category: tally.Tally
    brand: tally.Tally
    bought: tally.Tally
    cart: carts.Cart
    facts: facts.Facts


def empty() -> Profile:
    """Give the profile of a user never seen before."""
    return Profile(
        newest_ms=[],
        since={},
        last={},
        total={},
        window={},
        days=0,
        products=[],
        category=tally.empty(),
        brand=tally.empty(),
        bought=tally.empty(),
        cart=carts.empty(),
        facts={},
    )


def is_late(profile: Profile, ts_ms: int) -> bool:
    """Tell whether `ts_ms` lies more than the grace before the user's newest event.

    Examples
    --------
    >>> known = empty()
    >>> known["newest_ms"] = [600_000]
    >>> is_late(known, 0), is_late(known, -1)
    (False, True)
    """
    newest = profile["newest_ms"]
    return bool(newest) and ts_ms < newest[0] - GRACE_MS


def update(profile: Profile, event: Event) -> None:
    """Take in an event that was not taken in before.

    An event later than the grace still reaches lifetime totals, first and last times, tastes and
    the buckets that are kept; of the cart it can only be the order that empties it.
    """
    kind = event.event_type
    if kind in ("heartbeat", "profile.erased"):
        return
    facts.learn(profile["facts"], event)
    if kind == "profile.updated":
        return
    late = is_late(profile, event.ts_ms)
    newest_ms = _advance(profile, event.ts_ms)
    measure = MEASURE_OF.get(kind)
    if measure is not None:
        _count(profile, measure, 1, event.ts_ms, newest_ms)
        if measure in _TIMED:
            _remember_times(profile, measure, event.ts_ms)
        elif measure == "browse" and event.ts_ms > profile["last"].get("browse", -1):
            profile["last"]["browse"] = event.ts_ms
    if kind == "product.viewed":
        _learn_view(profile, event)
    elif kind == "search.performed" and event.query and asks_for_a_deal(event.query):
        encounters.add_up(profile["total"], "deal")
    elif kind == "order.completed":
        _learn_order(profile, event, newest_ms)
    elif event.rating is not None:
        encounters.add_up(profile["total"], "rated")
        encounters.add_up(profile["total"], "stars", event.rating)
    elif event.family == "coupon":
        encounters.learn(profile["total"], event)
    interest = interest_points(event)
    if interest and event.items:
        _learn_taste(profile, event, interest, newest_ms)
    if kind in _CART_EVENTS and (not late or kind == "order.completed"):
        carts.apply(profile["cart"], event)
    if profile["cart"]["ops"]:
        carts.settle(profile["cart"], newest_ms - GRACE_MS)


def _advance(profile: Profile, ts_ms: int) -> int:
    newest = profile["newest_ms"]
    if not newest:
        newest.append(ts_ms)
        profile["days"] = 1
        profile["since"]["any"] = ts_ms
        return ts_ms
    day = newest[0] // windows.DAY_MS
    if ts_ms <= newest[0]:
        if len(newest) == 1 or ts_ms > newest[1]:
            newest[1:] = [ts_ms]
        if ts_ms < profile["since"]["any"]:
            profile["since"]["any"] = ts_ms
        age = day - ts_ms // windows.DAY_MS
        if age < KEPT_DAYS:
            profile["days"] |= 1 << age
        return newest[0]
    passed = ts_ms // windows.DAY_MS - day
    if passed:
        kept = profile["days"] << min(passed, KEPT_DAYS)
        profile["days"] = kept & ((1 << KEPT_DAYS) - 1) | 1
    before_ms = newest[0]
    newest[:] = [ts_ms, before_ms]
    if ts_ms // windows.ROLL_MS != before_ms // windows.ROLL_MS:
        _roll(profile, ts_ms, before_ms)
    return ts_ms


def _roll(profile: Profile, newest_ms: int, before_ms: int) -> None:
    for measure in list(profile["window"]):
        buckets = profile["window"][measure]
        windows.roll(buckets, newest_ms, before_ms)
        if not buckets:
            del profile["window"][measure]
    tally.close(profile["category"], newest_ms, MAX_TASTES)
    tally.close(profile["brand"], newest_ms, MAX_TASTES)
    tally.close(profile["bought"], newest_ms, MAX_BOUGHT)
    carts.settle(profile["cart"], newest_ms - GRACE_MS)
    carts.sweep(profile["cart"], newest_ms // windows.ROLL_MS * windows.ROLL_MS)


def _remember_times(profile: Profile, measure: str, ts_ms: int) -> None:
    since, last = profile["since"], profile["last"]
    if measure not in since or ts_ms < since[measure]:
        since[measure] = ts_ms
    if measure not in last or ts_ms > last[measure]:
        last[measure] = ts_ms


def _count(profile: Profile, measure: str, amount: int, ts_ms: int, newest_ms: int) -> None:
    total, window = profile["total"], profile["window"]
    total[measure] = total.get(measure, 0) + amount
    buckets = window.get(measure)
    if buckets is None:
        buckets = []
    windows.add(buckets, ts_ms, amount, newest_ms)
    if buckets:
        window[measure] = buckets


def _learn_view(profile: Profile, event: Event) -> None:
    total = profile["total"]
    if event.dwell_ms is not None:
        total["dwell"] = total.get("dwell", 0) + 1
        total["dwell_ms"] = total.get("dwell_ms", 0) + event.dwell_ms
    for item in event.items[:1]:
        distinct.add(profile["products"], item.product_id)
        if item.price_minor is not None:
            total["priced"] = total.get("priced", 0) + 1
            total["price_minor"] = total.get("price_minor", 0) + item.price_minor


def _learn_order(profile: Profile, event: Event, newest_ms: int) -> None:
    encounters.learn(profile["total"], event)
    value_minor = order_value_minor(event)
    if value_minor:
        _count(profile, "spent", value_minor, event.ts_ms, newest_ms)
    names = {f"product:{item.product_id}" for item in event.items}
    names |= {f"category:{item.category}" for item in event.items if item.category}
    names |= {f"brand:{item.brand}" for item in event.items if item.brand}
    for name in sorted(names):
        tally.add(profile["bought"], name, 1, event.ts_ms, newest_ms, MAX_BOUGHT)


def _learn_taste(profile: Profile, event: Event, interest: int, newest_ms: int) -> None:
    items, ts_ms = event.items, event.ts_ms
    categories: Iterable[str | None] = (items[0].category,)
    brands: Iterable[str | None] = (items[0].brand,)
    if len(items) > 1 and event.event_type != "product.viewed":
        # A view tells of one product; a cart or an order of each category and brand in it, once.
        categories = dict.fromkeys([item.category for item in items])
        brands = dict.fromkeys([item.brand for item in items])
    for name in categories:
        if name:
            tally.add(profile["category"], name, interest, ts_ms, newest_ms, MAX_TASTES)
    for name in brands:
        if name:
            tally.add(profile["brand"], name, interest, ts_ms, newest_ms, MAX_TASTES)


def shrink(profile: Profile) -> int:
    """Evict the least valuable detail until the profile takes at most 8 KB as JSON.

    Returns how many entries went; 0 for nearly everybody, since all containers are bounded and
    only very long names or very busy robots come this far.
    """
    count = 0
    while eviction.json_bytes(profile) > MAX_JSON_BYTES:
        tallies = (profile["bought"], profile["brand"], profile["category"])
        count += eviction.evict_one(tallies, profile["cart"], profile["window"])
    return count
