"""Records refuse what no shop can mean, and a catalogue's version follows its content only."""

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from coupons.catalogue import Audience, Campaign, Catalogue, Coupon, Schedule, Scope

ROOT = Path(__file__).resolve().parents[3]
COUPON = Coupon(
    coupon_id="c",
    campaign_id="k",
    kind="percent_off",
    scope=Scope(of="category", names=frozenset({"home", "grocery", "apparel"})),
    off_ratio=0.2,
    max_discount_minor=500,
)
CAMPAIGN = Campaign(campaign_id="k", budget_minor=9_000, coupons=(COUPON,))


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: replace(COUPON, off_ratio=80.0), "off_ratio must be in 0..1, was 80.0"),
        (lambda: replace(COUPON, off_ratio=float("nan")), "off_ratio must be in 0..1, was nan"),
        (lambda: replace(COUPON, off_minor=-1), "off_minor must be 0 or more, was -1"),
        (lambda: replace(COUPON, max_discount_minor=-1), "max_discount_minor must be 0 or more"),
        (lambda: replace(COUPON, validity_ms=0), "validity_ms must be above 0, was 0"),
        (lambda: replace(COUPON, per_user=0), "per_user must be 1 or more, was 0"),
        (lambda: replace(COUPON, quota=0), "quota must be 1 or more, was 0"),
        (lambda: replace(CAMPAIGN, budget_minor=-1), "budget_minor must be 0 or more, was -1"),
        (lambda: Scope(of="brand"), "names must be set unless of is 'shop'"),
        (lambda: Scope(names=frozenset({"x"})), "names must be set unless of is 'shop'"),
        (lambda: Audience(share_ratio=0.0), "share_ratio must be in"),
        (lambda: Schedule(quiet=((60, 60),)), "quiet must be two different minutes"),
        (lambda: Schedule(weekdays=frozenset({7})), "weekdays must be in"),
    ],
)
def test_a_record_that_makes_no_sense_is_refused(build: Callable[[], object], message: str) -> None:
    with pytest.raises(ValueError, match=message.replace(".", r"\.")):
        build()


def test_campaigns_stand_in_the_order_of_their_ids() -> None:
    other = Campaign(campaign_id="a", budget_minor=1)
    assert [one.campaign_id for one in Catalogue.of([CAMPAIGN, other]).campaigns] == ["a", "k"]
    assert Catalogue.of([CAMPAIGN, other]).version == Catalogue.of([other, CAMPAIGN]).version


@pytest.mark.parametrize(
    "changed",
    [
        replace(CAMPAIGN, budget_minor=9_001),
        replace(CAMPAIGN, version=2),
        replace(CAMPAIGN, channel_caps={"mail": 1}),
        replace(CAMPAIGN, coupons=(replace(COUPON, audience=Audience(bought=True)),)),
        replace(CAMPAIGN, coupons=(COUPON, replace(COUPON, coupon_id="d"))),
    ],
)
def test_c41_any_change_of_content_gives_a_new_version(changed: Campaign) -> None:
    assert Catalogue.of([changed]).version != Catalogue.of([CAMPAIGN]).version


def test_c41_moving_lines_keeps_the_version() -> None:
    moved = replace(CAMPAIGN, line=12, coupons=(replace(COUPON, line=14),))
    assert Catalogue.of([moved]).version == Catalogue.of([CAMPAIGN]).version


def test_c41_the_version_is_the_same_in_every_process() -> None:
    code = (
        "from coupons.catalogue import *\n"
        "names = frozenset({'home', 'grocery', 'apparel'})\n"
        "one = Coupon(coupon_id='c', campaign_id='k', kind='percent_off', off_ratio=0.2,"
        " scope=Scope(of='category', names=names), max_discount_minor=500)\n"
        "campaign = Campaign(campaign_id='k', budget_minor=9000, coupons=(one,))\n"
        "print(Catalogue.of([campaign]).version)"
    )
    versions = {
        subprocess.run(
            [sys.executable, "-c", code],
            cwd=ROOT,
            env={"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for seed in ("1", "2")
    }
    assert versions == {Catalogue.of([CAMPAIGN]).version}


def test_an_id_used_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="campaign_id must be used once"):
        Catalogue.of([CAMPAIGN, CAMPAIGN])
    twin = Campaign(campaign_id="m", budget_minor=1, coupons=(COUPON,))
    with pytest.raises(ValueError, match="coupon_id must be used once"):
        Catalogue.of([CAMPAIGN, twin])
