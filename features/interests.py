"""Which class of goods words and categories speak of: a versioned table with a fallback."""

from collections.abc import Iterable
from typing import Literal

from features.keywords import keywords

VERSION = "1"
Interest = Literal["electronics", "fashion", "household", "mother_baby", "food", "generic"]
GENERIC: Interest = "generic"

# A word counts for the first class that lists it. English words stand in the singular, as
# `keywords` gives them; Chinese ones may be found inside longer words.
_RULES: tuple[tuple[Interest, str, str], ...] = (
    (
        "electronics",
        "phone smartphone iphone laptop notebook computer tablet camera headphone earphone tv"
        " monitor console electronic audio video printer keyboard mouse charger clock",
        "手机 电脑 笔记本 平板 相机 耳机 电视 充电 键盘 鼠标 数码 音响 显示器",
    ),
    (
        "mother_baby",
        "baby kid toddler diaper stroller maternity nursing toy infant pram",
        "母婴 婴儿 宝宝 奶粉 尿布 纸尿裤 孕妇 童装 玩具 儿童",
    ),
    (
        "fashion",
        "dress shoe shirt jean jacket coat skirt bag handbag apparel clothing sneaker boot"
        " jewelry watch scarf sandal fashion accessory",
        "连衣裙 女装 男装 鞋 衬衫 裤 外套 裙 包包 手表 服饰 围巾 时尚",
    ),
    (
        "household",
        "furniture kitchen lamp bed sofa chair table decor decoration curtain pillow appliance"
        " vacuum household home garden cleaner refrigerator washer",
        "家居 家具 厨房 灯 床 沙发 椅 桌 窗帘 枕 清洁 冰箱 洗衣机 装饰",
    ),
    (
        "food",
        "food organic vegetable fruit snack coffee tea wine drink grocery chocolate",
        "食品 有机 蔬菜 水果 零食 咖啡 茶 酒 饮料 巧克力",
    ),
)
_ENGLISH: dict[str, Interest] = {}
for _interest, _words, _ in _RULES:
    for _word in _words.split():
        _ENGLISH.setdefault(_word, _interest)
_CHINESE: tuple[tuple[str, Interest], ...] = tuple(
    (word, interest) for interest, _, words in _RULES for word in words.split()
)
INTERESTS: tuple[Interest, ...] = (*(interest for interest, _, _ in _RULES), GENERIC)


def interests_of(texts: Iterable[tuple[str, float]]) -> dict[Interest, float]:
    """Share the weights of texts out over classes; shares sum to 1, or nothing is known.

    Examples
    --------
    >>> interests_of([("phone", 3.0), ("zzz", 1.0)])
    {'electronics': 0.75, 'generic': 0.25}
    """
    found: dict[Interest, float] = {}
    for text, weight in texts:
        for interest in _spoken_of(keywords(text))[:1] or (GENERIC,):
            found[interest] = found.get(interest, 0.0) + weight
    whole = sum(found.values())
    return {name: found[name] / whole for name in INTERESTS if whole and name in found}


def leading(shares: dict[Interest, float]) -> Interest:
    """Name the class with the greatest share, the generic one last; it is also the fallback.

    Examples
    --------
    >>> leading({"generic": 0.9, "fashion": 0.1}), leading({})
    ('fashion', 'generic')
    """
    named = [name for name in INTERESTS[:-1] if shares.get(name)]
    return max(named, key=lambda name: shares[name]) if named else GENERIC


def _spoken_of(words: Iterable[str]) -> tuple[Interest, ...]:
    """Give the classes of words, the most frequent first."""
    counts: dict[Interest, int] = {}
    for word in words:
        interest = _class_of(word)
        if interest is not None:
            counts[interest] = counts.get(interest, 0) + 1
    return tuple(sorted(counts, key=lambda name: (-counts[name], INTERESTS.index(name))))


def _class_of(word: str) -> Interest | None:
    if word.isascii():
        return _ENGLISH.get(word)
    return next((interest for part, interest in _CHINESE if part in word), None)
