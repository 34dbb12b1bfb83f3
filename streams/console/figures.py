"""What the page shows of money, funnel, model and arms, from what the workers say."""

from collections.abc import Mapping
from typing import Any

from coupons.catalogue import Campaign, Catalogue
from coupons.pacing import elapsed_ratio
from streams.console.workers import Workers

FUNNEL_STAGES = ("viewed", "clicked", "redeemed")
ARMS = ("policy", "holdout", "business_as_usual", "random")

Record = dict[str, Any]


def counts(workers: Workers) -> Record:
    """Count what came in and what went out."""
    return {
        "events": workers.total("events_consumed"),
        "decisions": workers.total("decisions"),
        "offers": workers.total("decisions", action="offer"),
        "dead_letters": workers.total("dead_letters"),
        "refusals": workers.totals_by("dead_letters", "reason"),
        "actions": workers.totals_by("decisions", "action"),
        "happenings": workers.totals_by("league_events", "kind"),
    }


def earned(workers: Workers) -> Record:
    """Tell what was earned against the holdout, with its bounds."""
    found = workers.interval("experiment_effect", metric="incremental_margin_minor")
    point, lower, upper = found if found is not None else (None, None, None)
    return {"point_minor": point, "lower_minor": lower, "upper_minor": upper}


def budgets(
    workers: Workers,
    catalogue: Catalogue,
    prices: Mapping[str, float],
    now_ms: int | None,
    opened_ms: int | None,
    horizon_ms: int,
) -> list[Record]:
    """Tell of each campaign what is spent, held and free, and how much of its time is over.

    Parameters
    ----------
    prices
        The newest shadow price by campaign.
    opened_ms
        When campaigns without a start began, event time; None where that is not known.
    """
    free = workers.gauges_by("budget_remaining_minor", "campaign")
    spent = workers.totals_by("discount_minor", "template")
    return [
        _budget(campaign, free.get(campaign.campaign_id), spent)
        | {
            "price": prices.get(campaign.campaign_id),
            "elapsed_ratio": _elapsed(campaign, now_ms, opened_ms, horizon_ms),
        }
        for campaign in catalogue.campaigns
    ]


def _budget(campaign: Campaign, free: float | None, spent: Mapping[str, float]) -> Record:
    used = sum(spent.get(coupon.coupon_id, 0.0) for coupon in campaign.coupons)
    # Money that is out already is not taken back where a budget is cut below it.
    whole = max(float(campaign.budget_minor), used + (free or 0.0))
    held = whole - used - free if free is not None else 0.0
    return {
        "campaign": campaign.campaign_id,
        "currency": campaign.currency,
        "budget_minor": campaign.budget_minor,
        "spent_minor": used,
        "held_minor": held,
        "free_minor": whole - used - held,
    }


def _elapsed(
    campaign: Campaign, now_ms: int | None, opened_ms: int | None, horizon_ms: int
) -> float | None:
    starts_ms = campaign.starts_ms if campaign.starts_ms is not None else opened_ms
    if starts_ms is None or now_ms is None:
        return None
    return elapsed_ratio(now_ms, starts_ms, campaign.ends_ms, horizon_ms)


def funnel(workers: Workers) -> list[Record]:
    """Count what became of offers, stage by stage."""
    stages = workers.totals_by("lifecycle", "stage")
    given = workers.total("decisions", action="offer")
    rows = [{"stage": "offered", "count": given}]
    return rows + [{"stage": stage, "count": stages.get(stage, 0.0)} for stage in FUNNEL_STAGES]


def model(workers: Workers, now_s: float) -> Record:
    """Tell how good the model's chances are, how old it is and who leads."""
    written_s = workers.newest("model_checkpoint_timestamp_seconds")
    leading = workers.gauges_by("league_leading", "learner", max)
    losses = workers.gauges_by("league_log_loss", "learner", max)
    named = workers.gauges_by("model_log_loss", "model", max)
    model_id = next(iter(named), "")
    return {
        "log_loss": workers.newest("model_log_loss", model=model_id),
        "calibration_error": workers.newest("model_calibration_error_ratio", model=model_id),
        "roc_auc": workers.newest("model_roc_auc", model=model_id),
        "snapshot_age_s": max(0.0, now_s - written_s) if written_s else None,
        "learned": workers.total("model_learned"),
        "leader": next((name for name, on in leading.items() if on), None),
        "learners": [{"name": name, "log_loss": loss} for name, loss in losses.items()],
    }


def arms(workers: Workers, intended: Mapping[str, float]) -> Record:
    """Tell how large the arms are, how large they should be, and whether chance explains it.

    With several workers each has a p-value of its own; the least, times their number, is no more
    likely to be small by chance than one alone.
    """
    decided = workers.totals_by("decisions", "variant")
    bought = workers.gauges_by("conversion_ratio", "variant", max)
    whole = sum(decided.values())
    p = workers.gauges("experiment_srm_p")
    return {
        "arms": [
            {
                "arm": arm,
                "decisions": decided.get(arm, 0.0),
                "share_ratio": decided.get(arm, 0.0) / whole if whole else None,
                "intended_ratio": intended.get(arm),
                "conversion_ratio": bought.get(arm),
            }
            for arm in ARMS
            if intended.get(arm) or decided.get(arm)
        ],
        "srm_p": min(1.0, min(p) * len(p)) if p else None,
    }
