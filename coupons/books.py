"""The ledgers of all campaigns, as one writer keeps them."""

from coupons.arms import ArmShares
from coupons.catalogue import Campaign, Catalogue
from coupons.leases import Ask, Grant
from coupons.lending import Book
from coupons.lent import BookState
from coupons.orders import Order


class Books:
    """One ledger for each campaign that was asked for.

    Parameters
    ----------
    shares, lease_ratio
        As the partitions have them.
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

    def adopt(self, catalogue: Catalogue) -> None:
        """Follow the catalogue's budgets and schedules."""
        self._campaigns = {one.campaign_id: one for one in catalogue.campaigns}
        for name, book in self._books.items():
            book.adopt(self._campaigns.get(name), horizon_ms=self._horizon_ms)

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

    def hear(self, ask: Ask) -> None:
        """Let a campaign's ledger note what a partition tells."""
        self.of(ask.campaign_id).hear(ask)

    def obey(self, order: Order) -> str | None:
        """Let a campaign's ledger obey an order; says why not if it is refused."""
        name = order.campaign_id
        if name not in self._books and name not in self._campaigns:
            return f"campaign must be in the catalogue, was {name}"
        return self.of(name).obey(order)

    def answers(self) -> list[Grant]:
        """Give what is to be told now, campaign by campaign."""
        return [grant for name in self.names() for grant in self._books[name].answers()]

    def _open(self, campaign_id: str, state: BookState | None) -> Book:
        book = Book(
            campaign_id,
            partitions=self._partitions,
            shares=self._shares,
            lease_ratio=self._lease_ratio,
            state=state,
        )
        book.adopt(self._campaigns.get(campaign_id), horizon_ms=self._horizon_ms)
        return book
