"""The dashboard of the shop: what is given, what it costs, and whether it pays."""

from streams.monitoring.panels import Dashboard, Panel, Query, Row

_TODAY = Row(
    "Now",
    (
        Panel(
            title="Decisions a second",
            description="Answers to events that ask for one, over five minutes.",
            kind="stat",
            queries=(Query("coupon:decisions:rate5m"),),
            unit="reqps",
            width=6,
        ),
        Panel(
            title="Offers of all answers",
            description="How often the policy, when asked, gave a coupon in the last hour.",
            kind="gauge",
            queries=(Query("coupon:offer_ratio:rate1h"),),
            unit="percentunit",
            width=6,
            lowest=0,
            highest=1,
        ),
        Panel(
            title="Coupons used of coupons given",
            description="Over a day; coupons given today may still be used tomorrow.",
            kind="gauge",
            queries=(Query("coupon:redemption_ratio:rate1d"),),
            unit="percentunit",
            width=6,
            lowest=0,
            highest=1,
        ),
        Panel(
            title="Budget that is left",
            description="Of what each campaign had at most in 30 days; neither spent nor held.",
            kind="bargauge",
            queries=(
                Query(
                    "coupon:budget_remaining_minor:sum"
                    " / max_over_time(coupon:budget_remaining_minor:sum[30d])",
                    "{{campaign}}",
                ),
            ),
            unit="percentunit",
            width=6,
            lowest=0,
            highest=1,
            limits=(0.2, 0.02),
        ),
    ),
)
_PAYS = Row(
    "Is it paying?",
    (
        Panel(
            title="Earned more than the holdout, a customer",
            description="Margin in minor units, with an interval that may be looked at any time.",
            kind="timeseries",
            queries=(
                Query(
                    'avg by (bound) (coupon_incremental_margin_minor{variant="policy"})',
                    "{{bound}}",
                ),
            ),
            width=12,
        ),
        Panel(
            title="Revenue a second, by arm",
            description="Paid orders in minor units. Arms have different sizes: compare shapes.",
            kind="timeseries",
            queries=(
                Query(
                    "sum by (variant, currency)"
                    " (rate(coupon_order_revenue_minor_total[$__rate_interval]))",
                    "{{variant}} {{currency}}",
                ),
            ),
            width=12,
        ),
        Panel(
            title="What would have come without coupons",
            description="Margin of all customers of an arm, by what the holdout's bring.",
            kind="timeseries",
            queries=(Query("sum by (variant) (coupon_baseline_minor)", "{{variant}}"),),
            width=8,
        ),
        Panel(
            title="Answers to checks, a second",
            description="What the shop was told when it asked about a coupon.",
            kind="timeseries",
            queries=(
                Query(
                    "sum by (reason) (rate(coupon_replies_total[$__rate_interval]))", "{{reason}}"
                ),
            ),
            unit="reqps",
            stacked=True,
        ),
        Panel(
            title="Events of coupons that moved none, in a day",
            description="By reason: `already_redeemed` is a double use.",
            kind="bargauge",
            queries=(
                Query(
                    "sum by (reason) (increase(coupon_lifecycle_refusals_total[1d]))", "{{reason}}"
                ),
            ),
        ),
    ),
)
_FUNNEL = Row(
    "From offer to order",
    (
        Panel(
            title="What became of coupons, in a day",
            description="Stages of coupons that were given.",
            kind="bargauge",
            queries=(
                Query('sum(increase(coupon_decisions_total{action="offer"}[1d]))', "offered"),
                Query("sum by (stage) (increase(coupon_lifecycle_total[1d]))", "{{stage}}"),
            ),
        ),
        Panel(
            title="Answers a second",
            description="By action; a suppressed trigger repeats the last answer.",
            kind="timeseries",
            queries=(
                Query(
                    "sum by (action) (rate(coupon_decisions_total[$__rate_interval]))",
                    "{{action}}",
                ),
            ),
            unit="reqps",
            stacked=True,
        ),
        Panel(
            title="Coupons out, and what they will cost",
            description="Open coupons, and minor units by the share of ended ones that were used.",
            kind="timeseries",
            queries=(
                Query("sum by (campaign) (coupon_coupons_open)", "{{campaign}} open"),
                Query(
                    "sum by (campaign, currency) (coupon_open_liability_minor)",
                    "{{campaign}} {{currency}}",
                ),
            ),
        ),
        Panel(
            title="Coupons not accounted for",
            description="Given, but neither open nor used, expired or taken back: always 0.",
            kind="stat",
            queries=(Query("sum by (campaign) (coupon_coupons_off)", "{{campaign}}"),),
        ),
        Panel(
            title="Discounts a second",
            description="Redeemed, in minor units, by coupon.",
            kind="timeseries",
            queries=(
                Query(
                    "sum by (template, currency)"
                    " (rate(coupon_discount_minor_total[$__rate_interval]))",
                    "{{template}} {{currency}}",
                ),
            ),
            stacked=True,
        ),
    ),
)
_WHY = Row(
    "Why",
    (
        Panel(
            title="Reasons, in an hour",
            description="The ten most frequent reasons that decisions gave.",
            kind="bargauge",
            queries=(
                Query(
                    "topk(10, sum by (reason) (increase(coupon_decision_reasons_total[1h])))",
                    "{{reason}}",
                ),
            ),
        ),
        Panel(
            title="Coupons kept back, in an hour",
            description="By the rule that kept them back.",
            kind="bargauge",
            queries=(
                Query(
                    "topk(10, sum by (guardrail) (increase(coupon_guardrail_blocks_total[1h])))",
                    "{{guardrail}}",
                ),
            ),
        ),
        Panel(
            title="What rules cost, in an hour",
            description="Expected margin in minor units that each rule kept back.",
            kind="bargauge",
            queries=(
                Query(
                    "topk(10, sum by (rule) (increase(coupon_rule_cost_minor_total[1h])))",
                    "{{rule}}",
                ),
            ),
        ),
    ),
)
SHOP = Dashboard(
    uid="coupon-shop",
    title="Coupon Stream: Shop",
    description="What is given, what it costs, and whether it pays.",
    rows=(_TODAY, _PAYS, _FUNNEL, _WHY),
)
