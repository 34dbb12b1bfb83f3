from collections import Counter
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coupons.arms import Arm, ArmShares, arm_of
from coupons.draw import BUCKETS, bucket, unit_draw
from online_models import outcomes

USERS = [f"user-{number}" for number in range(20_000)]


def arms(shares: ArmShares, salt: str = "s1") -> list[Arm]:
    return [arm_of(user, salt, shares) for user in USERS]


def test_arms_are_the_ones_that_outcomes_record() -> None:
    assert get_args(Arm) == get_args(outcomes.Arm)


def test_c57_the_split_is_sticky_and_of_the_size_asked_for() -> None:
    dealt = Counter(arms(ArmShares(random=0.02, business_as_usual=0.05, holdout=0.05)))
    for arm, share in ArmShares().named():
        expected = share * len(USERS)
        assert abs(dealt[arm] - expected) < 4 * (expected * (1 - share)) ** 0.5
    assert dealt["policy"] == len(USERS) - sum(dealt[arm] for arm in dealt if arm != "policy")
    assert arms(ArmShares()) == arms(ArmShares())


def test_c57_another_salt_deals_all_users_anew() -> None:
    shares = ArmShares(holdout=0.5)
    same = sum(a == b for a, b in zip(arms(shares, "s1"), arms(shares, "s2"), strict=True))
    assert same < 0.6 * len(USERS)


@pytest.mark.parametrize("arm", ["random", "business_as_usual", "holdout"])
def test_a_growing_share_takes_users_from_the_policy_only(arm: Arm) -> None:
    before = arms(ArmShares(random=0.05, business_as_usual=0.05, holdout=0.05))
    shares = {"random": 0.05, "business_as_usual": 0.05, "holdout": 0.05} | {arm: 0.3}
    after = arms(ArmShares(**shares))
    moved = {(a, b) for a, b in zip(before, after, strict=True) if a != b}
    assert moved == {("policy", arm)}


@given(
    st.lists(st.integers(min_value=0, max_value=BUCKETS // 3), min_size=3, max_size=3),
    st.text(min_size=1, max_size=20),
)
def test_every_user_has_exactly_one_arm_and_every_layout_fits(counts: list[int], user: str) -> None:
    random, usual, holdout = (count / BUCKETS for count in counts)
    shares = ArmShares(random=random, business_as_usual=usual, holdout=holdout)
    assert arm_of(user, "s", shares) in get_args(Arm)


def test_a_share_of_one_leaves_nobody_out() -> None:
    shares = {"random": 0.0, "business_as_usual": 0.0, "holdout": 0.0}
    for arm in shares:
        assert set(arms(ArmShares(**(shares | {arm: 1.0})))) == {arm}


def test_the_buckets_of_all_arms_add_up_when_the_holdout_passes_the_middle() -> None:
    shares = ArmShares(random=0.1, business_as_usual=0.2, holdout=0.7)
    dealt = Counter(arms(shares))
    assert dealt["policy"] == 0
    assert abs(dealt["business_as_usual"] - 4_000) < 250


@pytest.mark.parametrize(
    ("shares", "message"),
    [
        ({"holdout": -0.1}, "share of holdout must be in 0..1, was -0.1"),
        ({"random": 1.5}, "share of random must be in 0..1"),
        ({"random": float("nan")}, "share of random must be in 0..1"),
        ({"holdout": 0.6, "random": 0.5}, "shares must sum to at most 1"),
    ],
)
def test_shares_that_are_none_are_refused(shares: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ArmShares(**shares)


@given(st.text(max_size=50))
def test_a_unit_draw_is_in_range_and_belongs_to_its_text(text: str) -> None:
    assert 0.0 <= unit_draw(text) < 1.0
    assert unit_draw(text) == unit_draw(text)


def test_unit_draws_are_uniform() -> None:
    counts = Counter(int(unit_draw(user) * 10) for user in USERS)
    assert sum((count - 2_000) ** 2 / 2_000 for count in counts.values()) < 27.9  # p = 0.001, 9 df


def test_buckets_are_uniform() -> None:
    counts = Counter(bucket(user, "s") // 1_000 for user in USERS)
    assert sum((count - 2_000) ** 2 / 2_000 for count in counts.values()) < 27.9
