"""How others name what we name: event names and field paths of each envelope, as data.

A path is dotted; the first of several that holds a value wins. To teach the product another shop's
spelling, add a line here.
"""

from features.events import EventType

Paths = dict[str, tuple[str, ...]]

SEGMENT_EVENTS: dict[str, EventType] = {
    "product viewed": "product.viewed",
    "product clicked": "product.viewed",
    "product list viewed": "list.viewed",
    "product list filtered": "list.viewed",
    "products searched": "search.performed",
    "product added": "cart.added",
    "product removed": "cart.removed",
    "cart viewed": "cart.viewed",
    "checkout started": "checkout.started",
    "order completed": "order.completed",
    "order refunded": "order.refunded",
    "order cancelled": "order.cancelled",
    "product reviewed": "order.rated",
    "promotion viewed": "coupon.viewed",
    "promotion clicked": "coupon.clicked",
    "coupon entered": "coupon.entered",
    "coupon applied": "coupon.applied",
    "coupon denied": "coupon.denied",
    "coupon removed": "coupon.removed",
}

GA4_EVENTS: dict[str, EventType] = {
    "view_item": "product.viewed",
    "select_item": "product.viewed",
    "view_item_list": "list.viewed",
    "search": "search.performed",
    "view_search_results": "search.performed",
    "add_to_cart": "cart.added",
    "remove_from_cart": "cart.removed",
    "view_cart": "cart.viewed",
    "begin_checkout": "checkout.started",
    "purchase": "order.completed",
    "refund": "order.refunded",
    "view_promotion": "coupon.viewed",
    "select_promotion": "coupon.clicked",
}

SNOWPLOW_EVENTS: dict[str, EventType] = {
    "product_view": "product.viewed",
    "list_click": "product.viewed",
    "list_view": "list.viewed",
    "site_search": "search.performed",
    "add_to_cart": "cart.added",
    "remove_from_cart": "cart.removed",
    "checkout_step": "checkout.started",
    "transaction": "order.completed",
    "refund": "order.refunded",
    "promo_view": "coupon.viewed",
    "promo_click": "coupon.clicked",
}

SEGMENT_FIELDS: Paths = {
    "event_id": ("messageId",),
    "user_id": ("userId", "anonymousId"),
    "anonymous_id": ("anonymousId",),
    "session_id": ("context.sessionId", "properties.session_id"),
    "occurred_at": ("timestamp",),
    "channel": ("properties.channel", "channel"),
    "device": ("context.device.type",),
    "currency": ("properties.currency",),
    "product_id": ("properties.product_id", "properties.sku"),
    "category": ("properties.category",),
    "brand": ("properties.brand",),
    "quantity": ("properties.quantity",),
    "items": ("properties.products",),
    "dwell_ms": ("properties.dwell_ms",),
    "query": ("properties.query",),
    "results_count": ("properties.results_count",),
    "cart_id": ("properties.cart_id",),
    "order_id": ("properties.order_id",),
    "coupon_code": ("properties.coupon_id", "properties.coupon", "context.coupon_code"),
    "decision_id": ("context.decision_id", "properties.decision_id"),
    "offer_id": ("properties.promotion_id", "properties.offer_id"),
    "reason": ("properties.reason",),
    "rating": ("properties.rating",),
}
SEGMENT_MONEY: Paths = {
    "price_minor": ("properties.price",),
    "discount_minor": ("properties.discount",),
    "shipping_minor": ("properties.shipping",),
    "total_minor": ("properties.total",),
}
# Where no total is given: what the goods came to, to which shipping and tax are added.
SEGMENT_GOODS = ("properties.subtotal", "properties.revenue")
SEGMENT_TAX = ("properties.tax",)

SEGMENT_BASICS: Paths = {
    "sex": ("traits.gender",),
    "birthday": ("traits.birthday",),
    "place": ("traits.address.city", "traits.city"),
    "tier": ("traits.tier", "traits.plan"),
    "member": ("traits.member",),
    "consent": ("traits.consent",),
}

GA4_FIELDS: Paths = {
    "event_id": ("event_id", "params.event_id"),
    "user_id": ("user_id", "user_pseudo_id", "client_id"),
    "anonymous_id": ("user_pseudo_id", "client_id"),
    "session_id": ("params.ga_session_id", "params.session_id"),
    "channel": ("platform",),
    "device": ("device.category",),
    "currency": ("params.currency", "items.currency"),
    "items": ("items", "params.items"),
    "dwell_ms": ("params.engagement_time_msec",),
    "query": ("params.search_term",),
    "results_count": ("params.results_count",),
    "cart_id": ("params.cart_id",),
    "order_id": ("params.transaction_id",),
    "coupon_code": ("params.coupon",),
    "decision_id": ("params.decision_id",),
    "offer_id": ("params.promotion_id", "items.promotion_id", "params.items.promotion_id"),
    "reason": ("params.reason",),
}
GA4_MONEY: Paths = {
    "discount_minor": ("params.discount",),
    "shipping_minor": ("params.shipping",),
}
GA4_GOODS = ("params.value",)
GA4_TAX = ("params.tax",)
GA4_MICROS = ("event_timestamp", "timestamp_micros")

SNOWPLOW_FIELDS: Paths = {
    "event_id": ("event_id", "eid"),
    "user_id": ("user_id", "uid", "domain_userid", "duid", "user.id"),
    "anonymous_id": ("domain_userid", "duid", "network_userid"),
    "session_id": ("domain_sessionid", "sid"),
    "channel": ("platform",),
    "device": ("dvce_type",),
    "currency": ("transaction.currency", "refund.currency", "cart.currency", "product.currency"),
    "items": ("product",),
    "query": ("action.terms",),
    "results_count": ("action.total_results",),
    "cart_id": ("cart.cart_id",),
    "order_id": ("transaction.transaction_id", "refund.transaction_id"),
    "coupon_code": ("transaction.discount_code", "checkout_step.coupon_code"),
    "decision_id": ("decision_id", "promotion.decision_id"),
    "offer_id": ("promotion.id",),
    "reason": ("refund.refund_reason",),
}
SNOWPLOW_MONEY: Paths = {
    "discount_minor": ("transaction.discount_amount",),
    "shipping_minor": ("transaction.shipping",),
    # A transaction's revenue is what the customer paid; shipping and tax are parts of it.
    "total_minor": ("transaction.revenue", "refund.refund_amount"),
}
SNOWPLOW_TIMES = (
    "true_tstamp",
    "derived_tstamp",
    "collector_tstamp",
    "dvce_created_tstamp",
    "ttm",
    "dtm",
)

ITEM_FIELDS: Paths = {
    "product_id": ("product_id", "item_id", "id", "sku"),
    "brand": ("brand", "item_brand"),
    "quantity": ("quantity",),
}
ITEM_CATEGORY: tuple[str, ...] = ("category", "item_category")
ITEM_CATEGORY_DEEPER: tuple[str, ...] = (
    "item_category2",
    "item_category3",
    "item_category4",
    "item_category5",
)

CHANNELS: dict[str, str] = {
    "browser": "web",
    "mobile": "app",
    "mob": "app",
    "ios": "app",
    "android": "app",
}
DEVICES: dict[str, str] = {"mobile": "phone", "smartphone": "phone", "computer": "desktop"}

QUERY_KEYS = ("query", "search_term", "term", "text", "q")

# ISO 4217 minor units that are not two decimals.
EXPONENTS: dict[str, int] = {
    **dict.fromkeys(
        "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF".split(), 0
    ),
    **dict.fromkeys("BHD IQD JOD KWD LYD OMR TND".split(), 3),
    **dict.fromkeys("CLF UYW".split(), 4),
}
