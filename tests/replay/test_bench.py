"""The benchmarks measure the real step; figures are for people: here it is shape and sense."""

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner

from streams.benching import curves as bench_curves
from streams.benching import families, stages
from streams.benching import page as bench_page
from streams.benching.arena import Turn
from streams.benching.choice import Choosing, bench_catalogue
from streams.benching.contenders import LIMIT, OURS, PLAIN_FAUST, QUIX, is_installed
from streams.benching.peers import RATIOS, Shown, summary
from streams.benching.plot import plot
from streams.benching.shop import Decider, bench_settings, record
from streams.cli import cli
from streams.settings import Settings
from tests.builders import an_event

STAGES = {"decode", "update", "vector", "score_10", "score_20", "choose", "encode"} | {
    "step",
    "whole",
    "learn",
    "catch_up",
}


@pytest.fixture(autouse=True, scope="module")
def little_of_each() -> Iterator[None]:
    """Measure a little: what repetition makes exact is not looked at here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bench_curves, "SETTLED_COUNT", 1_000)
        patch.setattr(bench_curves, "_SLICES_COUNT", 2)
        patch.setattr(families, "_TURNS_COUNT", 1)
        patch.setattr(stages, "TRACED_EVENTS_COUNT", 200)
        yield


@pytest.fixture(scope="module")
def figures() -> dict[str, Any]:
    return stages.run(600, 1, Settings())


def test_the_benchmark_times_every_stage(figures: dict[str, Any]) -> None:
    assert figures["events"] == 600
    assert set(figures["step_us"]) == STAGES
    assert all(mean_us > 0 for mean_us in figures["step_us"].values())
    assert figures["events_per_second"] > 0
    assert figures["scoring_us"] == figures["step_us"]["score_20"]
    assert figures["scoring_share_ratio"] > 0  # of a mean that a busy machine may spoil
    assert figures["catch_up_per_second"] > 0
    assert 0 < figures["decision_points_ratio"] < 1
    families = {"hints", "segments", "heat", "alike", "next_step", "risk"}
    sums = {"plain", "sessions", "all", "share_ratio", "learn", "per_event"}
    assert set(figures["knowledge_us"]) == families | sums
    assert figures["knowledge_us"]["learn"] > 0
    assert figures["row_bytes_mean"] < 4_096 < figures["memory_per_user_bytes"]


def test_the_recorded_shop_repeats_itself_and_answers_every_trigger() -> None:
    settings = bench_settings(Settings(), partitions=4)
    first, second = record(settings, 400, seed=3), record(settings, 400, seed=3)
    assert first == second
    assert first != record(settings, 400, seed=4)
    triggers = Decider(settings).rules.triggers
    decider = Decider(settings)
    asked = [
        decider.read(one.family, one.key, one.value, one.ts_ms).event_type in triggers
        for one in first.messages
    ]
    assert [answer is not None for answer in first.answers] == asked
    assert {one.partition for one in first.messages} == {0, 1, 2, 3}


@pytest.mark.parametrize("count", [10, 20])
def test_scoring_is_timed_for_exactly_so_many_candidates(count: int) -> None:
    choosing = Choosing(Decider(bench_settings(Settings())).rules)
    found = choosing.candidates(bench_catalogue(count), an_event("cart.viewed"))
    assert len(found) == count


def test_the_curves_measure_every_size_and_rows_stay_bounded() -> None:
    users = bench_curves.users_curve(Settings(), (200, 2_000), 50, seed=1)
    assert [point["users"] for point in users] == [200, 2_000]
    assert all(point["us"] > 0 for point in users)
    history = bench_curves.history_curve(Settings(), (10, 1_000), 50, seed=1)
    assert [point["history"] for point in history] == [10, 1_000]
    assert history[1]["row_bytes"] < 16_384


def test_a_size_beyond_the_free_memory_is_left_out_and_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(bench_curves, "fits", lambda needed_bytes: needed_bytes < 10**7)
    users = bench_curves.users_curve(Settings(), (200, 10_000), 20, seed=1)
    assert [point["us"] is None for point in users] == [False, True]


def test_the_plot_is_svg_with_a_point_for_each_size() -> None:
    drawn = plot([("users", [(1_000, 50.0), (10_000, 55.5)]), ("history", [])])
    root = ElementTree.fromstring(drawn)
    assert len(list(root.iter("{http://www.w3.org/2000/svg}circle"))) == 2
    assert "not measured" in drawn
    assert "1,000" in drawn


def turn(pace: float, cpu_pace: float | None = None) -> Turn:
    return Turn(pace, cpu_pace, same_ratio=1.0, broker_cpu_us=10.0, broker_bytes={"d": 1})


def shown() -> list[Shown]:
    """Ours beside two that were measured, and one whose library is missing."""
    return [
        Shown(OURS, [turn(900, 900), turn(1_200, 1_000), turn(1_000, 2_000)]),
        Shown(LIMIT, [turn(2_000, 4_000)]),
        Shown(PLAIN_FAUST, [turn(100)]),
        Shown(QUIX, missing="pip install 'quixstreams'"),
    ]


def test_ratios_are_ours_by_theirs_of_medians_and_none_where_one_is_missing() -> None:
    found = summary(shown())
    assert set(RATIOS) <= set(found["ratios"])
    assert found["ratios"] == {"limit": 0.5, "quixstreams": None, "plain_faust": 10.0}
    assert found["ratios_cpu"] == {"limit": 0.25, "quixstreams": None, "plain_faust": None}
    assert found["events_per_second"] == 1_000
    assert found["contenders"]["ours"]["spread"] == [900, 1_200]
    assert found["latency_ms"] is None
    assert found["contenders"]["ours"]["cpu_us_over_limit"] == 750
    assert found["contenders"]["limit"]["cpu_us_over_limit"] == 0


def whole(figures: dict[str, Any], contenders: Sequence[Shown]) -> dict[str, Any]:
    curves = {"users": [{"users": 1_000, "us": 5.0}], "history": []}
    alone = {"step_events_per_second": figures["events_per_second"], "curves": curves}
    return figures | alone | summary(contenders)


def test_the_page_takes_the_tables_between_its_markers_and_keeps_the_rest(
    figures: dict[str, Any],
) -> None:
    page = f"before\n{bench_page.BEGIN}\nold\n{bench_page.END}\nafter\n"
    once = bench_page.renewed(page, whole(figures, shown()))
    assert once.startswith("before\n")
    assert once.endswith("\nafter\n")
    assert "old" not in once
    assert "| quixstreams | not measured: pip install 'quixstreams' |" in once
    assert bench_page.renewed(once, whole(figures, shown())) == once
    with pytest.raises(ValueError, match="must hold the lines"):
        bench_page.renewed("no markers", whole(figures, shown()))


def test_a_contender_that_failed_is_told_from_one_that_is_missing(
    figures: dict[str, Any],
) -> None:
    assert bench_page.failures(whole(figures, shown())) == []
    failed = [Shown(OURS, [turn(1_000)]), Shown(LIMIT, failed="it ended with 1")]
    assert bench_page.failures(whole(figures, failed)) == ["limit"]


def test_a_missing_library_is_found_missing_before_anything_is_run() -> None:
    assert is_installed(LIMIT, sys.executable)
    assert not is_installed(replace(QUIX, needs="no_such_library"), sys.executable)


def test_the_command_ends_in_one_json_object_and_keeps_what_it_is_told_to_keep(
    tmp_path: Path,
) -> None:
    drawn, kept = tmp_path / "cost.svg", tmp_path / "figures" / "latest.json"
    arguments = ["bench", "--events", "500", "--history", "10", "--json"]
    told = CliRunner().invoke(
        cli, [*arguments, "--plot", str(drawn), "--out", str(kept)], catch_exceptions=False
    )
    assert told.exit_code == 0
    figures = json.loads(told.stdout.splitlines()[-1])
    assert figures == json.loads(kept.read_text("utf-8"))
    assert [point["history"] for point in figures["curves"]["history"]] == [10]
    assert drawn.read_text("utf-8").startswith("<svg")


@pytest.mark.parametrize("sizes", ["ten", "0", "10,-1"])
def test_sizes_that_are_none_are_refused(sizes: str) -> None:
    told = CliRunner().invoke(cli, ["bench", "--users", sizes])
    assert told.exit_code == 2
    assert "must be whole numbers above 0" in told.output
