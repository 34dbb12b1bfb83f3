"""What the words of a search tell: for now only whether somebody is after a deal."""

# Whole English words; Chinese is written without spaces, so its words may stand anywhere.
_ENGLISH = frozenset(
    "bargain cheap clearance coupon coupons deal deals discount discounts offer offers outlet"
    " promo promotion rebate sale voucher vouchers".split()
)
_CHINESE = ("优惠", "折扣", "打折", "特价", "便宜", "促销", "降价", "满减", "券")


def asks_for_a_deal(query: str) -> bool:
    """Tell whether a search asks for a lower price.

    Examples
    --------
    >>> [asks_for_a_deal(query) for query in ("shoes SALE", "手机优惠券", "wholesale")]
    [True, True, False]
    """
    if not _ENGLISH.isdisjoint(query.casefold().split()):
        return True
    return any(word in query for word in _CHINESE)
