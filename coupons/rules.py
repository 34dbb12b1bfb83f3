"""A catalogue prepared for deciding: what can be worked out once is not worked out per event."""

from collections.abc import Iterable
from functools import lru_cache

from coupons.audiences import Check, Moment, checks_of
from coupons.catalogue import Campaign, Catalogue, Coupon, Schedule, Scope
from coupons.choices import Blocked, Candidate
from coupons.hours import closed_reason, steady_span
from coupons.price import pricer, worst_case_minor
from coupons.promises import GROWING
from coupons.scopes import covers
from coupons.stock import EVERYTHING_THERE, Stock
from features.actions import Action
from features.basket import Basket
from features.traits import Traits

SHOP = 0  # the place of the whole-shop scope in `Plan.scopes`
REMEMBERED_NAMES = 8192
KEPT_PLANS = 8
STEPS = 100  # ratios of an action go in whole percents: finer than any response can be told
MAX_BUILT = 1_000


class Rule:
    """One coupon, its campaign, and the answers that no customer changes.

    Attributes
    ----------
    scope_at
        Place of the coupon's scope in `Plan.scopes`.
    asks
        False where neither a schedule nor an audience restricts the coupon.
    invites
        True where it asks for customers who are new to its goods.
    charge_minor
        The most that one coupon can cost.
    grows
        True where the discount grows with the basket, so that a personal maximum is promised.
    """

    __slots__ = (
        "_actions",
        "_refusals",
        "_steady_from_ms",
        "_steady_reason",
        "_steady_until_ms",
        "_timed",
        "asks",
        "campaign",
        "charge_minor",
        "checks",
        "coupon",
        "grows",
        "invites",
        "price",
        "scope_at",
    )

    def __init__(
        self, coupon: Coupon, campaign: Campaign, scope_at: int, checks: tuple[Check, ...]
    ) -> None:
        self.coupon = coupon
        self.campaign = campaign
        self.scope_at = scope_at
        self.checks = checks
        self.charge_minor = worst_case_minor(coupon)
        self.grows = coupon.kind in GROWING
        self.price = pricer(coupon)
        always = Schedule(utc_offset_minutes=coupon.schedule.utc_offset_minutes)
        bounds = (campaign.starts_ms, campaign.ends_ms)
        self._timed = coupon.schedule != always or bounds != (None, None)
        self.asks = self._timed or bool(checks)
        self.invites = coupon.audience.bought is False
        self._actions: dict[tuple[int, int, int], Action] = {}
        self._refusals: dict[str, Blocked] = {}
        self._steady_from_ms = self._steady_until_ms = 0
        self._steady_reason: str | None = None

    def refusal(self, traits: Traits, moment: Moment) -> str | None:
        """Say why schedule or audience forbid the coupon."""
        reason = self.closed(moment.now_ms) if self._timed else None
        if reason is None:
            for check in self.checks:
                reason = check(traits, moment)
                if reason is not None:
                    break
        return reason

    def closed(self, now_ms: int) -> str | None:
        """Say why the schedule forbids the coupon now; the last answer holds while it can."""
        if not self._steady_from_ms <= now_ms < self._steady_until_ms:
            given = self.campaign, self.coupon.schedule, now_ms
            self._steady_from_ms, self._steady_until_ms = steady_span(*given)
            self._steady_reason = closed_reason(*given)
        return self._steady_reason

    def candidate(
        self, cost_minor: int, charge_minor: int, depth_steps: int, match_steps: int, gap_steps: int
    ) -> Candidate:
        """Give the record of this coupon as a candidate.

        Its action is found again where the ratios are, as from event to event they mostly are:
        building it was most of the time.
        """
        key = depth_steps, match_steps, gap_steps
        action = self._actions.get(key)
        if action is None:
            if len(self._actions) >= MAX_BUILT:
                self._actions.clear()
            action = self._actions[key] = Action(
                action_id=self.coupon.coupon_id,
                kind=self.coupon.kind,
                depth_ratio=depth_steps / STEPS,
                match_ratio=match_steps / STEPS,
                gap_ratio=gap_steps / STEPS,
            )
        return Candidate(self.coupon, action, cost_minor, charge_minor)

    def refuse(self, reason: str) -> Blocked:
        """Give the record of this coupon refused for a reason; one record per reason."""
        blocked = self._refusals.get(reason)
        if blocked is None:
            blocked = Blocked(coupon_id=self.coupon.coupon_id, reason=reason)
            self._refusals[reason] = blocked
        return blocked


class Plan:
    """The rules of a catalogue in its order, and the distinct scopes they speak of."""

    def __init__(self, catalogue: Catalogue) -> None:
        named = [coupon.scope for coupon in catalogue.coupons if coupon.scope.of != "shop"]
        self.scopes = (Scope(), *dict.fromkeys(named))
        self._speaks_of = {scope.of for scope in self.scopes}
        # Most names are touched by no scope and come again: the answer is remembered, in bounds.
        self.touching = lru_cache(maxsize=REMEMBERED_NAMES)(self._touching)
        self.campaigns = tuple(
            (campaign, tuple(self._rule(coupon, campaign) for coupon in campaign.coupons))
            for campaign in catalogue.campaigns
        )
        self._stock, self._lacking = EVERYTHING_THERE, frozenset[str]()

    def goods_minor(self, basket: Basket) -> list[int]:
        """Value the basket's goods scope by scope; all of them where lines are not known."""
        goods = [basket.goods_minor] * len(self.scopes)
        if not basket.known or len(goods) == 1:
            return goods
        goods[SHOP + 1 :] = [0] * (len(goods) - 1)
        for item in basket.items:
            worth_minor = (item.price_minor or 0) * item.quantity
            for at in self._scopes_of(item.category, item.brand, item.product_id):
                goods[at] += worth_minor
        return goods

    def matches(self, affinity: dict[str, float]) -> list[float]:
        """Sum a customer's interest scope by scope, each at most 1; 1 for the whole shop."""
        sums = [0.0] * len(self.scopes)
        if len(sums) == 1:
            return [1.0]
        for name, share in affinity.items():
            for at in self.touching(name):
                sums[at] += share
        sums[SHOP] = 1.0
        return [share if share < 1.0 else 1.0 for share in sums]

    def lacking(self, stock: Stock) -> frozenset[str]:
        """Name the coupons that are good for nothing that is there; the last answer is kept."""
        known = self._stock
        if stock.sold_out is not known.sold_out or stock.empty is not known.empty:
            rules = [rule for _, some in self.campaigns for rule in some]
            lacking = [rule.coupon.coupon_id for rule in rules if stock.lacks(rule.coupon)]
            self._stock, self._lacking = stock, frozenset(lacking)
        return self._lacking

    def missed(self, basket: Basket) -> frozenset[int]:
        """Give the scopes in which lines of a basket are sold out."""
        lines = basket.sold_out
        found = [self._scopes_of(one.category, one.brand, one.product_id) for one in lines]
        return frozenset([at for places in found for at in places])

    def touched(self, scope_at: int, names: Iterable[str]) -> bool:
        """Tell whether any `category:x`, `brand:x` or `product:x` lies in a scope."""
        return any(scope_at in self.touching(name) for name in names)

    def _scopes_of(self, category: str | None, brand: str | None, product: str) -> list[int]:
        places: list[int] = []
        if category is not None and "category" in self._speaks_of:
            places += self.touching("category:" + category)
        if brand is not None and "brand" in self._speaks_of:
            places += self.touching("brand:" + brand)
        if "product" in self._speaks_of:
            places += self.touching("product:" + product)
        return places

    def _touching(self, name: str) -> tuple[int, ...]:
        of, _, value = name.partition(":")
        return tuple(
            at
            for at, scope in enumerate(self.scopes)
            if scope.of == of
            and (value in scope.names or (of == "category" and covers(scope.names, value)))
        )

    def _rule(self, coupon: Coupon, campaign: Campaign) -> Rule:
        scope_at = self.scopes.index(coupon.scope)

        def has_bought(traits: Traits) -> bool:
            if scope_at == SHOP:
                return traits.orders_count > 0
            return self.touched(scope_at, traits.bought)

        return Rule(coupon, campaign, scope_at, checks_of(coupon, has_bought))


_plans: dict[int, tuple[Catalogue, Plan]] = {}


def plan_of(catalogue: Catalogue) -> Plan:
    """Prepare a catalogue, or find it prepared.

    Found by identity: comparing content would cost more than deciding. The catalogue is kept beside
    its plan, so its address cannot be used again while the plan is known.
    """
    known = _plans.get(id(catalogue))
    if known is not None:
        return known[1]
    if len(_plans) == KEPT_PLANS:
        del _plans[next(iter(_plans))]
    plan = Plan(catalogue)
    _plans[id(catalogue)] = (catalogue, plan)
    return plan
