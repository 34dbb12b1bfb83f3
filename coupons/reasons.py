"""Why a choice was made and why not another: a closed list, each with a sentence for people.

The reasons of rules that forbid a coupon outright stand in `coupons.blocks`.
"""

REASONS: dict[str, tuple[str, str]] = {
    "best_value": ("It is expected to earn the most.", "预期利润最高。"),
    "no_positive_value": ("No coupon is expected to earn anything.", "没有优惠券预期能带来利润。"),
    "nothing_eligible": ("No coupon may be given now.", "当前没有可发放的优惠券。"),
    "caps_reached": ("The customer has had enough for now.", "该用户近期已收到足够的优惠。"),
    "explored": ("Drawn at random, to learn.", "随机抽取，用于学习。"),
    "random_arm": ("The customer is in the random group.", "该用户属于随机实验组。"),
    "business_as_usual": (
        "The plain rule decided: the first coupon that fits.",
        "由简单规则决定：首张适用的券。",
    ),
    "holdout": ("The customer is in the group without coupons.", "该用户属于无券对照组。"),
    "baseline_policy": ("A simple rule kept for comparison decided.", "由用于对比的简单策略决定。"),
    "cold_start": ("Little is known yet; priors were used.", "数据尚少，使用先验估计。"),
    "suppressed": ("Nothing is given to this customer now.", "当前不向该用户发放优惠。"),
    "coupon_habit": (
        "The customer buys anyway and gets used to waiting for coupons; there is a pause.",
        "该用户本就会购买，且开始习惯等券，暂停发放。",
    ),
    "lower_value": ("Another choice is expected to earn more.", "另有预期利润更高的选择。"),
    "negative_value": (
        "It costs more than it is expected to bring.",
        "预期成本高于预期收益。",
    ),
    "budget_price": (
        "It would earn, but the budget earns more elsewhere.",
        "有利可图，但预算用于别处收益更高。",
    ),
    "explored_other": ("Another choice was drawn at random.", "随机抽取了其他选项。"),
    "wallet_full": (
        "The customer holds or was given as many coupons as a wallet keeps.",
        "用户的优惠券数量已达上限。",
    ),
}
