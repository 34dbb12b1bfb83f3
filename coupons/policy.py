"""Which coupon to give, or none: incremental profit under a budget, with exact probabilities."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, NamedTuple, get_args

from coupons.arms import Arm
from coupons.article import article, best_single, likeliest, propensity_threshold
from coupons.choices import Blocked, Candidate, Choice, DecisionAction
from coupons.draw import unit_draw
from coupons.worth import monotone, propensities, values

PolicyName = Literal["policy", "article", "random", "threshold", "single", "likeliest", "none"]
# Rules of contact: where one of them is all that stands against a coupon, the answer is a silence
# that ends by itself, and not a verdict on the customer.
CAPS = frozenset(
    {
        "already_has_one",
        "campaign_limit",
        "channel_limit",
        "cooldown",
        "per_user_limit",
        "quiet_hours",
        "stacking_conflict",
        "wallet_full",
    }
)
NO_PRICES: Mapping[str, float] = MappingProxyType({})
_ACTIONS: dict[str, DecisionAction] = {
    "holdout": "holdout",
    "suppressed": "suppressed",
    "caps_reached": "suppressed",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicySettings:
    """How the arm `policy` decides.

    Attributes
    ----------
    name
        `policy` is ours; `article`, `random`, `threshold`, `single`, `likeliest` and `none` are
        kept as baselines. `none` never explores.
    explore_ratio
        Share of decisions drawn uniformly among all eligible actions, nothing included, 0..1.
    salt
        Deals these draws anew.
    threshold_ratio
        `threshold`: gives to customers at least this likely to buy without a coupon, 0..1.
    single_coupon_id
        `single`: the coupon it gives; None for the first eligible one.
    """

    name: PolicyName = "policy"
    explore_ratio: float = 0.01
    salt: str = "v1"
    threshold_ratio: float = 0.5
    single_coupon_id: str | None = None

    def __post_init__(self) -> None:
        if self.name not in get_args(PolicyName):
            message = f"name must be one of {', '.join(get_args(PolicyName))}, was {self.name}"
            raise ValueError(message)
        for name in ("explore_ratio", "threshold_ratio"):
            if not 0.0 <= getattr(self, name) <= 1.0:
                message = f"{name} must be in 0..1, was {getattr(self, name)}"
                raise ValueError(message)


def choose(
    *,
    candidates: Sequence[Candidate],
    blocked: Sequence[Blocked],
    p_nothing: float,
    p_buy: Sequence[float],
    margin_minor: float,
    prices: Mapping[str, float],
    hold_prices: Mapping[str, float] = NO_PRICES,
    arm: Arm,
    decision_id: str,
    settings: PolicySettings,
    cold: bool,
    at_cart: bool = False,
    suppressed: str | None = None,
) -> Choice:
    """Choose one action; the same input gives the same choice, byte for byte.

    The value of a coupon is P(a) x (margin - cost) - P(nothing) x margin - lambda x P(a) x cost
    - mu x charge, the last for the worst case that the budget has to hold meanwhile.
    Probabilities are rounded to 6 decimals and values to 2 before anything is compared, so the
    table alone repeats the choice. The best positive value wins, the first of equals.

    Parameters
    ----------
    p_buy
        P(buy) under each candidate, in the order of `candidates`.
    margin_minor
        Margin on the expected basket before any discount.
    prices
        Shadow price of budget (lambda) by campaign; a missing one is 0.
    hold_prices
        What it costs to hold a minor unit for a coupon (mu) by campaign; a missing one is 0.
    at_cart
        The trigger is a cart or checkout event: `business_as_usual` gives only there.
    suppressed
        A reason from outside (consent, abuse, overload) to give nothing whatever the values.

    Raises
    ------
    ValueError
        A probability is missing, or is none.
    """
    if not 0.0 <= p_nothing <= 1.0:
        message = f"p_nothing must be in 0..1, was {p_nothing}"
        raise ValueError(message)
    p_none, p_all = int(p_nothing * 1e6 + 0.5) / 1e6, monotone(candidates, p_buy)
    worth, bare = values(
        candidates, p_all, p_none * margin_minor, margin_minor, prices, hold_prices
    )
    lean = _forced(candidates, blocked, arm, at_cart, suppressed)
    if lean is None:
        lean = _free(candidates, p_nothing, p_buy, worth, arm, settings)
    at, explored = _drawn(lean, len(candidates) + 1, f"{decision_id}|explore|{settings.salt}")
    reason = "explored" if explored and lean.reason != "random_arm" else lean.reason
    why_not = {one.coupon_id: one.reason for one in blocked}
    worthy, dear, worthless = _why_not(reason)
    for place, (one, value_minor) in enumerate(zip(candidates, worth, strict=True)):
        if place != at:
            unpaid = dear if bare[place] >= 0.005 else worthless
            why_not[one.coupon.coupon_id] = worthy if value_minor > 0.0 else unpaid
    reasons = [
        reason,
        suppressed if reason == "suppressed" else None,
        "cold_start" if cold else None,
    ]
    return Choice(
        action=_ACTIONS.get(reason, "no_offer" if at is None else "offer"),
        at=at,
        candidates=candidates,
        blocked=blocked,
        margin_minor=margin_minor,
        prices=prices,
        hold_prices=hold_prices,
        explored=explored,
        p_nothing=p_none,
        p_buy=p_all,
        values_minor=worth,
        propensities=propensities(len(candidates), lean.at, lean.explore_ratio),
        reasons=tuple(one for one in reasons if one is not None),
        why_not=why_not,
    )


class _Lean(NamedTuple):
    """What is done unless a draw says otherwise: a place among the candidates, None for nothing."""

    at: int | None
    reason: str
    explore_ratio: float


def _forced(
    candidates: Sequence[Candidate],
    blocked: Sequence[Blocked],
    arm: Arm,
    at_cart: bool,
    suppressed: str | None,
) -> _Lean | None:
    """Lean as the arm or the circumstances demand, whatever the values; None where they do not."""
    if arm == "holdout":
        return _Lean(None, "holdout", 0.0)
    if suppressed is not None:
        return _Lean(None, "suppressed", 0.0)
    if not candidates:
        capped = any(one.reason in CAPS for one in blocked)
        return _Lean(None, "caps_reached" if capped else "nothing_eligible", 0.0)
    if arm == "business_as_usual":
        return _Lean(0 if at_cart else None, "business_as_usual", 0.0)
    return None


def _free(
    candidates: Sequence[Candidate],
    p_nothing: float,
    p_buy: Sequence[float],
    worth: Sequence[float],
    arm: Arm,
    settings: PolicySettings,
) -> _Lean:
    if arm == "random" or settings.name == "random":
        return _Lean(None, "random_arm", 1.0)
    if settings.name == "policy":
        return _best(worth, settings.explore_ratio)
    return _baseline(candidates, p_nothing, p_buy, settings)


def _best(worth: Sequence[float], explore_ratio: float) -> _Lean:
    highest_minor = max(worth)
    if highest_minor > 0.0:
        return _Lean(worth.index(highest_minor), "best_value", explore_ratio)
    return _Lean(None, "no_positive_value", explore_ratio)


def _baseline(
    candidates: Sequence[Candidate],
    p_nothing: float,
    p_buy: Sequence[float],
    settings: PolicySettings,
) -> _Lean:
    if settings.name == "none":
        return _Lean(None, "baseline_policy", 0.0)
    if settings.name == "article":
        at = article(p_buy, [one.discount_minor for one in candidates])
    elif settings.name == "threshold":
        at = propensity_threshold(p_nothing, p_buy, settings.threshold_ratio)
    elif settings.name == "likeliest":
        at = likeliest(p_nothing, p_buy)
    else:
        at = best_single([one.coupon.coupon_id for one in candidates], settings.single_coupon_id)
    return _Lean(at, "baseline_policy", settings.explore_ratio)


def _drawn(lean: _Lean, count: int, text: str) -> tuple[int | None, bool]:
    """Draw one of `count` actions, the last of them nothing, in the share set for exploring."""
    if lean.explore_ratio == 0.0:
        return lean.at, False
    draw = unit_draw(text)
    if draw >= lean.explore_ratio:
        return lean.at, False
    # Below the share the same draw is uniform again; rounding could otherwise reach `count`.
    place = min(int(draw / lean.explore_ratio * count), count - 1)
    return (None if place == count - 1 else place), True


def _why_not(reason: str) -> tuple[str, str, str]:
    """Say why a coupon was not chosen: one worth giving, one not at its budget's price, another."""
    if reason in ("holdout", "suppressed", "business_as_usual", "baseline_policy"):
        return reason, reason, reason
    if reason == "random_arm":
        return "explored_other", "explored_other", "explored_other"
    best = "explored_other" if reason == "explored" else "lower_value"
    return best, "budget_price", "negative_value"
