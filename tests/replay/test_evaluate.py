"""`evaluate` and `evaluate-logged`: figures from files, and plain words about bad ones."""

from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner, Result

from features.actions import NOTHING, Action
from online_models.outcomes import Arm, Outcome
from streams import wire
from streams.cli import cli
from streams.decisions import (
    Decision,
    Experiment,
    Guardrail,
    ModelRef,
    PolicyRef,
    ScoredCandidate,
    Scores,
    rfc3339,
)

TEN = Action(action_id="ten", kind="percent_off", depth_ratio=0.1)
BASKET_MINOR, COST_MINOR, HOUR_MS = 1_000, 100, 3_600_000
SHARES: dict[Arm, float] = {"policy": 0.5, "random": 0.3, "holdout": 0.2}
SPLIT = ["holdout_ratio=0.2", "random_ratio=0.3", "business_as_usual_ratio=0"]


def _given(random: Random, arm: Arm) -> tuple[bool, float]:
    """Draw whether the coupon is given, and with which probability: the policy gives mostly."""
    share = {"policy": 0.9, "random": 0.5, "holdout": 0.0, "business_as_usual": 0.0}[arm]
    given = random.random() < share
    return given, share if given else 1 - share


def _log(count: int) -> tuple[list[Outcome], list[Decision]]:
    """Log a shop in which the coupon lifts P(buy) from 0.1 to 0.3, at a cost of 100 of 1,000."""
    random, outcomes, decisions = Random(4), [], []
    for number in range(count):
        arm = random.choices(list(SHARES), list(SHARES.values()))[0]
        given, propensity = _given(random, arm)
        bought = random.random() < (0.3 if given else 0.1)
        identity = f"{number:026}"
        margin = (BASKET_MINOR - COST_MINOR * given) * bought
        opened = Outcome(
            decision_id=identity,
            user_id=f"u{number}",
            arm=arm,
            state="opened",
            decided_ms=HOUR_MS * (number % 48),
            x={"eager": random.random(), "device_phone_now": float(number % 2)},
            action=TEN if given else NOTHING,
            propensity=propensity,
            p_buy=0.3 if given else 0.1,
        )
        settled = replace(
            opened,
            state="settled",
            settled_ms=opened.decided_ms + HOUR_MS,
            y=bought,
            order_minor=3_000 * bought,
            discount_minor=COST_MINOR * bought * given,
            margin_minor=margin,
        )
        outcomes += [opened, settled]
        decisions.append(_decision(settled, given))
    return outcomes, decisions


def _decision(settled: Outcome, given: bool) -> Decision:
    share = settled.propensity if given else 1 - settled.propensity
    p = 0.3 if given else 0.1
    rows = (("nothing", 0.0, 0.1, 1 - share, 0), ("ten", 170.0, 0.3, share, COST_MINOR))
    return Decision(
        decision_id=settled.decision_id,
        user_id=settled.user_id,
        trigger_event_id="e",
        trigger_event_type="cart.added",
        decided_at=rfc3339(settled.decided_ms),
        action="offer" if given else "no_offer",
        propensity=settled.propensity,
        candidates=tuple(
            ScoredCandidate(action=name, score=worth, p_buy=chance, propensity=q, discount_minor=d)
            for name, worth, chance, q, d in rows
        ),
        scores=Scores(
            p_buy_without=0.1,
            p_buy_with=p,
            uplift=p - 0.1,
            expected_margin_minor=round(p * (BASKET_MINOR - COST_MINOR * given)),
        ),
        experiment=Experiment(id="s", variant=settled.arm, bucket=0),
        model=ModelRef(id="m", version="1"),
        policy=PolicyRef(name="policy", version="1"),
        catalogue_version="1",
        margin_minor=float(BASKET_MINOR),
        guardrails=(Guardrail(code="quiet_hours", action="ten"),) if not given else (),
    )


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("log")
    outcomes, decisions = _log(6_000)
    (folder / "o.ndjson").write_bytes(
        b"".join((wire.encode_outcome(one)[1] or b"") + b"\n" for one in outcomes)
    )
    (folder / "d.ndjson").write_bytes(
        b"".join((wire.encode_decision(one)[1] or b"") + b"\n" for one in decisions)
    )
    return folder / "o.ndjson", folder / "d.ndjson"


def run(*arguments: str, split: list[str] = SPLIT) -> Result:
    settings = [part for one in split for part in ("--set", one)]
    return CliRunner().invoke(cli, [*settings, *arguments])


def last_line(done: Result) -> dict[str, Any]:
    return wire.decode_row(done.stdout.splitlines()[-1].encode())


@pytest.fixture(scope="module")
def report(files: tuple[Path, Path]) -> dict[str, Any]:
    outcomes, decisions = files
    done = run("evaluate", str(outcomes), "--decisions", str(decisions), "--json")
    assert done.exit_code == 0, done.output
    return last_line(done)


@pytest.mark.parametrize(
    ("policy", "bought", "margin"),
    [("none", 0.1, 100.0), ("ten", 0.3, 270.0), ("article", 0.3, 270.0), ("uniform", 0.2, 185.0)],
)
def test_c38_what_other_policies_would_have_earned_is_found_from_the_log(
    report: dict[str, Any], policy: str, bought: float, margin: float
) -> None:
    told = report["policy_values"][policy]
    assert told["reliable"]
    for estimator in ("ips", "snips", "dr"):
        value = told["bought"][estimator]
        assert value["anytime_lower"] <= bought <= value["anytime_upper"]
        money = told["margin_minor"][estimator]
        assert money["anytime_lower"] <= margin <= money["anytime_upper"]


def test_n3_incremental_margin_and_return_cover_the_planted_truth(report: dict[str, Any]) -> None:
    truth = 0.9 * (270 - 100)
    told = report["incremental"]["policy"]
    for name in ("per_customer_minor", "per_customer_adjusted_minor"):
        assert told[name]["anytime_lower"] <= truth <= told[name]["anytime_upper"]
    cost = 0.9 * 0.3 * COST_MINOR
    assert told["roi"]["anytime_lower"] <= truth / cost <= told["roi"]["anytime_upper"]
    assert told["roi"]["lower"] > 0
    own = report["arms"]["policy"]
    more_minor = own["customers"] * told["per_customer_minor"]["point"]
    assert told["baseline_minor"] + more_minor == pytest.approx(own["margin_minor"], abs=1)


def test_c58_predictive_figures_and_calibration_by_bin_are_told(report: dict[str, Any]) -> None:
    told = report["predictive"]
    assert told["count"] == 6_000
    assert told["calibration_error"] < 0.03
    assert {"log_loss", "roc_auc", "accuracy", "precision", "recall", "f1"} <= set(told)
    assert sum(one["count"] for one in told["calibration"]) == 6_000


def test_n3_use_sorting_and_sizes_are_told(report: dict[str, Any]) -> None:
    assert report["arms"]["policy"]["redemption_ratio"] == pytest.approx(0.3, abs=0.03)
    assert report["arms"]["holdout"]["conversion_ratio"] == pytest.approx(0.1, abs=0.03)
    assert report["sorting"]["bought"]["whole_gain"] == pytest.approx(0.2, abs=0.06)
    assert not report["sample_ratio"]["alarm"]
    assert report["coupons"]["ten"]["uplift"]["lower"] < 0.2
    assert report["coupons"]["ten"]["uplift"]["upper"] > 0.2


def test_n4_every_rule_has_a_price_in_money_a_day(report: dict[str, Any]) -> None:
    quiet = report["rules"]["quiet_hours"]
    lost = quiet["blocks"] * 170
    assert quiet["lost_minor"] == lost
    assert quiet["lost_minor_per_day"] == pytest.approx(lost / (47 / 24), rel=0.001)
    assert report["rules"]["holdout"]["lost_minor"] > 0


def test_without_decisions_only_what_outcomes_tell_is_told(files: tuple[Path, Path]) -> None:
    told = last_line(run("evaluate", str(files[0]), "--json"))
    assert told["rules"] is told["sorting"] is told["decisions"] is None
    assert set(told["policy_values"]) == {"logged", "none", "ten"}
    assert told["policy_values"]["ten"]["bought"]["dr"] is None
    assert told["policy_values"]["ten"]["bought"]["snips"]["point"] == pytest.approx(0.3, abs=0.03)
    assert "Value of policies" in run("evaluate", str(files[0])).stdout


def test_c57_arms_of_the_wrong_size_end_with_exit_code_1(files: tuple[Path, Path]) -> None:
    done = run("evaluate", str(files[0]), split=["holdout_ratio=0.25", "random_ratio=0.3"])
    assert done.exit_code == 1
    assert "believe no effect" in done.stdout.replace("\n", " ")


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (None, "must be a file, was absent"),
        (b"", "ndjson: must be a file with lines, was empty"),
        (b'{"decision_id":1}\n', "line 1: must be an outcome"),
        (b"\nnonsense\n", "line 2: must be an outcome"),
    ],
)
def test_a_bad_file_is_named_with_its_line_and_exit_code_2(
    tmp_path: Path, content: bytes | None, told: str
) -> None:
    path = tmp_path / "bad.ndjson"
    if content is not None:
        path.write_bytes(content)
    done = run("evaluate", str(path))
    assert done.exit_code == 2
    assert f"bad.ndjson, {told}" in done.stderr or told in done.stderr


def test_a_propensity_of_zero_is_no_outcome(tmp_path: Path, files: tuple[Path, Path]) -> None:
    line = files[0].read_bytes().splitlines()[0]
    outcome = replace(wire.decode_outcome(line), propensity=0.0)
    path = tmp_path / "zero.ndjson"
    path.write_bytes(wire.encode_outcome(outcome)[1] or b"")
    done = run("evaluate", str(path))
    assert done.exit_code == 2
    assert "a propensity within (0, 1]" in done.stderr


# -- published experiments -----------------------------------------------------------------------

HEADER = "row_id,recency,history,zip_code,segment,visit,conversion,spend\n"


def _hillstrom(count: int) -> str:
    """Write customers in its format: the men's mail helps the recent, the women's the others."""
    random, lines = Random(7), [HEADER]
    for number in range(count):
        recency = random.randint(1, 12)
        arm = random.choice(("No E-Mail", "Mens E-Mail", "Womens E-Mail"))
        helped = arm == ("Mens E-Mail" if recency < 7 else "Womens E-Mail")
        visit = int(random.random() < (0.6 if helped else 0.1))
        lines.append(f"{number},{recency},50.5,Urban,{arm},{visit},0,0\n")
    return "".join(lines)


def test_evaluate_logged_finds_a_planted_taste_out_of_sample(tmp_path: Path) -> None:
    path = tmp_path / "mail.csv"
    path.write_text(_hillstrom(1_500) + "x,y,z,Urban,No E-Mail,soon,0,0\nbroken\n")
    picture = tmp_path / "hillstrom.svg"
    arguments = ("--format", "hillstrom", "--plot", str(picture), "--json")
    done = run("evaluate-logged", str(path), *arguments, split=[])
    for wanted in ("Qini of", "Calibration", "By estimator", "Arms for everybody"):
        assert wanted in picture.read_text()
    assert done.exit_code == 0, done.output
    told = last_line(done)
    names = ("policy_value", "interval", "best_single_arm", "best_single_arm_value", "random_value")
    assert set(names) <= set(told)
    assert told["refused"] == {"bad number": 1, "missing column": 1}
    assert told["first_refused_line"] == {"bad number": 1_502, "missing column": 1_503}
    assert told["interval"][0] < 0.6, "0.6 is what the planted taste brings at best"
    assert told["best_single_arm_value"] < told["interval"][0]
    assert told["verdict"].startswith("choosing by customer beats")


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (None, "must be a file, was absent"),
        ("a,b\n1,2\n", "line 1: must be columns segment"),
        (HEADER, "must be rows of at least two arms"),
    ],
)
def test_a_file_that_is_no_experiment_is_refused_with_exit_code_2(
    tmp_path: Path, content: str | None, told: str
) -> None:
    path = tmp_path / "mail.csv"
    if content is not None:
        path.write_text(content)
    done = run("evaluate-logged", str(path), "--format", "hillstrom", split=[])
    assert done.exit_code == 2
    assert told in done.stderr


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_no_less_than_mailing_everybody_on_hillstroms_visits(shared_data: Path) -> None:
    path = shared_data / "hillstrom_30pct.csv.gz"
    told = last_line(run("evaluate-logged", str(path), "--format", "hillstrom", "--json", split=[]))
    error = (told["interval"][1] - told["interval"][0]) / 3.92
    assert told["best_single_arm"] == "mens_mail"
    assert told["policy_value"] > told["best_single_arm_value"] - error
    assert told["policy_value"] > told["random_value"]


def test_the_figures_are_drawn_and_only_as_svg(files: tuple[Path, Path], tmp_path: Path) -> None:
    outcomes, decisions = files
    picture = tmp_path / "evidence.svg"
    drawn = ("--decisions", str(decisions), "--plot")
    assert run("evaluate", str(outcomes), *drawn, str(picture)).exit_code == 0
    svg = ElementTree.fromstring(picture.read_text())
    words = [one.text or "" for one in svg.iter("{http://www.w3.org/2000/svg}text")]
    for wanted in ("Qini", "Calibration", "Margin a customer", "Policies"):
        assert any(word.startswith(wanted) for word in words), wanted
    assert {"policy", "random", "ten", "none"} <= set(words)
    refused = run("evaluate", str(outcomes), *drawn, str(tmp_path / "evidence.png"))
    assert refused.exit_code == 2
    assert "must name a .svg file" in refused.output


def test_what_is_not_known_is_not_drawn(files: tuple[Path, Path], tmp_path: Path) -> None:
    picture = tmp_path / "evidence.svg"
    assert run("evaluate", str(files[0]), "--plot", str(picture)).exit_code == 0
    assert "Qini" not in picture.read_text()
