"""A comparison of policies as plain JSON, for machines."""

from dataclasses import asdict
from typing import Any

from simulation.figures import Estimate
from streams.simulating.report import Report
from streams.simulating.worlds import World


def as_record(report: Report) -> dict[str, Any]:
    """Give the report as plain JSON; money in whole minor units, of `policy` where not by name."""
    by_name = {result.name: result for result in report.results}
    lead = by_name.get("policy") or report.results[0]
    oracle = by_name.get("oracle")
    return {
        **_world(report.world),
        "farmers": _farmers(report),
        "incremental_profit_minor": {
            name: round(result.expected.point) for name, result in by_name.items()
        },
        "interval_minor": {name: _interval(result.expected) for name, result in by_name.items()},
        "realised_profit_minor": {
            name: round(result.realised.point) for name, result in by_name.items()
        },
        "realised_interval_minor": {
            name: _interval(result.realised) for name, result in by_name.items()
        },
        "share_of_oracle": {name: report.share_of_oracle(name) for name in by_name},
        "share_after_first_fifth": {name: report.learned_share(name) for name in by_name},
        "share_after_first_fifth_in_arm": {
            name: report.learned_share(name, "policy") for name in by_name
        },
        "tenths_minor": {
            name: [round(part) for part in result.run.tenths_minor]
            for name, result in by_name.items()
        },
        "regret_minor": (
            round(oracle.expected.point - lead.expected.point) if oracle is not None else None
        ),
        "budget_minor": report.world.budget_minor,
        "spent_minor": lead.run.spent_minor,
        "overspend_minor": max(result.overspend_minor for result in report.results),
        "spent_minor_by_policy": {name: result.run.spent_minor for name, result in by_name.items()},
        "sold_out_offers": {name: result.run.sold_out_count for name, result in by_name.items()},
        "offers": {name: result.run.offers_count for name, result in by_name.items()},
        "orders": {name: result.run.orders_count for name, result in by_name.items()},
        "learner": asdict(lead.figures) if lead.figures is not None else None,
    }


def _world(world: World) -> dict[str, Any]:
    return {
        "seed": world.seed,
        "events": world.events_count,
        "customers": world.customers_count,
        "drift": world.drift_ms is not None,
        "farmers_ratio": world.farmers_ratio,
        "stock_outs": world.stock_outs,
    }


def _farmers(report: Report) -> dict[str, Any] | None:
    if not any(report.farmers):
        return None
    told = {result.name: report.farmed(result.name) for result in report.results}
    return {
        "count": sum(report.farmers),
        "coupons_minor": {name: one.coupons_minor for name, one in told.items()},
        "waste_minor": {name: one.waste_minor for name, one in told.items()},
        "honest_profit_minor": {name: round(one.honest_minor) for name, one in told.items()},
    }


def _interval(estimate: Estimate) -> list[int]:
    return [round(estimate.lower), round(estimate.upper)]
