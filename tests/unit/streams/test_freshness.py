"""C12: a decision knows everything up to its own event; no event waits for a refresh."""

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from features import scale
from features.events import Event
from features.measures import MEASURE_OF
from streams import wire
from tests.builders import NOON_MS, FixedScorer, a_partition, an_event, records_of, some_rules

# Every trigger is a decision point, and no offer stands in its way.
RULES = some_rules(FixedScorer(nothing=0.9), spacing_ms=0)
TOLD = {
    "browse": "browse_count_30d",
    "cart": "cart_count_30d",
    "order": "order_count_30d",
    "coupon": "coupon_count_30d",
}
KINDS = ("product.viewed", "cart.added", "order.completed", "coupon.viewed")
# Up to half an hour apart: two events of one millisecond, and none that leaves the 30 days.
STEPS = st.tuples(
    st.sampled_from(KINDS), st.sampled_from(("ann", "bob")), st.integers(0, 1_800_000)
)


@settings(max_examples=25)
@given(st.lists(STEPS, min_size=1, max_size=20))
def test_c12_every_event_stands_in_the_features_of_the_next_decision_and_of_its_own(
    steps: list[tuple[str, str, int]],
) -> None:
    events: list[Event] = []
    now_ms = NOON_MS
    for number, (kind, user_id, gap_ms) in enumerate(steps):
        now_ms += gap_ms
        events.append(
            an_event(
                kind,
                at_ms=now_ms,
                user_id=user_id,
                event_id=f"e{number}",
                order_id=f"o{number}",
                offer_id="ten",
            )
        )
    emission = a_partition().apply(records_of(events), RULES)  # all in one chunk
    outcomes = [wire.decode_outcome(value or b"") for _, value, _ in emission.outcomes]
    opened = iter([one for one in outcomes if one.state == "opened"])
    counts: dict[str, Counter[str]] = {"ann": Counter(), "bob": Counter()}
    for event in events:
        known = counts[event.user_id]
        known[MEASURE_OF[event.event_type]] += 1
        if event.event_type not in RULES.triggers:
            continue
        label = next(opened)
        assert (label.user_id, label.decided_ms) == (event.user_id, event.ts_ms)
        assert {name: label.x[feature] for name, feature in TOLD.items()} == {
            name: scale.count(known[name]) for name in TOLD
        }
    assert next(opened, None) is None
