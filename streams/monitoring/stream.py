"""The dashboard of the stream: rates, errors, durations, and what workers lack."""

from streams.monitoring.panels import Dashboard, Kind, Panel, Query, Row

_SECONDS_BY_STAGE = (
    "sum by (stage) (rate(coupon_stage_duration_seconds_sum[$__rate_interval]))"
    " / sum by (stage) (rate(coupon_stage_duration_seconds_count[$__rate_interval]))"
)


def _quantiles(metric: str) -> tuple[Query, ...]:
    rate = f"sum by (le) (rate({metric}_bucket[$__rate_interval]))"
    return tuple(
        Query(f"histogram_quantile({share}, {rate})", f"p{share * 100:g}")
        for share in (0.5, 0.95, 0.99)
    )


def _panel(
    title: str, description: str, *queries: Query, kind: Kind = "timeseries", unit: str = "short"
) -> Panel:
    return Panel(title=title, description=description, kind=kind, queries=queries, unit=unit)


_RATES = Row(
    "Rate",
    (
        Panel(
            title="Events in, a second",
            description="Events that were read and understood, by topic.",
            kind="timeseries",
            queries=(
                Query(
                    "sum by (topic) (rate(coupon_events_consumed_total[$__rate_interval]))",
                    "{{topic}}",
                ),
            ),
            unit="reqps",
            width=12,
            stacked=True,
        ),
        Panel(
            title="Decisions out, a second",
            description="Events over five minutes stand beside them: a gap that opens is a fault.",
            kind="timeseries",
            queries=(
                Query("coupon:decisions:rate5m", "decisions"),
                Query("coupon:events:rate5m", "events"),
            ),
            unit="reqps",
            width=12,
        ),
    ),
)
_ERRORS = Row(
    "Errors",
    (
        Panel(
            title="Messages that cannot be read",
            description="Of all messages, over five minutes; red is where an alert fires.",
            kind="timeseries",
            queries=(Query("coupon:errors:ratio_rate5m", "refused"),),
            unit="percentunit",
            lowest=0,
            limits=(0.001, 0.005),
        ),
        _panel(
            "Dead letters, in an hour",
            "By the reason for which they were refused.",
            Query(
                "sum by (reason) (increase(coupon_dead_letters_total[1h])) or vector(0)",
                "{{reason}}",
            ),
            kind="bargauge",
        ),
        _panel(
            "Odd events, a second",
            "Repeated, late, or on a partition where they do not belong (a producer is wrong).",
            Query(
                "sum(rate(coupon_events_duplicate_total[$__rate_interval])) or vector(0)",
                "repeated",
            ),
            Query("sum(rate(coupon_events_late_total[$__rate_interval])) or vector(0)", "late"),
            Query(
                "sum(rate(coupon_events_mispartitioned_total[$__rate_interval])) or vector(0)",
                "misplaced",
            ),
            unit="reqps",
        ),
    ),
)
_DURATION = Row(
    "Duration",
    (
        Panel(
            title="From append to decision",
            description="From the broker's append of an event to the commit of its decision.",
            kind="timeseries",
            queries=_quantiles("coupon_decision_latency_seconds"),
            unit="s",
            lowest=0,
            limits=(0.1, 0.25),
        ),
        Panel(
            title="Slower than 250 ms",
            description="Share of decisions, by window; the objective allows 1 %.",
            kind="timeseries",
            queries=(
                Query("coupon:slow_decisions:ratio_rate5m", "5 minutes"),
                Query("coupon:slow_decisions:ratio_rate1h", "an hour"),
                Query("coupon:slow_decisions:ratio_rate6h", "six hours"),
            ),
            unit="percentunit",
            lowest=0,
            limits=(0.01, 0.06),
        ),
        Panel(
            title="Time of a chunk, by stage",
            description="`decide` is the pure step over a chunk, `produce` its transaction.",
            kind="timeseries",
            queries=(Query(_SECONDS_BY_STAGE, "{{stage}}"),),
            unit="s",
            stacked=True,
        ),
    ),
)
_LAG = Row(
    "What waits",
    (
        Panel(
            title="Lag in records",
            description="Appended and not yet applied, by topic.",
            kind="timeseries",
            queries=(Query("sum by (topic) (coupon_consumer_lag_records)", "{{topic}}"),),
            stacked=True,
        ),
        Panel(
            title="Lag in time",
            description="How long workers need for it at their pace of five minutes.",
            kind="timeseries",
            queries=(Query("coupon:consumer_lag_records:sum / coupon:events:rate5m", "work"),),
            unit="s",
            lowest=0,
            limits=(60, 900),
        ),
        _panel(
            "Age of events",
            "From an event's own time to its append: producers that send late, or replay.",
            *_quantiles("coupon_event_age_seconds"),
            unit="s",
        ),
    ),
)
_WORKERS = Row(
    "Workers",
    (
        _panel(
            "Partitions, by worker",
            "Together they must be all partitions.",
            Query("coupon_assigned_partitions", "{{instance}}"),
        ),
        _panel(
            "Rebalances, in 15 minutes",
            "Times that partitions were shared out anew.",
            Query("increase(coupon_rebalances_total[15m])", "{{instance}}"),
        ),
        _panel(
            "Last recovery",
            "How long the last recovery of the tables took.",
            Query("coupon_recovery_duration_seconds", "{{instance}}"),
            unit="s",
        ),
        _panel(
            "Event loop, late by",
            "A loop that is late answers neither Kafka nor health checks.",
            *_quantiles("coupon_event_loop_lag_seconds"),
            unit="s",
        ),
        _panel(
            "Memory",
            "Of the process.",
            Query("process_resident_memory_bytes", "{{instance}}"),
            unit="bytes",
        ),
        _panel(
            "CPU",
            "Cores that the process keeps busy.",
            Query("rate(process_cpu_seconds_total[$__rate_interval])", "{{instance}}"),
        ),
        _panel(
            "Customers",
            "Rows that each worker holds.",
            Query("coupon_table_entries", "{{instance}}"),
        ),
        _panel(
            "Series shown to Prometheus",
            "Each worker may show 3,000.",
            Query("scrape_samples_scraped", "{{instance}}"),
        ),
    ),
)
STREAM = Dashboard(
    uid="coupon-stream",
    title="Coupon Stream: Stream",
    description="Rates, errors, durations, and what workers lack.",
    rows=(_RATES, _ERRORS, _DURATION, _LAG, _WORKERS),
)
