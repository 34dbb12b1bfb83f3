"""The product in a world with known truth: what it earns, and that it keeps its budget."""

from functools import lru_cache
from pathlib import Path

import pytest
from click.testing import CliRunner

from simulation.figures import difference
from streams import wire
from streams.cli import cli
from streams.settings import Settings
from streams.simulating import play as simulate
from streams.simulating import rivals, worlds
from streams.simulating.record import as_record
from streams.simulating.report import Report
from streams.simulating.rivals import PolicyName

SETTINGS = Settings().model_copy(update={"snapshot_every": 250})


EVERY = tuple(rivals.playable(rivals.POLICIES)[0])


@lru_cache
def report(policies: tuple[PolicyName, ...], budget_minor: int | None = None) -> Report:
    return simulate.run(worlds.build_world(2_000, 3, budget_minor), SETTINGS, policies)


def test_the_same_seed_gives_the_same_report() -> None:
    names: tuple[PolicyName, ...] = ("policy", "oracle")
    again = simulate.run(worlds.build_world(2_000, 3), SETTINGS, names)
    assert as_record(again) == as_record(report(names))


def test_no_policy_spends_more_than_the_budget() -> None:
    tight = report(EVERY, 3_000)
    assert {result.name for result in tight.results} == set(EVERY)
    for result in tight.results:
        assert result.run.spent_minor <= 3_000
        assert result.overspend_minor == 0
    assert max(result.run.spent_minor for result in tight.results) > 1_500


def test_the_oracle_is_the_best_and_giving_nothing_earns_nothing() -> None:
    tight = report(EVERY, 3_000)
    best = max(tight.results, key=lambda result: result.expected.point)
    assert best.name == "oracle"
    none = tight.result("none")
    assert none is not None
    assert none.expected.point == none.realised.point == none.run.offers_count == 0
    assert tight.share_of_oracle("oracle") == 1.0


@pytest.mark.slow
def test_our_policy_beats_the_articles_clearly() -> None:
    """Over three worlds with money enough for both: the paired interval lies above nothing."""
    ours: list[float] = []
    theirs: list[float] = []
    for seed in (1, 2, 3):
        world = worlds.build_world(10_000, seed, 100_000_000)
        policy, article = simulate.run(world, SETTINGS, ("policy", "article")).results
        ours += policy.run.expected_minor
        theirs += article.run.expected_minor
    assert difference(ours, theirs).lower > 0


def test_a_drifting_world_ends_in_another_way() -> None:
    plain = worlds.build_world(2_000, 3)
    drifting = worlds.build_world(2_000, 3, drift=True)
    assert drifting.drift_ms is not None
    assert worlds.START_MS < drifting.drift_ms < plain.until_ms
    assert drifting.until_ms != plain.until_ms


def test_the_command_ends_with_one_json_object() -> None:
    arguments = ["simulate", "--events", "2000", "--seed", "5", "--policy", "policy"]
    done = CliRunner().invoke(cli, [*arguments, "--policy", "oracle", "--json"])
    assert done.exit_code == 0, done.output
    record = wire.decode_row(done.stdout.splitlines()[-1].encode())
    assert record["seed"] == 5
    assert set(record["incremental_profit_minor"]) == {"policy", "oracle"}
    assert record["overspend_minor"] == 0
    assert 0 <= record["spent_minor"] <= record["budget_minor"]


@pytest.mark.slow
def test_runs_play_the_next_seeds_as_they_would_be_played_alone() -> None:
    arguments = ["simulate", "--events", "1000", "--seed", "5", "--policy", "oracle", "--json"]
    alone = CliRunner().invoke(cli, ["simulate", *arguments[1:4], "6", *arguments[5:]])
    many = CliRunner().invoke(cli, [*arguments, "--runs", "2", "--processes", "1"])
    assert many.exit_code == alone.exit_code == 0, many.output
    record = wire.decode_row(many.stdout.splitlines()[-1].encode())
    assert record["seeds"] == [5, 6]
    assert record["runs"][1] == wire.decode_row(alone.stdout.splitlines()[-1].encode())
    assert record["median"]["share_of_oracle"] == {"oracle": 1.0}


def test_n7_farmers_take_less_with_the_pause_in_the_whole_product() -> None:
    """One coupon for everybody, so that nothing but the pause can tell them apart."""
    world = worlds.build_world(4_000, 3, 100_000_000, farmers_ratio=0.3)
    taken = []
    for pauses in (True, False):
        settings = SETTINGS.model_copy(update={"habit_pause": pauses, "exploration_ratio": 0.0})
        found = simulate.run(world, settings, ("single",))
        assert sum(found.farmers) == as_record(found)["farmers"]["count"] > 5
        taken.append(found.farmed("single").coupons_minor)
    assert 0 < taken[0] < taken[1]


def test_worlds_that_the_file_holds_are_not_played_again(tmp_path: Path) -> None:
    out = tmp_path / "runs.ndjson"
    arguments = ["simulate", "--events", "1000", "--policy", "none", "--out", str(out), "--json"]
    first = CliRunner().invoke(cli, [*arguments, "--seed", "5"])
    assert first.exit_code == 0, first.output
    kept = out.read_text(encoding="utf-8")
    again = CliRunner().invoke(cli, [*arguments, "--seed", "5"])
    assert out.read_text(encoding="utf-8") == kept
    assert again.stdout.splitlines()[-1] == first.stdout.splitlines()[-1]
    out.write_text(kept + kept[:40], encoding="utf-8")  # stopped while writing the next
    other = CliRunner().invoke(cli, [*arguments, "--seed", "6"])
    assert other.exit_code == 0, other.output
    lines = out.read_text(encoding="utf-8").splitlines()
    assert [wire.decode_row(line.encode())["seed"] for line in (lines[0], lines[-1])] == [5, 6]


@pytest.mark.slow
def test_n11_a_drift_is_told_with_how_soon_it_was_made_good() -> None:
    arguments = ["--events", "3000", "--runs", "2", "--processes", "1", "--drift", "--json"]
    done = CliRunner().invoke(
        cli, ["simulate", *arguments, "--policy", "policy", "--policy", "oracle"]
    )
    assert done.exit_code == 0, done.output
    drift = wire.decode_row(done.stdout.splitlines()[-1].encode())["drift"]
    assert len(drift["shares_after"]) == 5
    assert drift["recovered_events"] in {None, 300, 600, 900, 1_200, 1_500}


@pytest.mark.parametrize(
    "arguments",
    [
        ["--policy", "psychic"],
        ["--events", "10"],
        ["--budget", "-1"],
        ["--seed", "x"],
        ["--farmers", "2"],
    ],
)
def test_bad_usage_is_refused_with_exit_code_2(arguments: list[str]) -> None:
    assert CliRunner().invoke(cli, ["simulate", *arguments]).exit_code == 2


def test_the_share_after_the_beginning_is_told_for_all_and_for_the_arm() -> None:
    plain = report(("policy", "oracle"))
    assert plain.learned_share("oracle") == plain.learned_share("oracle", "policy") == 1.0
    policy = plain.result("policy")
    assert policy is not None
    assert plain.learned_share("policy") is not None
    assert sum(policy.run.tenths_minor) == pytest.approx(sum(policy.run.expected_minor))
    assert sum(policy.run.tenths_minor[2:]) == pytest.approx(sum(policy.run.learned_minor))
