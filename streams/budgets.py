"""What people see of the ledgers, and how they order something of them."""

import asyncio
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal

from coupons.leases import Standing
from coupons.lent import BookState
from coupons.limits import is_pot, is_quota
from coupons.orders import Order, refusal
from coupons.permits import is_shared
from streams import proposals, wire
from streams.app import outbound_topics
from streams.connection import client_options
from streams.control import tell
from streams.dead_letters import Outbound
from streams.lending import POSITION_KEY
from streams.offers import Offers
from streams.proposal import Proposal
from streams.reading import bounds, reader, records
from streams.rules import books_of
from streams.settings import Settings

_POLL_MS = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """How a campaign, a limit or a quota stands: `budget_minor` = free + leased.

    Attributes
    ----------
    version
        How many orders its ledger has obeyed.
    budget_minor
        All of its money: the catalogue's, and `added_minor`.
    held_minor, spent_minor
        Of what is leased, as partitions told last; one that never ran low has told nothing.
    unit
        Of all amounts: pieces of a coupon where it is a quota.
    """

    campaign_id: str
    standing: Standing
    version: int
    budget_minor: int
    added_minor: int
    free_minor: int
    leased_minor: int
    held_minor: int
    spent_minor: int
    unit: Literal["minor", "pieces"]


class Ledgers:
    """The ledgers of all campaigns as they stood when they were read.

    Attributes
    ----------
    next_offset
        What stands in the ledgers' changelog from here on was not read.
    """

    def __init__(
        self, settings: Settings, offers: Offers, states: dict[str, BookState], next_offset: int = 0
    ) -> None:
        self.next_offset = next_offset
        self._books = books_of(settings)
        self._books.adopt(offers.catalogue)
        for name, state in states.items():
            self._books.load(name, state)
        self.names = sorted({one.campaign_id for one in offers.catalogue.campaigns} | set(states))

    def sheet(self, campaign_id: str) -> Sheet:
        """Give a campaign's sheet."""
        book = self._books.of(campaign_id)
        purses = [own for lent in book.state["lent"].values() for own in lent["purses"].values()]
        return Sheet(
            campaign_id=campaign_id,
            standing=book.state["standing"],
            version=book.state["version"],
            budget_minor=book.budget_minor,
            added_minor=book.state["added_minor"],
            free_minor=book.free_minor,
            leased_minor=book.leased_minor,
            held_minor=sum(own["held_minor"] for own in purses),
            spent_minor=sum(own["spent_minor"] for own in purses),
            unit="pieces" if is_quota(campaign_id) else "minor",
        )

    def open_sheets(self) -> list[Sheet]:
        """Give the sheets of campaigns that are open; their limits cannot be ordered about."""
        sheets = [self.sheet(name) for name in self.names if not is_pot(name)]
        return [sheet for sheet in sheets if sheet.standing == "open"]

    def refusal(self, order: Order) -> str | None:
        """Say why an order would be refused as the ledgers stand; obeys nothing."""
        if order.campaign_id not in self.names:
            return f"campaign must be in the catalogue, was {order.campaign_id}"
        return refusal(order, self._books.of(order.campaign_id).state)

    def rehearse(self, order: Order) -> str | None:
        """Obey an order here only; says why it would be refused."""
        return self._books.obey(order)


async def read(settings: Settings) -> Ledgers:
    """Read the catalogue and all ledgers.

    Raises
    ------
    aiokafka.errors.KafkaError
        The broker refused.
    """
    options, ledger = client_options(settings), outbound_topics(settings).ledger
    _, ends = await bounds(options, [ledger])
    offers, states = Offers(settings), dict[str, BookState]()
    await offers.read(settings)
    async for record in records(options, [ledger]):
        if record.key not in (None, POSITION_KEY) and not is_shared(record.key.decode()):
            if record.value is None:
                states.pop(record.key.decode(), None)
            else:
                states[record.key.decode()] = wire.decode_book(record.value)
    return Ledgers(settings, offers, states, sum(ends.values()))


async def send(
    orders: Sequence[Order],
    messages: Sequence[Outbound],
    settings: Settings,
    from_offset: int,
    deadline_seconds: float,
) -> dict[str, bool]:
    """Send orders; tell by campaign whether the ledger obeyed or another order came first.

    Who is not named had no answer before the deadline: the order stands, and is judged when a
    worker keeps the ledger again.

    Parameters
    ----------
    messages
        The orders as they are sent.
    from_offset
        Where the answers begin in the ledgers' changelog at the earliest.

    Raises
    ------
    aiokafka.errors.KafkaError
        The broker refused.
    """
    await tell(outbound_topics(settings).budget, messages, settings)
    found: dict[str, bool] = {}
    try:
        async with asyncio.timeout(deadline_seconds):
            await _judged(orders, settings, from_offset, found)
    except TimeoutError:
        pass  # what was found by then is the answer
    return found


async def _judged(
    orders: Collection[Order], settings: Settings, from_offset: int, found: dict[str, bool]
) -> None:
    waiting = {order.campaign_id: order for order in orders}
    ledger = outbound_topics(settings).ledger
    async with reader(client_options(settings), [ledger]) as consumer:
        (place,) = consumer.assignment()
        consumer.seek(place, from_offset)
        while waiting:
            batches = await consumer.getmany(place, timeout_ms=_POLL_MS)
            for record in batches.get(place, ()):
                order = waiting.get((record.key or b"").decode(errors="replace"))
                if order is None or record.value is None:
                    continue
                judged = _judge(order, wire.decode_book(record.value))
                if judged is not None:
                    found[order.campaign_id] = judged
                    del waiting[order.campaign_id]


def _judge(order: Order, state: BookState) -> bool | None:
    """Tell by a ledger's state whether it obeyed; None while nothing can be said."""
    if state["order_id"] == order.order_id or order.order_id in state.get("stops", {}):
        return True
    is_late = order.kind != "stop" and state["version"] >= order.version
    return False if is_late or state["standing"] == "closed" else None


async def proposed(settings: Settings) -> list[Proposal]:
    """Read what is proposed to the ledgers and still in time.

    Raises
    ------
    aiokafka.errors.KafkaError
        The broker refused.
    """
    topic = outbound_topics(settings).budget
    found = await proposals.waiting(settings, topic, time.time_ns() // 1_000_000)
    return [proposal for proposal in found if orders_of(proposal)]


def orders_of(proposal: Proposal) -> list[Order]:
    """Give the orders that a proposal is about; none if it is about anything else."""
    found = []
    for one in proposal.messages:
        try:
            told = wire.decode_told(one.value.encode())
        except (ValueError, RecursionError):
            return []
        if not isinstance(told, Order):
            return []
        found.append(told)
    return found


def in_words(order: Order) -> str:
    """Say an order as its command does.

    Examples
    --------
    >>> in_words(Order(campaign_id="spring", order_id="a", kind="resume", version=2))
    'resume spring'
    """
    amount = f" {order.amount_minor}" if order.amount_minor else ""
    return f"{order.kind.replace('_', '-')} {order.campaign_id}{amount}"
