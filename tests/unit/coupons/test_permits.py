"""Permits of what all customers of a device or an address share: the claim and the ledger."""

from typing import Any

import pytest

from coupons import claims
from coupons import shared as rows
from coupons.catalogue import Campaign
from coupons.claims import Claim, Claims, Permit
from coupons.limits import KEPT_MS
from coupons.permits import Permits, PotState
from coupons.shared import HOLD_MS, RETRY_MS, Shared
from features.profile import GRACE_MS

HOUR_MS = 3_600_000
DEVICE, ADDRESS = "spring/device/d1", "spring/address/a1"


def campaign(**caps: int) -> Campaign:
    return Campaign(campaign_id="spring", budget_minor=1_000, shared_caps=caps)


def a_ledger(**caps: int) -> Permits:
    permits = Permits()
    permits.adopt({"spring": campaign(**caps)})
    return permits


def a_claim(says: claims.Says = "wants", claim: int = 1, **fields: Any) -> Claim:
    plain: dict[str, Any] = {"pots": (DEVICE,), "partition": 0, "now_ms": 0}
    return Claim(claim=claim, says=says, **plain | fields)


def wants(permits: Permits, claim: int, now_ms: int = 0, newest_ms: int = 0, **fields: Any) -> bool:
    """Tell whether a claim is granted."""
    told = a_claim("wants", claim, now_ms=now_ms, **fields)
    answer = permits.hear(told, max(newest_ms, now_ms))
    assert answer is not None
    return not answer.short


def at(**places: str) -> Shared:
    shared = rows.nothing_shared()
    for by, digest in places.items():
        rows.note_place(shared, by, digest, 0)
    return shared


def answered(own: Claims, shared: Shared, permits: Permits, now_ms: int = 0) -> list[Claim]:
    """Let the ledger hear what a partition told, and the partition what it answers."""
    told = own.take()
    for claim in told:
        answer = permits.hear(claim, now_ms)
        if answer is not None:
            own.hear(shared, answer)
    return told


# -- the ledger ------------------------------------------------------------------------------


def test_no_more_permits_are_out_than_the_cap_whichever_partition_asks() -> None:
    permits = a_ledger(device=2)
    assert [wants(permits, 1, partition=n) for n in range(4)] == [True, True, False, False]


def test_a_claim_that_comes_twice_is_granted_once() -> None:
    permits = a_ledger(device=2)
    assert [wants(permits, 1), wants(permits, 1), wants(permits, 2), wants(permits, 3)] == [
        *(True, True, True, False)
    ]


def test_what_is_spared_or_given_back_can_be_granted_anew() -> None:
    permits = a_ledger(device=1)
    assert wants(permits, 1)
    permits.hear(a_claim("spares", 1), 0)
    assert wants(permits, 2)
    permits.hear(a_claim("used", 2, until_ms=HOUR_MS), 0)
    assert not wants(permits, 3)
    permits.hear(a_claim("returns", 2), 0)
    assert wants(permits, 4)


def test_what_is_used_is_not_spared_by_an_answer_that_came_twice() -> None:
    permits = a_ledger(device=1)
    assert wants(permits, 1)
    permits.hear(a_claim("used", 1, until_ms=HOUR_MS), 0)
    permits.hear(a_claim("spares", 1), 0)
    assert not wants(permits, 2)


def test_a_used_permit_counts_until_its_time_and_the_grace_of_late_events() -> None:
    permits = a_ledger(device=1)
    permits.hear(a_claim("used", 1, until_ms=HOUR_MS), 0)
    assert not wants(permits, 2, HOUR_MS + GRACE_MS - 1)
    assert wants(permits, 3, HOUR_MS + GRACE_MS)


def test_of_device_and_address_both_are_granted_or_none() -> None:
    permits = a_ledger(device=2, address=1)
    both = (DEVICE, ADDRESS)
    assert wants(permits, 1, pots=both)
    refused = permits.hear(a_claim("wants", 2, pots=both), 0)
    assert refused is not None
    assert refused.short == ADDRESS
    assert permits.of(DEVICE) == {"out": {"0:1": 0}}


def test_a_partition_that_lags_further_than_the_ledger_remembers_is_refused() -> None:
    permits = a_ledger(device=5)
    assert not wants(permits, 1, 0, newest_ms=KEPT_MS)
    assert wants(permits, 2, 1, newest_ms=KEPT_MS)


def test_what_no_longer_counts_for_anybody_is_forgotten_and_named() -> None:
    permits = a_ledger(device=2)
    permits.hear(a_claim("used", 1, until_ms=HOUR_MS), 0)
    permits.hear(a_claim("used", 2, until_ms=2 * HOUR_MS), 0)
    assert permits.close_old(HOUR_MS + KEPT_MS + GRACE_MS - 1) == set()
    assert permits.close_old(HOUR_MS + KEPT_MS + GRACE_MS) == {DEVICE}
    assert permits.of(DEVICE) == {"out": {"0:2": 2 * HOUR_MS}}
    assert permits.close_old(2 * HOUR_MS + KEPT_MS + GRACE_MS) == {DEVICE}
    assert (permits.of(DEVICE), len(permits)) == (None, 0)


def test_another_ledger_goes_on_from_what_was_kept() -> None:
    permits, kept = a_ledger(device=1), PotState(out={"3:9": HOUR_MS})
    permits.load(DEVICE, kept)
    assert not wants(permits, 1)
    assert permits.close_old(HOUR_MS + KEPT_MS + GRACE_MS) == {DEVICE}
    assert wants(permits, 2)


@pytest.mark.parametrize("caps", [{}, {"address": 1}])
def test_nothing_is_granted_of_a_cap_that_the_catalogue_does_not_have(caps: dict[str, int]) -> None:
    assert not wants(a_ledger(**caps), 1)


def test_a_lowered_cap_takes_nothing_back_and_grants_no_more() -> None:
    permits = a_ledger(device=2)
    assert [wants(permits, 1), wants(permits, 2)] == [True, True]
    permits.adopt({"spring": campaign(device=1)})
    permits.hear(a_claim("spares", 1), 0)
    assert not wants(permits, 3)
    permits.hear(a_claim("spares", 2), 0)
    assert wants(permits, 4)


# -- the partition ---------------------------------------------------------------------------


def test_a_refused_claim_names_what_is_short_and_is_made_again_later() -> None:
    own, permits, shared = Claims(0), a_ledger(device=9, address=1), at(device="d1", address="a1")
    assert wants(permits, 77, pots=(ADDRESS,))
    spring = campaign(device=9, address=1)
    assert own.want(shared, spring, "ann", 0)
    answered(own, shared, permits)
    assert rows.refusal(shared, spring) == "address_limit"
    assert not own.want(shared, spring, "ann", RETRY_MS - 1)
    permits.hear(a_claim("spares", 77, pots=(ADDRESS,)), 0)
    assert own.want(shared, spring, "ann", RETRY_MS)
    assert not rows.is_awaited(shared, RETRY_MS), "who was refused before is not kept waiting"
    assert rows.refusal(shared, spring) == "address_limit"
    answered(own, shared, permits)
    assert rows.refusal(shared, spring) is None


def test_an_answer_is_waited_for_but_not_for_long() -> None:
    own, shared, spring = Claims(0), at(device="d1"), campaign(device=1)
    own.want(shared, spring, "ann", 0)
    assert rows.is_awaited(shared, rows.PATIENCE_MS - 1)
    assert not rows.is_awaited(shared, rows.PATIENCE_MS)
    assert rows.refusal(shared, spring) == "permit_awaited"


def test_a_customer_elsewhere_gives_back_what_they_needed_there() -> None:
    own, permits, shared = Claims(0), a_ledger(device=1), at(device="d1")
    spring = campaign(device=1)
    own.want(shared, spring, "ann", 0)
    answered(own, shared, permits)
    rows.note_place(shared, "device", "d2", 1)
    assert rows.refusal(shared, spring) == "device_limit", "a permit is for one device"
    own.want(shared, spring, "ann", 1)
    told = answered(own, shared, permits)
    assert [(one.says, one.pots) for one in told] == [
        ("spares", (DEVICE,)),
        ("wants", ("spring/device/d2",)),
    ]
    assert rows.refusal(shared, spring) is None


def test_what_is_not_used_in_time_is_given_back() -> None:
    own, permits, shared = Claims(0), a_ledger(device=1), at(device="d1")
    own.want(shared, campaign(device=1), "ann", 5)
    answered(own, shared, permits)
    assert rows.next_due_ms(shared) == 5 + HOLD_MS
    own.drop(shared, 5 + HOLD_MS - 1, over_ms=4)
    assert own.take() == []
    own.drop(shared, 5 + HOLD_MS, over_ms=5)
    assert [one.says for one in answered(own, shared, permits)] == ["spares"]
    assert (len(permits), rows.next_due_ms(shared)) == (0, None)


def test_an_answer_that_nobody_waits_for_goes_back() -> None:
    own, permits, shared = Claims(0), a_ledger(device=1), at(device="d1")
    own.want(shared, campaign(device=1), "ann", 0)
    (asked,) = own.take()
    answer = permits.hear(asked, 0)
    assert answer is not None
    own.drop(shared, 1)
    assert not own.hear(shared, answer)
    assert not own.hear(None, answer), "a customer who was erased"
    assert [one.says for one in answered(own, shared, permits)] == ["spares"] * 3
    assert len(permits) == 0


def test_a_refusal_that_nobody_waits_for_is_passed_over() -> None:
    own = Claims(0)
    late = Permit(permit=7, pots=(DEVICE,), partition=0, user_id="ann", short=DEVICE)
    assert not own.hear(None, late)
    assert own.take() == []


def test_a_used_permit_is_told_and_comes_back_with_the_coupon() -> None:
    own, permits, shared = Claims(0), a_ledger(device=1, address=1), at(device="d1", address="a1")
    spring = campaign(device=1, address=1)
    own.want(shared, spring, "ann", 0)
    answered(own, shared, permits)
    used = own.use(shared, spring, 1, until_ms=HOUR_MS)
    assert used == [f"{DEVICE}#1", f"{ADDRESS}#1"]
    answered(own, shared, permits)
    assert permits.of(ADDRESS) == {"out": {"0:1": HOUR_MS}}
    own.give_back(used, 2)
    answered(own, shared, permits)
    assert len(permits) == 0


def test_a_customer_of_whom_no_device_is_known_is_not_held_by_one() -> None:
    own, shared, spring = Claims(0), at(address="a1"), campaign(device=1)
    assert not own.want(shared, spring, "ann", 0)
    assert rows.refusal(shared, spring) is None
    assert own.use(shared, spring, 1, until_ms=9) == []


def test_a_row_keeps_claims_of_a_few_campaigns_only() -> None:
    own, shared = Claims(0), at(device="d1")
    named = [
        Campaign(campaign_id=f"c{n}", budget_minor=1, shared_caps={"device": 1}) for n in range(20)
    ]
    made = [own.want(shared, one, "ann", 0) for one in named]
    assert made.count(True) == len(shared["claims"]) == rows.CAMPAIGNS_MAX
    assert rows.refusal(shared, named[-1]) == "device_limit"
