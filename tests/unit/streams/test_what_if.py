"""A log is decided again under other rules: what differs is told in money, nothing is changed."""

import json
from hashlib import sha256
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest
from click.testing import CliRunner
from msgspec.structs import replace

from coupons.catalogue import Campaign, Catalogue
from features.actions import NOTHING, Action
from online_models.outcomes import Outcome
from streams import wire
from streams.cli import cli
from streams.decisions import Decision, Experiment, ModelRef, PolicyRef, ScoredCandidate, Scores
from streams.recordings.repeating import Repeat
from streams.recordings.writing import EVENTS
from streams.simulating.from_log import WhatIf
from streams.simulating.other_rules import Change, with_budget
from streams.simulating.support import estimate
from tests.builders import NOON_MS, an_event
from tests.unit.streams.test_repeat import EVENTS_COUNT, SETTINGS, lines, recorded, write

RANDOM = SETTINGS.model_copy(update={"policy": "random", "random_ratio": 0.0})
DAY_MS = 86_400_000


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a recording, which no test here may change."""
    return recorded(tmp_path_factory.mktemp("once") / "run", RANDOM)


def digests(folder: Path) -> dict[str, str]:
    return {path.name: sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())}


def decided_again(folder: Path, change: Change) -> tuple[dict[str, Any], Repeat]:
    what_if = WhatIf(RANDOM, change)
    repeat = Repeat(RANDOM, folder, watch=what_if.watch)
    assert repeat.run().holds
    return what_if.told(repeat.partitions), repeat


def test_the_same_rules_differ_in_nothing(folder: Path) -> None:
    told, _ = decided_again(folder, Change(policy="random"))
    assert told["decided"]["offers"] > 0, "there must be offers, or it shows nothing"
    assert told["decided"] == told["what_if"]
    assert set(told["difference"].values()) == {0}
    assert told["offers_compared"]["same"] == told["decided"]["offers"]


def test_without_money_no_offer_is_made_and_all_of_them_are_dropped(folder: Path) -> None:
    told, _ = decided_again(folder, Change(budget_minor=0))
    offers = told["decided"]["offers"]
    assert (told["what_if"]["offers"], told["what_if"]["promised_minor"]) == (0, 0)
    assert told["difference"]["offers"] == -offers
    assert told["difference"]["promised_minor"] == -told["decided"]["promised_minor"] < 0
    assert told["offers_compared"]["dropped"] == offers


def test_what_differs_in_money_is_what_the_decisions_say(folder: Path) -> None:
    told, _ = decided_again(folder, Change(policy="none"))
    made = [json.loads(line) for line in lines(folder, "decisions.ndjson")]
    promised = sum(one["budget"]["charged_minor"] for one in made if one["budget"])
    profit = 0.0
    for one in made:
        if one["offer"] is not None:
            (row,) = (c for c in one["candidates"] if c["action"] == one["offer"]["template_id"])
            profit += row["p_buy"] * (one["margin_minor"] - row["discount_minor"])
            profit -= one["candidates"][0]["p_buy"] * one["margin_minor"]
    assert told["decided"]["promised_minor"] == promised > 0
    assert told["decided"]["expected_profit_minor"] == round(profit) != 0
    assert told["what_if"]["expected_profit_minor"] == 0


def test_it_is_dry_no_row_no_model_and_no_file_is_another_afterwards(folder: Path) -> None:
    before, alone = digests(folder), Repeat(RANDOM, folder)
    alone.run()
    _, watched = decided_again(folder, Change(policy="none", budget_minor=1))
    assert watched.state_hash() == alone.state_hash()
    assert digests(folder) == before
    assert sorted(path.name for path in folder.parent.iterdir()) == ["run"]


def ran(*arguments: str, **told: str) -> Any:
    env = {"COUPON_PARTITIONS": "1", "COUPON_SNAPSHOT_EVERY": "20", "COUPON_KNOWLEDGE_EVERY": "15"}
    return CliRunner(env={**env, **told}).invoke(cli, ["simulate", *arguments])


def test_the_command_tells_it_as_a_table_and_as_json(folder: Path, tmp_path: Path) -> None:
    random = {"COUPON_POLICY": "random", "COUPON_RANDOM_RATIO": "0"}
    found = ran("--from-log", str(folder), "--budget", "0", "--json", **random)
    assert found.exit_code == 0, found.output
    told = json.loads(found.stdout.splitlines()[-1])
    assert told["repeated"] is True
    assert told["what_if"]["offers"] == 0 < told["decided"]["offers"]
    assert "what customers would have done is not known" in " ".join(found.stdout.split())
    assert "no longer made" in found.stdout
    torn = tmp_path / "torn"
    copytree(folder, torn)
    write(torn, EVENTS, lines(torn, EVENTS)[:-1])
    lost = ran("--from-log", str(torn), "--budget", "0", **random)
    assert lost.exit_code == 1
    assert "is not repeated to the byte" in lost.stdout


def test_a_file_of_events_is_decided_as_it_would_be_now_and_otherwise(tmp_path: Path) -> None:
    file, other = tmp_path / "day.ndjson", tmp_path / "other.yaml"
    events = (
        an_event("cart.added", at_ms=NOON_MS + n * 3_600_000, user_id=f"u{n % 3}", event_id=f"e{n}")
        for n in range(EVENTS_COUNT)
    )
    file.write_bytes(b"".join(wire.encode_event(event) + b"\n" for event in events))
    text = SETTINGS.catalogue_path.read_text("utf-8")
    other.write_text(text.replace("budget: ", "budget: 1", 1), "utf-8")
    options = ("--from-log", str(file), "--format", "native", "--catalogue", str(other), "--json")
    found = ran(*options)
    assert found.exit_code == 0, found.output
    told = json.loads(found.stdout.splitlines()[-1])
    assert told["decided"]["decisions"] == told["what_if"]["decisions"] == EVENTS_COUNT
    assert told["catalogue_version"] != ""
    assert ran(*options).stdout == found.stdout


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((), "must come with another --catalogue, --budget or --policy"),
        (("--policy", "oracle"), "must be one of policy, article"),
        (("--policy", "none", "--policy", "random"), "must be one of policy, article"),
        (("--policy", "none", "--seed", "3"), "--seed must not be given with --from-log"),
        (("--policy", "none", "--runs", "3"), "--runs must not be given with --from-log"),
    ],
)
def test_what_a_log_cannot_answer_is_refused(
    tmp_path: Path, arguments: tuple[str, ...], told: str
) -> None:
    (tmp_path / "run").mkdir()
    found = ran("--from-log", str(tmp_path / "run"), *arguments)
    assert found.exit_code == 2
    assert told in " ".join(found.output.split())


def test_a_file_without_its_format_and_options_without_a_log_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "day.ndjson"
    file.touch()
    assert "--format must be one of" in ran("--from-log", str(file), "--policy", "none").output
    assert "must be given with --from-log" in ran("--format", "native").output


def test_budgets_are_scaled_to_the_minor_unit_and_refused_where_that_has_no_meaning() -> None:
    three = [Campaign(campaign_id=name, budget_minor=1) for name in "abc"]
    scaled = with_budget(Catalogue.of(three), 100)
    assert [one.budget_minor for one in scaled.campaigns] == [33, 33, 34]
    with pytest.raises(ValueError, match="more than 0 together"):
        with_budget(Catalogue(), 100)
    mixed = [three[0], Campaign(campaign_id="d", budget_minor=1, currency="CNY")]
    with pytest.raises(ValueError, match="of one currency, were of CNY, EUR"):
        with_budget(Catalogue.of(mixed), 100)


# -- what customers would have done ---------------------------------------------------------------


def a_choice(number: int, chances: dict[str, float]) -> Decision:
    return Decision(
        decision_id=f"{number:026}",
        user_id=f"u{number}",
        trigger_event_id=f"e{number}",
        trigger_event_type="cart.added",
        decided_at="2026-01-01T00:00:00.000Z",
        action="no_offer",
        propensity=1.0,
        candidates=tuple(
            ScoredCandidate(action=name, score=0.0, p_buy=0.5, propensity=chance)
            for name, chance in chances.items()
        ),
        scores=Scores(p_buy_without=0.5, p_buy_with=0.5, uplift=0.0, expected_margin_minor=0),
        experiment=Experiment(id="x", variant="policy", bucket=0),
        model=ModelRef(id="m", version="1"),
        policy=PolicyRef(name="policy", version="1"),
        catalogue_version="c",
        margin_minor=1_000.0,
    )


def a_settled(number: int, action: Action, margin_minor: int) -> Outcome:
    return Outcome(
        decision_id=f"{number:026}",
        user_id=f"u{number}",
        arm="policy",
        state="settled",
        decided_ms=NOON_MS,
        settled_ms=NOON_MS + DAY_MS,
        x={},
        action=action,
        propensity=0.5,
        p_buy=0.5,
        margin_minor=margin_minor,
    )


NONE = NOTHING.action_id
TEN = Action(action_id="ten", kind="amount_off")


def drawn(count: int, wanted: dict[str, float]) -> dict[str, Any]:
    """Let chance give half of the customers a coupon that is worth 300, and ask for others."""
    asked = {}
    outcomes = []
    for n in range(count):
        asked[f"{n:026}"] = a_choice(n, {NONE: 0.5, "ten": 0.5}), a_choice(n, wanted)
        given = n % 2 == 0
        outcomes.append(a_settled(n, TEN if given else NOTHING, 800 if given else 500))
    return estimate(asked, outcomes)


def test_what_chance_gave_tells_what_the_other_rules_would_have_earned() -> None:
    found = drawn(400, {NONE: 0.0, "ten": 1.0})
    assert found["reliable"]
    assert found["snips_minor"]["point"] == pytest.approx(800)
    assert found["gain_minor"]["point"] == pytest.approx(150)
    assert found["gain_in_all_minor"]["point"] == pytest.approx(400 * 150)
    assert found["effective_sample_size"] == 200
    assert found["verdict"] == "these rules would have earned more"
    assert drawn(400, {NONE: 1.0})["verdict"] == "these rules would have earned less"


def test_nothing_is_concluded_from_few_decisions() -> None:
    found = drawn(40, {"ten": 1.0})
    assert not found["reliable"]
    assert found["verdict"] == "no conclusion: only 20 effective decisions stand behind it"


def test_nothing_is_concluded_of_coupons_that_could_not_be_given_then() -> None:
    found = drawn(400, {"ten": 0.1, "twenty": 0.9})
    assert found["supported_ratio"] == pytest.approx(0.1)
    assert not found["reliable"]
    assert found["verdict"].startswith("no conclusion: only 10%")
    alone = drawn(400, {"twenty": 1.0})
    assert (alone["compared"], alone["reliable"]) == (0, False)


def test_where_an_earlier_offer_would_stand_there_is_nothing_to_compare() -> None:
    one = a_choice(1, {NONE: 1.0})
    silent = replace(one, scores=None, candidates=())  # an earlier offer stands
    found = estimate({one.decision_id: (one, silent)}, [a_settled(1, NOTHING, 500)])
    assert (found["decisions"], found["compared"]) == (1, 0)
    assert estimate({}, [])["verdict"].startswith("no conclusion: no decision had all its time")
