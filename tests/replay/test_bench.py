"""The benchmark measures the real step; its figures are for people: only their shape is tested."""

from streams.bench import run
from streams.settings import Settings


def test_the_benchmark_times_every_stage_of_every_event() -> None:
    figures = run(300, 1, Settings())
    assert figures["events"] == 300
    assert set(figures["step_us"]) == {"decode", "step", "encode"}
    assert figures["events_per_second"] > 0
    assert figures["row_bytes_mean"] < 4_096
