"""The ledger of a campaign: who of all partitions may give how much of its money.

It alone hands money out, and only what nobody has. A partition leases, gives coupons out of its
lease, and asks for more in time; what it cannot use it gives back when others need it. Nothing is
ever taken from it. So what all partitions have leased never exceeds the budget, whatever is lost,
repeated or comes late on the way; and what they give never exceeds what they have leased.
"""

from collections.abc import Iterator

from coupons import orders
from coupons.accounts import share_of
from coupons.arms import ArmShares
from coupons.catalogue import Campaign
from coupons.leases import Ask, Grant, first_lease
from coupons.lent import (
    BookState,
    Lent,
    charged_minor,
    check,
    note,
    nothing_booked,
    nothing_lent,
    whole_for,
)
from coupons.orders import Order
from coupons.purses import POLICY, out_minor, part_of, weights_of

# A lease is at most this part of what is free, divided by the partitions: so many leases are
# left for each of them when all ask at once.
CUT_COUNT = 4
# A lease is at most so many times what was used since the one before it.
GROWTH = 2
# After so much of its schedule a campaign asks partitions again that told nothing of their own.
TELL_RATIO = 0.01


class Book:
    """One campaign's money, over all partitions.

    budget + added = free + leased - overdrawn, where only a budget that was cut is overdrawn.

    Parameters
    ----------
    lease_ratio
        As every partition has it: share of its even share that it has without asking.

    Examples
    --------
    >>> book = Book("spring", partitions=2, shares=None, lease_ratio=0.5)
    >>> book.adopt(Campaign(campaign_id="spring", budget_minor=1_000), horizon_ms=1)
    >>> book.free_minor, book.leased_minor
    (500, 500)
    >>> book.hear(Ask(campaign_id="spring", partition=0, seq=1, now_ms=0, first_minor=250,
    ...               wants={"policy": 80}))
    >>> [(grant.partition, grant.granted) for grant in book.answers()][0], book.free_minor
    ((0, {'policy': 80}), 420)
    """

    def __init__(
        self,
        campaign_id: str,
        *,
        partitions: int,
        shares: ArmShares | None,
        lease_ratio: float,
        state: BookState | None = None,
    ) -> None:
        self.campaign_id = campaign_id
        self._partitions = partitions
        self._weights = {POLICY: 1} if shares is None else weights_of(shares)
        # Whose money has the price; () where there is one purse for all.
        self._priced = () if shares is None else (POLICY,)
        self._lease_ratio = lease_ratio
        self.state: BookState = nothing_booked() if state is None else state
        self._changed: set[int] = set()
        self._calls: dict[int, int] = {}
        check(self.campaign_id, self.state["lent"])

    def adopt(self, campaign: Campaign | None, *, horizon_ms: int) -> None:
        """Follow the catalogue; a campaign that is not in it has no budget."""
        state = self.state
        state["budget_minor"] = campaign.budget_minor if campaign is not None else 0
        state["length_ms"] = horizon_ms
        if campaign is not None and campaign.ends_ms is not None:
            state["length_ms"] = campaign.ends_ms - (campaign.starts_ms or 0)

    # -- money -----------------------------------------------------------------------------

    @property
    def budget_minor(self) -> int:
        """All the money there is: of the catalogue, and what was added."""
        return self.state["budget_minor"] + self.state["added_minor"]

    @property
    def leased_minor(self) -> int:
        """What partitions may hold or have spent, by what they told."""
        lent = self.state["lent"].values()
        beyond = (sum(one["granted"].values()) - sum(one["returned"].values()) for one in lent)
        return sum(map(self._first_minor, range(self._partitions))) + sum(beyond)

    @property
    def free_minor(self) -> int:
        """What can still be granted; below 0 after a budget was cut."""
        return self.budget_minor - self.leased_minor

    def _first_minor(self, partition: int) -> int:
        even_minor = share_of(self.state["budget_minor"], partition, self._partitions)
        own_minor = first_lease(even_minor, self._partitions, self._lease_ratio)
        lent = self.state["lent"].get(str(partition))
        # Of a catalogue that changes, the two may have heard at different times.
        return max(own_minor, lent["first_minor"]) if lent is not None else own_minor

    def _leased_minor(self, partition: int, arm: str) -> int:
        leased_minor = part_of(self._first_minor(partition), arm, self._weights)
        lent = self.state["lent"].get(str(partition))
        if lent is None:
            return leased_minor
        return leased_minor + lent["granted"].get(arm, 0) - lent["returned"].get(arm, 0)

    def _free_minor(self, arm: str) -> int:
        whole_minor = part_of(self.budget_minor, arm, self._weights)
        own_minor = whole_minor - sum(
            self._leased_minor(number, arm) for number in range(self._partitions)
        )
        return min(own_minor, self.free_minor)

    # -- hearing ---------------------------------------------------------------------------

    def hear(self, ask: Ask) -> None:
        """Note how a partition stands and what it needs; older news are passed over."""
        lent = self._all_lent()[str(ask.partition)]
        if ask.seq <= lent["seq"]:
            return
        self.state["turn"] += 1
        note(lent, ask, self.state["turn"], max(ask.now_ms, self._now_ms))
        self._changed.add(ask.partition)
        self._question_others(ask.partition)
        check(self.campaign_id, self.state["lent"])

    def _all_lent(self) -> dict[str, Lent]:
        lent = self.state["lent"]
        for number in range(self._partitions if not lent else 0):
            lent[str(number)] = nothing_lent()
        return lent

    @property
    def _now_ms(self) -> int:
        return max((lent["told_ms"] for lent in self.state["lent"].values()), default=0)

    @property
    def _stale_ms(self) -> int:
        return self._now_ms - int(self.state["length_ms"] * TELL_RATIO)

    def _question_others(self, partition: int) -> None:
        stale_ms = self._stale_ms
        for number, lent in self._numbered():
            if number != partition and lent["told_ms"] < stale_ms and not self._is_asked(lent):
                lent["asked"] = self.state["turn"]
                self._changed.add(number)

    def _is_asked(self, lent: Lent) -> bool:
        """Tell whether an answer is still to be expected; what was lost is asked for again."""
        return lent["asked"] > 0 and self.state["turn"] < lent["asked"] + self._partitions

    def _numbered(self) -> list[tuple[int, Lent]]:
        return sorted((int(name), lent) for name, lent in self.state["lent"].items())

    # -- answering -------------------------------------------------------------------------

    def answers(self) -> list[Grant]:
        """Hand out what is free, call back what is short, and tell who has to know."""
        if self.state["standing"] == "open":
            self._serve()
        changed, self._changed = sorted(self._changed), set()
        calls, self._calls = self._calls, {}
        check(self.campaign_id, self.state["lent"])
        return [self._grant(number, calls.get(number, 0)) for number in changed]

    def obey(self, order: Order) -> str | None:
        """Obey an order, of which every partition is told; or say why it is refused."""
        refused = orders.refusal(order, self.state)
        if refused is None:
            orders.obey(order, self.state)
            self._all_lent()
            self._changed.update(range(self._partitions))
        return refused

    def _serve(self) -> None:
        short: dict[str, tuple[int, int]] = {}
        for has_some, _, number, arm in sorted(self._waiting()):
            lent = self.state["lent"][str(number)]
            free_minor, need_minor = self._free_minor(arm), self._need_minor(number, arm)
            if need_minor > free_minor:
                if not has_some:
                    short.setdefault(arm, (number, need_minor))
                continue
            fair_minor = free_minor // (CUT_COUNT * self._partitions)
            used_minor = charged_minor(lent, arm) - lent["used"].get(arm, 0)
            size_minor = max(need_minor, min(fair_minor, GROWTH * used_minor))
            lent["served_ms"] = self._now_ms
            lent["used"][arm] = charged_minor(lent, arm)
            lent["granted"][arm] = lent["granted"].get(arm, 0) + size_minor
            del lent["wants"][arm]
            self._changed.add(number)
        for arm, (first, need_minor) in short.items():
            self._call(arm, first, need_minor)

    def _waiting(self) -> Iterator[tuple[bool, int, int, str]]:
        """Name who waits: first those who have nothing to give, of those who waited longest."""
        for number, lent in self._numbered():
            for arm, need_minor in lent["wants"].items():
                yield self._has_minor(number, arm) >= need_minor, lent["turn"], number, arm

    def _has_minor(self, number: int, arm: str) -> int:
        lent = self.state["lent"][str(number)]
        return self._leased_minor(number, arm) - out_minor(lent["purses"], arm)

    def _need_minor(self, number: int, arm: str) -> int:
        """Return the least that helps: what is missing, or another coupon where none is."""
        need_minor = self.state["lent"][str(number)]["wants"][arm]
        has_minor = max(0, self._has_minor(number, arm))
        return need_minor - has_minor if has_minor < need_minor else need_minor

    def _call(self, arm: str, first: int, need_minor: int) -> None:
        """Ask all others back who have anything, by what they told; not who just got a coupon's."""
        for number, lent in self._numbered():
            is_due = not self._is_asked(lent) or number in self._changed
            is_new = bool(lent["granted"]) and lent["served_ms"] > self._stale_ms
            least_minor = 2 * need_minor if is_new else 1
            if self._has_minor(number, arm) >= least_minor and is_due and number != first:
                lent["asked"] = self.state["turn"]
                self._calls[number] = max(need_minor, self._calls.get(number, 0))
                self._changed.add(number)

    def _grant(self, number: int, call_minor: int) -> Grant:
        lent = self.state["lent"][str(number)]
        lent["sent"] += 1
        return Grant(
            campaign_id=self.campaign_id,
            partition=number,
            seq=lent["sent"],
            answers=lent["seq"],
            granted=dict(lent["granted"]),
            whole=whole_for(number, self.state["lent"], self.budget_minor, self._priced),
            standing=self.state["standing"],
            tells=lent["asked"] > 0,
            call_minor=call_minor,
        )
