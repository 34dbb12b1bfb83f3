"""What an offer says to the customer: one short plain line in English and one in Chinese.

Made from the coupon and the occasion alone, so it holds nothing about the person. It is text and
no markup: signs that could begin any are taken out of the catalogue's names.
"""

from functools import lru_cache
from typing import Literal

from coupons.catalogue import Coupon
from features.events import EventType
from streams.aliases import EXPONENTS

MAX_CHARS = 160
NAME_CHARS = 32
SHOWN_NAMES_COUNT = 2

Occasion = Literal["welcome", "birthday", "members", "cart", "checkout", "search", "looking"]

OCCASIONS: dict[Occasion, tuple[str, str]] = {
    "welcome": ("Welcome! ", "欢迎新朋友！"),
    "birthday": ("Happy birthday! ", "生日快乐！"),
    "members": ("For members: ", "会员专享："),
    "cart": ("For your cart: ", "购物车专享："),
    "checkout": ("For this order: ", "本单可用："),
    "search": ("For what you are looking for: ", "为您找到："),
    "looking": ("For you: ", "为您准备："),
}
KINDS: dict[str, tuple[str, str]] = {
    "amount_off": ("{saved} off {goods}", "{goods}立减{saved}"),
    "percent_off": ("{percent} % off {goods}", "{goods}{zhe}折"),
    "free_shipping": ("free delivery", "免运费"),
    "gift": ("a gift with {goods}", "{goods}有赠品"),
    "second_half_price": ("the second item at half price on {goods}", "{goods}第二件半价"),
    "bundle": ("{saved} off what goes together", "组合购买立减{saved}"),
}
_ANY = ("a coupon for {goods}", "{goods}优惠券")  # of a kind that has no line of its own yet
_STAGE: dict[str, Occasion] = {
    "checkout.started": "checkout",
    "order.completed": "looking",
    "search.performed": "search",
}
_MARKUP = str.maketrans(dict.fromkeys("<>&\"'`\\{}"))


def offer_text(
    coupon: Coupon, trigger: EventType, currency: str, max_minor: int | None
) -> dict[str, str]:
    """Write what an offer says, by language.

    Parameters
    ----------
    max_minor
        The most that the customer saves, where that is promised.

    Examples
    --------
    >>> ten = Coupon(coupon_id="c", campaign_id="k", kind="percent_off", off_ratio=0.2)
    >>> offer_text(ten, "cart.added", "EUR", 1_500)["en"]
    'For your cart: 20 % off your order, at most 15.00 EUR.'
    >>> offer_text(ten, "cart.added", "EUR", 1_500)["zh"]
    '购物车专享：全场8折，最多减15.00 EUR。'
    """
    of, names = coupon.scope.of, tuple(sorted(coupon.scope.names)[:SHOWN_NAMES_COUNT])
    english, chinese = _written(
        coupon.kind,
        occasion_of(coupon, trigger),
        (of, names if of in ("category", "brand") else ()),
        (coupon.off_minor, round(coupon.off_ratio * 10_000), coupon.min_spend_minor),
        max_minor if coupon.kind in ("percent_off", "second_half_price") else None,
        currency,
    )
    return {"en": english, "zh": chinese}


def occasion_of(coupon: Coupon, trigger: EventType) -> Occasion:
    """Name why the customer hears of a coupon now: whom it is for, else what they do."""
    audience = coupon.audience
    if audience.first_order:
        return "welcome"
    if audience.birthday_month:
        return "birthday"
    if audience.members:
        return "members"
    return _STAGE.get(trigger, "cart" if trigger.startswith("cart.") else "looking")


@lru_cache(maxsize=4_096)
def _written(
    kind: str,
    occasion: Occasion,
    scope: tuple[str, tuple[str, ...]],
    terms: tuple[int, int, int],
    max_minor: int | None,
    currency: str,
) -> tuple[str, str]:
    saved_minor, off_bp, least_minor = terms
    leads, lines = OCCASIONS[occasion], KINDS.get(kind, _ANY)
    goods = _goods(*scope)
    told = []
    for at, (least, most, end) in enumerate(
        ((" from {} on", ", at most {}", "."), ("，满{}可用", "，最多减{}", "。"))
    ):
        line = lines[at].format(
            saved=_amount(saved_minor, currency),
            goods=goods[at],
            percent=f"{off_bp / 100:g}",
            zhe=f"{(10_000 - off_bp) / 1_000:g}",
        )
        line += least.format(_amount(least_minor, currency)) if least_minor else ""
        line += most.format(_amount(max_minor, currency)) if max_minor else ""
        told.append((leads[at] + line)[: MAX_CHARS - 1] + end)
    return told[0], told[1]


def _goods(of: str, names: tuple[str, ...]) -> tuple[str, str]:
    if of == "shop":
        return "your order", "全场"
    if of == "product":
        return "selected products", "指定商品"
    plain = [_plain(name) for name in names]
    return " and ".join(plain), "、".join(plain)


def _plain(name: str) -> str:
    """Take out of a name what is not text, and of a category all but its last part."""
    last = name.replace(".", "/").rpartition("/")[2]
    kept = "".join([letter for letter in last.translate(_MARKUP) if letter.isprintable()])
    return kept[:NAME_CHARS].strip() or "…"


def _amount(amount_minor: int, currency: str) -> str:
    exponent = EXPONENTS.get(currency, 2)
    return f"{amount_minor / 10**exponent:,.{exponent}f} {currency}"
