"""The policy as a table of cases, and what holds for every case."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coupons import blocks
from coupons.arms import Arm
from coupons.catalogue import Coupon, Kind, Scope
from coupons.choices import Blocked, Candidate, Choice
from coupons.policy import CAPS, PolicyName, PolicySettings, choose
from coupons.reasons import REASONS
from coupons.worth import monotone
from features.actions import Action

FIRM = PolicySettings(explore_ratio=0.0)


def offer(
    coupon_id: str,
    discount_minor: int = 100,
    *,
    campaign_id: str = "spring",
    kind: Kind = "percent_off",
    depth_ratio: float = 0.1,
    gap_ratio: float = 0.0,
    scope: Scope = Scope(),  # noqa: B008 - immutable
) -> Candidate:
    return Candidate(
        coupon=Coupon(coupon_id=coupon_id, campaign_id=campaign_id, kind=kind, scope=scope),
        action=Action(action_id=coupon_id, kind=kind, depth_ratio=depth_ratio, gap_ratio=gap_ratio),
        discount_minor=discount_minor,
        charge_minor=discount_minor,
    )


def decide(
    offers: Sequence[Candidate],
    p_nothing: float = 0.1,
    p_buy: Sequence[float] = (),
    *,
    blocked: Sequence[Blocked] = (),
    margin_minor: float = 1_000,
    prices: Mapping[str, float] | None = None,
    hold_prices: Mapping[str, float] | None = None,
    arm: Arm = "policy",
    decision_id: str = "d1",
    settings: PolicySettings = FIRM,
    cold: bool = False,
    at_cart: bool = False,
    suppressed: str | None = None,
) -> Choice:
    return choose(
        candidates=offers,
        blocked=blocked,
        p_nothing=p_nothing,
        p_buy=p_buy,
        margin_minor=margin_minor,
        prices=prices or {},
        hold_prices=hold_prices or {},
        arm=arm,
        decision_id=decision_id,
        settings=settings,
        cold=cold,
        at_cart=at_cart,
        suppressed=suppressed,
    )


def chosen(choice: Choice) -> str | None:
    return choice.candidate.coupon.coupon_id if choice.candidate else None


def test_c44_the_coupon_with_the_highest_incremental_profit_wins() -> None:
    choice = decide([offer("a", 100), offer("b", 300)], 0.1, [0.2, 0.3])
    assert [row.value_minor for row in choice.table] == [0.0, 80.0, 110.0]
    assert (choice.action, chosen(choice)) == ("offer", "b")
    assert choice.reasons == ("best_value",)
    assert choice.why_not == {"a": "lower_value"}


def test_c44_the_price_of_budget_turns_a_dear_coupon_down() -> None:
    choice = decide([offer("a", 100), offer("b", 300)], 0.1, [0.2, 0.3], prices={"spring": 1.0})
    assert [row.value_minor for row in choice.table] == [0.0, 60.0, 20.0]
    assert chosen(choice) == "a"
    dearer = decide([offer("a", 100), offer("b", 300)], 0.1, [0.2, 0.3], prices={"spring": 6.0})
    assert dearer.action == "no_offer"
    assert dearer.reasons == ("no_positive_value",)
    assert dearer.why_not == {"a": "budget_price", "b": "budget_price"}


def test_c44_of_two_coupons_that_earn_alike_the_one_that_holds_less_is_given() -> None:
    bulky, slim = offer("bulky", 100)._replace(charge_minor=3_000), offer("slim", 100)
    assert chosen(decide([bulky, slim], 0.1, [0.21, 0.2])) == "bulky"
    choice = decide([bulky, slim], 0.1, [0.21, 0.2], hold_prices={"spring": 0.01})
    assert chosen(choice) == "slim"
    assert choice.why_not == {"bulky": "lower_value"}
    full = decide([bulky], 0.1, [0.21], hold_prices={"spring": 0.1})
    assert (full.action, full.why_not) == ("no_offer", {"bulky": "budget_price"})


def test_c44_a_price_binds_only_its_own_campaign() -> None:
    offers = [offer("a", 100), offer("b", 100, campaign_id="autumn")]
    assert chosen(decide(offers, 0.1, [0.21, 0.2], prices={"spring": 5.0})) == "b"


def test_c45_nothing_is_always_a_candidate_and_explained() -> None:
    choice = decide([offer("a", 500)], 0.6, [0.62])
    assert choice.table[0].action_id == "nothing"
    assert (choice.action, choice.reasons) == ("no_offer", ("no_positive_value",))
    assert choice.why_not == {"a": "negative_value"}


def test_of_equal_values_the_first_in_the_catalogue_wins() -> None:
    assert chosen(decide([offer("b"), offer("a")], 0.1, [0.3, 0.3])) == "b"


def test_a_value_that_rounds_to_zero_is_not_given_and_not_written_as_minus_zero() -> None:
    choice = decide([offer("a", 0)], 0.5, [0.500004], margin_minor=1)
    assert chosen(choice) is None
    assert math.copysign(1.0, choice.table[1].value_minor) == 1.0


def test_c48_the_table_alone_repeats_the_values() -> None:
    choice = decide([offer("a", 123)], 0.123456789, [0.345678912], margin_minor=777.0)
    nothing, coupon = choice.table
    assert (nothing.p_buy, coupon.p_buy) == (0.123457, 0.345679)
    again = coupon.p_buy * (777 - coupon.discount_minor) - nothing.p_buy * 777
    assert coupon.value_minor == pytest.approx(again, abs=0.005)


def test_c36_probability_never_falls_as_depth_grows() -> None:
    offers = [
        offer("deep", depth_ratio=0.3),
        offer("shallow", depth_ratio=0.1),
        offer("middle", depth_ratio=0.2),
    ]
    assert monotone(offers, [0.2, 0.3, 0.25]) == [0.3, 0.3, 0.3]
    assert monotone(offers, [0.5, 0.3, 0.4]) == [0.5, 0.3, 0.4]


def test_c36_only_like_coupons_bind_each_other() -> None:
    books = Scope(of="category", names=frozenset({"books"}))
    offers = [
        offer("shallow", depth_ratio=0.1),
        offer("equal", depth_ratio=0.1),
        offer("gift", depth_ratio=0.3, kind="gift"),
        offer("books", depth_ratio=0.3, scope=books),
        offer("far", depth_ratio=0.3, gap_ratio=0.4),
        offer("deep", depth_ratio=0.3),
    ]
    assert monotone(offers, [0.6, 0.2, 0.2, 0.2, 0.2, 0.2]) == [0.6, 0.2, 0.2, 0.2, 0.2, 0.6]


def test_c49_a_cold_decision_is_a_valid_one_and_says_so() -> None:
    choice = decide([offer("welcome", 50)], 0.05, [0.2], cold=True)
    assert chosen(choice) == "welcome"
    assert choice.reasons == ("best_value", "cold_start")


def test_the_holdout_never_gets_a_coupon() -> None:
    blocked = [Blocked(coupon_id="b", reason="cooldown")]
    settings = PolicySettings(explore_ratio=1.0)
    choice = decide([offer("a")], 0.1, [0.9], blocked=blocked, arm="holdout", settings=settings)
    assert (choice.action, chosen(choice), choice.propensity) == ("holdout", None, 1.0)
    assert [row.propensity for row in choice.table] == [1.0, 0.0]
    assert choice.why_not == {"a": "holdout", "b": "cooldown"}


@pytest.mark.parametrize(("at_cart", "given"), [(True, "a"), (False, None)])
def test_business_as_usual_gives_the_first_coupon_at_the_cart(
    at_cart: bool, given: str | None
) -> None:
    choice = decide(
        [offer("a"), offer("b")], 0.1, [0.1, 0.9], arm="business_as_usual", at_cart=at_cart
    )
    assert (chosen(choice), choice.propensity) == (given, 1.0)
    assert choice.why_not["b"] == "business_as_usual"


def test_a_suppressed_customer_gets_nothing_for_a_named_reason() -> None:
    choice = decide([offer("a")], 0.1, [0.9], suppressed="overload")
    assert (choice.action, choice.propensity) == ("suppressed", 1.0)
    assert choice.reasons == ("suppressed", "overload")
    assert choice.why_not == {"a": "suppressed"}


@pytest.mark.parametrize(
    ("reasons", "action", "reason"),
    [
        ((), "no_offer", "nothing_eligible"),
        (("budget_exhausted", "audience_tier"), "no_offer", "nothing_eligible"),
        (("audience_tier", "cooldown"), "suppressed", "caps_reached"),
    ],
)
def test_nothing_to_choose_from_is_answered_with_its_reason(
    reasons: tuple[str, ...], action: str, reason: str
) -> None:
    blocked = [Blocked(coupon_id=f"c{i}", reason=one) for i, one in enumerate(reasons)]
    choice = decide([], blocked=blocked, settings=PolicySettings(explore_ratio=1.0))
    assert (choice.action, choice.reasons, choice.propensity) == (action, (reason,), 1.0)
    assert choice.explored is False
    assert list(choice.why_not.values()) == list(reasons)


def test_c38_explored_actions_come_as_often_as_their_propensity_says() -> None:
    offers, settings = [offer("a", 100), offer("b", 900)], PolicySettings(explore_ratio=0.3)
    choices = [
        decide(offers, 0.1, [0.3, 0.3], settings=settings, decision_id=f"d{number}")
        for number in range(8_000)
    ]
    table = {row.action_id: row.propensity for row in choices[0].table}
    assert table == {
        "nothing": pytest.approx(0.1),
        "a": pytest.approx(0.8),
        "b": pytest.approx(0.1),
    }
    seen = Counter(chosen(choice) or "nothing" for choice in choices)
    for name, propensity in table.items():
        spread = (len(choices) * propensity * (1 - propensity)) ** 0.5
        assert abs(seen[name] - len(choices) * propensity) < 4 * spread
    explored = sum(choice.explored for choice in choices)
    assert abs(explored - 2_400) < 4 * (8_000 * 0.3 * 0.7) ** 0.5


def test_c38_an_explored_choice_says_so_and_why_the_best_one_lost() -> None:
    settings = PolicySettings(explore_ratio=1.0)
    choices = [
        decide([offer("a")], 0.1, [0.5], settings=settings, decision_id=str(number))
        for number in range(50)
    ]
    silent = next(choice for choice in choices if chosen(choice) is None)
    assert (silent.action, silent.explored, silent.propensity) == ("no_offer", True, 0.5)
    assert silent.reasons == ("explored",)
    assert silent.why_not == {"a": "explored_other"}


@pytest.mark.parametrize(("arm", "name"), [("random", "policy"), ("policy", "random")])
def test_the_random_arm_and_the_random_policy_are_uniform(arm: Arm, name: PolicyName) -> None:
    offers = [offer("a"), offer("b"), offer("c")]
    choice = decide(offers, 0.1, [0.9] * 3, arm=arm, settings=PolicySettings(name=name))
    assert [row.propensity for row in choice.table] == [0.25] * 4
    assert choice.explored
    assert choice.reasons == ("random_arm",)
    assert set(choice.why_not.values()) == {"explored_other"}


probabilities = st.floats(min_value=0, max_value=1)
cases = st.lists(
    st.tuples(probabilities, st.integers(0, 2_000), st.sampled_from([0.1, 0.2, 0.3])), max_size=8
)


@given(
    case=cases,
    p_nothing=probabilities,
    arm=st.sampled_from(get_args(Arm)),
    name=st.sampled_from(get_args(PolicyName)),
    explore_ratio=probabilities,
    price=st.floats(0, 10),
    at_cart=st.booleans(),
    decision_id=st.text(max_size=8),
)
def test_c38_propensities_are_exact_and_sum_to_one_in_every_arm(
    case: list[tuple[float, int, float]],
    p_nothing: float,
    arm: Arm,
    name: PolicyName,
    explore_ratio: float,
    price: float,
    at_cart: bool,
    decision_id: str,
) -> None:
    offers = [offer(f"c{i}", cost, depth_ratio=depth) for i, (_, cost, depth) in enumerate(case)]
    choice = decide(
        offers,
        p_nothing,
        [p for p, _, _ in case],
        blocked=[Blocked(coupon_id="other", reason="not_started")],
        prices={"spring": price},
        arm=arm,
        decision_id=decision_id,
        settings=PolicySettings(name=name, explore_ratio=explore_ratio),
        at_cart=at_cart,
    )
    rows = {row.action_id: row for row in choice.table}
    assert list(rows) == ["nothing", *(one.coupon.coupon_id for one in offers)]
    assert math.fsum(row.propensity for row in choice.table) == pytest.approx(1.0, abs=1e-12)
    assert choice.propensity == rows[chosen(choice) or "nothing"].propensity
    assert choice.propensity > 0.0
    assert (choice.candidate is None) is (choice.action != "offer")
    not_chosen = {one.coupon.coupon_id for one in offers} - {chosen(choice)} | {"other"}
    assert set(choice.why_not) == not_chosen
    assert set(choice.reasons) | set(choice.why_not.values()) <= set(REASONS) | set(blocks.REASONS)
    if arm == "policy" and name == "policy" and not choice.explored:
        best = max(row.value_minor for row in choice.table)
        assert rows[chosen(choice) or "nothing"].value_minor == best


def test_every_cap_has_words_for_people() -> None:
    assert set(REASONS) | set(blocks.REASONS) >= CAPS
    assert not set(REASONS) & set(blocks.REASONS)


@pytest.mark.parametrize(
    ("p_nothing", "p_buy", "message"),
    [
        (1.1, [0.5], "p_nothing must be in 0..1, was 1.1"),
        (0.5, [float("nan")], "p_buy must be in 0..1, was nan"),
        (0.5, [-0.1], "p_buy must be in 0..1, was -0.1"),
        (0.5, [], "p_buy must hold 1 probabilities, was 0"),
    ],
)
def test_probabilities_that_are_none_are_refused(
    p_nothing: float, p_buy: list[float], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        decide([offer("a")], p_nothing, p_buy)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"explore_ratio": 1.5}, "explore_ratio must be in 0..1, was 1.5"),
        ({"threshold_ratio": -1.0}, "threshold_ratio must be in 0..1, was -1.0"),
        ({"name": "best"}, "name must be one of policy, article, .*, was best"),
    ],
)
def test_settings_that_cannot_be_are_refused(settings: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        PolicySettings(**settings)  # type: ignore[arg-type]
