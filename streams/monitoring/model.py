"""The dashboard of the model: whether it is right, whether it learns, and who leads the league."""

from streams.monitoring.panels import Dashboard, Kind, Panel, Query, Row


def _panel(
    title: str,
    description: str,
    *queries: Query,
    kind: Kind = "timeseries",
    unit: str = "short",
    limits: tuple[float, ...] = (),
) -> Panel:
    return Panel(
        title=title, description=description, kind=kind, queries=queries, unit=unit, limits=limits
    )


_RIGHT = Row(
    "Is it right?",
    (
        _panel(
            "Log loss",
            "Of chances told before the outcome was known; less is better.",
            Query("coupon:model_log_loss:trainer", "{{model}}"),
        ),
        _panel(
            "Calibration error",
            "How far told chances are from what happened, in ten bins; red is where it alarms.",
            Query("coupon:model_calibration_error_ratio:trainer", "{{model}}"),
            unit="percentunit",
            limits=(0.03, 0.05),
        ),
        _panel(
            "Sorting buyers first",
            "Area under the ROC curve: 0.5 is a coin, 1 is perfect. Brier score: less is better.",
            Query("max by (model) (coupon_model_roc_auc)", "ROC AUC {{model}}"),
            Query("max by (model) (coupon_model_brier)", "Brier {{model}}"),
        ),
        Panel(
            title="Told chances to buy",
            description="How many decisions were told which chance.",
            kind="heatmap",
            queries=(
                Query(
                    "sum by (le) (increase(coupon_model_score_bucket[$__rate_interval]))", "{{le}}"
                ),
            ),
            width=12,
        ),
        Panel(
            title="Foreseen buyers",
            description="Where at least 0.5 was told: precision of those, recall of all buyers.",
            kind="timeseries",
            queries=(
                Query("max by (model) (coupon_model_precision)", "precision {{model}}"),
                Query("max by (model) (coupon_model_recall)", "recall {{model}}"),
                Query("max by (model) (coupon_model_f1)", "F1 {{model}}"),
                Query("max by (model) (coupon_model_accuracy)", "accuracy {{model}}"),
            ),
            unit="percentunit",
            width=12,
            lowest=0,
            highest=1,
        ),
    ),
)
_LEARNS = Row(
    "Does it learn?",
    (
        _panel(
            "Learned a second",
            "Outcomes by label: 1 bought, 0 did not.",
            Query(
                "sum by (label) (rate(coupon_model_learned_total[$__rate_interval]))", "{{label}}"
            ),
        ),
        _panel(
            "Wait for their outcome",
            "Decisions whose customers may still buy.",
            Query("sum(coupon_labels_pending)", "pending"),
        ),
        _panel(
            "From decision to outcome",
            "Event time.",
            Query(
                "histogram_quantile(0.5, sum by (le)"
                " (rate(coupon_label_delay_seconds_bucket[$__rate_interval])))",
                "half",
            ),
            Query(
                "histogram_quantile(0.9, sum by (le)"
                " (rate(coupon_label_delay_seconds_bucket[$__rate_interval])))",
                "nine of ten",
            ),
            unit="s",
        ),
        _panel(
            "Age of the last snapshot",
            "What a new trainer starts from.",
            Query("time() - coupon:model_checkpoint_timestamp_seconds:max", "age"),
            kind="stat",
            unit="s",
        ),
        _panel(
            "Size of the last snapshot",
            "It must fit into one record.",
            Query("max(coupon_model_checkpoint_bytes)", "size"),
            kind="stat",
            unit="bytes",
        ),
        _panel(
            "Bought nothing",
            "Decisions a second whose time passed without a purchase.",
            Query("sum(rate(coupon_labels_expired_total[$__rate_interval]))", "unsold"),
        ),
        _panel(
            "Refused models, in a day",
            "Broadcast, and damaged or not trusted; workers go on with the last good one.",
            Query("sum(increase(coupon_model_checkpoint_failures_total[1d]))", "refused"),
            kind="stat",
            limits=(1,),
        ),
    ),
)
_LEAGUE = Row(
    "Who leads?",
    (
        _panel(
            "Who leads",
            "The learner whose scores are in force.",
            Query("max by (learner) (coupon_league_leading)", "{{learner}}"),
            kind="bargauge",
        ),
        _panel(
            "Log loss in the race",
            "Each learner on the same outcomes; less is better.",
            Query("max by (learner) (coupon_league_log_loss)", "{{learner}}"),
        ),
        _panel(
            "Promotions, rollbacks and drift alarms, in a day",
            "What the league did.",
            Query(
                "sum by (kind) (increase(coupon_league_events_total[1d])) or vector(0)", "{{kind}}"
            ),
            kind="bargauge",
        ),
    ),
)
MODEL = Dashboard(
    uid="coupon-model",
    title="Coupon Stream: Model",
    description="Whether it is right, whether it learns, and who leads the league.",
    rows=(_RIGHT, _LEARNS, _LEAGUE),
)
