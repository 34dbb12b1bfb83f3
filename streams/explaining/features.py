"""What the features mean, in Chinese beside the English of `features.table`."""

import re

from features.table import FEATURES
from streams.explaining.texts import Text

# Parts of contributions that are no feature of the customer.
PARTS = {
    "bias": ("What an average customer does.", "普通用户的平均水平。"),
    "caution": (
        "Doubt in the coupon's effect, counted against it.",
        "对优惠券效果存疑而作的保守扣减。",
    ),
    "coupon": ("What this coupon adds for everybody.", "该优惠券对所有人的影响。"),
    "depth": ("How deep the discount is.", "优惠力度。"),
    "match": ("How well the coupon fits the customer's taste.", "优惠券与用户偏好的匹配度。"),
    "gap": ("How far the basket is below the minimum.", "购物车距使用门槛的差距。"),
    "order": (
        "No coupon is believed to sell less than a shallower one of its kind.",
        "同类优惠券力度更大时，概率不低于力度较小者。",
    ),
    "other": ("Everything not listed, summed.", "其余未列出因素之和。"),
}

# `{window}` is filled in from the feature.
CHINESE = {
    "browse_count": "{window}浏览商品和列表的次数",
    "search_count": "{window}搜索次数",
    "cart_count": "{window}加入购物车的次数",
    "remove_count": "{window}移出购物车的次数",
    "order_count": "{window}订单数",
    "coupon_count": "{window}查看或点击优惠券的次数",
    "browse_product_distinct": "{window}浏览过的不同商品数",
    "any_day_distinct": "{window}有活动的天数",
    "order_decayed": "{window}订单数，每 7 天权重减半",
    "order_value_sum": "{window}消费金额",
    "order_value_mean": "{window}平均订单金额",
    "order_value_missing": "尚无有金额的订单",
    "order_value_rank": "平均订单金额在所有订单中的位置",
    "browse_price": "当前商品的价格",
    "browse_price_missing": "当前事件没有价格",
    "browse_price_ratio": "当前价格与平均浏览价格之比",
    "any_gap": "距上一次行为的时间",
    "order_gap": "距上一次下单的时间",
    "browse_dwell_mean": "商品页平均停留时间",
    "browse_dwell_missing": "没有停留时间记录",
    "cart_pause": "到购物车前的停顿时间",
    "browse_cart_rate": "浏览到加入购物车的转化率",
    "cart_order_rate": "加入购物车到下单的转化率",
    "order_again_rate": "再次下单的比例",
    "any_week_rate": "有活动的周的比例",
    "coupon_redeem_rate": "看过的优惠券的使用率",
    "cart_value": "购物车金额",
    "cart_quantity": "购物车件数",
    "cart_product_distinct": "购物车中的不同商品数",
    "cart_age": "购物车中最早商品的存放时间",
    "search_deal_rate": "搜索中寻找优惠（打折、特价、优惠券等）的比例",
    "browse_hesitation": "对当前品类有兴趣却未购买的犹豫程度",
    "order_lapse": "近期订单低于自身以往水平的程度",
    "order_overdue": "距上次下单的时间与平均下单间隔之比",
    "order_rating_mean": "该用户评分的平均值（-1 最差，1 最好）",
    "category_share": "对当前品类的兴趣占比",
    "brand_share": "对当前品牌的兴趣占比",
    "category_missing": "当前事件没有品类",
    "hour_night": "凌晨（UTC 0 至 6 时）",
    "hour_morning": "上午（UTC 6 至 12 时）",
    "hour_evening": "晚上（UTC 18 至 24 时）",
    "weekend": "周末（UTC）",
    "device_phone": "使用手机",
    "device_missing": "未知设备",
    "channel_app": "在应用内",
    "channel_missing": "未知渠道",
    "trigger_search": "当前行为是搜索",
    "trigger_cart": "当前行为是加入或查看购物车",
    "trigger_checkout": "当前行为是开始结算",
    "profile_member": "是会员",
    "coupon_seen_count": "{window}看过的优惠数量",
    "coupon_click_odds": "{window}看到优惠后点击的倾向（对数几率）",
    "coupon_use_odds": "{window}看到优惠后使用的倾向（对数几率）",
    "coupon_seen_gap": "距上次看到优惠的时间",
    "coupon_enter_odds": "{window}自行输入优惠码的倾向（对数几率）",
    "coupon_used_depth": "{window}所用优惠的平均力度",
    "coupon_clicked_depth": "{window}所点击优惠的平均力度",
    "coupon_ignored_depth": "{window}看过未点优惠的平均力度",
    "order_full_price_odds": "{window}不用优惠也下单的倾向（对数几率）",
    "search_deal_odds": "{window}搜索优惠类词语的倾向（对数几率）",
}
_WINDOWS = {
    "5m": "近 5 分钟",
    "1h": "近 1 小时",
    "1d": "近 1 天",
    "7d": "近 7 天",
    "30d": "近 30 天",
    "lifetime": "历来",
    "now": "",
}
_ENDING = re.compile(rf"_({'|'.join(_WINDOWS)})$")
_FEATURES = {feature.name: feature for feature in FEATURES}


def meaning(name: str) -> Text:
    """Say what a contribution's name means; a name of another version is told as it is.

    Examples
    --------
    >>> meaning("search_count_7d").zh
    '近 7 天搜索次数。'
    """
    if name in PARTS:
        en, zh = PARTS[name]
        return Text(en=en, zh=zh)
    feature = _FEATURES.get(name)
    if feature is None:
        return Text(en=name, zh=name)
    pattern = CHINESE[_ENDING.sub("", name)]
    return Text(en=feature.meaning, zh=f"{pattern.format(window=_WINDOWS[feature.window])}。")
