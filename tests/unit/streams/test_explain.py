"""Why, and why not: what is told of a decision, in both languages."""

from typing import Any

import pytest

from coupons.arms import ArmShares
from coupons.blocks import REASONS as BLOCKS
from coupons.catalogue import Audience
from coupons.policy import PolicySettings
from features.table import FEATURES
from streams import flow
from streams.decisions import Decision
from streams.explaining.features import CHINESE, PARTS, meaning
from streams.explaining.texts import ENDINGS, REASONS, WHEN
from streams.explaining.why import explain, known_coupons, why_not
from streams.settings import TRIGGERS
from tests.builders import (
    NOON_MS,
    FixedScorer,
    a_catalogue,
    a_context,
    a_coupon,
    an_event,
    decided,
    some_rules,
)

PAYS = FixedScorer(nothing=0.05, ten=0.20)
LOSES = FixedScorer(nothing=0.60, ten=0.62)


def a_decision(scorer: FixedScorer = PAYS, **rules: Any) -> Decision:
    context = a_context(some_rules(scorer, **rules))
    decision = flow.step(flow.new_row(), an_event("cart.added"), context).decision
    assert decision is not None
    return decision


def test_a_blocked_coupon_is_told_its_rule_and_how_it_ends() -> None:
    decision = a_decision(catalogue=a_catalogue(a_coupon(min_spend_minor=1_000_000)))
    told = why_not(decision, "ten", "EUR")
    assert told.headline.en == (
        "ten could not be given. The basket is too far below the minimum."
        " It ends as the basket grows."
    )
    assert told.headline.zh == "ten 不可发放。购物金额离使用门槛过远。购物车金额增加后自动解除。"
    assert told.flips == ()
    assert told.no_flip is not None
    assert [one.coupon for one in explain(decision, "EUR").blocked] == ["ten"]


def test_a_rule_that_does_not_end_by_itself_is_not_said_to() -> None:
    members = a_coupon(audience=Audience(members=True))
    told = why_not(a_decision(catalogue=a_catalogue(members)), "ten", "EUR")
    assert told.reason is not None
    assert (told.reason.code, told.reason.ends) == ("audience_members", None)


def test_the_holdout_is_told_what_the_values_would_have_given() -> None:
    shares = ArmShares(random=0.0, business_as_usual=0.0, holdout=1.0)
    decision = a_decision(shares=shares)
    first, second, _ = explain(decision, "EUR").flips
    assert first.text.en == "If the values alone had decided, ten would have been given."
    assert first.text.zh == "若仅按价值决定，将发放 ten。"
    assert second.text.en.endswith("no coupon would have been worth giving.")
    told = why_not(decision, "ten", "EUR")
    assert told.headline.en == (
        "ten was not given. The customer is in the group without coupons."
        " By value, 2.00 EUR, it was the best."
    )
    assert told.lost_by_minor is None


def test_a_drawn_choice_says_so() -> None:
    decision = a_decision(LOSES, policy=PolicySettings(explore_ratio=1.0))
    told = explain(decision, "EUR")
    assert told.explored
    assert "drawn at random, to learn" in told.group.en
    assert told.flips[0].flip.kind == "values"


def test_the_runner_up_and_the_gap_to_the_winner_are_named() -> None:
    offers = a_catalogue(a_coupon(), a_coupon("five", off_minor=300))
    decision = a_decision(FixedScorer(nothing=0.05, ten=0.20, five=0.15), catalogue=offers)
    assert [row.action for row in explain(decision, "EUR").table] == ["ten", "five", "nothing"]
    told = why_not(decision, "five", "EUR")
    assert told.lost_by_minor == 45.0
    assert "ten 2.00 EUR: 0.45 EUR less" in told.headline.en
    assert {flip.flip.becomes for flip in told.flips} == {"five"}


def test_a_trigger_at_which_nobody_was_asked_has_one_answer_for_every_coupon() -> None:
    row, context = flow.new_row(), a_context(some_rules(LOSES))
    flow.step(row, an_event(), context)
    decision = flow.step(row, an_event(at_ms=NOON_MS + 1_000), context).decision
    assert decision is not None
    assert known_coupons(decision) == []
    assert explain(decision, "EUR").headline.en == (
        "ann got no coupon while looking at a product. Asked a moment ago; that answer stands."
    )
    told = why_not(decision, "whatever", "EUR")
    assert told.reason is not None
    assert told.reason.code == "recently_decided"


def test_the_coupon_that_was_given_needs_no_excuse() -> None:
    told = why_not(decided(scorer=PAYS), "ten", "EUR")
    assert told.given
    assert told.headline.zh == "发放的正是 ten。"


def test_every_code_and_every_feature_has_words_in_both_languages() -> None:
    for en, zh in (*REASONS.values(), *ENDINGS.values(), *WHEN.values(), *PARTS.values()):
        assert en
        assert zh
        assert en != zh
    assert ENDINGS.keys() <= REASONS.keys()
    assert BLOCKS.keys() <= REASONS.keys()
    assert frozenset(TRIGGERS) <= WHEN.keys()
    for feature in FEATURES:
        assert meaning(feature.name).zh != meaning(feature.name).en
        assert "{" not in meaning(feature.name).zh
    used = {feature.name.removesuffix(f"_{feature.window}") for feature in FEATURES}
    assert used == CHINESE.keys()


def test_a_coupon_that_the_decision_did_not_know_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="must be one of ten, was twenty"):
        why_not(decided(scorer=LOSES), "twenty", "EUR")
