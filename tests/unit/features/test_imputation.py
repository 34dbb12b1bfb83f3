import json
import math
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.imputation import Imputer, observe_event
from tests.unit.features.stories import START, event, item

VALUES = st.lists(st.floats(-1e6, 1e6) | st.integers(0, 10**9), min_size=2, max_size=50)


def imputer_of(values: list[float]) -> Imputer:
    imputer = Imputer()
    for value in values:
        imputer.observe("x", value)
    return imputer


@given(VALUES)
def test_c07_the_running_mean_equals_the_batch_mean(values: list[float]) -> None:
    batch = math.fsum(values) / len(values)
    assert imputer_of(values).mean("x", 0.0) == pytest.approx(batch, abs=1e-9, rel=1e-15)


@given(VALUES)
def test_c09_the_running_spread_equals_the_batch_spread(values: list[float]) -> None:
    batch = statistics.pstdev(values)
    assert imputer_of(values).spread("x", 0.0) == pytest.approx(batch, abs=1e-9, rel=1e-12)


@given(VALUES, st.randoms(use_true_random=False))
def test_the_order_of_values_leaves_no_trace(values: list[float], dice: object) -> None:
    shuffled = values[:]
    dice.shuffle(shuffled)  # type: ignore[attr-defined]
    assert imputer_of(shuffled).dump() == imputer_of(values).dump()


@given(VALUES)
def test_the_dump_survives_json_and_goes_on_alike(values: list[float]) -> None:
    first = imputer_of(values)
    second = Imputer.load(json.loads(json.dumps(first.dump())))
    assert second.dump() == first.dump()
    second.observe("x", 1.5)
    first.observe("x", 1.5)
    assert second.mean("x", 0.0) == first.mean("x", 0.0)


def test_before_the_first_value_the_default_stands() -> None:
    imputer = Imputer()
    assert imputer.mean("x", 7.0) == 7.0
    assert imputer.spread("x", 2.0) == 2.0
    imputer.observe("x", 3)
    assert imputer.spread("x", 2.0) == 2.0
    assert imputer.count("x") == 1


def test_sums_of_an_earlier_version_go_on_and_what_is_ranked_now_begins_anew() -> None:
    before = {"dwell_s": ["1", "9", "81"], "price_minor": ["1", "9", "81"]}
    kept = {"order_value_minor": ["1", str(500 << 40), str((500 << 40) ** 2)]}
    imputer = Imputer.load(before | kept)
    assert imputer.dump() == kept
    assert imputer.mean("order_value_minor", 0.0) == 500
    assert imputer.median("price_minor", 7.0) == 7.0


def test_sums_and_counts_survive_json_together() -> None:
    imputer = imputer_of([1.5, 2.5])
    imputer.rank("price_minor", 900)
    again = Imputer.load(json.loads(json.dumps(imputer.dump())))
    assert again.dump() == imputer.dump()
    assert again.median("price_minor", 0.0) == imputer.median("price_minor", 0.0)


def test_a_dump_of_other_shape_is_refused() -> None:
    with pytest.raises(ValueError, match="must be count, sum and sum of squares"):
        Imputer.load({"x": ["1", "2"]})


def test_events_tell_dwell_price_and_order_value() -> None:
    imputer = Imputer()
    observe_event(imputer, event("product.viewed", START, item(price_minor=300), dwell_ms=4_000))
    observe_event(imputer, event("order.completed", START, item(price_minor=500, quantity=2)))
    observe_event(imputer, event("order.completed", START, item(), total_minor=3_000))
    assert imputer.median("price_minor", 0.0) == pytest.approx(300, rel=1 / 16)
    assert imputer.median("dwell_ms", 0.0) == pytest.approx(4_000, rel=1 / 16)
    assert imputer.mean("order_value_minor", 0.0) == 2_000
