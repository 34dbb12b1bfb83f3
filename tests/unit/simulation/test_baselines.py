"""The baselines learn what they should, and the bandit is told all and exactly what happened."""

from random import Random

import pytest

from features.actions import NOTHING, Action
from online_models.outcomes import Outcome
from simulation.baselines.bandit import Bandit
from simulation.baselines.estimates import Baseline
from simulation.baselines.learners import SLearner, TLearner
from streams.settings import Settings
from streams.simulating import rivals
from tests.builders import an_outcome

TEN = Action(action_id="ten", kind="percent_off", depth_ratio=0.1)
KEEN, COOL = {"keen": 1.0}, {"keen": -1.0}


class Remembering:
    """A workspace that prefers the last action and keeps what it is taught."""

    def __init__(self) -> None:
        self.asked: list[list[str]] = []
        self.taught: list[list[str]] = []

    def predict(self, examples: list[str]) -> list[float]:
        self.asked.append(examples)
        return [0.1] * (len(examples) - 2) + [0.9]

    def learn(self, examples: list[str]) -> None:
        self.taught.append(examples)


def outcome(x: dict[str, float], action: Action, y: bool) -> Outcome:
    return an_outcome(state="settled", x=x, action=action, y=y)


LEARNERS = pytest.mark.parametrize("make", [SLearner, TLearner])


@LEARNERS
def test_a_learner_finds_whom_a_coupon_moves(make: type[SLearner | TLearner]) -> None:
    learner: Baseline = make()
    dice = Random(1)
    for _ in range(3_000):
        x, given = dice.choice((KEEN, COOL)), dice.choice((TEN, NOTHING))
        chance = 0.7 if x is KEEN and given is TEN else 0.2
        learner.learn(outcome(x, given, dice.random() < chance))
    keen, cool = learner.score(KEEN, [TEN]), learner.score(COOL, [TEN])
    assert keen.p_buy[0] - keen.p_nothing > 0.2
    assert abs(cool.p_buy[0] - cool.p_nothing) < 0.1
    assert not learner.is_cold(TEN)
    assert learner.is_cold(Action(action_id="new", kind="gift"))


@LEARNERS
def test_only_labels_that_are_known_are_learned(make: type[SLearner | TLearner]) -> None:
    learner = make()
    before = learner.score(KEEN, [TEN])
    for state in ("opened", "censored"):
        learner.learn(an_outcome(state=state, x=KEEN, action=TEN))
    assert learner.score(KEEN, [TEN]) == before
    assert before.contributions(0)["bias"] == pytest.approx(-2.0)


def test_the_bandit_learns_margin_at_the_propensity_when_the_money_is_known() -> None:
    workspace = Remembering()
    bandit = Bandit(workspace)
    answers = bandit.score({"keen": 0.5, "idle": 0.0}, [TEN])
    assert (answers.p_nothing, answers.p_buy) == (0.1, [0.9])
    bandit.learn(an_outcome(decision_id="a", state="opened", action=TEN, propensity=0.25))
    bandit.score(COOL, [])
    assert workspace.taught == []
    told = an_outcome(
        decision_id="a", state="settled", action=TEN, propensity=0.25, y=True, margin_minor=1_500
    )
    bandit.learn(told)
    shared, nothing, ten = workspace.asked[0]
    assert shared == "shared |u keen:0.5"
    assert workspace.taught == [[shared, nothing, f"0:-1.5000:0.250000 {ten}"]]
    bandit.learn(told)
    assert len(workspace.taught) == 1


def test_what_was_forgotten_is_not_learned() -> None:
    workspace = Remembering()
    bandit = Bandit(workspace)
    bandit.score(KEEN, [TEN])
    bandit.learn(an_outcome(decision_id="a", state="opened", action=TEN))
    bandit.learn(an_outcome(decision_id="a", state="censored", action=TEN))
    bandit.learn(an_outcome(decision_id="a", state="settled", action=TEN))
    assert workspace.taught == []


def test_what_is_not_installed_is_left_out_with_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rivals, "Workspace", None)
    names, text = rivals.playable(["policy", "vowpal_wabbit"])
    assert names == ["policy"]
    assert text == f"vowpal_wabbit is left out: it is not installed ({rivals.INSTALL_BANDIT})"
    assert rivals.playable(["policy"]) == (["policy"], None)


def test_learners_choose_by_uplift_and_the_bandit_by_its_own_order() -> None:
    rules = {name: rivals.policy_of(name, Settings(), "ten").name for name in rivals.POLICIES}
    assert rules["s_learner"] == rules["t_learner"] == rules["policy"] == "policy"
    assert rules["vowpal_wabbit"] == "likeliest"
    assert rules["article"] == "article"
