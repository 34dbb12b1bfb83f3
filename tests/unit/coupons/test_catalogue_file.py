"""The file of a marketer: what is good is read exactly, what is bad is named with its line."""

from contextlib import suppress
from pathlib import Path
from textwrap import indent
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coupons.catalogue import Audience, Catalogue, Coupon, Kind, Schedule, Scope
from coupons.catalogue_file import CatalogueError, campaign_from_record, parse_catalogue
from coupons.price import worst_case_minor

ROOT = Path(__file__).resolve().parents[3]
GIFT = "{id: c, kind: gift, cost: 1.00}"


def one_coupon(fields: str, campaign: str = "budget: 100.00") -> Coupon:
    """Read a file with one coupon; its fields start in line 6."""
    text = "campaigns:\n- id: k\n  currency: EUR\n"
    text += f"  {campaign}\n  coupons:\n" + indent(fields, "    ").replace("    ", "  - ", 1)
    (coupon,) = parse_catalogue(text, "shop.yaml").coupons
    return coupon


def problems(text: str) -> list[tuple[str, int, str]]:
    """Give (entry, line, field) of everything that is wrong with a file."""
    with pytest.raises(CatalogueError) as refused:
        parse_catalogue(text, "shop.yaml")
    return [(one.name, one.line, one.field) for one in refused.value.problems]


def complaint(fields: str, campaign: str = "budget: 100.00") -> str:
    """Give the one message that a file with one coupon is refused with."""
    with pytest.raises(CatalogueError) as refused:
        one_coupon(fields, campaign)
    (problem,) = refused.value.problems
    return str(problem)


def test_c41_a_coupon_is_read_field_by_field() -> None:
    fields = """\
id: come-back
kind: percent_off
title: 回来吧
scope: {category: [organic, grocery/organic]}
off_ratio: 0.125
max_discount: 7.5
min_spend: 20
validity: 10d
quota: 40
per_user: 2
cooldown: 12h
audience: {segments: [fashion], tiers: [gold], members: true, bought: true, share_ratio: 0.5}
schedule:
  starts: 2026-11-01T00:00:00+01:00
  ends: "2026-12-01T00:00:00Z"
  weekdays: [mon, sun]
  quiet: ["22:00-07:30"]
  utc_offset: "-03:30"
channels: [app]
venue: online
stacking: day
exclusive: yes
code: BACK
"""
    assert one_coupon(fields) == Coupon(
        coupon_id="come-back",
        campaign_id="k",
        kind="percent_off",
        title="回来吧",
        scope=Scope(of="category", names=frozenset({"organic", "grocery/organic"})),
        off_ratio=0.125,
        max_discount_minor=7_50,
        min_spend_minor=20_00,
        validity_ms=10 * 86_400_000,
        quota=40,
        per_user=2,
        cooldown_ms=12 * 3_600_000,
        audience=Audience(
            segments=frozenset({"fashion"}),
            tiers=frozenset({"gold"}),
            members=True,
            bought=True,
            share_ratio=0.5,
        ),
        schedule=Schedule(
            starts_ms=1_793_487_600_000,
            ends_ms=1_796_083_200_000,
            weekdays=frozenset({0, 6}),
            quiet=((22 * 60, 7 * 60 + 30),),
            utc_offset_minutes=-210,
        ),
        channels=frozenset({"app"}),
        venue="online",
        stacking="day",
        exclusive=True,
        code="BACK",
        line=6,
    )


@pytest.mark.parametrize(
    ("currency", "written", "minor"),
    [
        ("EUR", "12.50", 1250),
        ("EUR", "'12.5'", 1250),
        ("EUR", "12", 1200),
        ("EUR", "0.29", 29),
        ("JPY", "1250", 1250),
        ("KWD", "1.250", 1250),
    ],
)
def test_money_is_written_in_major_units_of_its_currency(
    currency: str, written: str, minor: int
) -> None:
    text = f"campaigns: [{{id: k, currency: {currency}, budget: {written}, coupons: []}}]"
    assert parse_catalogue(text, "shop.yaml").campaigns[0].budget_minor == minor


@pytest.mark.parametrize(
    ("currency", "written"),
    [
        *[("EUR", bad) for bad in ("-1", "1.234", ".nan", ".inf", "1e3", "'1,50'", "true", "[]")],
        *[("JPY", bad) for bad in ("12.5", "1000000001")],
        ("EUR", "10000000.01"),
    ],
)
def test_money_that_is_no_money_is_refused(currency: str, written: str) -> None:
    text = f"campaigns: [{{id: k, currency: {currency}, budget: {written}, coupons: []}}]"
    assert problems(text) == [("k", 1, "budget")]


def test_v04_8_zhe_is_written_as_what_is_taken_off() -> None:
    fields = "id: c\nkind: percent_off\nmax_discount: 9\noff_ratio: "
    assert one_coupon(f"{fields}0.2").off_ratio == 0.2
    for wrong in ("80", "0.8", "20", "8", "0", "-0.2", ".nan", "20%"):
        message = complaint(fields + wrong)
        assert message.startswith("shop.yaml:9: c: off_ratio must be a share above 0, at most 0.75")
        assert message.endswith(f"(20 % off, 8折, is 0.2), was {wrong}") or "'20%'" in message


def test_v06_a_first_order_coupon_for_people_who_already_bought_is_refused() -> None:
    scope = "id: organic\nkind: amount_off\nsave: 3\nscope: {category: [organic]}\n"
    message = complaint(scope + "audience: {first_order: true, bought: true}")
    assert message.startswith("shop.yaml:10: organic: audience must be possible")
    assert "win customers back" in message
    assert one_coupon(scope + "audience: {bought: true}").audience.bought is True


@pytest.mark.parametrize(
    ("fields", "campaign", "field"),
    [
        ("audience: {first_order: false, bought: false}", "", "audience"),
        ("audience: {members: false, tiers: [gold]}", "", "audience"),
        ('schedule: {quiet: ["00:00-12:00", "12:00-00:00"]}', "", "quiet"),
        ("schedule: {ends: 2026-01-01T00:00:00Z}", "starts: 2026-02-01T00:00:00Z", "schedule"),
        ("channels: [sms]", "channel_caps: {sms: 0}", "channels"),
        ("venue: any", "budget: 0.50", "budget"),
    ],
)
def test_a_coupon_that_could_never_be_given_is_refused(
    fields: str, campaign: str, field: str
) -> None:
    budget = "" if "budget" in campaign else "budget: 100.00\n  "
    message = complaint(f"id: c\nkind: gift\ncost: 1\n{fields}", budget + campaign)
    assert f": c: {field} must be " in message


def test_all_problems_are_listed_by_entry_and_line() -> None:
    text = """\
campaigns:
- id: spring
  budget: -5
  currenzy: EUR
  coupons:
  - id: a
    kind: percent_of
    off_ratio: 0.2
  - id: b
    kind: percent_off
    validity: 0d
    off_ratio: 0.1
    schedule: {starts: 2026-02-01T00:00:00Z, ends: 2026-01-01T00:00:00Z}
  - id: a
    kind: bundle
    save: 10
  - id: d
    id: e
    kind: gift
    cost: 1
    save: 1
  - 7
- budget: 9
  coupons: []
"""
    assert problems(text) == [
        ("spring", 3, "budget"),
        ("spring", 4, "currenzy"),
        ("a", 7, "kind"),
        ("b", 9, "max_discount"),
        ("b", 11, "validity"),
        ("b", 13, "ends"),
        ("a", 14, "products"),
        ("a", 14, "id"),
        ("shop.yaml", 18, "id"),
        ("d", 21, "save"),
        ("coupon without id", 22, "coupons/4"),
        ("campaign without id", 23, "id"),
    ]


def test_a_name_that_is_nearly_right_is_suggested() -> None:
    assert "did you mean 'percent_off'?" in complaint("id: c\nkind: percentoff")
    assert "did you mean 'cooldown'?" in complaint("id: c\nkind: gift\ncost: 1\ncool_down: 1d")


@pytest.mark.parametrize("kind", get_args(Kind))
def test_each_kind_asks_for_what_makes_its_worst_case_known(kind: Kind) -> None:
    depth = {
        "amount_off": "save: 5",
        "percent_off": "off_ratio: 0.1\nmax_discount: 5",
        "free_shipping": "max_discount: 5",
        "gift": "cost: 5",
        "second_half_price": "max_discount: 5",
        "bundle": "save: 5\nproducts: [a, b]",
    }
    assert worst_case_minor(one_coupon(f"id: c\nkind: {kind}\n{depth[kind]}")) == 5_00
    for line in depth[kind].splitlines():
        field = line.split(":")[0]
        less = "\n".join(kept for kept in depth[kind].splitlines() if kept != line)
        assert f"{field} must be written for {kind}" in complaint(f"id: c\nkind: {kind}\n{less}")


@pytest.mark.parametrize(
    "field",
    [
        "id: 12",
        "title: 5",
        "scope: {category: []}",
        "scope: {colour: [red]}",
        "validity: 7",
        "validity: -7d",
        "quota: 0",
        "quota: 1.5",
        "per_user: true",
        "audience: []",
        "audience: {share_ratio: 0}",
        "audience: {members: maybe}",
        "schedule: {starts: 2026-11-01T00:00:00}",
        "schedule: {starts: next week}",
        "schedule: {weekdays: [monday]}",
        "schedule: {quiet: [22:00-25:00]}",
        "schedule: {quiet: ['08:00-08:00']}",
        "schedule: {utc_offset: CET}",
        "channels: app",
        "venue: moon",
        "exclusive: 1",
        "products: [a, b]",
    ],
)
def test_a_field_of_the_wrong_form_is_refused(field: str) -> None:
    head = "kind: gift\ncost: 1" if field.startswith("id") else "id: c\nkind: gift\ncost: 1"
    with pytest.raises(CatalogueError) as refused:
        one_coupon(f"{head}\n{field}")
    assert all(problem.line >= 6 for problem in refused.value.problems)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "7",
        "[]",
        "campaigns: {}",
        "campaigns: [null]",
        "campaigns: [",
        "\t- x",
        "a: &x [*x]",
        "--- a\n--- b",
        "\x00",
        "[" * 5_000,
        "? [a]\n: b",
        "campaigns: !!python/object:os.system []\nversion: 2",
        "campaigns: [{id: k, budget: 1, coupons: [], channel_caps: {1: 2}, per_user: 1e99}]",
        "campaigns: []\n" + "#" * 1_000_001,
    ],
)
def test_text_that_is_no_catalogue_is_refused_with_a_message(text: str) -> None:
    assert problems(text)


def test_an_alias_is_refused_with_its_line() -> None:
    assert problems("campaigns:\n- &one {id: a}\n- *one\n") == [("shop.yaml", 3, "file")]


def test_ids_used_twice_across_campaigns_are_refused() -> None:
    text = f"""\
campaigns:
- {{id: a, budget: 9, coupons: [{GIFT}]}}
- {{id: b, budget: 9, coupons: [{GIFT}]}}
- {{id: a, budget: 9, coupons: []}}
"""
    assert problems(text) == [("c", 3, "id"), ("a", 4, "id")]


def test_a_message_has_the_schema_of_the_file() -> None:
    text = f"campaigns: [{{id: k, budget: 12.50, per_user: 2, coupons: [{GIFT}]}}]"
    coupon = {"id": "c", "kind": "gift", "cost": 1.0}
    record = {"id": "k", "budget": 12.5, "per_user": 2, "coupons": [coupon]}
    from_file, from_topic = parse_catalogue(text, "f"), Catalogue.of([campaign_from_record(record)])
    assert from_file.version == from_topic.version


def test_a_bad_message_is_refused_like_a_bad_file() -> None:
    record = {"id": "k", "budget": float("nan"), "coupons": [{"id": "c", "kind": "gif"}]}
    with pytest.raises(CatalogueError, match=r"message: k: budget must be .* was nan") as refused:
        campaign_from_record(record)
    assert [(one.field, one.line) for one in refused.value.problems] == [("budget", 0), ("kind", 0)]


def test_c41_the_shops_own_catalogue_is_good_and_covers_every_kind() -> None:
    path = ROOT / "deploy" / "catalogue.yaml"
    catalogue = parse_catalogue(path.read_text(encoding="utf-8"), path.name)
    assert {coupon.kind for coupon in catalogue.coupons} == set(get_args(Kind))
    audiences = [coupon.audience for coupon in catalogue.coupons]
    assert any(audience.first_order for audience in audiences)
    assert any(audience.birthday_month for audience in audiences)
    assert any(audience.members for audience in audiences)
    assert any(audience.bought for audience in audiences)
    assert any(campaign.ends_ms for campaign in catalogue.campaigns)
    for campaign in catalogue.campaigns:
        assert all(worst_case_minor(one) <= campaign.budget_minor for one in campaign.coupons)


def test_c41_comments_do_not_make_a_new_version() -> None:
    text = (ROOT / "deploy" / "catalogue.yaml").read_text(encoding="utf-8")
    version = parse_catalogue(text, "a").version
    assert parse_catalogue("# one more\n\n" + text, "b").version == version
    assert parse_catalogue(text.replace("save: 12.00", "save: 12.01"), "c").version != version


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=6,
)
FIELDS = ("id", "kind", "cost", "scope", "audience", "schedule", "quota", "validity", "save")


@given(st.dictionaries(st.sampled_from(FIELDS), json_values), json_values)
def test_any_message_is_read_or_refused_and_never_fails(
    coupon: dict[str, object], budget: object
) -> None:
    record = {"id": "k", "budget": budget, "coupons": [coupon]}
    with suppress(CatalogueError):
        assert Catalogue.of([campaign_from_record(record)]).coupons


@given(st.text(alphabet="ab:-[]{}&*!'\"\n ,#?|>%@0.\t", max_size=60))
def test_any_text_is_read_or_refused_and_never_fails(text: str) -> None:
    with pytest.raises(CatalogueError):
        parse_catalogue(text, "noise.yaml")
