"""The ledgers of all campaigns, and of what customers share, as one writer keeps them."""

from coupons.arms import ArmShares
from coupons.catalogue import Campaign, Catalogue
from coupons.claims import Claim, Permit
from coupons.leases import Ask, Grant
from coupons.lending import Book
from coupons.lent import BookState
from coupons.limits import KEPT_MS, QUOTA_LEASE_RATIO, ends_ms_of, is_pot, is_quota, terms_of
from coupons.orders import Order
from coupons.permits import Permits, PotState, is_shared


class Books:
    """One ledger for each campaign that was asked for.

    Parameters
    ----------
    shares, lease_ratio
        As the partitions have them.

    Attributes
    ----------
    now_ms
        The newest event time that any partition told: by it days and weeks are over for good.
    permits
        What all customers of a device or an address may be given.
    """

    def __init__(
        self,
        *,
        partitions: int,
        shares: ArmShares | None,
        lease_ratio: float,
        horizon_ms: int,
    ) -> None:
        self._partitions = partitions
        self._shares = shares
        self._lease_ratio = lease_ratio
        self._horizon_ms = horizon_ms
        self._campaigns: dict[str, Campaign] = {}
        self._books: dict[str, Book] = {}
        self.now_ms = 0
        self.permits = Permits()
        self._permitted: list[Permit] = []

    def adopt(self, catalogue: Catalogue) -> None:
        """Follow the catalogue's budgets and schedules."""
        self._campaigns = {one.campaign_id: one for one in catalogue.campaigns}
        self.permits.adopt(self._campaigns)
        for name, book in self._books.items():
            book.adopt(terms_of(name, self._campaigns), horizon_ms=self._horizon_ms)

    def load(self, campaign_id: str, state: BookState) -> None:
        """Go on with a ledger as its `state` was."""
        self._books[campaign_id] = self._open(campaign_id, state)

    def of(self, campaign_id: str) -> Book:
        """Give the ledger of a campaign, opened where there is none yet."""
        if campaign_id not in self._books:
            self._books[campaign_id] = self._open(campaign_id, None)
        return self._books[campaign_id]

    def free_minor(self, campaign_id: str) -> int:
        """Tell what of a campaign's money no partition has; asking opens no ledger."""
        book = self._books.get(campaign_id) or self._open(campaign_id, None)
        return book.free_minor

    def names(self) -> list[str]:
        """Name the campaigns that have a ledger."""
        return sorted(self._books)

    def hear(self, ask: Ask | Claim) -> None:
        """Let the ledger of a campaign or a pot note what a partition tells.

        A pot that has been over for so long is asked for in vain: its book may be gone, and a new
        one would grant again what the old one has granted.
        """
        self.now_ms = max(self.now_ms, ask.now_ms)
        if isinstance(ask, Claim):
            answer = self.permits.hear(ask, self.now_ms)
            self._permitted += [answer] if answer is not None else []
        elif not self._is_over(ask.campaign_id):
            self.of(ask.campaign_id).hear(ask)

    def state(self, name: str) -> BookState | PotState | None:
        """Give what is kept of a campaign or a pot; None where nothing is."""
        if is_shared(name):
            return self.permits.of(name)
        book = self._books.get(name)
        return book.state if book is not None else None

    def close_old(self) -> list[str]:
        """Close the ledgers of pots that nobody can ask for any more, and name what changed."""
        over = [name for name in self.names() if self._is_over(name)]
        for name in over:
            del self._books[name]
        return [*over, *self.permits.close_old(self.now_ms)]

    def _is_over(self, name: str) -> bool:
        ends_ms = ends_ms_of(name) if is_pot(name) else None
        return ends_ms is not None and ends_ms + KEPT_MS <= self.now_ms

    def obey(self, order: Order) -> str | None:
        """Let a campaign's ledger obey an order; says why not if it is refused."""
        name = order.campaign_id
        if is_pot(name) or (name not in self._books and name not in self._campaigns):
            return f"campaign must be in the catalogue, was {name}"
        return self.of(name).obey(order)

    def answers(self) -> list[Grant]:
        """Give what is to be told of money now, campaign by campaign."""
        return [grant for name in self.names() for grant in self._books[name].answers()]

    def permitted(self) -> list[Permit]:
        """Give the answers to claims, in their order."""
        permitted, self._permitted = self._permitted, []
        return permitted

    def _open(self, campaign_id: str, state: BookState | None) -> Book:
        has_pieces = is_quota(campaign_id)  # they have no arms
        book = Book(
            campaign_id,
            partitions=self._partitions,
            shares=None if has_pieces else self._shares,
            lease_ratio=QUOTA_LEASE_RATIO if has_pieces else self._lease_ratio,
            state=state,
        )
        book.adopt(terms_of(campaign_id, self._campaigns), horizon_ms=self._horizon_ms)
        return book
