"""What a decision tells of its reasons: the strongest contributions, their sum, the features."""

from hashlib import sha256
from struct import pack

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coupons.arms import ArmShares
from coupons.policy import PolicySettings, choose
from features.basket import Basket
from streams.context import Point, Rules
from streams.decisions import Decision
from streams.report import SHOWN_CONTRIBUTIONS_COUNT, report_choice
from tests.builders import FixedAnswers, a_context, an_event, some_rules

NAMES = [f"{letter}_count_1h" for letter in "abcdefghijkl"]


class Told(FixedAnswers):
    """Answers whose contributions are told."""

    def __init__(self, named: dict[str, float]) -> None:
        super().__init__(0.1, [])
        self.named = named

    def contributions(self, at: int | None) -> dict[str, float]:
        return dict(self.named)


def reported(named: dict[str, float], x: dict[str, float] | None = None) -> Decision:
    """Report the choice of nothing, where there was nothing to give."""
    rules = some_rules()
    choice = choose(
        candidates=(),
        blocked=(),
        p_nothing=0.1,
        p_buy=(),
        margin_minor=2_000.0,
        prices={},
        arm="policy",
        decision_id="d" * 26,
        settings=PolicySettings(),
        cold=False,
    )
    point = Point(
        decision_id="d" * 26,
        event=an_event(),
        x={} if x is None else x,
        basket=Basket(goods_minor=5_000),
        experiment=rules.experiment_of("ann"),
    )
    return report_choice(point, choice, Told(named), a_context(rules))


@given(st.dictionaries(st.sampled_from(NAMES), st.floats(-3, 3)))
def test_c66_shown_contributions_are_the_strongest_and_all_sum_to_the_whole(
    named: dict[str, float],
) -> None:
    decision = reported({"bias": -2.5, **named})
    shown = [one for one in decision.contributions if one.feature != "other"]
    strongest = sorted(filter(None, named.values()), key=abs, reverse=True)
    assert decision.base_log_odds == -2.5
    assert [abs(one.log_odds) for one in shown] == pytest.approx(
        [abs(value) for value in strongest[:SHOWN_CONTRIBUTIONS_COUNT]], abs=1e-6
    )
    total = sum(one.log_odds for one in decision.contributions)
    assert total == pytest.approx(sum(named.values()), abs=1e-5)


def test_contributions_of_equal_strength_stand_in_the_order_of_their_names() -> None:
    forwards = {"bias": -2.5, **dict.fromkeys(NAMES, 0.5)}
    backwards = {"bias": -2.5, **dict.fromkeys(reversed(NAMES), 0.5)}
    told = reported(forwards).contributions
    assert [one.feature for one in told] == [*NAMES[:SHOWN_CONTRIBUTIONS_COUNT], "other"]
    assert told == reported(backwards).contributions


def test_features_that_are_zero_or_say_nothing_are_left_out_but_hashed() -> None:
    x = {"browse_count_5m": 0.3466, "cart_count_1h": 0.0}
    assert reported({"bias": -2.5}, x).features == {}
    decision = reported({"bias": -2.5, "browse_count_5m": 0.2, "cart_count_1h": 0.1}, x)
    assert decision.features == {"browse_count_5m": 0.3466}
    hashed = b"browse_count_5m|cart_count_1h" + pack("<d", 0.3466) + pack("<d", 0.0)
    assert decision.features_hash == sha256(hashed).hexdigest()[:16]


@given(st.text(max_size=12), st.sampled_from([0.0, 0.2, 0.5]))
def test_the_experiment_in_a_decision_is_the_arm_that_money_is_booked_under(
    user_id: str, holdout: float
) -> None:
    rules: Rules = some_rules(shares=ArmShares(holdout=holdout))
    experiment = rules.experiment_of(user_id)
    assert experiment.variant == rules.arm_of(user_id)
    assert experiment == rules.experiment_of(user_id)
