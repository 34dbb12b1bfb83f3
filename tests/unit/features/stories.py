"""Short ways to tell what a customer did, and what follows from it."""

import csv
import gzip
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path

from hypothesis import strategies as st

from features import profile as profiles
from features.events import Event, EventType, Item
from features.imputation import Imputer, observe_event
from features.profile import Profile
from features.reading import read
from features.vector import vector

SECOND = 1_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
START = 1_700_000_000_000  # Tuesday 14 November 2023, 22:13:20 UTC


def item(
    product: str = "p",
    price_minor: int | None = 1_000,
    quantity: int = 1,
    category: str | None = "shoes",
    brand: str | None = None,
) -> Item:
    return Item(
        product_id=product,
        price_minor=price_minor,
        quantity=quantity,
        category=category,
        brand=brand,
    )


def event(
    kind: EventType, ts_ms: int = START, *items: Item, dwell_ms: int | None = None, **more: object
) -> Event:
    return Event(
        event_id=f"{kind}-{ts_ms}",
        event_type=kind,
        user_id="u",
        ts_ms=ts_ms,
        items=items,
        dwell_ms=dwell_ms,
        **more,  # type: ignore[arg-type]
    )


def profile_of(events: Iterable[Event]) -> Profile:
    profile = profiles.empty()
    for one in events:
        profiles.update(profile, one)
    return profile


def features_of(events: Sequence[Event], at: Event | None = None) -> dict[str, float]:
    """Give the vector after `events`, at the last of them or at `at`."""
    imputer = Imputer()
    for one in events:
        observe_event(imputer, one)
    return vector(read(profile_of(events), at or events[-1], imputer))


def delayed(events: Sequence[Event], delays_ms: Sequence[int]) -> list[Event]:
    """Let each event arrive after its own delay: none is later than the longest delay."""
    order = sorted(range(len(events)), key=lambda n: (events[n].ts_ms + delays_ms[n], n))
    return [events[n] for n in order]


KINDS: tuple[EventType, ...] = (
    "product.viewed",
    "product.viewed",
    "product.viewed",
    "list.viewed",
    "search.performed",
    "cart.added",
    "cart.added",
    "cart.removed",
    "cart.viewed",
    "checkout.started",
    "order.completed",
    "order.refunded",
    "coupon.viewed",
    "coupon.redeemed",
)
GAPS_MS = (0, SECOND, 40 * SECOND, 4 * MINUTE, 11 * MINUTE, HOUR, 20 * HOUR, 6 * DAY, 40 * DAY)

_items = st.builds(
    item,
    product=st.sampled_from("abcdef"),
    price_minor=st.none() | st.integers(0, 10_000),
    quantity=st.integers(1, 3),
    category=st.none() | st.sampled_from(["shoes", "bags", "garden", "music", "饮料"]),
    brand=st.none() | st.sampled_from(["acme", "other", "zeta"]),
)


@st.composite
def histories(draw: st.DrawFn, max_size: int = 15) -> list[Event]:
    """Draw what one customer did, in event-time order, gaps from none to weeks."""
    told = draw(
        st.lists(
            st.tuples(
                st.sampled_from(KINDS),
                st.sampled_from(GAPS_MS),
                st.integers(0, 5_000),
                st.lists(_items, max_size=2),
                st.none() | st.integers(0, 300_000),
            ),
            min_size=1,
            max_size=max_size,
        )
    )
    ts_ms, events = START, []
    for kind, gap_ms, more_ms, items, dwell_ms in told:
        ts_ms += gap_ms + (more_ms if gap_ms else 0)
        device = ("phone", "desktop", None)[more_ms % 3]
        events.append(event(kind, ts_ms, *items, dwell_ms=dwell_ms, device=device))
    return events


def rees46(folder: Path) -> Iterator[tuple[str, Event]]:
    """Read the REES46 slice as events in time order, each with its user."""
    kinds: dict[str, EventType] = {
        "view": "product.viewed",
        "cart": "cart.added",
        "purchase": "order.completed",
    }
    with gzip.open(folder / "rees46_2019-10-01_third.csv.gz", "rt", encoding="utf-8") as lines:
        rows = sorted(csv.DictReader(lines), key=lambda row: row["event_time"])
    for row in rows:
        if row["event_type"] not in kinds:
            continue
        moment = datetime.strptime(
            row["event_time"].replace("UTC", "+0000"), "%Y-%m-%d %H:%M:%S %z"
        )
        line = item(
            row["product_id"],
            round(float(row["price"]) * 100),
            category=row["category_code"] or row["category_id"] or None,
            brand=row["brand"] or None,
        )
        yield row["user_id"], event(kinds[row["event_type"]], int(moment.timestamp()) * 1_000, line)


def taobao(folder: Path) -> Iterator[tuple[str, Event]]:
    """Read 114 users' nine days as events in time order, each with its user."""
    kinds: dict[str, EventType] = {
        "pv": "product.viewed",
        "fav": "product.viewed",
        "cart": "cart.added",
        "buy": "order.completed",
    }
    with gzip.open(folder / "taobao_users_tail.csv.gz", "rt", encoding="utf-8") as lines:
        rows = sorted(csv.reader(lines), key=lambda row: int(row[4]))
    for user, product, category, kind, seconds in rows:
        line = item(product, None, category=category)
        yield user, event(kinds[kind], int(seconds) * 1_000, line)
