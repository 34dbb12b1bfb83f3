"""What a decision asks the ledger for when a coupon could not be given."""

import pytest

from coupons.catalogue import Campaign, Catalogue, Coupon
from coupons.choices import Blocked
from coupons.ledger import Ledger
from coupons.purses import POLICY
from coupons.wallet import empty
from streams.limits import Limits

MUG = Coupon(coupon_id="mug", campaign_id="spring", kind="gift", cost_minor=1, quota=20)
SPRING = Campaign(campaign_id="spring", budget_minor=900, coupons=(MUG,))


@pytest.mark.parametrize(
    ("reason", "is_dry_run", "asked"),
    [
        ("quota_exhausted", False, {"spring/quota/mug": {POLICY: 1}}),
        ("budget_exhausted", False, {"spring": {POLICY: 1}}),
        ("quota_exhausted", True, {}),
        ("out_of_stock", False, {}),
    ],
)
def test_what_was_short_is_asked_for_unless_nothing_is_given_anyway(
    reason: str, is_dry_run: bool, asked: dict[str, dict[str, int]]
) -> None:
    ledger = Ledger(partition=0, partitions=12)
    ledger.adopt(Catalogue.of([SPRING]), None, 0.5)
    blocked = [Blocked(coupon_id="mug", reason=reason)]
    Limits(empty(), ledger, "policy").miss(blocked, is_dry_run)
    assert {ask.campaign_id: ask.wants for ask in ledger.take_asks()} == asked
