"""What a minor unit of budget is worth now: the price that makes a budget last its schedule."""

from dataclasses import dataclass

DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Pacing:
    """How firmly a budget is held to its schedule.

    Attributes
    ----------
    step
        Price per share of the budget that is spent ahead of the schedule: at 20, being 5 % ahead
        makes each minor unit of coupon cost count twice.
    slack_ratio
        Share of the budget that may be ahead at no price.
    usual_ratio
        Share of the schedule over which the usual price is taken, > 0.
    hold_step
        What a minor unit that is held for a coupon costs when all of the budget is out.
    hold_from_ratio
        Share of the budget that may be out before what is held costs anything, 0..1 (exclusive).
    horizon_ms
        How long the budget of a campaign without an end has to last, from its start.
    use_prior_ratio, use_weight_ratio
        Expected share of charged money that is spent in the end, and how much of the budget has to
        be settled for the campaign's own figure to weigh as much.
    """

    step: float = 20.0
    slack_ratio: float = 0.0
    usual_ratio: float = 0.4
    hold_step: float = 0.02
    hold_from_ratio: float = 0.5
    horizon_ms: int = 30 * DAY_MS
    use_prior_ratio: float = 0.3
    use_weight_ratio: float = 0.05

    def __post_init__(self) -> None:
        for name in ("step", "slack_ratio", "hold_step", "horizon_ms", "use_weight_ratio"):
            if not getattr(self, name) >= 0:
                message = f"{name} must be at least 0, was {getattr(self, name)}"
                raise ValueError(message)
        if not 0 <= self.hold_from_ratio < 1:
            message = f"hold_from_ratio must be in 0..1 (exclusive), was {self.hold_from_ratio}"
            raise ValueError(message)
        if not self.usual_ratio > 0:
            message = f"usual_ratio must be positive, was {self.usual_ratio}"
            raise ValueError(message)
        if not 0.0 <= self.use_prior_ratio <= 1.0:
            message = f"use_prior_ratio must be in 0..1, was {self.use_prior_ratio}"
            raise ValueError(message)


def elapsed_ratio(now_ms: int, starts_ms: int, ends_ms: int | None, horizon_ms: int) -> float:
    """Return which share of a schedule has passed, 0..1.

    Examples
    --------
    >>> elapsed_ratio(25, 0, 100, 0), elapsed_ratio(25, 20, None, 10)
    (0.25, 0.5)
    """
    length_ms = (starts_ms + horizon_ms if ends_ms is None else ends_ms) - starts_ms
    if length_ms <= 0:
        return 1.0
    return min(1.0, max(0.0, (now_ms - starts_ms) / length_ms))


def expected_spend_minor(
    share_minor: int, held_minor: int, spent_minor: int, settled_minor: int, pacing: Pacing
) -> float:
    """Return what is spent plus what held coupons will probably cost.

    `settled_minor` is all that was charged and is no longer held; the part of it that was spent is
    the use ratio, smoothed by the prior.

    Examples
    --------
    >>> expected_spend_minor(1_000, 200, 0, 0, Pacing())
    60.0
    """
    weight = max(1.0, pacing.use_weight_ratio * share_minor)
    used = (spent_minor + pacing.use_prior_ratio * weight) / (settled_minor + weight)
    return spent_minor + held_minor * min(1.0, used)


def shadow_price(
    spend_ratio: float, elapsed: float, pacing: Pacing, usual_price: float = 0.0
) -> float:
    """Return lambda: what one minor unit of expected spend costs beyond itself, at least 0.

    lambda = max(0, usual + step * (spend_ratio - elapsed - slack)): the lazy form of projected dual
    descent on the budget constraint, lambda = max(0, step * sum of (spend - target)), in event
    time. The sum telescopes to what is spent less what should be, so the price does not depend on
    how often it is asked for. Without the usual price, one could only be held by staying ahead, and
    the money would be gone by so much too early.

    Parameters
    ----------
    usual_price
        What the price was of late, see `usual_after`.

    References
    ----------
    .. [1] M. Zinkevich, Online Convex Programming and Generalized Infinitesimal Gradient Ascent
       (ICML 2003), lazy projection.
    .. [2] S. Balseiro, Y. Gur, Learning in Repeated Auctions with Budgets, Management Science
       65(9), 2019: the price follows spend against target.
    .. [3] S. Balseiro, H. Lu, V. Mirrokni, The Best of Many Worlds: Dual Mirror Descent for Online
       Allocation Problems, Operations Research 71(1), 2023.

    Examples
    --------
    >>> shadow_price(0.55, 0.5, Pacing()), shadow_price(0.4, 0.5, Pacing())
    (1.0, 0.0)
    """
    lead = spend_ratio - elapsed - pacing.slack_ratio
    return round(max(0.0, usual_price + pacing.step * lead), 6)


def usual_after(usual_price: float, price: float, passed: float, pacing: Pacing) -> float:
    """Return the usual price after a stretch of the schedule in which `price` was asked.

    Examples
    --------
    >>> usual_after(0.0, 1.0, 0.04, Pacing())
    0.1
    """
    weight = min(1.0, max(0.0, passed) / pacing.usual_ratio)
    return round(usual_price + (price - usual_price) * weight, 6)


def hold_price(out_minor: float, share_minor: int, pacing: Pacing) -> float:
    """Return what it costs to hold a minor unit for a coupon, used or not, at least 0.

    A coupon that is out holds its worst case, many times what it will probably cost, and while
    nearly all of a budget is held others must wait. So what is held gets a price of its own, that
    rises as room gets short: then the offers are made that earn most for what they hold, not those
    that come first.

    Examples
    --------
    >>> hold_price(40, 100, Pacing()), hold_price(75, 100, Pacing()), hold_price(0, 0, Pacing())
    (0.0, 0.01, 0.0)
    """
    if share_minor <= 0:
        return 0.0
    scarce = (out_minor / share_minor - pacing.hold_from_ratio) / (1.0 - pacing.hold_from_ratio)
    return round(pacing.hold_step * min(1.0, max(0.0, scarce)), 6)
