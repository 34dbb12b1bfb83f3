"""A session in a few numbers of fixed scale: what segments and the score of oddness look at."""

from features import scale
from features.interests import INTERESTS, interests_of
from features.session_record import Counts, Session

_CLASSES = tuple(f"{interest}_ratio" for interest in INTERESTS[:-1])
NAMES: tuple[str, ...] = (
    "views",
    "searches",
    "carts",
    "orders",
    "paid",
    "dwell",
    "duration",
    "variety",
    "codes",
    "cart_left",
    *_CLASSES,
)
"""Counts are `scale.count` of events, money and times `scale.money` and `scale.span`."""


def describe(session: Session) -> tuple[float, ...]:
    """Give the numbers of a session in the order of `NAMES`, each in 0..4."""
    steps: dict[str, int] = {}
    for kind, count in session.steps:
        steps[kind] = steps.get(kind, 0) + count
    names = {name for name, _ in (*session.viewed_categories, *session.carted_categories)}
    carted = steps.get("cart.added", 0)
    shares = interests_of(_goods(session))
    return (
        scale.count(steps.get("product.viewed", 0)),
        scale.count(steps.get("search.performed", 0)),
        scale.count(carted),
        scale.count(session.orders_count),
        scale.money(session.order_minor),
        scale.span(session.dwell_ms),
        scale.span(session.end_ms - session.start_ms),
        scale.count(len(names)),
        scale.count(session.codes_count),
        float(carted > 0 and not session.orders_count),
        *(shares.get(interest, 0.0) for interest in INTERESTS[:-1]),
    )


def _goods(session: Session) -> list[tuple[str, float]]:
    told: tuple[tuple[Counts, float], ...] = (
        (session.viewed_categories, 1.0),
        (session.carted_categories, 3.0),
        (session.bought_categories, 3.0),
        (session.words, 1.0),
    )
    return [(name, count * weight) for counts, weight in told for name, count in counts]
