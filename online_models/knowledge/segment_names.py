"""Names of segments from what sets them apart, in English and Chinese."""

from collections.abc import Mapping

_LEAST = 0.4  # spreads above the mean from which something sets a segment apart
_MOST_COUNT = 2

# In the order in which a person would say it; a number's name -> (English, Chinese).
_WORDS: dict[str, tuple[str, str]] = {
    "electronics_ratio": ("electronics", "电子产品"),
    "mother_baby_ratio": ("mother and baby", "母婴"),
    "fashion_ratio": ("fashion", "时尚"),
    "household_ratio": ("household", "家居"),
    "food_ratio": ("food", "食品"),
    "paid": ("big spenders", "高消费"),
    "orders": ("buyers", "下单者"),
    "cart_left": ("cart leavers", "弃购者"),
    "carts": ("cart fillers", "加购者"),
    "codes": ("code seekers", "找券者"),
    "searches": ("searchers", "搜索者"),
    "dwell": ("slow readers", "细看者"),
    "variety": ("wanderers", "广泛浏览者"),
    "views": ("browsers", "浏览者"),
    "duration": ("long visitors", "久留者"),
}
_PLAIN = ("passers-by", "过客")


def name_of(parts: Mapping[str, float]) -> tuple[str, str]:
    """Name a centre by the one or two numbers that lie furthest above everybody's mean.

    Parameters
    ----------
    parts
        Name of a number -> spreads from the mean of all.

    Examples
    --------
    >>> name_of({"electronics_ratio": 2.0, "orders": 1.5, "views": 0.5})
    ('electronics, buyers', '电子产品，下单者')
    >>> name_of({"views": -0.5})
    ('passers-by', '过客')
    """
    high = [name for name, above in parts.items() if above >= _LEAST and name in _WORDS]
    furthest = sorted(high, key=lambda name: (-parts[name], name))[:_MOST_COUNT]
    told = [_WORDS[name] for name in _WORDS if name in furthest] or [_PLAIN]
    return ", ".join([english for english, _ in told]), "，".join([chinese for _, chinese in told])
