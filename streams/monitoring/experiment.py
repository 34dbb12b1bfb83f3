"""The dashboard of the experiment: whether it can be believed, and what it says."""

from streams.monitoring.panels import Dashboard, Panel, Query, Row

_BELIEVED = Row(
    "Can it be believed?",
    (
        Panel(
            title="Sizes of the arms fit",
            description="P-value of the sample-ratio check; below 0.001 believe nothing.",
            kind="stat",
            queries=(Query("min by (experiment) (coupon_experiment_srm_p)", "{{experiment}}"),),
            width=6,
            limits=(0.05, 0.001),
        ),
        Panel(
            title="Answers, by arm",
            description="In a day.",
            kind="bargauge",
            queries=(
                Query("sum by (variant) (increase(coupon_decisions_total[1d]))", "{{variant}}"),
            ),
            width=9,
        ),
        Panel(
            title="Logged chances",
            description="With which the chosen answer was drawn; evidence is weighted by them.",
            kind="heatmap",
            queries=(
                Query(
                    "sum by (le) (increase(coupon_propensity_bucket[$__rate_interval]))", "{{le}}"
                ),
            ),
            width=9,
        ),
    ),
)
_SAYS = Row(
    "What does it say?",
    (
        Panel(
            title="Effect of the policy against the holdout",
            description="Margin a customer in minor units; it is sure once `lower` is above 0.",
            kind="timeseries",
            queries=(
                Query(
                    'avg by (bound) (coupon_experiment_effect{metric="incremental_margin_minor"})',
                    "{{bound}}",
                ),
            ),
            width=12,
        ),
        Panel(
            title="Return on what coupons cost",
            description="The margin that was caused for each unit that coupons cost, by arm.",
            kind="timeseries",
            queries=(Query('avg by (variant) (coupon_roi_ratio{bound="point"})', "{{variant}}"),),
            width=12,
        ),
        Panel(
            title="Bought, by arm",
            description="Settled decisions that were followed by an order.",
            kind="bargauge",
            queries=(Query("max by (variant) (coupon_conversion_ratio)", "{{variant}}"),),
            unit="percentunit",
            lowest=0,
        ),
        Panel(
            title="Used, by arm",
            description="Coupons given that were used.",
            kind="bargauge",
            queries=(Query("max by (variant) (coupon_redemption_ratio)", "{{variant}}"),),
            unit="percentunit",
            lowest=0,
        ),
        Panel(
            title="Prices that groups pay more",
            description="Share of the list price beyond the others', by group.",
            kind="bargauge",
            queries=(Query('max by (group) (coupon_price_gap_ratio{bound="point"})', "{{group}}"),),
            unit="percentunit",
        ),
    ),
)
_ELSE = Row(
    "What would others have earned?",
    (
        Panel(
            title="Margin a decision, by policy",
            description="From logged chances: in minor units, self-normalised.",
            kind="timeseries",
            queries=(
                Query(
                    'max by (policy) (coupon_policy_value_minor{estimator="snips", bound="point"})',
                    "{{policy}}",
                ),
            ),
        ),
        Panel(
            title="Decisions behind it",
            description="Kish's effective sample size.",
            kind="timeseries",
            queries=(Query("max by (policy) (coupon_policy_effective_decisions)", "{{policy}}"),),
        ),
        Panel(
            title="Gain of sorting customers",
            description="Area under the uplift curve, and the part above a random order's.",
            kind="timeseries",
            queries=(
                Query("max(coupon_sorting_auuc_minor)", "AUUC"),
                Query("max(coupon_sorting_qini_minor)", "Qini"),
            ),
        ),
    ),
)
EXPERIMENT = Dashboard(
    uid="coupon-experiment",
    title="Coupon Stream: Experiment",
    description="Whether it can be believed, and what it says.",
    rows=(_BELIEVED, _SAYS, _ELSE),
)
