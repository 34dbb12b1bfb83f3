"""The one ledger of the group: leases every campaign's money to the source partitions.

It is whoever owns the single partition of `coupon.budget.v1`. What it grants, its books and the
position up to which it has read are one transaction, of a name of its own: a ledger that was taken
for dead can grant nothing any more, and the next one goes on from the books as they stand.
"""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from coupons.claims import Claim, Permit
from coupons.leases import Ask, Grant
from coupons.limits import is_pot, require_name
from coupons.orders import BRAKES, Order
from coupons.permits import is_shared, require_pots
from streams import wire
from streams.approvers import approvers_of
from streams.chunks import Chunk
from streams.emission import SourceRecord
from streams.grounds import Grounds
from streams.ownership import Ownership
from streams.publisher import OutboundTopics
from streams.rules import books_of
from streams.seal import ask_seal_of, is_sealed
from streams.settings import Settings
from streams.settling import Places
from streams.transactions import Outgoing, Transactions
from streams.unbroken import unbroken

POSITION_KEY = b"\x00position"
NAME = "ledger"

log = structlog.get_logger()


class Lending:
    """Turns chunks of asks into grants."""

    def __init__(
        self,
        settings: Settings,
        grounds: Grounds,
        ownership: Ownership,
        topics: OutboundTopics,
    ) -> None:
        self._settings = settings
        self._grounds = grounds
        self._ownership = ownership
        self._topics = topics
        self._writing = asyncio.Lock()
        self._taking = asyncio.Lock()
        self._transactions: Transactions | None = None
        self._books = books_of(settings)
        self._approvers, self._seal = approvers_of(settings), ask_seal_of(settings)
        self.next_offset = 0

    @property
    def is_ours(self) -> bool:
        """Whether this worker keeps the ledger."""
        return self._transactions is not None

    def free_minor(self, campaign_id: str) -> int:
        """Tell what of a campaign's money no partition has; 0 where another worker keeps it."""
        return self._books.free_minor(campaign_id) if self.is_ours else 0

    async def take_over(self, catch_up: Callable[[], Awaitable[None]]) -> None:
        """Fence the ledger before us, then go on from its books.

        Raises
        ------
        TransactionFailedError, RecoveryFailedError
            The broker did not answer, or refused.
        """
        await unbroken(self._take_over(catch_up))

    async def _take_over(self, catch_up: Callable[[], Awaitable[None]]) -> None:
        async with self._taking:
            if not self.is_ours:
                await self._inherit(catch_up)

    async def _inherit(self, catch_up: Callable[[], Awaitable[None]]) -> None:
        places = Places.of_ledger(self._topics, self._settings.partitions)
        transactions, rows = await self._ownership.inherit(NAME, places, self._topics.ledger)
        await catch_up()
        self._books, self.next_offset = books_of(self._settings), 0
        self._books.adopt(self._grounds.offers.catalogue)
        for key, value in sorted(rows.items()):
            if key == POSITION_KEY:
                position = wire.decode_row(value)
                self.next_offset = position["next_offset"]
                self._books.now_ms = position.get("now_ms", 0)
            elif is_shared(key.decode()):
                self._books.permits.load(key.decode(), wire.decode_pot(value))
            else:
                self._books.load(key.decode(), wire.decode_book(value))
        self._transactions = transactions

    async def give_up(self) -> None:
        """Leave the books to the next ledger."""
        async with self._taking, self._writing:
            transactions, self._transactions = self._transactions, None
            if transactions is not None:
                await transactions.close()

    async def drain(self) -> None:
        """Return when what was applied is durable."""
        async with self._writing:
            return

    async def apply(self, chunk: Chunk) -> None:
        """Answer a chunk of asks; what it changes is durable when this returns.

        Raises
        ------
        TransactionFailedError
            The answers could not be committed.
        """
        async with self._writing:
            transactions = self._transactions
            if transactions is None:
                return
            self._books.adopt(self._grounds.offers.catalogue)
            told = [one for _, one in chunk.records if one.offset >= self.next_offset]
            changed = {name for one in told for name in self._take(one)}
            changed.update(self._books.close_old())
            next_offset = max(chunk.positions.values())
            grants = self._books.answers()
            changed |= {grant.campaign_id for grant in grants}
            permits = self._books.permitted()
            told_back = self._outgoing([*grants, *permits], sorted(changed), next_offset)
            await transactions.commit(told_back)
            self.next_offset = next_offset
            self._grounds.count_permits(permits)

    def _take(self, record: SourceRecord) -> tuple[str, ...]:
        """Let the books hear or obey what was told; gives whose it was, if anything came of it.

        Nobody but workers and operators may write here, so nobody waits to be told why not.
        """
        try:
            told = wire.decode_told(record.value or b"")
            self._require(told)
        except (ValueError, RecursionError) as error:
            self._grounds.count_refused("ask")
            log.error("an ask was not understood", offset=record.offset, reason=str(error))
            return ()
        if isinstance(told, Ask | Claim):
            if not is_sealed(record.value, record.headers, self._seal):
                self._grounds.count_refused("ask")
                log.error("an ask was not a worker's of ours", offset=record.offset)
                return ()
            self._books.hear(told)
            return told.pots if isinstance(told, Claim) else (told.campaign_id,)
        refused = self._objection(told, record) or self._books.obey(told)
        about = {"campaign": told.campaign_id, "order": told.order_id, "kind": told.kind}
        if refused is not None:
            self._grounds.count_refused("order")
            log.warning("an order was refused", **about, reason=refused)
            return ()
        log.info("an order was obeyed", **about, version=told.version)
        return (told.campaign_id,)

    def _require(self, told: Ask | Claim | Order) -> None:
        """Refuse, by a ValueError, what is about no campaign or pot, or from no partition."""
        if isinstance(told, Claim):
            require_pots(told.pots)
        else:
            require_name(told.campaign_id)
        count = self._settings.partitions
        if not isinstance(told, Order) and not 0 <= told.partition < count:
            message = f"partition must be in 0..{count - 1}, was {told.partition}"
            raise ValueError(message)

    def _objection(self, order: Order, record: SourceRecord) -> str | None:
        """Say why people have not agreed to an order; whoever sees harm may stop it alone."""
        if order.kind in BRAKES:
            return None
        refused = self._approvers.objection(self._topics.budget, record)
        return refused and f"{order.campaign_id}: an order {refused}"

    def _outgoing(
        self, answers: list[Grant | Permit], changed: list[str], next_offset: int
    ) -> list[Outgoing]:
        at = {"next_offset": next_offset}
        if len(self._books.permits) or any(map(is_pot, (*changed, *self._books.names()))):
            at["now_ms"] = self._books.now_ms
        position, topics = wire.encode_state(at), self._topics
        outgoing = [Outgoing(topics.ledger, 0, POSITION_KEY, position)]
        for answer in answers:
            outgoing.append(Outgoing(topics.grants, answer.partition, *wire.encode_grant(answer)))
        for name in changed:
            kept = self._books.state(name)  # the ledger of a day long over is forgotten
            state = wire.encode_state(kept) if kept is not None else None
            outgoing.append(Outgoing(topics.ledger, 0, name.encode(), state))
        return outgoing
