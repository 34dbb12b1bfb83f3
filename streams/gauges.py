"""Gauges that are read off a worker's state now and then, not counted event by event."""

from collections.abc import Callable, Iterable, Sequence
from math import isfinite

from coupons.arms import Arm, ArmShares
from coupons.catalogue import Catalogue
from coupons.circulation import expected_use_ratio
from online_models.incremental import Incremental
from online_models.intervals import Interval
from online_models.league.standings import Standing
from streams.evidence.live import LOGGED, LiveEvidence
from streams.learning import Learning
from streams.metrics import Metrics
from streams.partitions import Partition
from streams.training import Training


def set_partition_gauges(
    metrics: Metrics,
    partitions: Iterable[Partition],
    catalogue: Catalogue,
    lendable_minor: Callable[[str], int],
) -> None:
    """Set rows, budgets and pending labels of the partitions that this worker owns.

    Parameters
    ----------
    lendable_minor
        Gives of a campaign what this worker has to lend to partitions.
    """
    owned = list(partitions)
    metrics.set("assigned_partitions", len(owned))
    metrics.set("table_entries", sum(p.users_count for p in owned), ("users",))
    metrics.set("labels_pending", sum(p.holdings.pending_count for p in owned))
    _set_circulation(metrics, owned, catalogue)
    for campaign in catalogue.campaigns:
        name = campaign.campaign_id
        free_minor = sum(partition.state.ledger.free_minor(name) for partition in owned)
        remaining_minor = free_minor + lendable_minor(name)
        metrics.set("budget_remaining_minor", remaining_minor, (name, campaign.currency))
        if campaign.ends_ms is not None:
            ends_s = campaign.ends_ms / 1000
            metrics.set("campaign_ends_timestamp_seconds", ends_s, (name,))


def _set_circulation(metrics: Metrics, owned: Sequence[Partition], catalogue: Catalogue) -> None:
    """Set what is out of each campaign, what it will cost, and whether any coupon is missing."""
    states = [partition.state for partition in owned]
    names = {name for state in states for name in state.circulation.campaigns()}
    currencies = {one.campaign_id: one.currency for one in catalogue.campaigns}
    for name in sorted(names | currencies.keys()):
        used = sum(state.circulation.used_count(name) for state in states)
        ended = sum(state.circulation.ended_count(name) for state in states)
        off = sum(abs(state.circulation.off_count(name)) for state in states)
        metrics.set("coupons_off", off, (name,))
        metrics.set(
            "coupons_open", sum(state.circulation.open_count(name) for state in states), (name,)
        )
        held_minor = sum(state.ledger.held_minor(name) for state in states)
        liability_minor = round(held_minor * expected_use_ratio(used, ended))
        if name in currencies:
            metrics.set("open_liability_minor", liability_minor, (name, currencies[name]))


def set_experiment_gauges(
    metrics: Metrics, partitions: Iterable[Partition], shares: ArmShares, experiment: str
) -> None:
    """Set what the policy earned more than the holdout, and whether the arms' sizes are right."""
    earned = Incremental()
    for partition in partitions:
        earned.merge(partition.state.earnings)
    for arm in sorted(earned.arms.keys() - {"holdout"}):
        _set_bounds(metrics, "incremental_margin_minor", (arm,), earned.per_user(arm))
        _set_bounds(metrics, "roi_ratio", (arm,), earned.roi(arm))
        if (baseline_minor := earned.baseline_minor(arm)) is not None:
            metrics.set("baseline_minor", baseline_minor, (arm,))
    effect = earned.effect("policy", "holdout")
    for bound, value in (
        ("lower", effect.anytime_lower_minor),
        ("point", effect.point_minor),
        ("upper", effect.anytime_upper_minor),
    ):
        if value is not None:
            metrics.set("experiment_effect", value, ("incremental_margin_minor", bound))
    named: dict[Arm, float] = {arm: share for arm, share in shares.named() if share > 0}
    rest = 1.0 - sum(named.values())
    p = earned.mismatch_p({"policy": rest, **named} if rest > 1e-9 else named)
    if p is not None:
        metrics.set("experiment_srm_p", p, (experiment,))


def set_model_gauges(metrics: Metrics, model_id: str, learning: Learning) -> None:
    """Set the trainer's progressive figures, where the window holds enough to have them."""
    if learning.trainer is None:
        return
    figures = learning.trainer.evaluation.figures()
    for name, value in (
        ("model_log_loss", figures.log_loss),
        ("model_brier", figures.brier),
        ("model_roc_auc", figures.roc_auc),
        ("model_calibration_error_ratio", figures.calibration_error),
        ("model_accuracy", figures.accuracy),
        ("model_precision", figures.precision),
        ("model_recall", figures.recall),
        ("model_f1", figures.f1),
    ):
        if value is not None:
            metrics.set(name, value, (model_id,))


def set_training_gauges(metrics: Metrics, training: Training) -> None:
    """Set what only the worker that trains knows: how learners stand, and what is proved so far."""
    set_league_gauges(metrics, training.standings)
    if training.is_ours:
        set_evidence_gauges(metrics, training.evidence)


def set_evidence_gauges(metrics: Metrics, evidence: LiveEvidence) -> None:
    """Set the figures of `evaluate` that need no more than outcomes."""
    for name, value in evidence.values().items():
        _set_bounds(metrics, "policy_value_minor", (name, "ips"), value.ips)
        _set_bounds(metrics, "policy_value_minor", (name, "snips"), value.snips)
        if name != LOGGED:
            _set_bounds(metrics, "policy_value_minor", (name, "dr"), value.dr)
        metrics.set("policy_effective_decisions", value.effective_count, (name,))
    for arm, counts in evidence.arms.items():
        for metric, ratio in (
            ("conversion_ratio", counts.conversion_ratio),
            ("redemption_ratio", counts.redemption_ratio),
        ):
            if ratio is not None:
                metrics.set(metric, ratio, (arm,))
    if (drawn := evidence.sorting()) is not None:
        metrics.set("sorting_auuc_minor", drawn.auuc)
        metrics.set("sorting_qini_minor", drawn.qini)
    for gap in evidence.price_gaps():
        _set_bounds(metrics, "price_gap_ratio", (gap.group,), gap.gap)


def _set_bounds(
    metrics: Metrics, name: str, labels: tuple[str, ...], interval: Interval | None
) -> None:
    """Set an estimate and its anytime-valid bounds, where there are any."""
    if interval is None:
        return
    for bound, value in (
        ("lower", interval.anytime_lower),
        ("point", interval.point),
        ("upper", interval.anytime_upper),
    ):
        if isfinite(value):
            metrics.set(name, value, (*labels, bound))


def set_league_gauges(metrics: Metrics, standings: Iterable[Standing]) -> None:
    """Set how the learners stand in the present race."""
    for one in standings:
        bounds = ("lower", one.lower_minor), ("point", one.value_minor), ("upper", one.upper_minor)
        for bound, value in bounds:
            if value is not None:
                metrics.set("league_value_minor", value, (one.name, bound))
        if one.log_loss is not None:
            metrics.set("league_log_loss", one.log_loss, (one.name,))
        metrics.set("league_leading", float(one.is_leading), (one.name,))
        metrics.set("league_judged", one.judged_count)
