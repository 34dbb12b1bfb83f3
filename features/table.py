"""All features, by family: the order of the vector and what `coupon-stream features` prints."""

from collections.abc import Callable

from features.families import (
    activity,
    basket,
    funnel,
    moment,
    offers,
    recency,
    signals,
    spending,
    taste,
)
from features.feature import Feature
from features.reading import Reading

Values = Callable[[Reading], tuple[float, ...]]

# Models remember features by name, so an entry may be added anywhere; removing or renaming one
# makes older snapshots unreadable.
FAMILIES: tuple[tuple[tuple[Feature, ...], Values], ...] = (
    (activity.FEATURES, activity.values),
    (spending.FEATURES, spending.values),
    (recency.FEATURES, recency.values),
    (funnel.FEATURES, funnel.values),
    (basket.FEATURES, basket.values),
    (signals.FEATURES, signals.values),
    (offers.FEATURES, offers.values),
    (taste.FEATURES, taste.values),
    (moment.FEATURES, moment.values),
)
FEATURES: tuple[Feature, ...] = tuple(feature for features, _ in FAMILIES for feature in features)
