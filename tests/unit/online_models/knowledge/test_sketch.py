"""The bounded sketch: never too large, at most its own error too small, the same after a load."""

import json
from collections import Counter
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from online_models.knowledge.sketch import Sketch

DAY_MS = 86_400_000
streams = st.lists(st.tuples(st.integers(0, 30), st.integers(0, DAY_MS)), max_size=300)


def exact(stream: list[tuple[int, int]], half_life_ms: int, now_ms: int) -> Counter[str]:
    found: Counter[str] = Counter()
    for name, ts_ms in stream:
        found[str(name)] += 2 ** ((ts_ms - now_ms) / half_life_ms)  # type: ignore[assignment]
    return found


@given(streams, st.integers(2, 12))
def test_every_weight_is_within_its_stated_error(stream: list[tuple[int, int]], cap: int) -> None:
    sketch = Sketch(cap, DAY_MS // 4)
    for name, ts_ms in stream:
        sketch.update(str(name), ts_ms)
        assert len(sketch) <= cap * 3 // 2
    truth = exact(stream, DAY_MS // 4, DAY_MS)
    for known in map(str, range(31)):
        held, missing = sketch.weight(known, DAY_MS), sketch.error(known, DAY_MS)
        assert held <= truth[known] + 1e-9
        assert truth[known] <= held + missing + 1e-9
    assert abs(sketch.whole(DAY_MS) - truth.total()) < 1e-6


@given(streams)
def test_a_loaded_sketch_goes_on_as_the_dumped_one(stream: list[tuple[int, int]]) -> None:
    half = len(stream) // 2
    sketch = Sketch(5, DAY_MS)
    for name, ts_ms in stream[:half]:
        sketch.update(str(name), ts_ms)
    again = Sketch.load(json.loads(json.dumps(sketch.dump())))
    for name, ts_ms in stream[half:]:
        sketch.update(str(name), ts_ms)
        again.update(str(name), ts_ms)
    assert again.dump() == sketch.dump()


def test_years_of_decay_keep_the_weights_finite_and_right() -> None:
    sketch = Sketch(10, DAY_MS)
    for day in range(3_000):
        sketch.update("daily", day * DAY_MS)
    assert abs(sketch.weight("daily", 2_999 * DAY_MS) - 2.0) < 1e-9


def test_the_error_of_a_hostile_stream_stays_below_a_share_of_it() -> None:
    sketch, random = Sketch(100, 10_000 * DAY_MS), Random(1)
    for _ in range(20_000):
        sketch.update(str(random.randrange(10_000)), 0)
    assert sketch.error("never met", 0) <= 20_000 / 100
