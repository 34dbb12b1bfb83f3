"""Which kinds of knowledge across customers decisions tell, and heed."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Families:
    """What decisions tell, and heed, of what is known across customers.

    Attributes
    ----------
    hints, segments, heat, alike, next_step
        Told: add-ons for carts, the customer's segment, how hot the product is, products that the
        same customers cared for, the chance that what was done is followed by an order.
    risk_limit
        From this risk on no offer is made; 1.0, which no risk reaches, asks for none.
    """

    hints: bool = False
    segments: bool = False
    heat: bool = False
    alike: bool = False
    next_step: bool = False
    risk_limit: float = 1.0


NO_FAMILIES = Families()
