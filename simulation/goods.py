"""What the simulated shop sells: products by category, each with a price and a brand."""

from dataclasses import dataclass
from random import Random

from features.events import Item

PRODUCTS_PER_CATEGORY = 40
SHIPPING_MINOR = 490
FREE_SHIPPING_FROM_MINOR = 6_000

# category -> (typical price in minor units, most lines in a basket, most pieces of a line)
_SHAPES: dict[str, tuple[int, int, int]] = {
    "apparel": (3_900, 2, 1),
    "beauty": (2_200, 3, 1),
    "books": (1_600, 3, 1),
    "electronics": (8_900, 1, 1),
    "grocery": (900, 5, 3),
    "home": (4_500, 2, 1),
    "sports": (4_900, 2, 1),
    "toys": (2_600, 2, 1),
}
CATEGORIES: tuple[str, ...] = tuple(_SHAPES)

WORDS: dict[str, tuple[str, ...]] = {
    "apparel": ("summer dress", "rain jacket", "jeans", "连衣裙"),
    "beauty": ("face cream", "perfume", "sun screen", "护肤"),
    "books": ("crime novel", "cook book", "travel guide", "小说"),
    "electronics": ("phone case", "headphones", "usb charger", "手机壳"),
    "grocery": ("organic food", "olive oil", "coffee beans", "有机食品"),
    "home": ("desk lamp", "home decor", "storage box", "家居"),
    "sports": ("running shoes", "yoga mat", "tent", "运动鞋"),
    "toys": ("wooden train", "board game", "puzzle", "玩具"),
}


@dataclass(frozen=True, slots=True)
class Shelf:
    """All products, by category, cheapest first."""

    by_category: dict[str, tuple[Item, ...]]

    @classmethod
    def stocked(cls, seed: int) -> "Shelf":
        """Fill the shelf; the same seed gives the same goods.

        Examples
        --------
        >>> shelf = Shelf.stocked(1)
        >>> prices = [item.price_minor for item in shelf.by_category["books"]]
        >>> prices == sorted(prices), shelf == Shelf.stocked(1)
        (True, True)
        """
        rng = Random(f"shelf|{seed}")
        return cls({category: _products(rng, category) for category in CATEGORIES})

    def pick(self, category: str, wealth: float, rng: Random) -> Item:
        """Pick a product near the price rank `wealth`, 0 the cheapest to 1 the dearest."""
        products = self.by_category[category]
        rank = wealth + 0.5 * (rng.random() - 0.5)
        return products[max(0, min(len(products) - 1, int(rank * len(products))))]

    def basket(self, category: str, wealth: float, rng: Random) -> tuple[Item, ...]:
        """Pick what a visit is about: one to a few lines of one category."""
        _, most_lines, most_pieces = _SHAPES[category]
        lines: dict[str, Item] = {}
        for _ in range(1 + int(rng.random() * most_lines)):
            item = self.pick(category, wealth, rng)
            lines[item.product_id] = Item(
                product_id=item.product_id,
                price_minor=item.price_minor,
                quantity=1 + int(rng.random() * most_pieces),
                category=category,
                brand=item.brand,
            )
        return tuple(lines.values())


def shipping_minor(goods_minor: int) -> int:
    """Charge for delivery: nothing from `FREE_SHIPPING_FROM_MINOR` on.

    Examples
    --------
    >>> shipping_minor(5_999), shipping_minor(6_000)
    (490, 0)
    """
    return 0 if goods_minor >= FREE_SHIPPING_FROM_MINOR else SHIPPING_MINOR


def _products(rng: Random, category: str) -> tuple[Item, ...]:
    typical_minor = _SHAPES[category][0]
    prices = sorted(
        max(100, round(typical_minor * rng.lognormvariate(0.0, 0.45) / 10) * 10 - 1)
        for _ in range(PRODUCTS_PER_CATEGORY)
    )
    return tuple(
        Item(
            product_id=f"{category}-{rank:02d}",
            price_minor=price_minor,
            category=category,
            brand=f"{category}-brand-{rng.randrange(6)}",
        )
        for rank, price_minor in enumerate(prices)
    )
