"""Ring buckets against a brute-force recount.

minutes    ..|--- hours ---|-- 5 minutes --|- minutes -|now
1h window           [0.....5.....10....55...now]      12 cells of 5 minutes
"""

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from features import windows
from features.windows import WINDOWS, Buckets, Window
from tests.unit.features.stories import DAY, HOUR, MINUTE, SECOND, START

# window -> width of a bucket, buckets in the window
MEANING: dict[Window, tuple[int, int]] = {
    "5m": (MINUTE, 5),
    "1h": (5 * MINUTE, 12),
    "1d": (HOUR, 24),
    "7d": (DAY, 7),
    "30d": (DAY, 30),
}
GAPS_MS = (0, SECOND, MINUTE, 4 * MINUTE, 20 * MINUTE, HOUR, 9 * HOUR, DAY, 8 * DAY)
_MORE_MS = 300_000
# One number a step, since drawing is what takes the time: a gap, and some milliseconds more.
STEPS = st.lists(st.integers(0, len(GAPS_MS) * _MORE_MS - 1), min_size=1, max_size=12)
WAITS_MS = (0, 1, MINUTE, 3 * HOUR, 5 * DAY, 50 * DAY)


def recount(events: list[tuple[int, int]], now_ms: int) -> tuple[int, ...]:
    sums = []
    for window in WINDOWS:
        width, buckets = MEANING[window]
        last = now_ms // width
        sums.append(sum(n for ts, n in events if last - buckets < ts // width <= last))
    return tuple(sums)


def counted(events: list[tuple[int, int]], sparing: bool = False) -> tuple[Buckets, int]:
    buckets: Buckets = []
    newest_ms = events[0][0]
    for ts_ms, amount in events:
        if ts_ms > newest_ms:
            if ts_ms // windows.ROLL_MS != newest_ms // windows.ROLL_MS:
                windows.roll(buckets, ts_ms, newest_ms if sparing else None)
            newest_ms = ts_ms
        windows.add(buckets, ts_ms, amount, newest_ms)
    return buckets, newest_ms


def timeline(steps: list[int]) -> list[tuple[int, int]]:
    events, ts_ms = [], START
    for step in steps:
        more_ms = step % _MORE_MS
        ts_ms += GAPS_MS[step // _MORE_MS] + more_ms
        events.append((ts_ms, 1 + more_ms % 3))
    return events


def assert_equal_to_a_recount(steps: list[int], wait_ms: int) -> None:
    events = timeline(steps)
    buckets, newest_ms = counted(events)
    now_ms = newest_ms + wait_ms
    assert windows.totals(buckets, windows.bounds(now_ms)) == recount(events, now_ms)


@settings(max_examples=500)
@given(STEPS, st.sampled_from(WAITS_MS))
def test_c13_windows_equal_a_recount_at_any_time(steps: list[int], wait_ms: int) -> None:
    assert_equal_to_a_recount(steps, wait_ms)


def test_c13_windows_equal_a_recount_in_ten_thousand_longer_histories() -> None:
    # Drawn here, since Hypothesis takes ten times as long to draw them as it takes to count.
    draw = random.Random(13)
    for _ in range(10_000):
        steps = [draw.randrange(len(GAPS_MS) * _MORE_MS) for _ in range(draw.randrange(1, 60))]
        assert_equal_to_a_recount(steps, draw.choice(WAITS_MS))


@settings(max_examples=1_000)
@given(STEPS, st.randoms(use_true_random=False))
def test_rolling_only_what_grew_old_since_equals_rolling_all(
    steps: list[int], chance: random.Random
) -> None:
    events = timeline([step % (5 * _MORE_MS) if chance.random() < 0.5 else step for step in steps])
    late = [(ts_ms - chance.choice(GAPS_MS), amount) for ts_ms, amount in events]
    both = [event for pair in zip(events, late, strict=True) for event in pair]
    assert counted(both, sparing=True) == counted(both)


@settings(max_examples=500)
@given(STEPS, st.data())
def test_windows_do_not_depend_on_the_order_of_arrival(
    steps: list[int], data: st.DataObject
) -> None:
    events = timeline(steps)
    delays = data.draw(
        st.lists(st.integers(0, 10 * MINUTE), min_size=len(events), max_size=len(events))
    )
    arrived = [
        one for _, one in sorted(zip(delays, events, strict=True), key=lambda p: p[0] + p[1][0])
    ]
    assert counted(arrived) == counted(events)


@settings(max_examples=300)
@given(STEPS, st.randoms(use_true_random=False))
def test_even_very_late_events_find_the_bucket_that_is_kept(
    steps: list[int], dice: random.Random
) -> None:
    events = timeline(steps)
    shuffled = events[:]
    dice.shuffle(shuffled)
    # The first to arrive sets the newest time; whatever comes after it may be weeks older.
    assert counted(shuffled)[0] == counted(events)[0]


def test_a_window_covers_its_last_bucket_and_those_before() -> None:
    #        10:00        10:05        10:56   11:00
    # 1h at 10:59  |--------- 12 cells of 5 minutes ---------|
    ten = START // DAY * DAY + 10 * HOUR
    buckets, _ = counted([(ten, 1), (ten + 5 * MINUTE, 2), (ten + 56 * MINUTE, 4)])
    assert windows.total(buckets, ten + 59 * MINUTE, "1h") == 7
    assert windows.total(buckets, ten + 60 * MINUTE, "1h") == 6
    assert windows.total(buckets, ten + 60 * MINUTE, "5m") == 4
    assert windows.total(buckets, ten + 61 * MINUTE, "5m") == 0


def test_a_single_event_costs_one_bucket_and_a_busy_year_at_most_110() -> None:
    assert len(counted([(START, 1)])[0]) == 2
    busy = [(START + n * 10 * MINUTE, 1) for n in range(365 * 144)]
    busy += [(busy[-1][0] + n * MINUTE, 1) for n in range(120)]
    assert len(counted(busy)[0]) // 2 <= 110


def test_times_before_1970_count_like_any_other() -> None:
    events = [(-3 * DAY, 1), (-HOUR, 1), (-1, 1), (0, 1), (1, 1)]
    buckets, newest_ms = counted(events)
    assert windows.totals(buckets, windows.bounds(newest_ms)) == recount(events, newest_ms)


def test_c29_the_decayed_rate_halves_in_seven_days() -> None:
    day = START // DAY * DAY
    buckets, _ = counted([(day, 8), (day + 7 * DAY, 1)])
    assert windows.decayed(buckets, day + 7 * DAY) == 5.0
    assert windows.decayed(buckets, day + 14 * DAY) == 2.5
