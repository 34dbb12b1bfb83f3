"""Hidden families of features: learners neither score nor learn with them, all else goes on."""

from dataclasses import replace
from random import Random

import pytest
from click.testing import CliRunner

from features.actions import NOTHING
from features.table import FEATURES
from online_models.response import ResponseModel
from streams import wire
from streams.cli import cli
from streams.simulating.ablation import gain, losses
from streams.simulating.hiding import FAMILIES, NOTHING_HIDDEN, Hidden
from tests.builders import an_outcome

NAMES = tuple(feature.name for feature in FEATURES)
FULL = dict.fromkeys(NAMES, 0.5)


def test_every_feature_belongs_to_a_family_that_can_be_hidden() -> None:
    assert Hidden.of(FAMILIES).names == set(NAMES)
    assert not any(Hidden.of(FAMILIES).blank(FULL).values())


@pytest.mark.parametrize("family", FAMILIES)
def test_a_scorer_answers_as_if_what_is_hidden_were_nothing(family: str) -> None:
    model, hidden = ResponseModel(NAMES), Hidden.of([family])
    for number in range(200):
        x = FULL | {name: float(number % 2) for name in hidden.names}
        model.learn_opened(x, NOTHING)
        if number % 2:
            model.learn_bought(x, NOTHING)
    blinkered = hidden.scorer(model)
    assert blinkered.score(FULL, []).p_nothing == model.score(hidden.blank(FULL), []).p_nothing
    assert blinkered.score(FULL, []).p_nothing != model.score(FULL, []).p_nothing
    assert blinkered.is_cold(NOTHING) == model.is_cold(NOTHING)


def test_an_outcome_does_not_tell_what_is_hidden() -> None:
    outcome = replace(an_outcome(), x=FULL)
    hidden = Hidden.of(["taste"])
    told = hidden.outcome(outcome)
    assert {name for name, value in told.x.items() if not value} == hidden.names
    assert replace(told, x=FULL) == outcome
    assert NOTHING_HIDDEN.outcome(outcome) is outcome


def test_a_run_says_what_was_hidden_in_it() -> None:
    asked = "simulate --events 1000 --seed 5 --policy policy --without taste --json".split()
    done = CliRunner().invoke(cli, asked)
    assert done.exit_code == 0, done.output
    assert wire.decode_row(done.stdout.splitlines()[-1].encode())["without"] == ["taste"]


def test_what_a_family_tells_is_the_loss_of_hiding_it() -> None:
    """Purchases hang on one feature of `taste`: hiding it costs, hiding another family does not."""
    dice, outcomes = Random(5), []
    for number in range(800):
        x = dict.fromkeys(NAMES, 0.0) | {"category_share_now": float(dice.random() < 0.5)}
        y = dice.random() < (0.6 if x["category_share_now"] else 0.05)
        given = {"decision_id": str(number), "x": x}
        outcomes += [an_outcome(**given), an_outcome(**given, state="settled", y=y)]
    full = losses(outcomes, NOTHING_HIDDEN).judged
    assert len(full) == 640
    found, error = gain(full, losses(outcomes, Hidden.of(["taste"])).judged)
    assert found - error > 0.02
    other, _ = gain(full, losses(outcomes, Hidden.of(["cart"])).judged)
    assert abs(other) < 0.01
