"""Why a coupon is not accepted, and why an event moved none: a closed list, with sentences.

The sentences are for the customer at the till, so they tell nothing about anybody else's coupons.
"""

REPLIED: dict[str, tuple[str, str]] = {
    "already_redeemed": ("This coupon has been used.", "该优惠券已使用。"),
    "already_reserved": (
        "This coupon is being used in another payment.",
        "该优惠券正用于另一笔支付。",
    ),
    "coupon_expired": ("This coupon is no longer valid.", "该优惠券已过期。"),
    "coupon_released": ("This coupon was given back.", "该优惠券已退回。"),
    "coupon_returned": (
        "This coupon was used in an order that was undone.",
        "使用该优惠券的订单已取消或退款。",
    ),
    "coupon_voided": ("The shop has withdrawn this coupon.", "该优惠券已被商家作废。"),
    "coupon_withdrawn": ("The shop offers this no longer.", "商家已不再提供该优惠。"),
    "coupon_unknown": ("This is not one of your coupons.", "您没有该优惠券。"),
    "code_unknown": ("This code is not one of yours.", "您没有该优惠码对应的优惠券。"),
    "code_malformed": ("This code is mistyped.", "优惠码输入有误。"),
    "too_many_attempts": (
        "Too many wrong codes; please try again later.",
        "优惠码错误次数过多，请稍后再试。",
    ),
    "wrong_venue": ("Not valid in this kind of shop.", "此优惠券不适用于当前购物场所。"),
    "wrong_currency": ("Not valid in this currency.", "该优惠券不适用于此币种。"),
    "price_unknown": ("The price of an item is not known.", "有商品价格未知。"),
    "min_spend_not_reached": (
        "The basket is below the minimum of this coupon.",
        "未达到该优惠券的使用门槛。",
    ),
    "scope_not_relevant": (
        "Nothing in the basket is what this coupon is for.",
        "购物车中没有该优惠券适用的商品。",
    ),
    "bundle_incomplete": ("A product of the bundle is missing.", "缺少组合中的商品。"),
    "no_discount": ("It would save nothing on this basket.", "对当前购物车没有优惠。"),
    "stacking_conflict": (
        "It cannot be combined with a coupon that is in use.",
        "与正在使用的优惠券不可叠加。",
    ),
    "too_many_coupons": ("No more coupons can be combined.", "已达可叠加优惠券数量上限。"),
    "request_too_late": ("The request came too late.", "请求到达过晚。"),
    "request_conflict": (
        "Another request had the same number.",
        "该请求编号已用于其他请求。",
    ),
}
# Only of events: what a shop reports, and what moved nothing.
_OF_EVENTS: dict[str, tuple[str, str]] = {
    "other_order": ("The coupon was used in another order.", "该优惠券已用于其他订单。"),
    "not_reserved": ("The coupon waits for no payment.", "该优惠券未被预留。"),
    "already_further": ("The coupon is further on already.", "该优惠券已处于后续状态。"),
    "already_counted": ("This was counted before.", "已计入，不再重复。"),
}
DENIALS = REPLIED | _OF_EVENTS
