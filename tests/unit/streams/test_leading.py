"""Who leads the league reaches every scorer, signed, and only whom the settings let learn."""

from dataclasses import replace

import pytest

from coupons.arms import ArmShares
from coupons.choices import Candidate
from coupons.draw import bucket
from coupons.policy import PolicySettings, choose
from features.actions import NOTHING, Action
from features.vector import NAMES
from online_models.league.logistic import Logistic
from online_models.outcomes import Arm, Outcome
from online_models.refusals import Reason, SnapshotRefused
from streams import flow, wire
from streams.ballots import told_options
from streams.lead import OURS, Lead, as_record
from streams.leading import Leading
from streams.learning import Learning
from streams.rules import read_catalogue, rules_of
from streams.seal import Seal
from streams.settings import Settings
from tests.builders import FixedScorer, a_context, a_coupon, an_event, some_rules

SETTINGS = Settings()
KEYED = Settings(model_key="ours")  # type: ignore[arg-type]


def lead(**fields: object) -> Lead:
    form = Logistic(NAMES).scoring_form()
    plain = Lead(name="logistic", rule="value", pinned=False, offset=41, learned_count=9, form=form)
    return replace(plain, **fields)  # type: ignore[arg-type]


def outcome(user_id: str, arm: Arm = "policy") -> Outcome:
    return Outcome(
        decision_id=f"d-{user_id}",
        user_id=user_id,
        arm=arm,
        state="opened",
        decided_ms=0,
        x=dict.fromkeys(NAMES, 0.0),
        action=NOTHING,
        propensity=0.5,
        p_buy=0.1,
    )


def test_another_leader_scores_and_stands_in_decisions_by_its_name() -> None:
    learning = Learning(SETTINGS)
    learning.take_lead(as_record(lead(), None))
    rules = rules_of(SETTINGS, read_catalogue(SETTINGS), learning.in_force)
    assert (rules.model_id, rules.model_version) == ("response-v1.logistic", "41")
    assert rules.policy.name == SETTINGS.policy
    assert learning.in_force.scorer.score(dict.fromkeys(NAMES, 0.0), ()).p_nothing < 1


def test_the_articles_rule_decides_where_it_leads_and_ours_comes_back() -> None:
    learning = Learning(SETTINGS)
    learning.take_lead(as_record(lead(name="article", rule="article"), None))
    rules = rules_of(SETTINGS, read_catalogue(SETTINGS), learning.in_force)
    assert rules.policy.name == "article"
    learning.take_lead(as_record(lead(name=OURS), None))
    assert learning.in_force.model_id == SETTINGS.model_id


def test_a_pinned_form_of_ours_scores_instead_of_the_newest_snapshot() -> None:
    learning = Learning(SETTINGS)
    learning.take_lead(as_record(lead(name=OURS, pinned=True), None))
    assert learning.in_force.model_id == f"{SETTINGS.model_id}.{OURS}"


def test_a_lead_survives_its_topic() -> None:
    written = wire.decode_state(wire.encode_state(as_record(lead(), Seal(b"ours"))))
    learning = Learning(KEYED)
    learning.take_lead(written)
    assert learning.leader == "logistic"


@pytest.mark.parametrize("seal", [None, Seal(b"theirs")])
def test_a_lead_that_our_key_did_not_sign_is_refused(seal: Seal | None) -> None:
    learning = Learning(KEYED)
    with pytest.raises(SnapshotRefused) as refused:
        learning.take_lead(as_record(lead(), seal))
    assert refused.value.reason == Reason.BAD_SIGNATURE
    assert learning.leader is None


def test_shadows_learn_from_a_share_of_customers_and_from_all_that_were_drawn() -> None:
    some = Settings(league_ratio=0.25)
    names = [f"u{n}" for n in range(200)]
    leading = Leading(some, offset=-1, leader=None)
    leading.learn(enumerate(outcome(name) for name in names))
    expected = sum(bucket(name, "league") < 2_500 for name in names)
    learned = next(one.learned_count for one in leading.standings if one.name == "logistic")
    assert learned == expected
    leading.learn(enumerate((outcome(name, "random") for name in names), 200))
    learned = next(one.learned_count for one in leading.standings if one.name == "logistic")
    assert learned == expected + 200
    assert leading.offset == 399


def test_an_outcome_that_comes_again_is_not_learned_again() -> None:
    leading = Leading(Settings(league_ratio=1.0), offset=-1, leader=None)
    leading.learn([(7, outcome("ann"))])
    leading.learn([(7, outcome("ann")), (3, outcome("bob"))])
    assert [one.learned_count for one in leading.standings if one.name == "logistic"] == [1]


def test_what_happens_is_told_with_what_it_takes_to_lead() -> None:
    leading = Leading(SETTINGS, offset=-1, leader="trees")
    told = leading.lead()
    assert (told.name, told.pinned) == ("trees", False)
    learning = Learning(SETTINGS)
    learning.take_lead(as_record(told, None))
    assert learning.in_force.model_id.endswith(".trees")


def test_a_drawn_decision_tells_what_it_was_drawn_among_and_no_other_does() -> None:
    drawn = ArmShares(random=1.0, business_as_usual=0.0, holdout=0.0)
    for shares, told in ((drawn, True), (None, False)):
        rules = some_rules(FixedScorer(nothing=0.05, ten=0.20))
        if shares is not None:
            rules = replace(rules, shares=shares)
        effects = flow.step(flow.new_row(), an_event("cart.added"), a_context(rules))
        (opened,) = effects.outcomes
        assert bool(opened.candidates) is told
        if told:
            (option,) = opened.candidates
            assert (option.action.action_id, option.cost_minor) == ("ten", 500)
            assert opened.expected_margin_minor == round(5_000 * rules.margin_ratio)


def test_options_carry_the_shadow_price_of_their_own_campaign() -> None:
    ten = Candidate(
        coupon=a_coupon("ten"),
        action=Action(action_id="ten", kind="amount_off"),
        discount_minor=500,
        charge_minor=500,
    )
    choice = choose(
        candidates=(ten,),
        blocked=(),
        p_nothing=0.1,
        p_buy=(0.2,),
        margin_minor=1_999.6,
        prices={"spring": 0.5, "other": 2.0},
        arm="random",
        decision_id="x",
        settings=PolicySettings(),
        cold=False,
    )
    told = told_options(outcome("ann", "random"), choice)
    assert [one.price_ratio for one in told.candidates] == [0.5]
    assert told.expected_margin_minor == 2_000
