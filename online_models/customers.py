"""What each customer of the standing experiment brought, gathered from outcomes."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np

from features.actions import NOTHING
from online_models.experiments import fold_of
from online_models.incremental import Incremental
from online_models.outcomes import Arm, Outcome

FOLDS_COUNT = 5
LEAST_CUSTOMERS_COUNT = 500
RIDGE = 10.0


@dataclass(slots=True, kw_only=True)
class Customer:
    """Sums over one customer's settled decisions.

    Attributes
    ----------
    x
        Features at the first decision: nothing was given before it, so no arm can have moved them.
    orders
        Event time -> (paid, margin, discount); one order settles several decisions and is one here.
    """

    arm: Arm
    x: dict[str, float]
    first_ms: int
    settled: int = 0
    given: int = 0
    bought: int = 0
    redeemed: int = 0
    orders: dict[int, tuple[int, int, int]] = field(default_factory=dict)

    @property
    def margin_minor(self) -> int:
        """Margin of all orders, after discounts."""
        return sum(margin for _, margin, _ in self.orders.values())

    @property
    def discount_minor(self) -> int:
        """What coupons cost."""
        return sum(discount for _, _, discount in self.orders.values())

    @property
    def paid_minor(self) -> int:
        """What was paid."""
        return sum(paid for paid, _, _ in self.orders.values())


def gather(outcomes: Iterable[Outcome]) -> dict[str, Customer]:
    """Sum outcomes by customer, in the order in which customers appear.

    Orders that settled no decision are not in outcomes, in no arm: they are left out.
    """
    found: dict[str, Customer] = {}
    for outcome in outcomes:
        one = found.get(outcome.user_id)
        if one is None:
            one = found[outcome.user_id] = Customer(
                arm=outcome.arm, x=outcome.x, first_ms=outcome.decided_ms
            )
        elif outcome.decided_ms < one.first_ms:
            one.first_ms, one.x = outcome.decided_ms, outcome.x
        if outcome.state == "settled":
            _settle(one, outcome)
    return found


def _settle(one: Customer, outcome: Outcome) -> None:
    one.settled += 1
    one.given += outcome.action.kind != NOTHING.kind
    if not outcome.y or outcome.settled_ms is None:
        return
    one.bought += 1
    one.redeemed += outcome.discount_minor > 0
    _, _, known = one.orders.get(outcome.settled_ms, (0, 0, 0))
    discount = max(known, outcome.discount_minor)  # only the decision whose coupon paid knows it
    one.orders[outcome.settled_ms] = (outcome.order_minor, outcome.margin_minor, discount)


def earnings(customers: Mapping[str, Customer], baselines: Mapping[str, int]) -> Incremental:
    """Sum what customers brought by arm, each with the baseline expected of them."""
    earned = Incremental()
    for user_id, one in customers.items():
        earned.move(one.arm, None, one.margin_minor, baselines.get(user_id, 0))
    return earned


def expected_margins(customers: Mapping[str, Customer]) -> dict[str, int]:
    """Foresee what each customer brings from what was known at their first decision.

    A ridge regression that saw only the customers of other folds, whatever their arm; used to take
    noise out of comparisons, so it need not be right. Empty for too few customers.

    References
    ----------
    [^1]: Deng, Xu, Kohavi, Walker (2013), Improving the sensitivity of online controlled
        experiments by utilizing pre-experiment data.
    [^2]: Jin, Ba (2023), Toward optimal variance reduction in online controlled experiments
        (cross-fitted predictions as the covariate).
    """
    if len(customers) < LEAST_CUSTOMERS_COUNT:
        return {}
    ids = list(customers)
    names = sorted({name for one in customers.values() for name in one.x})
    rows = np.array([[one.x.get(name, 0.0) for name in names] for one in customers.values()])
    rows = np.column_stack([np.ones(len(ids)), rows])
    brought = np.array([float(one.margin_minor) for one in customers.values()])
    folds = np.array([fold_of(user_id, FOLDS_COUNT) for user_id in ids])
    foreseen = np.zeros(len(ids))
    for fold in range(FOLDS_COUNT):
        known = folds != fold
        if not known.any():
            continue
        squares = rows[known].T @ rows[known] + RIDGE * np.eye(rows.shape[1])
        weights = np.linalg.solve(squares, rows[known].T @ brought[known])
        foreseen[~known] = rows[~known] @ weights
    return {user_id: round(float(margin)) for user_id, margin in zip(ids, foreseen, strict=True)}
