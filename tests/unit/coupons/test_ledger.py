"""Budget, quota and pacing of one partition, and of all of them together."""

import json
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coupons.accounts import share_of
from coupons.arms import ArmShares
from coupons.balance import LedgerImbalance
from coupons.catalogue import Campaign, Catalogue, Coupon
from coupons.ledger import Ledger
from coupons.lifecycle import Lifecycle, Stage
from coupons.pacing import DAY_MS, Pacing, elapsed_ratio, expected_spend_minor, shadow_price

HOUR_MS = 3_600_000
TEN = Coupon(coupon_id="ten", campaign_id="spring", kind="amount_off", off_minor=10)


def campaign(budget_minor: int = 1_000, **settings: Any) -> Campaign:
    return Campaign(campaign_id="spring", budget_minor=budget_minor, coupons=(TEN,), **settings)


def catalogue(*campaigns: Campaign) -> Catalogue:
    return Catalogue.of(campaigns)


def settled(
    stage: Stage, charge_minor: int, refund_minor: int, quota_back: bool = False
) -> Lifecycle:
    return Lifecycle(
        stage=stage,
        coupon_id="ten",
        campaign_id="spring",
        decision_id="d",
        ts_ms=0,
        charge_minor=charge_minor,
        refund_minor=refund_minor,
        quota_back=quota_back,
    )


def sides(ledger: Ledger) -> tuple[int, int, int, int]:
    share_minor = ledger.share_minor("spring")
    free, held = ledger.free_minor("spring"), ledger.held_minor("spring")
    spent = ledger.spent_minor("spring")
    assert share_minor == free + held + spent
    return share_minor, free, held, spent


@given(st.integers(0, 10**12), st.integers(1, 500))
def test_c50_the_shares_of_all_partitions_sum_to_the_budget_exactly(
    total: int, partitions: int
) -> None:
    shares = [share_of(total, partition, partitions) for partition in range(partitions)]
    assert sum(shares) == total
    assert max(shares) - min(shares) <= 1


def test_every_movement_keeps_the_books_balanced() -> None:
    ledger = Ledger(partition=0, partitions=1)
    ledger.adopt(catalogue(campaign()))
    assert sides(ledger) == (1_000, 1_000, 0, 0)
    ledger.charge(TEN, campaign(), 300)
    assert sides(ledger) == (1_000, 700, 300, 0)
    ledger.settle(settled("redeemed", 300, 100))
    assert sides(ledger) == (1_000, 800, 0, 200)
    ledger.settle(settled("adjusted", 0, 50))
    assert sides(ledger) == (1_000, 850, 0, 150)
    ledger.settle(settled("returned", 0, 150, quota_back=True))
    assert sides(ledger) == (1_000, 1_000, 0, 0)
    ledger.charge(TEN, campaign(), 300)
    ledger.settle(settled("expired", 300, 300, quota_back=True))
    assert sides(ledger) == (1_000, 1_000, 0, 0)


def test_c50_nothing_is_granted_beyond_the_share() -> None:
    ledger = Ledger(partition=1, partitions=3)
    ledger.adopt(catalogue(campaign(1_000)))
    assert ledger.share_minor("spring") == 333
    ledger.charge(TEN, campaign(1_000), 300)
    assert ledger.blocked(TEN, campaign(1_000), 33) is None
    assert ledger.blocked(TEN, campaign(1_000), 34) == "budget_exhausted"
    with pytest.raises(LedgerImbalance, match="charge must be covered, was 34 for ten"):
        ledger.charge(TEN, campaign(1_000), 34)
    assert sides(ledger) == (333, 33, 300, 0)


def test_c42_a_quota_is_shared_and_comes_back_with_the_coupon() -> None:
    three = Coupon(coupon_id="ten", campaign_id="spring", kind="gift", cost_minor=1, quota=3)
    ledgers = [Ledger(partition=number, partitions=2) for number in range(2)]
    for ledger, share in zip(ledgers, (2, 1), strict=True):
        for _ in range(share):
            assert ledger.blocked(three, campaign(), 1) is None
            ledger.charge(three, campaign(), 1)
        assert ledger.blocked(three, campaign(), 1) == "quota_exhausted"
    ledgers[0].settle(settled("expired", 1, 1, quota_back=True))
    assert ledgers[0].blocked(three, campaign(), 1) is None
    ledgers[0].charge(three, campaign(), 1)
    ledgers[0].settle(settled("redeemed", 1, 0))
    assert ledgers[0].blocked(three, campaign(), 1) == "quota_exhausted"


def test_a_raised_budget_is_granted_from_then_on() -> None:
    ledger = Ledger(partition=0, partitions=1)
    ledger.charge(TEN, campaign(100), 100)
    assert ledger.blocked(TEN, campaign(100), 1) == "budget_exhausted"
    assert ledger.blocked(TEN, campaign(150), 50) is None
    ledger.adopt(catalogue(campaign(150)))
    assert sides(ledger) == (150, 50, 100, 0)


def test_a_budget_lowered_below_what_is_out_only_stops_granting() -> None:
    ledger = Ledger(partition=0, partitions=1)
    ledger.charge(TEN, campaign(1_000), 600)
    ledger.adopt(catalogue(campaign(200)))
    assert sides(ledger) == (600, 0, 600, 0)
    assert ledger.blocked(TEN, campaign(200), 1) == "budget_exhausted"
    ledger.settle(settled("redeemed", 600, 500))
    assert sides(ledger) == (200, 100, 0, 100)  # the rest of what came back left the share


def test_a_campaign_taken_from_the_catalogue_settles_and_is_not_forgotten() -> None:
    ledger = Ledger(partition=0, partitions=1)
    ledger.charge(TEN, campaign(1_000), 500)
    ledger.adopt(catalogue())
    assert sides(ledger) == (500, 0, 500, 0)
    ledger.settle(settled("redeemed", 500, 0))
    ledger.adopt(catalogue(campaign(1_000)))
    assert sides(ledger) == (1_000, 500, 0, 500)
    ledger.settle(settled("returned", 0, 500, quota_back=True))
    ledger.adopt(catalogue())
    assert ledger.dump()["accounts"] == {}


@pytest.mark.parametrize(
    "lifecycle",
    [settled("redeemed", 301, 0), settled("returned", 0, 1), settled("redeemed", 300, 301)],
)
def test_more_coming_back_than_is_out_stops_the_worker(lifecycle: Lifecycle) -> None:
    ledger = Ledger(partition=0, partitions=1)
    ledger.charge(TEN, campaign(), 300)
    with pytest.raises(LedgerImbalance, match="spring: move must be in"):
        ledger.settle(lifecycle)


def test_a_ledger_equals_its_own_round_trip_through_json() -> None:
    ledger = Ledger(partition=0, partitions=2)
    ledger.advance(5 * DAY_MS)
    ledger.adopt(catalogue(campaign()))
    ledger.charge(TEN, campaign(), 300)
    state = ledger.dump()
    assert json.loads(json.dumps(state)) == state
    again = Ledger.load(state, partition=0, partitions=2)
    assert again.dump() == state
    again.charge(TEN, campaign(), 100)
    assert ledger.dump() == state  # nothing is shared with the copy


def test_books_that_do_not_balance_are_not_loaded() -> None:
    ledger = Ledger(partition=0, partitions=1)
    ledger.charge(TEN, campaign(), 300)
    state = ledger.dump()
    state["accounts"]["spring"]["free_minor"] += 1
    with pytest.raises(LedgerImbalance, match="share must be free"):
        Ledger.load(state, partition=0, partitions=1)


def test_a_partition_outside_the_count_is_refused() -> None:
    with pytest.raises(ValueError, match=r"partition must be in 0\.\.1, was 2"):
        Ledger(partition=2, partitions=2)


def history(random: Random, partitions: int) -> int:
    """Play one random history over all partitions; return what the coupons given have cost."""
    budget = random.randrange(0, 3_000)
    quota = random.choice((None, random.randrange(1, 20)))
    coupon = Coupon(coupon_id="ten", campaign_id="spring", kind="gift", cost_minor=1, quota=quota)
    ledgers = [Ledger(partition=number, partitions=partitions) for number in range(partitions)]
    out: list[tuple[int, int]] = []
    used: list[tuple[int, int]] = []
    limits, highest = campaign(budget), budget
    for _ in range(40):
        at, charge_minor = random.randrange(partitions), random.randrange(1, 200)
        move = random.random()
        if move < 0.5:
            if ledgers[at].blocked(coupon, limits, charge_minor) is None:
                ledgers[at].charge(coupon, limits, charge_minor)
                out.append((at, charge_minor))
        elif move < 0.75 and out:
            at, charge_minor = out.pop(random.randrange(len(out)))
            spent_minor = random.randrange(charge_minor + 1)
            ledgers[at].settle(settled("redeemed", charge_minor, charge_minor - spent_minor))
            used.append((at, spent_minor))
        elif move < 0.85 and out:
            at, charge_minor = out.pop()
            ledgers[at].settle(settled("expired", charge_minor, charge_minor, quota_back=True))
        elif move < 0.92 and used:
            at, spent_minor = used.pop()
            ledgers[at].settle(settled("returned", 0, spent_minor, quota_back=True))
        elif move > 0.97:
            budget = random.randrange(0, 3_000)
            limits, highest = campaign(budget), max(highest, budget)
            for ledger in ledgers:
                ledger.adopt(catalogue(limits))
        held = sum(ledger.held_minor("spring") for ledger in ledgers)
        spent = sum(ledger.spent_minor("spring") for ledger in ledgers)
        assert held == sum(charge for _, charge in out)
        assert spent == sum(minor for _, minor in used)
        assert held + spent <= highest
        assert quota is None or len(out) + len(used) <= quota
    return spent


def test_c50_overspend_is_impossible_in_a_thousand_histories() -> None:
    random = Random(7)
    spent = [history(random, random.choice((1, 2, 5))) for _ in range(1_000)]
    assert sum(spent) > 0


def test_the_price_is_zero_while_the_budget_is_ample() -> None:
    ledger = Ledger(partition=0, partitions=1)
    limits = campaign(1_000, starts_ms=0, ends_ms=10 * DAY_MS)
    ledger.adopt(catalogue(limits))
    assert ledger.lambda_price("unknown") == 0.0
    ledger.advance(5 * DAY_MS)
    ledger.charge(TEN, limits, 400)
    ledger.settle(settled("redeemed", 400, 0))
    assert ledger.prices() == {"spring": 0.0}


def test_what_is_held_costs_something_only_while_room_is_short() -> None:
    ledger = Ledger(partition=0, partitions=1)
    limits = campaign(1_000, starts_ms=0, ends_ms=10 * DAY_MS)
    ledger.adopt(catalogue(limits))
    assert ledger.hold_prices() == {}
    ledger.charge(TEN, limits, 500)
    assert ledger.hold_prices() == {}
    ledger.charge(TEN, limits, 250)
    assert ledger.hold_prices() == {"spring": 0.01}
    ledger.settle(settled("expired", 250, 250))
    assert ledger.hold_prices() == {}


def test_the_price_rises_with_spend_ahead_of_the_schedule_and_falls_with_time() -> None:
    ledger = Ledger(partition=0, partitions=1)
    limits = campaign(1_000, starts_ms=0, ends_ms=10 * DAY_MS)
    ledger.charge(TEN, limits, 400)
    ledger.settle(settled("redeemed", 400, 0))
    ledger.advance(3 * DAY_MS)
    assert ledger.lambda_price("spring") == pytest.approx(20 * (0.4 - 0.3))
    ledger.advance(2 * DAY_MS)  # a late event: time does not go back
    assert ledger.lambda_price("spring") == pytest.approx(2.0)
    ledger.advance(4 * DAY_MS)
    assert ledger.lambda_price("spring") == 0.0


def test_a_held_coupon_weighs_as_much_as_such_coupons_have_cost() -> None:
    ledger = Ledger(
        partition=0, partitions=1, pacing=Pacing(use_weight_ratio=0.0, slack_ratio=0.02)
    )
    limits = campaign(1_000, starts_ms=0, ends_ms=DAY_MS)
    for _ in range(2):
        ledger.charge(TEN, limits, 200)
    ledger.settle(settled("expired", 200, 200, quota_back=True))
    # Nothing of what was settled was spent, so 200 held cost next to nothing.
    assert ledger.lambda_price("spring") == 0.0
    ledger.settle(settled("redeemed", 200, 0))
    ledger.charge(TEN, limits, 200)
    # Half of what was settled was spent: 200 + 200 / 2 of 1,000, at the start of the schedule.
    assert ledger.lambda_price("spring") == pytest.approx(20 * (0.3 - 0.02), rel=0.01)


def test_a_campaign_without_an_end_is_paced_over_the_horizon_from_its_first_charge() -> None:
    ledger = Ledger(partition=0, partitions=1, pacing=Pacing(horizon_ms=10 * DAY_MS))
    ledger.advance(100 * DAY_MS)
    ledger.charge(TEN, campaign(1_000), 400)
    ledger.settle(settled("redeemed", 400, 0))
    ledger.advance(103 * DAY_MS)
    assert ledger.lambda_price("spring") == pytest.approx(2.0)


def test_a_price_that_is_usual_needs_no_lead() -> None:
    ledger = Ledger(partition=0, partitions=1)
    limits = campaign(1_000, starts_ms=0, ends_ms=10 * DAY_MS)
    ledger.charge(TEN, limits, 100)
    ledger.settle(settled("redeemed", 100, 0))
    for hour in range(1, 24):
        ledger.advance(hour * DAY_MS // 24)
    ledger.advance(DAY_MS)  # exactly on schedule
    assert 0.1 < ledger.lambda_price("spring") < 2.0
    again = Ledger.load(ledger.dump(), partition=0, partitions=1)
    assert again.lambda_price("spring") == ledger.lambda_price("spring")
    ledger.advance(10 * DAY_MS)
    assert ledger.lambda_price("spring") == 0.0


@given(
    st.integers(0, 500),
    st.integers(0, 500),
    st.integers(0, 10 * DAY_MS),
    st.sampled_from([0.0, 0.02, 0.3]),
)
def test_the_price_is_that_of_the_schedule_whatever_is_out(
    spent_minor: int, held_minor: int, now_ms: int, slack_ratio: float
) -> None:
    pacing = Pacing(slack_ratio=slack_ratio)
    ledger = Ledger(partition=0, partitions=1, pacing=pacing)
    limits = campaign(1_000, starts_ms=0, ends_ms=10 * DAY_MS)
    ledger.charge(TEN, limits, spent_minor)
    ledger.settle(settled("redeemed", spent_minor, 0))
    ledger.charge(TEN, limits, held_minor)
    ledger.advance(now_ms)
    elapsed = elapsed_ratio(now_ms, 0, 10 * DAY_MS, 0)
    spend_minor = expected_spend_minor(1_000, held_minor, spent_minor, spent_minor, pacing)
    assert ledger.lambda_price("spring") == shadow_price(spend_minor / 1_000, elapsed, pacing)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"step": -1.0}, "step must be at least 0, was -1.0"),
        ({"use_prior_ratio": 1.5}, "use_prior_ratio must be in 0..1, was 1.5"),
    ],
)
def test_pacing_that_cannot_be_is_refused(settings: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Pacing(**settings)  # type: ignore[arg-type]


def shop_day_by_day(paced: bool) -> tuple[list[int], float]:
    """Offer three times what the budget can pay for; return spend by day and the value bought."""
    random, limits = Random(11), campaign(200_000, starts_ms=0, ends_ms=30 * DAY_MS)
    ledger = Ledger(partition=0, partitions=1)
    ledger.adopt(catalogue(limits))
    out: list[tuple[int, bool]] = []
    by_day, value = [], 0.0
    for hour in range(30 * 24):
        now_ms = hour * HOUR_MS
        ledger.advance(now_ms)
        while out and out[0][0] <= now_ms:
            used = out.pop(0)[1]
            ledger.settle(
                settled("redeemed" if used else "expired", 100, 0 if used else 100, not used)
            )
        for _ in range(20 if hour % 24 > 7 else 0):  # nobody shops at night
            worth = random.expovariate(1.0)  # profit per minor unit of cost, before lambda
            price = ledger.lambda_price("spring") if paced else 0.0
            if worth > price and ledger.blocked(TEN, limits, 100) is None:
                ledger.charge(TEN, limits, 100)
                used = random.random() < 0.6
                out.append((now_ms + 6 * HOUR_MS, used))
                value += worth * used
        if hour % 24 == 23:
            by_day.append(ledger.spent_minor("spring"))
    return by_day, value


def test_c50_pacing_uses_the_budget_without_overspend_and_makes_it_last() -> None:
    by_day, value = shop_day_by_day(paced=True)
    greedy_by_day, greedy_value = shop_day_by_day(paced=False)
    assert 0.97 * 200_000 <= by_day[-1] <= 200_000
    assert by_day == pytest.approx([200_000 * (day + 1) / 30 for day in range(30)], abs=20_000)
    assert greedy_by_day[12] > 0.97 * 200_000  # without a price it is gone before half-time
    assert value > 1.5 * greedy_value


HALVES = ArmShares(random=0.5, business_as_usual=0.0, holdout=0.0)


def test_n16_no_arm_takes_what_belongs_to_another() -> None:
    ledger = Ledger(partition=0, partitions=1)
    ledger.adopt(catalogue(campaign()), HALVES)
    ledger.charge(TEN, campaign(), 500, "random")
    assert ledger.blocked(TEN, campaign(), 1, "random") == "budget_exhausted"
    assert ledger.room_minor(campaign(), "policy") == 500
    assert ledger.room_minor(campaign(), "holdout") == 0
    with pytest.raises(LedgerImbalance):
        ledger.charge(TEN, campaign(), 1, "random")
    ledger.settle(settled("redeemed", 500, 200), "random")
    assert ledger.room_minor(campaign(), "random") == 200
    assert sides(ledger) == (1_000, 700, 0, 300)


def test_n16_the_price_of_money_is_that_of_the_policys_own_purse() -> None:
    eager, calm = (Ledger(partition=0, partitions=1) for _ in range(2))
    scheduled = campaign(starts_ms=0, ends_ms=100)
    for ledger, arm in ((eager, "policy"), (calm, "random")):
        ledger.adopt(catalogue(scheduled), HALVES)
        ledger.charge(TEN, scheduled, 400, arm)
        ledger.settle(settled("redeemed", 400, 0), arm)
    assert eager.lambda_price("spring") > 0.0
    assert calm.lambda_price("spring") == 0.0


def test_money_that_was_out_before_there_were_purses_is_the_policys() -> None:
    before = Ledger(partition=0, partitions=1)
    before.adopt(catalogue(campaign()))
    before.charge(TEN, campaign(), 300)
    state: Any = before.dump()
    del state["accounts"]["spring"]["purses"]
    ledger = Ledger.load(state, partition=0, partitions=1)
    ledger.adopt(catalogue(campaign()), HALVES)
    assert ledger.room_minor(campaign(), "policy") == 200
    assert ledger.room_minor(campaign(), "random") == 500


def test_a_customer_who_changed_arms_gives_back_to_the_purse_that_paid() -> None:
    ledger = Ledger(partition=0, partitions=1)
    ledger.adopt(catalogue(campaign()), HALVES)
    ledger.charge(TEN, campaign(), 300, "random")
    ledger.settle(settled("expired", 300, 300, quota_back=True), "policy")
    assert ledger.room_minor(campaign(), "random") == 500
    assert sides(ledger) == (1_000, 1_000, 0, 0)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["policy", "random", "business_as_usual"]),
            st.integers(1, 60),
            st.integers(0, 60),
            st.sampled_from(["policy", "random"]),
        ),
        max_size=40,
    )
)
def test_purses_always_sum_to_the_account_and_survive_their_json(
    moves: list[tuple[str, int, int, str]],
) -> None:
    ledger = Ledger(partition=0, partitions=1)
    ledger.adopt(catalogue(campaign()), ArmShares())
    for arm, charge_minor, refund_minor, settled_by in moves:
        if ledger.blocked(TEN, campaign(), charge_minor, arm) is None:
            ledger.charge(TEN, campaign(), charge_minor, arm)
            if refund_minor % 3:
                back_minor = min(refund_minor, charge_minor)
                ledger.settle(settled("redeemed", charge_minor, back_minor), settled_by)
        account = ledger.dump()["accounts"]["spring"]
        for side in ("held_minor", "spent_minor", "settled_minor"):
            purses: Any = account["purses"].values()
            assert sum(one[side] for one in purses) == account[side]
            assert all(one[side] >= 0 for one in purses)
    state = ledger.dump()
    assert json.loads(json.dumps(state)) == state
    assert Ledger.load(state, partition=0, partitions=1).dump() == state
