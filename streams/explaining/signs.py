"""What is said of customers that is known from all customers, in English and Chinese."""

# Answers without a choice because of suspicions, and what is suspicious.
SIGNS = {
    "risk": ("An offer would be too risky.", "发放优惠的风险过高。"),
    "shared_device": ("Many accounts order from one device.", "多个账户使用同一设备下单。"),
    "shared_address": ("Many accounts order from one address.", "多个账户使用同一地址下单。"),
    "code_guessing": ("Code after code was tried.", "连续尝试多个优惠码。"),
    "order_velocity": ("Orders come in haste.", "短时间内下单过多。"),
    "odd_session": ("The last visit was unlike all others.", "上次访问行为异常。"),
}
# What is known besides, which decided nothing.
TOLD = {
    "segment": ("The customer's last visit belongs to this group.", "用户上次访问所属的人群。"),
    "hot_product": ("Others look at this product too.", "该商品当前较热门。"),
    "alike_product": (
        "Customers who cared for this product cared for that.",
        "关注该商品的用户也关注此商品。",
    ),
    "next_step": ("So often an order follows at once.", "此行为之后立即下单的概率。"),
}

# When a limit of a campaign, or a cap that is shared, no longer stands in the way.
LIMITS_END = {
    "day_budget_exhausted": ("It ends at midnight UTC.", "世界协调时零点自动解除。"),
    "week_budget_exhausted": ("It ends on Monday, UTC.", "世界协调时周一自动解除。"),
    "store_budget_exhausted": ("It ends if money comes back.", "有金额退回时自动解除。"),
    "segment_budget_exhausted": ("It ends if money comes back.", "有金额退回时自动解除。"),
    # What others of the device or the address were given.
    "device_limit": (
        "It ends as coupons of that device leave the campaign's window.",
        "该设备上的优惠券移出活动统计窗口后自动解除。",
    ),
    "address_limit": (
        "It ends as coupons of that address leave the campaign's window.",
        "该地址的优惠券移出活动统计窗口后自动解除。",
    ),
    "person_limit": (
        "It ends as the person's coupons leave the campaign's window.",
        "此人的优惠券移出活动统计窗口后自动解除。",
    ),
    "permit_awaited": ("It ends with the answer, within seconds.", "数秒内得到答复后自动解除。"),
}
