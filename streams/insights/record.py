"""Insights as one record of plain values: for `--json`, for the terminal and for the page."""

from collections import Counter
from typing import Any

from streams.insights.report import HINTS_COUNT, Hits, Insights

SHOWN_COUNT = 12
LEAST_SUPPORT = 0.001


def as_record(found: Insights) -> dict[str, Any]:
    """Give all figures; every ratio is in 0..1, weights are faded counts."""
    known, now_ms = found.knowledge, found.knowledge.now_ms
    heat, pairs = known.heat, known.associations
    return {
        "events": found.events_count,
        "refused": dict(sorted(found.refused.items())),
        "sessions": known.sessions_count,
        "views_merged": found.merged_count,
        "next_action": _hits(found.next_action, "majority_accuracy", "accuracy"),
        "add_ons": _hits(found.add_ons, f"popularity_hit_rate_at_{HINTS_COUNT}"),
        "next_product": _hits(found.next_product, f"popularity_hit_rate_at_{HINTS_COUNT}"),
        "transitions": {
            kind: {name: round(share, 4) for name, share in sorted(row.items())}
            for kind in ("begin", "product.viewed", "cart.added", "order.completed")
            if (row := known.transitions.row(kind))
        },
        "associations": _rules(pairs.products.rules(now_ms, LEAST_SUPPORT, SHOWN_COUNT)),
        "category_associations": _rules(pairs.categories.rules(now_ms, LEAST_SUPPORT, SHOWN_COUNT)),
        "hot": {
            kind: [[name, round(weight, 2)] for name, weight in heat.top(kind, SHOWN_COUNT, now_ms)]
            for kind in ("products", "categories", "words")
        },
        "ratings": _ratings(found.ratings),
        "demand": _demand(found),
        "segments": _segments(found),
        "silhouette": known.segments.silhouette,
    }


def _hits(hits: Hits, plain: str, ours: str = f"hit_rate_at_{HINTS_COUNT}") -> dict[str, Any]:
    our_ratio, plain_ratio = hits.ratios()
    return {"tries": hits.tries, ours: our_ratio, plain: plain_ratio}


def _rules(rules: Any) -> list[dict[str, Any]]:
    return [
        {
            "when": rule.when,
            "then": rule.then,
            "support": round(rule.support, 5),
            "confidence": round(rule.confidence, 3),
            "lift": round(rule.lift, 2),
            "error": round(rule.error, 2),
        }
        for rule in rules
    ]


def _ratings(given: Counter[int]) -> dict[str, Any]:
    count = given.total()
    mean = sum(stars * times for stars, times in given.items()) / count if count else 0.0
    by_stars = {str(stars): given[stars] for stars in range(1, 6)}
    return {"count": count, "mean": round(mean, 3), "by_stars": by_stars}


def _demand(found: Insights) -> dict[str, Any]:
    """Give the orders a day to be expected, and the share of a day's orders that was missed."""
    known = found.knowledge
    return {
        one.kind: {
            "days": one.periods_count,
            "orders": one.orders_count,
            "missed_ratio": one.ratios()[0],
            "as_yesterday_missed_ratio": one.ratios()[1],
            "per_day": [
                [name, round(per_day, 3)]
                for name, per_day in known.demand.top(one.kind, SHOWN_COUNT, known.now_ms)
            ],
        }
        for one in found.demand
    }


def _segments(found: Insights) -> list[dict[str, Any]]:
    segments = found.knowledge.segments
    named, shares = segments.named(), segments.shares()
    return [
        {
            "segment": label,
            "name": named[label][0],
            "name_zh": named[label][1],
            "ratio": round(shares[label], 4),
        }
        for label in sorted(named, key=lambda label: (-shares[label], label))
    ]
