"""The best that could be done by somebody who knows the truth, under the same budget."""

from collections.abc import Callable
from dataclasses import dataclass, field
from heapq import heappop, heappush

from coupons.catalogue import Coupon
from features.events import Event
from simulation.play import Given, play
from simulation.shop import Shop
from simulation.truth import Worth

Option = tuple[float, float]  # expected profit and expected spend of one offer

BISECTIONS = 40
ROUNDS = 3
LEAST_PART_COUNT = 300


def options_at(shop: Shop, event: Event) -> list[tuple[Coupon, Worth]]:
    """Give the exact worth of every coupon for the customer of `event`."""
    return [(coupon, _worth(shop, event, coupon)) for coupon in shop.catalogue.coupons]


def price_of_budget(choices: list[list[Option]], budget_minor: float) -> float:
    """Find the price of spending at which the best choices together just keep the budget.

    The Lagrangian solution of the multiple-choice knapsack: 0 where the budget is ample.

    References
    ----------
    [^1]: Sinha and Zoltners (1979), The multiple-choice knapsack problem, Operations Research.

    Examples
    --------
    >>> round(price_of_budget([[(10.0, 5.0)], [(4.0, 5.0)]], budget_minor=5.0), 6)
    0.8
    >>> price_of_budget([[(10.0, 5.0)]], budget_minor=5.0)
    0.0
    """
    choices = [kept for options in choices if (kept := _undominated(options))]
    if _spend_at(choices, 0.0) <= budget_minor:
        return 0.0
    low, high = 0.0, 64.0
    for _ in range(BISECTIONS):
        middle = (low + high) / 2
        if _spend_at(choices, middle) > budget_minor:
            low = middle
        else:
            high = middle
    return high


class Oracle:
    """Gives at each visit what is worth most after the price of its spending, if anything is.

    Every offer out is covered: what it can cost at most is held back until it is used or expires,
    so the budget cannot be exceeded.

    Parameters
    ----------
    price
        What a unit of spending must earn at least, from `price_of_budget`.
    choices
        Where given, what could have been chosen at each visit is added to it.
    """

    def __init__(
        self,
        shop: Shop,
        budget_minor: int | None,
        price: float = 0.0,
        choices: list[list[Option]] | None = None,
    ) -> None:
        self.budget_minor = budget_minor
        self.price = price
        self.choices = choices
        self._shop = shop
        self._visits = _VisitStarts()
        self._held: dict[str, tuple[str, int]] = {}  # user -> decision and what it may cost
        self._expiries: list[tuple[int, str, str]] = []
        self._outstanding_minor = 0

    def decide(self, event: Event) -> Given | None:
        """Choose at a visit's first trigger."""
        self._release(event)
        if not self._visits.starts(event):
            return None
        listed = options_at(self._shop, event)
        if self.choices is not None:
            self.choices.append([(w.profit_minor, w.spend_minor) for _, w in listed])
        best = max(listed, key=self._net, default=None)
        if best is None or self._net(best) <= 0.0 or not self._affords(best[1]):
            return None
        coupon, worth = best
        return self._give(event, coupon, worth.most_minor)

    def _net(self, option: tuple[Coupon, Worth]) -> float:
        worth = option[1]
        return worth.profit_minor - self.price * worth.spend_minor

    def _affords(self, worth: Worth) -> bool:
        if self.budget_minor is None:
            return True
        out_minor = self._shop.spent_minor + self._outstanding_minor
        return out_minor + worth.most_minor <= self.budget_minor

    def _give(self, event: Event, coupon: Coupon, most_minor: int) -> Given:
        decision_id = f"oracle-{event.event_id}"
        expires_ms = event.ts_ms + coupon.validity_ms
        self._forget(event.user_id)  # the new offer replaces the old
        self._held[event.user_id] = (decision_id, most_minor)
        self._outstanding_minor += most_minor
        heappush(self._expiries, (expires_ms, event.user_id, decision_id))
        return Given(
            coupon=coupon,
            decision_id=decision_id,
            decided_ms=event.ts_ms,
            expires_ms=expires_ms,
        )

    def _release(self, event: Event) -> None:
        while self._expiries and self._expiries[0][0] <= event.ts_ms:
            _, user_id, decision_id = heappop(self._expiries)
            if self._held.get(user_id, ("", 0))[0] == decision_id:
                self._forget(user_id)
        if event.decision_id is not None:
            self._forget(event.user_id)

    def _forget(self, user_id: str) -> None:
        _, most_minor = self._held.pop(user_id, ("", 0))
        self._outstanding_minor -= most_minor


def tuned_price(
    make_shop: Callable[[int], Shop], customers_count: int, until_ms: int, budget_minor: int | None
) -> float:
    """Find the price of the budget by hindsight, on a part of the customers.

    What can be chosen at a visit hangs on what is held already, and so on the price: a few rounds
    bring the two together. A customer's world is the same in a smaller shop, and a part of the
    customers with that part of the budget has nearly the same price.

    Parameters
    ----------
    make_shop
        Builds the world anew with its first so many customers.
    """
    if budget_minor is None:
        return 0.0
    part_count = _part_of(customers_count)
    part_minor = budget_minor * part_count / customers_count
    price = 0.0
    for _ in range(ROUNDS):
        shop, choices = make_shop(part_count), list[list[Option]]()
        play(shop, Oracle(shop, None, price, choices), until_ms)
        price = price_of_budget(choices, part_minor)
    return price


def best_single(
    make_shop: Callable[[int], Shop], customers_count: int, until_ms: int
) -> tuple[Coupon, float]:
    """Find by hindsight the coupon that is worth most if everybody gets it, and that worth.

    Found, as the price is, on a part of the customers; the worth is scaled up to all of them.
    """
    part_count = _part_of(customers_count)
    shop, choices = make_shop(part_count), list[list[Option]]()
    play(shop, Oracle(shop, 0, choices=choices), until_ms)
    sums = [sum(column) for column in zip(*([w for w, _ in row] for row in choices), strict=True)]
    best = max(range(len(sums)), key=sums.__getitem__)
    return shop.catalogue.coupons[best], sums[best] * customers_count / part_count


def _part_of(customers_count: int) -> int:
    return min(customers_count, max(LEAST_PART_COUNT, customers_count // 4))


@dataclass(slots=True)
class _VisitStarts:
    """Tells a visit's first trigger; later ones of the visit have nothing to add for an oracle."""

    sessions: dict[str, str] = field(default_factory=dict)

    def starts(self, event: Event) -> bool:
        if event.event_type not in ("list.viewed", "search.performed"):
            return False
        session_id = event.session_id or event.event_id
        if self.sessions.get(event.user_id) == session_id:
            return False
        self.sessions[event.user_id] = session_id
        return True


def _worth(shop: Shop, event: Event, coupon: Coupon) -> Worth:
    expires_ms = event.ts_ms + coupon.validity_ms
    return shop.worth(event.user_id, coupon, now_ms=event.ts_ms, expires_ms=expires_ms)


def _undominated(options: list[Option]) -> list[Option]:
    """Leave out what no price makes the best: what earns less than another that costs no more.

    Nothing at all earns and costs nothing.
    """
    rivals = [*options, (0.0, 0.0)]
    return [
        (profit, spend)
        for profit, spend in options
        if not any(more > profit and less <= spend for more, less in rivals)
    ]


def _spend_at(choices: list[list[Option]], price: float) -> float:
    def net(option: Option) -> float:
        return option[0] - price * option[1]

    total = 0.0
    for options in choices:
        best = max(options, key=net, default=(0.0, 0.0))
        total += best[1] if net(best) > 0.0 else 0.0
    return total
