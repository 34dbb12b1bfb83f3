"""Every metric of the product: name, kind, labels, meaning, and the most series it may have.

Labels come from closed sets only, never from a user, a product or a text. A shop may have any
number of coupons and campaigns, so those two labels fold into `other` when a metric is full.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Labels = tuple[str, ...]

PREFIX = "coupon_"
# Labels whose values the shop chooses: they are the ones that fold.
FOLDABLE = frozenset({"template", "campaign"})
MAX_RESERVE = 64

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
DELAYS = (60.0, 300.0, 900.0, 3_600.0, 3 * 3_600.0, 6 * 3_600.0, 12 * 3_600.0, 86_400.0)
LONG_DELAYS = (*DELAYS, 2 * 86_400.0, 7 * 86_400.0)
TWENTIETHS = tuple(step / 20 for step in range(1, 21))
PROPENSITIES = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99, 1.0)


@dataclass(frozen=True, slots=True)
class Definition:
    """One metric; `name` goes without `coupon_` and `_total`, as `Tally` and `Metrics` take it."""

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    labels: Labels
    meaning: str
    max_sets: int = 1
    bounds: tuple[float, ...] = ()

    @property
    def exposed_name(self) -> str:
        """The name that Prometheus sees."""
        return f"{PREFIX}{self.name}{'_total' if self.kind == 'counter' else ''}"

    @property
    def reserve(self) -> int:
        """How many of the label sets are kept for folded ones."""
        if FOLDABLE.isdisjoint(self.labels):
            return min(1, len(self.labels))
        return min(MAX_RESERVE, self.max_sets // 4)

    @property
    def max_series(self) -> int:
        """The most series: a histogram has its buckets, +Inf, a sum and a count per label set."""
        return self.max_sets * (len(self.bounds) + 3 if self.bounds else 1)


def _counter(name: str, labels: str, sets: int, meaning: str) -> Definition:
    return Definition(name, "counter", tuple(labels.split()), meaning, sets)


def _gauge(name: str, labels: str, sets: int, meaning: str) -> Definition:
    return Definition(name, "gauge", tuple(labels.split()), meaning, sets)


def _histogram(
    name: str, labels: str, sets: int, meaning: str, bounds: Sequence[float] = SECONDS
) -> Definition:
    return Definition(name, "histogram", tuple(labels.split()), meaning, sets, tuple(bounds))


# fmt: off
STREAM = (
    _counter("events_consumed", "topic event_type", 40, "Events that were read and understood."),
    _counter("events_rejected", "topic reason", 160, "Messages that were refused, by reason."),
    _counter("events_duplicate", "topic", 10, "Events that had been applied before."),
    _counter("events_late", "topic", 10, "Events more than 10 minutes behind their user's newest."),
    _counter("events_mispartitioned", "topic", 10,
             "Events on a partition other than murmur2 of their key gives: a producer is wrong."),
    _counter("events_erased", "topic", 10, "Events of users from before their erasure: left out."),
    _counter("users_erased", "", 1, "Users who were erased."),
    _counter("sessions_closed", "", 1, "Sessions of customers that are over."),
    _counter("dead_letters", "topic reason", 160, "Messages written to the dead letters."),
    _histogram("event_age_seconds", "", 1, "From an event's own time to when it was read."),
    _histogram("stage_duration_seconds", "stage", 6,
               "Time a chunk spent in one stage: decode, features, decide, learn, produce."),
    _histogram("decision_latency_seconds", "", 1,
               "From the broker's append of the event to the commit of its decision."),
    _gauge("consumer_lag_records", "topic", 10, "Records appended but not yet applied."),
    _gauge("last_event_timestamp_seconds", "topic", 10, "Event time of the newest event applied."),
    _gauge("assigned_partitions", "", 1, "Partitions that this worker owns."),
    _counter("rebalances", "", 1, "Times that the group shared out its partitions anew."),
    _gauge("recovery_duration_seconds", "", 1, "How long the last recovery of the tables took."),
    _gauge("table_entries", "table", 4, "Rows that this worker holds."),
    _counter("table_evictions", "table", 4, "Details dropped from rows that reached their cap."),
    _histogram("event_loop_lag_seconds", "", 1, "How late the event loop woke up."),
    _gauge("build_info", "version faust river", 1, "Always 1; the versions stand in the labels."),
)
MODEL = (
    _counter("model_learned", "model label", 20, "Outcomes learned, by model and label (0 or 1)."),
    _gauge("model_log_loss", "model", 6, "Log loss of logged probabilities against final labels."),
    _gauge("model_brier", "model", 6, "Brier score of the same window."),
    _gauge("model_roc_auc", "model", 6, "Area under the ROC curve of the same window."),
    _gauge("model_calibration_error_ratio", "model", 6, "Expected calibration error in ten bins."),
    _gauge("model_accuracy", "model", 6, "Share of labels foreseen, `will buy` where p >= 0.5."),
    _gauge("model_precision", "model", 6, "Share of those foreseen to buy who did."),
    _gauge("model_recall", "model", 6, "Share of buyers who were foreseen."),
    _gauge("model_f1", "model", 6, "Harmonic mean of precision and recall."),
    _gauge("league_value_minor", "learner bound", 24, "Profit of its choices over giving nothing."),
    _gauge("league_log_loss", "learner", 8, "Log loss of each learner in the present race."),
    _gauge("league_leading", "learner", 8, "1 for the learner that leads."),
    _gauge("league_judged", "", 1, "Decisions judged in the present race."),
    _counter("league_events", "kind", 4, "Promotions, rollbacks and drift alarms."),
    _histogram("model_score", "model", 6, "P(buy within the horizon) as predicted.", TWENTIETHS),
    _gauge("labels_pending", "", 1, "Decisions that wait for their outcome."),
    _histogram("label_delay_seconds", "", 1, "From decision to outcome, event time.", LONG_DELAYS),
    _counter("labels_expired", "", 1, "Decisions whose horizon passed without a purchase."),
    _gauge("model_checkpoint_timestamp_seconds", "", 1, "When the last snapshot was written."),
    _gauge("model_checkpoint_bytes", "", 1, "Size of the last snapshot."),
    _gauge("policy_value_minor", "policy estimator bound", 60,
           "Margin per decision by ips, snips or dr, since this worker began to train."),
    _gauge("policy_effective_decisions", "policy", 8, "Kish's effective sample size behind it."),
    _gauge("sorting_auuc_minor", "", 1, "Area under the uplift curve of the scores, a decision."),
    _gauge("sorting_qini_minor", "", 1, "The part of it that is above a random order's."),
    _gauge("conversion_ratio", "variant", 5, "Settled decisions that were followed by an order."),
    _gauge("redemption_ratio", "variant", 5, "Coupons given that were used."),
    _gauge("price_gap_ratio", "group bound", 13, "Share of the list price a group pays more."),
    _counter("model_checkpoint_failures", "", 1,
             "Broadcast models and knowledge that this worker refused: damaged or not trusted."),
    _counter("control_refused", "kind", 5,
             "Records that were to steer and were refused: campaign, stock, order or ask."),
    _counter("permits", "answer", 3,
             "Answers to claims of what customers share: granted or refused."),
)
BUSINESS = (
    _counter("decisions", "action template variant", 740, "By action, coupon (or `none`) and arm."),
    _counter("decision_reasons", "reason", 60, "Coded reasons given with decisions."),
    _counter("lifecycle", "stage template", 500, "What became of coupons, by stage."),
    _counter("lifecycle_refusals", "reason", 40,
             "Events of coupons that moved none, by reason: `already_redeemed` is a double use."),
    _counter("replies", "reason", 40, "Answers to the shop's requests: `allowed`, or why not."),
    _counter("order_revenue_minor", "currency variant", 40, "Paid orders in minor units, by arm."),
    _counter("ratings", "stars", 6, "Ratings that customers gave, by stars."),
    _counter("discount_minor", "currency template", 210, "Discounts redeemed, in minor units."),
    _gauge("budget_remaining_minor", "campaign currency", 100,
           "Budget neither spent nor held in this worker's partitions and ledger, minor units."),
    _gauge("coupons_open", "campaign", 40, "Coupons that customers may still use."),
    _gauge("coupons_off", "campaign", 40,
           "Coupons given that are neither open nor used, expired or taken back: always 0."),
    _gauge("open_liability_minor", "campaign currency", 40,
           "What open coupons hold of the budget, by the share of ended ones that were used."),
    _gauge("campaign_ends_timestamp_seconds", "campaign", 40, "When a campaign ends, if it does."),
    _counter("guardrail_blocks", "guardrail", 60, "Coupons kept back, by the rule that did."),
    _histogram("propensity", "", 1, "Logged probability of the chosen action.", PROPENSITIES),
    _gauge("experiment_effect", "metric bound", 12, "Against holdout: lower, point, upper bound."),
    _gauge("incremental_margin_minor", "variant bound", 10,
           "Margin per customer beyond the holdout's, of this worker's partitions, anytime-valid."),
    _gauge("baseline_minor", "variant", 4,
           "Margin of an arm's customers without coupons, by what the holdout's bring."),
    _gauge("roi_ratio", "variant bound", 10, "The same of all customers, per unit of coupon cost."),
    _counter("rule_cost_minor", "rule", 60,
             "What each rule kept back by the model's belief, told from every 32nd decision."),
    _gauge("experiment_srm_p", "experiment", 4, "P-value of the sample-ratio check of the arms."),
)
# fmt: on
DEFINITIONS: tuple[Definition, ...] = STREAM + MODEL + BUSINESS
