"""What explanations say, in English and Chinese."""

from dataclasses import dataclass
from typing import Literal

from coupons import blocks, reasons
from streams.explaining import signs
from streams.sentences import money

Language = Literal["en", "zh"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """The same said in both languages."""

    en: str
    zh: str

    def said(self, language: Language) -> str:
        """Give one of them."""
        return self.zh if language == "zh" else self.en


# Answers without a choice: a trigger was not a decision point.
UNASKED = {
    "recently_decided": ("Asked a moment ago; that answer stands.", "刚刚已做过决策，沿用该结果。"),
    "standing_offer": ("An offer is still open; it stands.", "已有未使用的优惠券，沿用该优惠。"),
    "late_event": ("The event came too late to answer.", "事件到达过晚，不再决策。"),
    "no_consent": ("The customer does not agree to offers.", "用户未同意接收优惠。"),
}
REASONS = blocks.REASONS | reasons.REASONS | UNASKED | signs.SIGNS | signs.TOLD

# How a rule ends by itself; one that is not named here stays until the catalogue, or what is known
# of the customer, changes.
ENDINGS = {
    "not_started": ("It ends when the offer starts.", "活动开始后自动解除。"),
    "quiet_hours": ("It ends with the quiet hours.", "免打扰时段结束后自动解除。"),
    "wrong_weekday": ("It ends on a day of the offer.", "到了发放日自动解除。"),
    "audience_birthday": ("It ends in the month of the birthday.", "到生日当月自动解除。"),
    "already_has_one": (
        "It ends when that coupon is used or expires.",
        "该券使用或过期后自动解除。",
    ),
    "cooldown": ("It ends by itself after the coupon's waiting time.", "等待时间过后自动解除。"),
    "campaign_limit": (
        "It ends as earlier coupons leave the campaign's window.",
        "早先的优惠券移出活动统计窗口后自动解除。",
    ),
    "channel_limit": (
        "It ends as earlier coupons leave the campaign's window.",
        "早先的优惠券移出活动统计窗口后自动解除。",
    ),
    "stacking_conflict": (
        "It ends when the coupon held is used or expires.",
        "所持优惠券使用或过期后自动解除。",
    ),
    "wallet_full": (
        "It ends as coupons are used, expire or grow old.",
        "优惠券使用、过期或时间久远后自动解除。",
    ),
    "quota_exhausted": (
        "It ends if unused ones expire and come back.",
        "若有未使用的券过期退回则自动解除。",
    ),
    "budget_exhausted": (
        "It ends if money comes back from unused coupons.",
        "若未使用的券退回金额则自动解除。",
    ),
    **signs.LIMITS_END,
    "campaign_paused": ("It ends when the shop resumes it.", "商家恢复该活动后自动解除。"),
    "min_spend_out_of_reach": ("It ends as the basket grows.", "购物车金额增加后自动解除。"),
    "bundle_out_of_reach": ("It ends as the basket grows.", "购物车商品增加后自动解除。"),
    "coupon_habit": (
        "It ends by itself days to weeks after the last orders.",
        "末次下单数日至数周后自动解除。",
    ),
    "caps_reached": ("It ends by itself with those limits.", "相关限制到期后自动解除。"),
    "standing_offer": (
        "It ends when the offer is used or expires.",
        "该优惠使用或过期后自动解除。",
    ),
    "recently_decided": (
        "It ends after the spacing, or with a step closer to the checkout.",
        "间隔时间过后，或用户更接近结算时自动解除。",
    ),
}

WHEN = {
    "product.viewed": ("looking at a product", "浏览商品"),
    "list.viewed": ("browsing", "浏览列表"),
    "search.performed": ("searching", "搜索"),
    "cart.added": ("filling the cart", "加入购物车"),
    "cart.removed": ("emptying the cart", "移出购物车"),
    "cart.viewed": ("looking at the cart", "查看购物车"),
    "checkout.started": ("starting to pay", "开始结算"),
    "order.completed": ("buying", "下单"),
}

_TEXTS = {
    "offer": (
        "{user} got {coupon} while {when}: the chance to buy was expected to rise from {before} to"
        " {after}, worth {worth} against giving nothing.",
        "用户 {user} 在{when}时获得 {coupon}：预计购买概率从 {before} 变为 {after}，"
        "与不发券相比价值 {worth}。",
    ),
    "no_offer": (
        "{user} got no coupon while {when}. {reason}",
        "用户 {user} 在{when}时未获得优惠券。{reason}",
    ),
    "group": (
        "Group {arm}, bucket {bucket} of 10,000; {drawn}; this choice had probability"
        " {propensity}.",
        "实验组 {arm}，桶 {bucket}/10,000；{drawn}；该选择的概率为 {propensity}。",
    ),
    "drawn": ("drawn at random, to learn", "随机抽取，用于学习"),
    "undrawn": ("not drawn at random", "非随机抽取"),
    "budget": (
        "Budget of {campaign}: {charged} held for this coupon, {remaining} left, shadow price"
        " {price}.",
        "活动 {campaign} 预算：为该券预留 {charged}，剩余 {remaining}，影子价格 {price}。",
    ),
    "no_budget": (
        "No budget was touched; the record holds no shadow price.",
        "未动用预算，记录中没有影子价格。",
    ),
    "given": ("{coupon} is what was given.", "发放的正是 {coupon}。"),
    "blocked": ("{coupon} could not be given. {reason}", "{coupon} 不可发放。{reason}"),
    "lost": (
        "{coupon} was not given. {reason} It was worth {worth}, {rival} {rival_worth}: {gap} less.",
        "未发放 {coupon}。{reason}其价值为 {worth}，{rival}为 {rival_worth}，相差 {gap}。",
    ),
    "led": (
        "{coupon} was not given. {reason} By value, {worth}, it was the best.",
        "未发放 {coupon}。{reason}按价值 {worth}，它是最优选择。",
    ),
    "flip_values": ("If the values alone had decided, {then}.", "若仅按价值决定，{then}。"),
    "flip_chance": (
        "If the chance to buy with {coupon} had been {needed} and not {now} ({points} points),"
        " {then}.",
        "若 {coupon} 的购买概率为 {needed} 而非 {now}（{points} 个百分点），{then}。",
    ),
    "flip_discount": (
        "If {coupon} had cost {needed} and not {now}, with the same chance to buy, {then}.",
        "若 {coupon} 的成本为 {needed} 而非 {now}，且购买概率不变，{then}。",
    ),
    "flip_price": (
        "If the shadow price of {coupon}'s budget had been {needed} and not {now}, {then}.",
        "若 {coupon} 所属预算的影子价格为 {needed} 而非 {now}，{then}。",
    ),
    "then_given": ("{becomes} would have been given", "将发放 {becomes}"),
    "then_given_none": ("no coupon would have been given", "将不发券"),
    "then_best": ("{becomes} would have been the best by value", "按价值最优的将是 {becomes}"),
    "then_best_none": ("no coupon would have been worth giving", "按价值将不值得发券"),
    "nothing": ("nothing", "不发券"),
    "no_flip_unweighed": (
        "No coupon was weighed, so no number would have changed it.",
        "没有可比较的优惠券，改变任何数值都不会改变结果。",
    ),
    "no_flip_unknown": (
        "The record does not repeat the choice, so nothing certain can be said.",
        "按记录中的数值无法重现该选择，因此无法得出确定结论。",
    ),
    "no_flip": (
        "No change of a single number would have: no chance up to 100 %, no smaller discount, no"
        " lower price of its budget.",
        "改变任何单个数值都不会改变结果：概率升至 100%、降低优惠或预算价格均不够。",
    ),
    "no_flip_rule": (
        "No other score would have changed it: the rule speaks before scores count.",
        "评分不影响结果：规则在评分之前生效。",
    ),
    "title_why": ("Why", "原因"),
    "title_table": ("The choices", "可选方案"),
    "title_causes": (
        "What the chance to buy rests on (odds start at {odds} to 1)",
        "购买概率的依据（初始胜率 {odds}:1）",
    ),
    "title_blocked": ("What rules kept back", "被规则拦截"),
    "title_flips": ("What would have flipped it", "怎样会改变结果"),
}


def text(key: str, **values: str | Text) -> Text:
    """Say a sentence in both languages.

    Examples
    --------
    >>> text("given", coupon="ten").zh
    '发放的正是 ten。'
    """
    en, zh = _TEXTS[key]
    return Text(en=_filled(en, "en", values), zh=_filled(zh, "zh", values))


def _filled(pattern: str, language: Language, values: dict[str, str | Text]) -> str:
    return pattern.format_map(
        {
            name: value.said(language) if isinstance(value, Text) else value
            for name, value in values.items()
        }
    )


def named(table: dict[str, tuple[str, str]], code: str) -> Text:
    """Look up a code; one that a later version added is told by its own name.

    Examples
    --------
    >>> named(REASONS, "cooldown").en, named(REASONS, "from_the_future").en
    ('Too soon after the last one.', 'from the future')
    """
    en, zh = table.get(code, (code.replace("_", " "),) * 2)
    return Text(en=en, zh=zh)


def chance(p: float, exact: bool = False) -> Text:
    """Write a probability for people: small ones with more digits, exact ones to the millionth.

    Examples
    --------
    >>> chance(0.2).en, chance(0.00042).zh, chance(0.800004, exact=True).en
    ('20.00 %', '0.0420%', '80.0004 %')
    """
    zh = f"{p:.4%}" if exact or 0.0 < p < 0.01 else f"{p:.2%}"
    return Text(en=zh.replace("%", " %"), zh=zh)


def points(change: float) -> str:
    """Write how far a probability moves, in points.

    Examples
    --------
    >>> points(0.0321)
    '+3.2100'
    """
    return f"{change * 100:+.4f}"


def amount(value_minor: float, currency: str) -> str:
    """Write money; a value that is less than a cent shows its fraction.

    Examples
    --------
    >>> amount(1234, "EUR"), amount(0.42, "EUR")
    ('12.34 EUR', '0.0042 EUR')
    """
    if 0.0 < abs(value_minor) < 1.0:
        return f"{value_minor / 100:.4f} {currency}"
    return money(value_minor, currency)
