"""What every learner owes: a small form that scores as it does, and refusals of damaged ones."""

import json
from collections.abc import Callable
from copy import deepcopy
from math import isfinite, log
from typing import Any

import pytest

from features.actions import NOTHING, Action
from online_models.league.contracts import Form, Learner
from online_models.league.factors import Factors
from online_models.league.forms import FORMAT
from online_models.league.loading import scorer_from
from online_models.league.logistic import Logistic, Margin
from online_models.league.optimist import Optimist
from online_models.league.trees import Trees
from online_models.league.two_causes import TwoCauses
from online_models.refusals import Reason, SnapshotRefused
from online_models.response import ResponseModel
from online_models.shapes import log_odds
from online_models.snapshot import digest
from tests.unit.online_models.league.shop import NAMES, TEN, THIRTY, outcomes

MAKERS: dict[str, Callable[[], Learner]] = {
    "two_causes": lambda: TwoCauses(ResponseModel(NAMES)),
    "logistic": lambda: Logistic(NAMES),
    "margin": lambda: Margin(NAMES),
    "trees": lambda: Trees(NAMES, grace=100),
    "factors": lambda: Factors(NAMES, NAMES, every=2),
    "linucb": lambda: Optimist(NAMES, NAMES),
}
COUPONS = [TEN.action, THIRTY.action, Action(action_id="new", kind="gift")]
USERS = [{"cart": 1.5, "visits": 0.2, "deals": 1.0}, {"cart": 0.1, "visits": 0.9, "deals": 0.0}]

every_learner = pytest.mark.parametrize("name", MAKERS)


def trained(name: str, count: int = 1_500) -> Learner:
    learner = MAKERS[name]()
    for outcome in outcomes(1, count):
        if outcome.state == "opened":
            learner.learn_opened(outcome.x, outcome.action)
        elif outcome.y:
            learner.learn_bought(outcome.x, outcome.action)
    return learner


@pytest.fixture(scope="module")
def forms() -> dict[str, Form]:
    return {name: trained(name).scoring_form() for name in MAKERS}


@every_learner
def test_a_form_read_back_from_json_scores_as_its_learner_does(name: str) -> None:
    learner = trained(name)
    scorer = scorer_from(json.loads(json.dumps(learner.scoring_form())), names=NAMES)
    for x in USERS:
        live, read = learner.score(x, COUPONS), scorer.score(x, COUPONS)
        assert [read.p_nothing, *read.p_buy] == pytest.approx(
            [live.p_nothing, *live.p_buy], abs=1e-9
        )


@every_learner
def test_contributions_sum_to_the_logit(name: str, forms: dict[str, Form]) -> None:
    scorer = scorer_from(forms[name], names=NAMES)
    for x in USERS:
        answers = scorer.score(x, COUPONS)
        for at in (None, 0, 1, 2):
            p = answers.p_nothing if at is None else answers.p_buy[at]
            shares = answers.contributions(at)
            assert sum(shares.values()) == pytest.approx(log_odds(p), abs=1e-6)
            assert set(shares) <= {*NAMES, "bias", "coupon", "caution"}


@every_learner
def test_a_form_stays_small_and_a_learner_bounded_whatever_coupons_come(name: str) -> None:
    learner = trained(name, 400)
    for number in range(400):
        coupon = Action(action_id=f"c{number}", kind=f"k{number}", depth_ratio=0.1)
        learner.learn_opened({"cart": number % 3}, coupon)
    assert len(json.dumps(learner.scoring_form())) < 200_000


@every_learner
def test_it_answers_before_any_label_and_without_any_feature(name: str) -> None:
    answers = MAKERS[name]().score({}, COUPONS)
    assert all(0 < p < 1 for p in (answers.p_nothing, *answers.p_buy))


@every_learner
def test_learning_leaves_the_features_alone(name: str) -> None:
    learner, x = MAKERS[name](), dict(USERS[0])
    learner.learn_opened(x, TEN.action)
    learner.learn_bought(x, TEN.action)
    learner.score(x, COUPONS)
    assert x == USERS[0]


@every_learner
def test_a_spoilt_example_is_refused(name: str) -> None:
    learner = trained(name, 100)
    before = learner.score(USERS[0], COUPONS).p_buy
    with pytest.raises(ValueError, match="features must be finite"):
        learner.learn_bought({"cart": float("nan")}, TEN.action)
    assert learner.score(USERS[0], COUPONS).p_buy == before


@every_learner
def test_it_learns_who_buys_from_labels_that_come_late(name: str) -> None:
    learner, said = MAKERS[name](), {}
    losses, base = [], []
    for outcome in outcomes(2, 5_000):
        if outcome.state == "opened":
            said[outcome.decision_id] = learner.learn_opened(outcome.x, outcome.action)
            continue
        if outcome.y:
            learner.learn_bought(outcome.x, outcome.action)
        p = said.pop(outcome.decision_id)
        losses.append(-log(p if outcome.y else 1 - p))
        base.append(outcome.y)
    rate = sum(base[2_000:]) / len(base[2_000:])
    blind = -(rate * log(rate) + (1 - rate) * log(1 - rate))
    assert sum(losses[2_000:]) / len(losses[2_000:]) < blind


def broken(form: Form, change: Callable[[Form], Any], reseal: bool) -> Form:
    form = deepcopy(form)
    change(form)
    if reseal:
        form["header"]["digest"] = digest(form)
    return form


def deepest(form: Form) -> None:
    node: list[Any] = [0.5]
    for _ in range(20):
        node = [0.5, 0, 0.5, node, [0.5]]
    form["body"]["alone"] = node


DAMAGES: list[tuple[str, Callable[[Form], Any], bool, Reason]] = [
    ("linear", lambda f: f["body"].update(user_bias=3.0), False, Reason.BAD_DIGEST),
    ("linear", lambda f: f["header"].update(format=FORMAT + 1), True, Reason.UNKNOWN_FORMAT),
    ("linear", lambda f: f["header"].update(names=["other"]), True, Reason.OTHER_FEATURES),
    ("linear", lambda f: f["header"].update(family="pickle"), True, Reason.WRONG_VALUE),
    ("linear", lambda f: f["header"].update(learned_count=-1), True, Reason.WRONG_VALUE),
    ("linear", lambda f: f.pop("body"), False, Reason.WRONG_TYPE),
    ("linear", lambda f: f["body"].update(user_bias=1e9), True, Reason.WRONG_VALUE),
    ("linear", lambda f: f["body"].update(user_bias=float("nan")), False, Reason.NOT_FINITE),
    ("linear", lambda f: f["body"].update(user_bias=1), True, Reason.WRONG_TYPE),
    ("linear", lambda f: f["body"]["user"].pop(), True, Reason.WRONG_VALUE),
    ("linear", lambda f: f["body"]["kinds"].extend([{"id": "k", "w": 0.0}] * 99), True,
     Reason.WRONG_VALUE),
    ("trees", deepest, True, Reason.WRONG_VALUE),
    ("trees", lambda f: f["body"].update(alone=[0.5, 77, 0.5, [0.5], [0.5]]), True,
     Reason.WRONG_VALUE),
    ("trees", lambda f: f["body"].update(alone=[0.5, 1]), True, Reason.WRONG_TYPE),
    ("trees", lambda f: f["body"].update(alone=[]), True, Reason.WRONG_TYPE),
    ("factors", lambda f: f["body"].update(factors=10**9), True, Reason.WRONG_VALUE),
    ("factors", lambda f: f["body"]["inputs"][0].update(id="__class__"), True, Reason.WRONG_VALUE),
    ("factors", lambda f: f["body"]["inputs"][0]["v"].pop(), True, Reason.WRONG_VALUE),
    ("linucb", lambda f: f["body"]["arms"][0]["spread"].pop(), True, Reason.WRONG_VALUE),
    ("linucb", lambda f: f["body"].update(chosen=["other"]), True, Reason.OTHER_FEATURES),
    ("two_causes", lambda f: f["body"]["settings"].update(alpha=9.0), True, Reason.BAD_DIGEST),
]  # fmt: skip


@pytest.mark.parametrize("damage", range(len(DAMAGES)))
def test_a_damaged_form_is_refused_with_its_reason(damage: int, forms: dict[str, Form]) -> None:
    family, change, reseal, reason = DAMAGES[damage]
    form = broken(forms["logistic" if family == "linear" else family], change, reseal)
    with pytest.raises(SnapshotRefused) as refused:
        scorer_from(form, names=NAMES)
    assert refused.value.reason == reason


@pytest.mark.parametrize("nonsense", [None, 7, [], {}, {"header": {}, "body": {}}, b"x"])
def test_what_is_no_form_is_refused(nonsense: object) -> None:
    with pytest.raises(SnapshotRefused):
        scorer_from(nonsense, names=NAMES)


def test_few_labels_of_an_action_leave_it_cold(forms: dict[str, Form]) -> None:
    scorer = scorer_from(forms["logistic"], names=NAMES)
    assert not scorer.is_cold(NOTHING)
    assert scorer.is_cold(Action(action_id="new", kind="gift"))


def test_doubt_speaks_for_a_coupon_only_in_the_bandit(forms: dict[str, Form]) -> None:
    answers = scorer_from(forms["linucb"], names=NAMES).score(USERS[0], COUPONS)
    assert all(p > answers.expected(at) for at, p in enumerate(answers.p_buy))
    never_seen, well_known = 2, 0
    gaps = [p - answers.expected(at) for at, p in enumerate(answers.p_buy)]
    assert gaps[never_seen] > gaps[well_known]
    assert all(map(isfinite, gaps))
