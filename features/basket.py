"""What the customer would pay for if they bought now: the cart, or our best guess of one."""

from dataclasses import dataclass

from features.events import Item


@dataclass(frozen=True, slots=True, kw_only=True)
class Basket:
    """Lines and shipping, in minor units.

    Attributes
    ----------
    items
        Lines with known prices; empty when only a total is guessed.
    goods_minor
        Value of all goods before any discount.
    shipping_minor
        What shipping would cost the customer.
    known
        True for a real cart or order, False for a guess from history.
    sold_out
        Lines that cannot be had now; `goods_minor` is without them.
    seed_minor
        The price of the one product that the basket is guessed from, its first line; 0 where it is
        not.
    """

    items: tuple[Item, ...] = ()
    goods_minor: int = 0
    shipping_minor: int = 0
    known: bool = False
    sold_out: tuple[Item, ...] = ()
    seed_minor: int = 0

    @classmethod
    def of(cls, items: tuple[Item, ...], shipping_minor: int = 0) -> "Basket":
        """Build a real basket from lines with prices.

        Examples
        --------
        >>> Basket.of((Item(product_id="a", price_minor=250, quantity=2),)).goods_minor
        500
        """
        goods_minor = sum([(item.price_minor or 0) * item.quantity for item in items])
        return cls(items=items, goods_minor=goods_minor, shipping_minor=shipping_minor, known=True)

    @classmethod
    def guessed(cls, item: Item, shipping_minor: int = 0) -> "Basket":
        """Guess a basket from one product with a price, of however many pieces.

        Examples
        --------
        >>> Basket.guessed(Item(product_id="a", price_minor=250)).seed_minor
        250
        """
        goods_minor = (item.price_minor or 0) * item.quantity
        return cls(
            items=(item,),
            goods_minor=goods_minor,
            shipping_minor=shipping_minor,
            known=True,
            seed_minor=goods_minor,
        )
