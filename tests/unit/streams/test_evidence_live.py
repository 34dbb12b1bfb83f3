"""Live evidence says what `evaluate` says of the same outcomes, in memory that does not grow."""

from collections.abc import Iterable
from dataclasses import replace
from random import Random

import pytest

from coupons.arms import ArmShares
from features.actions import NOTHING, Action
from online_models.incremental import Incremental
from online_models.outcomes import Option, Outcome
from streams import gauges
from streams.app import source_of
from streams.decisions import Decision, Guardrail, Priced, ScoredCandidate
from streams.evidence import live as evidence_live
from streams.evidence.findings import evidence, matured
from streams.evidence.live import LOGGED, LiveEvidence
from streams.evidence.rules import shadow_prices
from streams.metrics import SAMPLED_OF, Metrics, Tally
from streams.partitions import Partition
from streams.settings import Settings
from streams.tallies import Flock
from tests.builders import FixedScorer, an_outcome, decided, some_rules

TEN = Action(action_id="ten", kind="percent_off", depth_ratio=0.1)
MARGIN_MINOR, COST_MINOR, HORIZON_MS = 1_000, 100, 10_000
SCORER = FixedScorer(nothing=0.1, ten=0.3)


def log(count: int) -> list[Outcome]:
    """A shop in which the coupon lifts P(buy) from 0.1 to 0.3: worth 170 minor units a decision."""
    dice, told = Random(6), []
    for number in range(count):
        arm = dice.choice(("random", "policy"))
        given = arm == "policy" or dice.random() < 0.5
        bought = dice.random() < (0.3 if given else 0.1)
        opened = an_outcome(
            decision_id=f"d{number}",
            user_id=f"u{number}",
            arm=arm,
            x={"profile_member_now": float(number % 2)},
            action=TEN if given else NOTHING,
            propensity=0.5 if arm == "random" else 1.0,
            candidates=(Option(action=TEN, cost_minor=COST_MINOR),) if arm == "random" else (),
            expected_margin_minor=MARGIN_MINOR if arm == "random" else 0,
        )
        settled = replace(
            opened,
            state="settled",
            settled_ms=opened.decided_ms + (number if bought else HORIZON_MS),
            y=bought,
            order_minor=(3_000 - COST_MINOR * given) * bought,
            discount_minor=COST_MINOR * bought * given,
            margin_minor=(MARGIN_MINOR - COST_MINOR * given) * bought,
            candidates=(),
        )
        told += [opened, settled]
    return told


def heard(outcomes: Iterable[Outcome]) -> LiveEvidence:
    live = LiveEvidence(HORIZON_MS)
    live.learn(outcomes, SCORER)
    return live


def test_live_values_are_those_of_the_same_outcomes_at_once() -> None:
    outcomes = log(4_000)
    values = heard(outcomes).values()
    offline = evidence(outcomes, None, some_rules().shares)["policy_values"]
    assert values[LOGGED].ips.point == pytest.approx(
        offline["logged"]["margin_minor"]["ips"]["point"], abs=1e-6
    )
    drawn = [one for one in outcomes if one.arm == "random"]
    single = evidence(drawn, None, some_rules().shares)["policy_values"]["ten"]
    for name in ("ips", "snips"):
        told = single["margin_minor"][name]
        one = getattr(values["best_value"], name)
        assert one.point == pytest.approx(told["point"], abs=1e-6)
        # customers stand in groups here, so the variance is another estimate of the same
        assert one.upper - one.point == pytest.approx(told["upper"] - told["point"], rel=0.2)
    assert values["best_value"].dr.lower < 0.3 * 900 < values["best_value"].dr.upper
    assert values["none"].dr.lower < 0.1 * 1_000 < values["none"].dr.upper
    assert values["none"].effective_count == pytest.approx(2_000 / 2, rel=0.1)


def test_quick_buyers_count_when_all_had_their_time() -> None:
    """Of ten decisions of one moment three buy at once: at first nothing is told, then 0.3."""
    live = LiveEvidence(HORIZON_MS)
    told = [an_outcome(decision_id=f"d{n}", user_id=f"u{n}", x={}) for n in range(10)]
    bought = [replace(one, state="settled", settled_ms=one.decided_ms, y=True) for one in told[:3]]
    live.learn(told + bought, SCORER)
    assert live.arms == {}
    late_ms = told[0].decided_ms + HORIZON_MS
    live.learn([replace(one, state="settled", settled_ms=late_ms) for one in told[3:]], SCORER)
    assert live.arms["policy"].conversion_ratio == 0.3


def test_the_quick_buyers_at_the_end_of_a_log_are_left_out_of_the_values() -> None:
    whole = [one for one in log(200) if one.arm == "policy"]
    end_ms = max(one.settled_ms or 0 for one in whole)
    quick = [
        an_outcome(
            decision_id=f"q{n}", user_id=f"q{n}", state="settled", y=True, decided_ms=end_ms - 1
        )
        for n in range(50)
    ]
    late = [replace(one, settled_ms=end_ms) for one in quick]
    settled = [one for one in whole if one.state == "settled"]
    assert matured(whole + late) == settled
    report = evidence(whole + late, None, some_rules().shares)
    assert report["policy_values"]["logged"]["decisions"] == len(settled)


def test_conversion_redemption_and_the_sorting_of_scores_are_told() -> None:
    live = heard(log(4_000))
    assert live.arms["policy"].conversion_ratio == pytest.approx(0.3, abs=0.04)
    assert live.arms["policy"].redemption_ratio == pytest.approx(0.3, abs=0.04)
    drawn = live.sorting()
    assert drawn is not None
    assert drawn.whole_gain == pytest.approx(170, abs=60)
    assert drawn.qini == pytest.approx(0.0, abs=1e-9)  # all scores are the same
    assert heard([]).sorting() is None


def test_an_order_that_settles_several_decisions_is_one_order_of_the_price_gap() -> None:
    orders = [one for one in log(400) if one.state == "settled" and one.y]
    once, thrice = heard(orders).price_gaps(), heard(one for one in orders for _ in range(3))
    assert once
    assert once == thrice.price_gaps()


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evidence_live, "MAX_WAITING_COUNT", 10)
    live = LiveEvidence(HORIZON_MS)
    live.learn((one for one in log(400) if one.state == "opened"), SCORER)
    assert len(live._waiting) == 10
    settled = [one for one in log(4_000) if one.state == "settled"]
    live.learn(settled, SCORER)
    units = live.values()[LOGGED].units_count
    assert units == evidence_live.GROUPS_COUNT


def shown(metrics: Metrics) -> str:
    return metrics.exposition()[0].decode()


def test_the_gauges_show_it() -> None:
    metrics = Metrics()
    gauges.set_evidence_gauges(metrics, heard(log(2_000)))
    text = shown(metrics)
    for wanted in (
        'coupon_policy_value_minor{bound="lower",estimator="dr",policy="best_value"}',
        'coupon_policy_effective_decisions{policy="none"}',
        'coupon_conversion_ratio{variant="random"}',
        'coupon_redemption_ratio{variant="policy"}',
        'coupon_price_gap_ratio{bound="point",group="member"}',
        "coupon_sorting_auuc_minor",
    ):
        assert wanted in text
    assert 'other"' not in text


def test_what_customers_would_have_brought_anyway_stands_beside_what_coupons_earned() -> None:
    partition = Partition(0, {}, source_of(Settings()))
    for arm, totals in (("policy", (900, 700, 800)), ("holdout", (300, 500))):
        for total in totals:
            partition.state.earnings.move(arm, None, total)  # type: ignore[arg-type]
    metrics = Metrics()
    gauges.set_experiment_gauges(metrics, [partition], ArmShares(), "spring")
    assert 'coupon_baseline_minor{variant="policy"} 1200.0' in shown(metrics)
    assert partition.state.earnings.effect().point_minor == 900 + 700 + 800 - 1_200


def test_the_return_on_coupons_is_told_from_what_arms_spent() -> None:
    earned = Incremental()
    for number in range(200):
        earned.move("policy", None, 1_000 + number % 7)
        earned.move("holdout", None, 900 + number % 5)
    assert earned.roi() is None
    earned.spend("policy", 10_000)
    told = earned.roi()
    assert told is not None
    assert told.point == pytest.approx((3 - 2 + 100) * 200 / 10_000, abs=0.05)
    assert Incremental.load(earned.dump()).roi() == told  # type: ignore[arg-type]


def weighed(identity: str, *, blocked: bool) -> Decision:
    """A decision in which `ten` is worth 170, or is kept back by quiet hours."""
    rows = [ScoredCandidate(action="nothing", score=0.0, p_buy=0.1, propensity=1.0)]
    if not blocked:
        rows.append(ScoredCandidate(action="ten", score=170.0, p_buy=0.3, propensity=0.0))
    plain = decided()
    return Decision(
        **{name: getattr(plain, name) for name in plain.__struct_fields__}
        | {
            "decision_id": identity,
            "offer": None,
            "candidates": tuple(rows),
            "prices": (Priced(campaign_id="c", price=0.0, coupons=("ten",)),),
            "why_not": {},
            "guardrails": (Guardrail(code="quiet_hours", action="ten"),) if blocked else (),
        }
    )


def test_the_price_of_a_rule_is_that_of_evaluate_from_every_32nd_decision() -> None:
    made = [weighed("a" + "b" * 25, blocked=False), weighed("a" + "c" * 25, blocked=True)]
    made.append(weighed("z" * 26, blocked=True))
    metrics, tally, flock = Metrics(), Tally(), Flock()
    for one in made:
        flock.note_decision(one, tally)
    metrics.apply(tally)
    told = shadow_prices(made[:2])["quiet_hours"]["lost_minor"]
    assert told == 170
    assert f'coupon_rule_cost_minor_total{{rule="quiet_hours"}} {170.0 * SAMPLED_OF}' in shown(
        metrics
    )
