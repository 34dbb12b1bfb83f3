"""The articles' worked examples with the right numbers, and their policy beside ours."""

from collections.abc import Sequence

import pytest

from coupons.article import article, given_away, highest, kept, propensity_threshold, worth_sending
from coupons.catalogue import Coupon
from coupons.choices import Candidate, Choice
from coupons.policy import PolicyName, PolicySettings, choose
from features.actions import Action

# Purchase intents of users 1..3 for goods 1..3 as article 0b prints them, and the discounts of
# coupons R1..R3 on these goods.
INTENTS = ((0.9, 0.2, 0.1), (0.3, 0.8, 0.4), (0.4, 0.5, 0.6))
DISCOUNTS = ((0.1, 0.2, 0.3), (0.3, 0.1, 0.2), (0.2, 0.3, 0.1))
NONE = (0.0, 0.0, 0.0)


def offer(coupon_id: str, discount_minor: int) -> Candidate:
    return Candidate(
        coupon=Coupon(coupon_id=coupon_id, campaign_id="k", kind="gift", cost_minor=discount_minor),
        action=Action(action_id=coupon_id, kind="gift"),
        discount_minor=discount_minor,
        charge_minor=discount_minor,
    )


def decide(
    name: PolicyName,
    offers: Sequence[Candidate],
    p_nothing: float,
    p_buy: Sequence[float],
    margin_minor: float = 40,
) -> Choice:
    return choose(
        candidates=offers,
        blocked=(),
        p_nothing=p_nothing,
        p_buy=p_buy,
        margin_minor=margin_minor,
        prices={},
        arm="policy",
        decision_id="d",
        settings=PolicySettings(name=name, explore_ratio=0.0),
        cold=False,
    )


def chosen(choice: Choice) -> str | None:
    return choice.candidate.coupon.coupon_id if choice.candidate else None


def test_v16_the_right_answers_are_r2_r3_r1() -> None:
    scores = [[round(score, 2) for score in given_away(user, DISCOUNTS)] for user in INTENTS]
    assert scores == [[0.16, 0.31, 0.25], [0.31, 0.25, 0.34], [0.32, 0.29, 0.29]]
    assert [highest(row) for row in scores] == [1, 2, 0]


def test_v17_a_profit_uses_the_coupon_and_the_intent_of_the_same_good() -> None:
    def profit(user: int, coupon: int, good: int) -> float:
        return INTENTS[user][good] * (1 - DISCOUNTS[coupon][good])

    assert profit(0, 0, 0) == pytest.approx(0.81)
    assert profit(1, 1, 1) == pytest.approx(0.72)  # the article wrote .7 x .8
    assert profit(2, 2, 1) == pytest.approx(0.35)  # the article wrote .8 x .5 - .05 x .2


def test_v18_giving_most_and_taking_most_are_opposites() -> None:
    for user in INTENTS:
        away, taken = given_away(user, DISCOUNTS), kept(user, DISCOUNTS)
        assert [a + t for a, t in zip(away, taken, strict=True)] == pytest.approx([sum(user)] * 3)
        assert highest(away) == min(range(3), key=lambda coupon: taken[coupon])
    best = [max(kept(user, DISCOUNTS)) for user in INTENTS]
    assert best == pytest.approx([1.04, 1.25, 1.21])


def test_v18_no_coupon_beats_all_when_intent_ignores_the_coupon() -> None:
    for user, without in zip(INTENTS, (1.2, 1.5, 1.5), strict=True):
        taken = kept(user, (NONE, *DISCOUNTS))
        assert taken[0] == pytest.approx(without)
        assert highest(taken) == 0


def test_v18_our_policy_gives_nothing_when_intent_ignores_the_coupon() -> None:
    offers = [offer("r1", 16), offer("r2", 31), offer("r3", 25)]
    choice = decide("policy", offers, 0.4, [0.4, 0.4, 0.4], margin_minor=120)
    assert chosen(choice) is None
    assert set(choice.why_not.values()) == {"negative_value"}
    assert chosen(decide("article", offers, 0.4, [0.4, 0.4, 0.4], margin_minor=120)) == "r2"


@pytest.mark.parametrize(
    ("p_nothing", "p_with", "value_minor", "sent"),
    [(0.60, 0.62, -5.4, False), (0.05, 0.20, 4.0, True)],
)
def test_v19_send_only_if_the_lift_pays_for_those_who_buy_anyway(
    p_nothing: float, p_with: float, value_minor: float, sent: bool
) -> None:
    choice = decide("policy", [offer("ten", 10)], p_nothing, [p_with])
    assert choice.table[1].value_minor == value_minor
    assert (chosen(choice) == "ten") is sent
    assert worth_sending(p_with, p_nothing, 40, 10) is sent
    assert (p_with / p_nothing > 40 / (40 - 10)) is sent


def test_v19_the_article_policy_pays_the_sure_buyer() -> None:
    assert chosen(decide("article", [offer("ten", 10)], 0.60, [0.62])) == "ten"


def test_v20_the_best_coupon_is_an_argmax() -> None:
    offers = [offer("weak", 10), offer("strong", 10), offer("middling", 10)]
    p_buy = [0.10, 0.40, 0.25]
    for name in ("policy", "article"):
        assert chosen(decide(name, offers, 0.05, p_buy)) == "strong"


def test_c43_the_article_policy_maximises_probability_times_discount() -> None:
    assert article([0.5, 0.3, 0.2], [10, 20, 25]) == 1
    offers = [offer("a", 10), offer("b", 20), offer("c", 25)]
    choice = decide("article", offers, 0.5, [0.5, 0.3, 0.2])
    assert chosen(choice) == "b"
    assert choice.reasons == ("baseline_policy",)
    assert choice.propensity == 1.0


def test_the_threshold_policy_rewards_likely_buyers() -> None:
    offers = [offer("a", 10), offer("b", 20)]
    assert chosen(decide("threshold", offers, 0.7, [0.71, 0.75])) == "b"
    assert chosen(decide("threshold", offers, 0.2, [0.3, 0.9])) is None
    assert propensity_threshold(0.5, [], 0.5) is None


def test_the_single_policy_gives_one_coupon_to_everybody() -> None:
    offers = [offer("a", 10), offer("b", 20)]
    assert chosen(decide("single", offers, 0.9, [0.9, 0.1])) == "a"


def test_the_none_policy_never_gives_nor_explores() -> None:
    choice = choose(
        candidates=[offer("a", 10)],
        blocked=(),
        p_nothing=0.1,
        p_buy=[0.9],
        margin_minor=40,
        prices={},
        arm="policy",
        decision_id="d",
        settings=PolicySettings(name="none", explore_ratio=1.0),
        cold=False,
    )
    assert chosen(choice) is None
    assert [row.propensity for row in choice.table] == [1.0, 0.0]
