"""Facts about a customer that rules ask for (audience, birthday, first order), apart from `x`."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Traits:
    """Facts, not model inputs.

    Attributes
    ----------
    orders_count
        Orders completed in the customer's life with the shop.
    bought
        Categories, brands and products bought before, as `category:x`, `brand:x`, `product:x`
        (bounded by the profile).
    affinity
        Share of interest by `category:x` and `brand:x`, each kind summing to at most 1.
    channel
        Where the customer is now.
    usual_order_minor
        The customer's mean order, or everybody's, or a default; 0 where it is not told.
    """

    orders_count: int = 0
    bought: frozenset[str] = frozenset()
    affinity: dict[str, float] = field(default_factory=dict)
    tier: str | None = None
    member: bool = False
    birth_month: int | None = None
    segment: str | None = None
    channel: str | None = None
    usual_order_minor: int = 0
