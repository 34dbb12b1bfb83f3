"""Why a coupon may not be given: a closed list of codes, each with a sentence for people."""

REASONS: dict[str, tuple[str, str]] = {
    "not_started": ("The offer has not started yet.", "活动尚未开始。"),
    "campaign_ended": ("The campaign is over.", "活动已结束。"),
    "coupon_ended": ("This coupon is no longer given out.", "该优惠券已停止发放。"),
    "quiet_hours": ("It is quiet time; nothing is sent now.", "当前为免打扰时段。"),
    "wrong_weekday": ("Not given out on this day of the week.", "今天不发放该优惠券。"),
    "wrong_channel": ("Not given out on this channel.", "该渠道不发放此优惠券。"),
    "wrong_venue": ("Not valid in this kind of shop.", "此优惠券不适用于当前购物场所。"),
    "first_order_only": ("Only for a customer's first order.", "仅限首单用户。"),
    "audience_returning": ("Only for customers with an order before.", "仅限有过订单的老用户。"),
    "audience_members": ("Only for members.", "仅限会员。"),
    "audience_non_members": ("Only for customers who are not members.", "仅限非会员。"),
    "audience_tier": ("Not for this member tier.", "不适用于该会员等级。"),
    "audience_segment": ("Not for this group of customers.", "不适用于该用户群体。"),
    "audience_birthday": ("Only in the month of the birthday.", "仅限生日当月。"),
    "audience_already_bought": (
        "For customers who are new to these goods; this one has bought them.",
        "仅限未购买过此类商品的用户，该用户已购买过。",
    ),
    "audience_never_bought": (
        "For customers who bought these goods before; this one has not.",
        "仅限购买过此类商品的用户，该用户尚未购买过。",
    ),
    "audience_share": (
        "This customer is outside the share that gets it.",
        "该用户不在抽样发放范围内。",
    ),
    "already_has_one": ("The customer already holds this coupon.", "用户已持有该优惠券。"),
    "per_user_limit": ("The customer has had it as often as allowed.", "已达每人领取上限。"),
    "cooldown": ("Too soon after the last one.", "距上次领取时间过短。"),
    "campaign_limit": ("The customer has had enough of this campaign.", "已达该活动的每人上限。"),
    "channel_limit": ("The customer has had enough on this channel.", "已达该渠道的每人上限。"),
    "device_limit": (
        "Customers of this device have had enough of this campaign.",
        "该设备上的用户已达该活动上限。",
    ),
    "address_limit": (
        "Customers of this address have had enough of this campaign.",
        "该地址的用户已达该活动上限。",
    ),
    "person_limit": (
        "The person has had enough of this campaign by their other accounts.",
        "此人的其他账户已达该活动上限。",
    ),
    "permit_awaited": (
        "Whether the person, device or address has had enough is being asked.",
        "正在确认此人、该设备或地址是否已达上限。",
    ),
    "stacking_conflict": (
        "It cannot be combined with a coupon the customer holds.",
        "与用户已持有的优惠券不可叠加。",
    ),
    "quota_exhausted": ("No piece is left to be given now.", "当前没有可发放的余量。"),
    "budget_exhausted": ("The budget cannot hold another one.", "活动预算不足。"),
    "day_budget_exhausted": ("The day's part of the budget is given out.", "今日预算已用完。"),
    "week_budget_exhausted": ("The week's part of the budget is given out.", "本周预算已用完。"),
    "store_budget_exhausted": (
        "The store's part of the budget is given out.",
        "该门店的预算已用完。",
    ),
    "segment_budget_exhausted": (
        "This group's part of the budget is given out.",
        "该用户群体的预算已用完。",
    ),
    "campaign_paused": ("The shop gives nothing of this campaign now.", "商家已暂停或结束该活动。"),
    "out_of_stock": ("What it is good for is sold out.", "适用商品已售罄。"),
    "scope_not_relevant": ("Nothing to do with what the customer wants.", "与用户所需商品无关。"),
    "min_spend_out_of_reach": (
        "The basket is too far below the minimum.",
        "购物金额离使用门槛过远。",
    ),
    "bundle_out_of_reach": ("Too much of the bundle is missing.", "缺少过多组合商品。"),
    "no_discount": ("It would save nothing on this basket.", "对当前购物车没有优惠。"),
}
