"""What the response model may know of an action; `NOTHING` is always one of them."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """An action in numbers.

    Attributes
    ----------
    action_id
        The coupon's id, or `nothing`.
    kind
        The coupon's kind (closed set of the catalogue), or `nothing`.
    depth_ratio
        What the customer would save on the basket at hand as a share of its value, 0..1.
    match_ratio
        How well the coupon's scope fits the customer's taste, 0..1; 1 for a whole-shop coupon.
    gap_ratio
        How far the basket is below the coupon's minimum spend, as a share of that minimum, 0..1.
    """

    action_id: str
    kind: str
    depth_ratio: float = 0.0
    match_ratio: float = 0.0
    gap_ratio: float = 0.0


NOTHING = Action(action_id="nothing", kind="nothing")
