"""The whole league on outcomes that the product itself brought about, in a simulated shop."""

import json
from dataclasses import replace

import pytest

from coupons.policy import PolicySettings
from features.vector import NAMES
from online_models.league.league import League
from online_models.league.lineup import lineup
from online_models.league.loading import scorer_from
from online_models.league.rules import LeagueRules
from online_models.outcomes import Option, Outcome
from online_models.response import ResponseModel
from simulation.play import play
from streams import wire
from streams.context import Effects
from streams.settings import Settings
from streams.simulating.closed_loop import Product
from streams.simulating.worlds import build_world
from streams.typical import BELIEF, TYPICAL


class Recorded(Product):
    """The product, with its outcomes written down."""

    log: list[Outcome]

    def _learn(self, effects: Effects) -> None:
        self.log += effects.outcomes
        super()._learn(effects)


@pytest.fixture(scope="module")
def log() -> list[Outcome]:
    world = build_world(3_000, 5)
    product = Recorded(Settings(), world.catalogue, PolicySettings())
    product.log = []
    play(world.open(), product, world.until_ms)
    return product.log


def folded(log: list[Outcome]) -> League:
    league = League(
        lineup(NAMES, TYPICAL, ResponseModel(NAMES, prior=BELIEF, typical=TYPICAL)),
        names=NAMES,
        rules=LeagueRules(period_labels=300),
    )
    for offset, outcome in enumerate(log):
        league.learn(outcome, offset)
    return league


def test_every_learner_learns_what_the_product_logged_and_the_leader_stays(
    log: list[Outcome],
) -> None:
    league = folded(log)
    assert league.leader.name == "two_causes"
    assert not league.leader.is_pinned
    for standing in league.standings():
        assert standing.learned_count > 300
        assert standing.log_loss is not None
        assert standing.log_loss < 0.69  # better than to know nothing


def test_every_form_is_read_back_for_the_products_features(log: list[Outcome]) -> None:
    league, x = folded(log), log[-1].x
    for entrant in league.entrants:
        text = json.dumps(entrant.learner.scoring_form())
        assert len(text) < 200_000
        scorer = scorer_from(json.loads(text), names=NAMES)
        live = entrant.learner.score(x, [log[0].action])
        assert scorer.score(x, [log[0].action]).p_buy == pytest.approx(live.p_buy, abs=1e-9)


def test_whoever_folds_the_log_again_comes_to_the_same_league(log: list[Outcome]) -> None:
    once, again = folded(log), folded(log)
    assert once.standings() == again.standings()
    assert once.scoring_form() == again.scoring_form()


def test_outcomes_carry_their_options_and_those_written_before_read_on(log: list[Outcome]) -> None:
    option = Option(action=log[0].action, cost_minor=250, price_ratio=0.125)
    told = replace(log[0], candidates=(option,), expected_margin_minor=900)
    value, before = (wire.encode_outcome(one)[1] for one in (told, log[0]))
    assert value is not None
    assert before is not None
    assert wire.decode_outcome(value) == told
    written = json.loads(before)
    del written["candidates"], written["expected_margin_minor"]
    assert wire.decode_outcome(json.dumps(written).encode()) == log[0]
