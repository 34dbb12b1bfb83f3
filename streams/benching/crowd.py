"""Customers by the million, whose categories, products, words, devices and codes all differ."""

from collections.abc import Iterator
from random import Random
from typing import Any, NamedTuple

from features.events import Event, EventType, Item
from streams import wire
from streams.benching.shop import START_MS
from streams.layouts import Accepted

NAME_BYTES = 60  # longer than any that is kept whole
BUSY_EVERY = 50  # so many events, one is of a customer who does nothing but tell new names
BUSY_COUNT = 10
STORY_EVERY = 32
SPAN_MS = 7 * 86_400_000  # in which all customers come once
# What most customers do is look; all comes in an order that makes orders follow decisions.
STORY: tuple[EventType, ...] = (
    "product.viewed",
    "search.performed",
    "product.viewed",
    "cart.added",
    "coupon.entered",
    "order.completed",
)


def messages(users_count: int, names_count: int, seed: int, first: int = 0) -> Iterator[Accepted]:
    """Give the events of so many customers, each with names drawn from so many.

    Most look once and leave; one in `STORY_EVERY` does all of `STORY`.
    """
    dice, number = Random(seed), 0
    for at in range(users_count):
        start_ms = START_MS + first + SPAN_MS * at // users_count
        steps = len(STORY) if at % STORY_EVERY == 0 else 1
        for step in range(steps):
            number += 1
            told = Told(dice, names_count, f"{first}-{number}", start_ms + step * 20_000)
            yield told.message(f"user-{at}", STORY[step])
            if number % BUSY_EVERY == 0:
                busy = f"busy-{dice.randrange(BUSY_COUNT)}"
                for kind in dict.fromkeys(STORY):
                    yield told.message(busy, kind)


class Told(NamedTuple):
    """What a hostile customer says at a moment."""

    dice: Random
    names_count: int
    event_id: str
    ts_ms: int

    def message(self, user_id: str, kind: EventType) -> Accepted:
        """Say it as a message to the shop's topic."""
        paid_minor = self.dice.randrange(1_000, 30_000)
        item = Item(
            product_id=self._name("p"),
            category=self._name("c"),
            brand=self._name("b"),
            price_minor=paid_minor,
        )
        told: dict[EventType, dict[str, Any]] = {
            "search.performed": {"query": f"{self._name('w')} {self._name('v')}"},
            "coupon.entered": {"coupon_code": self._name("k")},
            "order.completed": {"order_id": self.event_id, "total_minor": paid_minor},
        }
        event = Event(
            event_id=f"{self.event_id}-{kind}",
            event_type=kind,
            user_id=user_id,
            ts_ms=self.ts_ms,
            items=() if kind in ("search.performed", "coupon.entered") else (item,),
            device=self._name("d"),
            anonymous_id=self._name("a"),
            **told.get(kind, {}),
        )
        key, value = user_id.encode(), wire.encode_event(event)
        return Accepted(
            line_number=1, key=key, value=value, headers=(), family=event.family, ts_ms=self.ts_ms
        )

    def _name(self, kind: str) -> str:
        return f"{kind}{self.dice.randrange(self.names_count):x}".ljust(NAME_BYTES, kind)


def messages_count(users_count: int) -> int:
    """Tell about how many messages `messages` gives.

    Examples
    --------
    >>> messages_count(1_000), sum(1 for _ in messages(1_000, 10, 1))
    (1270, 1275)
    """
    told = users_count + users_count // STORY_EVERY * (len(STORY) - 1)
    return told + told // BUSY_EVERY * len(set(STORY))
