"""Who gets what, when, and the coded reason for every coupon that is not given (C45, C46, C51)."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coupons.catalogue import Audience, Campaign, Catalogue, Coupon, Schedule, Scope
from coupons.choices import Candidate
from coupons.eligibility import REASONS, Moment, eligible
from features.actions import Action
from features.basket import Basket
from features.events import Item
from features.traits import Traits

SAVE_5 = Coupon(coupon_id="save-5", campaign_id="k", kind="amount_off", off_minor=5_00)
ORGANIC = Scope(of="category", names=frozenset({"organic"}))
CAMPAIGN = Campaign(campaign_id="k", budget_minor=1_000_00)


class Open:
    """Limits that forbid what they are told to forbid."""

    def __init__(self, wallet: str | None = None, ledger: str | None = None) -> None:
        self.wallet = wallet
        self.ledger = ledger
        self.asked: list[tuple[str, str | None, int]] = []

    def caps_of(
        self, campaign: Campaign, now_ms: int, channel: str | None
    ) -> Callable[[Coupon], str | None]:
        self.asked.append((campaign.campaign_id, channel, now_ms))
        return lambda coupon: self.wallet

    def room_minor(self, campaign: Campaign) -> int:
        return 0 if self.ledger == "budget_exhausted" else 1_000_00

    def has_quota(self, coupon: Coupon) -> bool:
        return self.ledger != "quota_exhausted"

    def shortage(self, campaign: Campaign) -> str:
        return "budget_exhausted"


def at(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1000)


NOON = at("2026-11-04T12:00:00+00:00")  # a Wednesday


def verdict(
    coupon: Coupon,
    *,
    traits: Traits | None = None,
    basket: Basket | None = None,
    now_ms: int = NOON,
    channel: str | None = "app",
    venue: str = "online",
    campaign: Campaign = CAMPAIGN,
    limits: Open | None = None,
    reach_ratio: float = 0.5,
) -> Candidate | str:
    """Give the candidate that a catalogue of one coupon yields, or the reason against it."""
    candidates, blocked = eligible(
        Catalogue.of([replace(campaign, coupons=(coupon,))]),
        basket or Basket(goods_minor=50_00, shipping_minor=4_00),
        traits or Traits(),
        Moment(now_ms=now_ms, user_id="u1", venue=venue, channel=channel, salt="s"),
        limits or Open(),
        reach_ratio=reach_ratio,
    )
    assert len(candidates) + len(blocked) == 1
    if blocked:
        assert blocked[0].reason in REASONS
        return blocked[0].reason
    return candidates[0]


def given_to(coupon: Coupon, traits: Traits) -> bool:
    return isinstance(verdict(coupon, traits=traits), Candidate)


def for_audience(audience: Audience) -> Coupon:
    return replace(SAVE_5, audience=audience)


def test_a_candidate_carries_action_discount_and_charge() -> None:
    capped = replace(
        SAVE_5, kind="percent_off", off_ratio=0.1, max_discount_minor=8_00, scope=ORGANIC
    )
    traits = Traits(affinity={"category:organic": 0.25, "category:organic/fruit": 0.5})
    assert verdict(capped, traits=traits) == Candidate(
        coupon=capped,
        action=Action(
            action_id="save-5", kind="percent_off", depth_ratio=0.1, match_ratio=0.75, gap_ratio=0
        ),
        discount_minor=5_00,
        charge_minor=7_50,
    )


def test_v03_a_second_order_gets_no_first_order_coupon() -> None:
    welcome = for_audience(Audience(first_order=True))
    assert given_to(welcome, Traits(orders_count=0))
    assert verdict(welcome, traits=Traits(orders_count=1)) == "first_order_only"


def test_v06_a_first_purchase_coupon_is_refused_to_people_who_already_buy_the_goods() -> None:
    organic_buyer = Traits(orders_count=9, bought=frozenset({"category:organic"}))
    first_purchase = replace(SAVE_5, scope=ORGANIC, audience=Audience(bought=False))
    win_back = replace(SAVE_5, scope=ORGANIC, audience=Audience(bought=True))
    assert verdict(first_purchase, traits=organic_buyer) == "audience_already_bought"
    assert given_to(win_back, organic_buyer)
    assert verdict(win_back, traits=Traits(orders_count=9)) == "audience_never_bought"


def test_v06_what_lies_below_a_category_counts_as_bought_in_it() -> None:
    win_back = replace(SAVE_5, scope=ORGANIC, audience=Audience(bought=True))
    assert given_to(win_back, Traits(bought=frozenset({"category:organic/fruit"})))


@pytest.mark.parametrize(
    ("audience", "reason", "fits"),
    [
        (Audience(first_order=False), "audience_returning", Traits(orders_count=2)),
        (Audience(members=True), "audience_members", Traits(member=True)),
        (Audience(tiers=frozenset({"gold"})), "audience_tier", Traits(tier="gold")),
        (Audience(segments=frozenset({"fashion"})), "audience_segment", Traits(segment="fashion")),
        (Audience(birthday_month=True), "audience_birthday", Traits(birth_month=11)),
        (Audience(bought=True), "audience_never_bought", Traits(orders_count=1)),
    ],
)
def test_c52_an_audience_is_met_by_facts_and_a_missing_fact_is_a_reason(
    audience: Audience, reason: str, fits: Traits
) -> None:
    assert verdict(for_audience(audience), traits=Traits()) == reason
    assert given_to(for_audience(audience), fits)


def test_c52_members_may_be_left_out() -> None:
    reason = verdict(for_audience(Audience(members=False)), traits=Traits(member=True))
    assert reason == "audience_non_members"


def test_c52_a_birthday_month_begins_on_the_shops_clock() -> None:
    coupon = replace(
        SAVE_5, audience=Audience(birthday_month=True), schedule=Schedule(utc_offset_minutes=60)
    )
    new_year = at("2026-12-31T23:30:00+00:00")
    traits = Traits(birth_month=1)
    assert isinstance(verdict(coupon, traits=traits, now_ms=new_year), Candidate)


def test_c46_a_share_of_customers_is_kept_when_it_grows() -> None:
    def reached(share_ratio: float) -> set[str]:
        coupon = for_audience(Audience(share_ratio=share_ratio))
        catalogue = Catalogue.of([replace(CAMPAIGN, coupons=(coupon,))])
        basket = Basket(goods_minor=50_00)
        users = [f"u{number}" for number in range(2_000)]
        moments = [Moment(now_ms=NOON, user_id=user, salt="s") for user in users]
        return {
            moment.user_id
            for moment in moments
            if eligible(catalogue, basket, Traits(), moment, Open())[0]
        }

    tenth, half, everybody = reached(0.1), reached(0.5), reached(1.0)
    assert tenth < half < everybody
    assert 150 < len(tenth) < 250
    assert 900 < len(half) < 1_100
    assert len(everybody) == 2_000


def test_c46_another_salt_deals_other_customers() -> None:
    coupon = for_audience(Audience(share_ratio=0.5))
    catalogue = Catalogue.of([replace(CAMPAIGN, coupons=(coupon,))])

    def answers(salt: str) -> list[bool]:
        moments = [Moment(now_ms=NOON, user_id=f"u{number}", salt=salt) for number in range(64)]
        basket = Basket(goods_minor=1_00)
        return [bool(eligible(catalogue, basket, Traits(), one, Open())[0]) for one in moments]

    assert answers("a") != answers("b")


def test_c51_a_channel_that_is_not_listed_or_not_known_gets_nothing() -> None:
    coupon = replace(SAVE_5, channels=frozenset({"app", "mail"}))
    assert isinstance(verdict(coupon, channel="mail"), Candidate)
    assert verdict(coupon, channel="sms") == "wrong_channel"
    assert verdict(coupon, channel=None) == "wrong_channel"


def test_c52_a_store_coupon_is_for_the_store() -> None:
    coupon = replace(SAVE_5, venue="store")
    assert verdict(coupon, venue="online") == "wrong_venue"
    assert isinstance(verdict(coupon, venue="store"), Candidate)


@pytest.mark.parametrize("of_campaign", [True, False])
def test_c52_a_schedule_starts_inclusive_and_ends_exclusive(of_campaign: bool) -> None:
    #      starts            ends
    # ------[================)------> event time
    starts_ms, ends_ms = NOON, NOON + 10
    coupon, campaign = SAVE_5, replace(CAMPAIGN, starts_ms=starts_ms, ends_ms=ends_ms)
    ended = "campaign_ended"
    if not of_campaign:
        coupon = replace(SAVE_5, schedule=Schedule(starts_ms=starts_ms, ends_ms=ends_ms))
        campaign, ended = CAMPAIGN, "coupon_ended"
    assert verdict(coupon, campaign=campaign, now_ms=starts_ms - 1) == "not_started"
    assert isinstance(verdict(coupon, campaign=campaign, now_ms=starts_ms), Candidate)
    assert isinstance(verdict(coupon, campaign=campaign, now_ms=ends_ms - 1), Candidate)
    assert verdict(coupon, campaign=campaign, now_ms=ends_ms) == ended


def test_c52_a_prepared_catalogue_notices_the_start_and_the_end_of_the_same_day() -> None:
    coupon = replace(SAVE_5, schedule=Schedule(starts_ms=NOON, ends_ms=NOON + 10))
    catalogue = Catalogue.of([replace(CAMPAIGN, coupons=(coupon,))])
    seen = []
    for now_ms in (NOON - 1, NOON, NOON + 9, NOON + 10, NOON + 9, NOON - 1):
        moment = Moment(now_ms=now_ms, user_id="u")
        _, blocked = eligible(catalogue, Basket(goods_minor=9_00), Traits(), moment, Open())
        seen.append(blocked[0].reason if blocked else "given")
    assert seen == ["not_started", "given", "given", "coupon_ended", "given", "not_started"]


@pytest.mark.parametrize(
    ("local", "quiet"),
    [
        ("21:59:59", False),
        ("22:00:00", True),
        ("03:00:00", True),
        ("07:59:59", True),
        ("08:00:00", False),
        ("12:59:59", False),
        ("13:30:00", True),
        ("14:00:00", False),
    ],
)
def test_c47_quiet_hours_pass_midnight_on_the_shops_clock(local: str, quiet: bool) -> None:
    spans = ((22 * 60, 8 * 60), (13 * 60, 14 * 60))
    coupon = replace(SAVE_5, schedule=Schedule(quiet=spans, utc_offset_minutes=8 * 60))
    answer = verdict(coupon, now_ms=at(f"2026-11-04T{local}+08:00"))
    assert (answer == "quiet_hours") is quiet


def test_c52_weekdays_change_at_local_midnight() -> None:
    mondays = Schedule(weekdays=frozenset({0}), utc_offset_minutes=60)
    coupon = replace(SAVE_5, schedule=mondays)
    assert verdict(coupon, now_ms=at("2026-11-01T23:59:00+01:00")) == "wrong_weekday"
    assert isinstance(verdict(coupon, now_ms=at("2026-11-02T00:00:00+01:00")), Candidate)
    assert verdict(coupon, now_ms=at("2026-11-03T00:00:00+01:00")) == "wrong_weekday"


def test_a_basket_within_reach_of_the_minimum_is_priced_at_the_minimum() -> None:
    coupon = replace(SAVE_5, min_spend_minor=80_00)
    offer = verdict(coupon, basket=Basket(goods_minor=60_00))
    assert isinstance(offer, Candidate)
    assert (offer.discount_minor, offer.action.gap_ratio) == (5_00, 0.25)
    assert offer.action.depth_ratio == 0.06  # 5 of 80, in whole percents
    assert verdict(coupon, basket=Basket(goods_minor=39_99)) == "min_spend_out_of_reach"
    assert isinstance(verdict(coupon, basket=Basket(goods_minor=40_00)), Candidate)
    reason = verdict(coupon, basket=Basket(goods_minor=60_00), reach_ratio=0.2)
    assert reason == "min_spend_out_of_reach"


def test_a_half_filled_bundle_is_within_reach_and_an_empty_one_is_not() -> None:
    bundle = replace(SAVE_5, kind="bundle", bundle_products=frozenset({"pan", "knife"}))
    pan = Basket.of((Item(product_id="pan", price_minor=30_00),))
    offer = verdict(bundle, basket=pan)
    assert isinstance(offer, Candidate)
    assert (offer.discount_minor, offer.action.gap_ratio) == (5_00, 0.5)
    cup = Basket.of((Item(product_id="cup", price_minor=30_00),))
    assert verdict(bundle, basket=cup) == "bundle_out_of_reach"


def test_a_single_piece_is_half_a_pair() -> None:
    second = replace(SAVE_5, kind="second_half_price", max_discount_minor=40_00)
    one = Basket.of((Item(product_id="a", price_minor=30_00),))
    offer = verdict(second, basket=one)
    assert isinstance(offer, Candidate)
    assert (offer.discount_minor, offer.action.gap_ratio) == (15_00, 0.5)


def test_a_gift_is_charged_at_its_cost() -> None:
    gift = replace(SAVE_5, kind="gift", off_minor=0, cost_minor=3_00)
    offer = verdict(gift)
    assert isinstance(offer, Candidate)
    assert (offer.discount_minor, offer.charge_minor) == (3_00, 3_00)


def test_a_coupon_that_would_save_nothing_is_not_given() -> None:
    shipping = replace(SAVE_5, kind="free_shipping", max_discount_minor=6_00)
    assert verdict(shipping, basket=Basket(goods_minor=50_00)) == "no_discount"


def test_c32_a_coupon_for_other_goods_than_those_in_the_cart_is_not_relevant() -> None:
    coupon = replace(SAVE_5, scope=ORGANIC)
    phone = Basket.of((Item(product_id="p", price_minor=300_00, category="electronics"),))
    assert verdict(coupon, basket=phone) == "scope_not_relevant"
    fruit = Basket.of((Item(product_id="f", price_minor=9_00, category="organic.fruit"),))
    assert isinstance(verdict(coupon, basket=fruit), Candidate)


def test_c32_taste_decides_where_the_basket_is_a_guess() -> None:
    coupon = replace(SAVE_5, scope=ORGANIC)
    assert verdict(coupon, traits=Traits(affinity={"category:home": 1.0})) == "scope_not_relevant"
    bought = frozenset({"category:organic"})
    lapsed = Traits(affinity={"category:home": 1.0}, bought=bought)
    assert given_to(coupon, lapsed)
    # Nothing is known of a stranger's categories, so nothing speaks against the coupon.
    assert given_to(coupon, Traits(affinity={"brand:acme": 1.0}))
    newcomers = replace(coupon, audience=Audience(bought=False))
    assert given_to(newcomers, Traits(affinity={"category:home": 1.0}))


def test_c32_a_new_coupon_is_matched_without_any_history_of_its_own() -> None:
    taste = Traits(affinity={"category:organic": 0.6, "brand:acme": 0.3})
    for scope, match_ratio in (
        (Scope(), 1.0),
        (ORGANIC, 0.6),
        (Scope(of="brand", names=frozenset({"acme", "other"})), 0.3),
    ):
        offer = verdict(replace(SAVE_5, scope=scope), traits=taste)
        assert isinstance(offer, Candidate)
        assert offer.action.match_ratio == match_ratio


def test_caps_are_asked_once_for_a_campaign_with_channel_and_time() -> None:
    limits, pair = Open(), (SAVE_5, replace(SAVE_5, coupon_id="more"))
    catalogue = Catalogue.of([replace(CAMPAIGN, coupons=pair)])
    moment = Moment(now_ms=NOON, user_id="u1", channel="app")
    given, _ = eligible(catalogue, Basket(goods_minor=50_00), Traits(), moment, limits)
    assert len(given) == 2
    assert limits.asked == [("k", "app", NOON)]


@pytest.mark.parametrize(("off_minor", "given"), [(1_000_00, True), (1_000_01, False)])
def test_the_budget_has_to_hold_the_worst_case(off_minor: int, given: bool) -> None:
    dear = replace(SAVE_5, off_minor=off_minor)
    basket = Basket(goods_minor=9_000_00)
    assert (verdict(dear, basket=basket) == "budget_exhausted") is not given


@pytest.mark.parametrize(("goods_minor", "given"), [(6_600_00, True), (6_800_00, False)])
def test_c50_the_budget_has_to_hold_what_this_customer_is_promised(
    goods_minor: int, given: bool
) -> None:
    capped = replace(SAVE_5, kind="percent_off", off_ratio=0.1, max_discount_minor=2_000_00)
    offer = verdict(capped, basket=Basket(goods_minor=goods_minor))
    assert (offer == "budget_exhausted") is not given
    if isinstance(offer, Candidate):
        assert offer.charge_minor == 1.5 * offer.discount_minor


def test_c50_a_small_basket_is_promised_what_a_usual_order_would_save() -> None:
    capped = replace(SAVE_5, kind="percent_off", off_ratio=0.1, max_discount_minor=2_000_00)
    basket, regular = Basket(goods_minor=9_00), Traits(usual_order_minor=60_00)
    offer, unknown = verdict(capped, basket=basket, traits=regular), verdict(capped, basket=basket)
    assert isinstance(offer, Candidate)
    assert isinstance(unknown, Candidate)
    assert (offer.discount_minor, offer.charge_minor) == (90, 9_00)
    assert (unknown.discount_minor, unknown.charge_minor) == (90, 1_40)


@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        (Open(wallet="cooldown"), "cooldown"),
        (Open(ledger="budget_exhausted"), "budget_exhausted"),
        (Open(wallet="per_user_limit", ledger="quota_exhausted"), "per_user_limit"),
        (Open(ledger="quota_exhausted"), "quota_exhausted"),
    ],
)
def test_caps_and_budget_block_with_their_own_reason(limits: Open, reason: str) -> None:
    assert verdict(replace(SAVE_5, quota=1), limits=limits) == reason


def test_c45_every_coupon_is_a_candidate_or_blocked_in_catalogue_order() -> None:
    open_one = replace(SAVE_5, coupon_id="z-open")
    shut = replace(SAVE_5, coupon_id="y-shut", audience=Audience(members=True))
    last = replace(SAVE_5, coupon_id="a-last", campaign_id="m")
    catalogue = Catalogue.of(
        [
            Campaign(campaign_id="m", budget_minor=100_00, coupons=(last,)),
            replace(CAMPAIGN, coupons=(open_one, shut)),
        ]
    )
    basket, moment = Basket(goods_minor=50_00), Moment(now_ms=NOON, user_id="u")
    candidates, blocked = eligible(catalogue, basket, Traits(), moment, Open())
    assert [one.coupon.coupon_id for one in candidates] == ["z-open", "a-last"]
    assert [one.coupon_id for one in blocked] == ["y-shut"]


def test_an_empty_cart_and_an_empty_catalogue_never_fail() -> None:
    assert verdict(SAVE_5, basket=Basket(known=True)) == "no_discount"
    moment = Moment(now_ms=NOON, user_id="u")
    assert eligible(Catalogue(), Basket(), Traits(), moment, Open()) == ([], [])


def test_every_reason_has_a_sentence_in_english_and_chinese() -> None:
    for english, chinese in REASONS.values():
        assert english.endswith(".")
        assert chinese.endswith("。")


spans = st.tuples(
    st.integers(min_value=0, max_value=1440), st.integers(min_value=0, max_value=1440)
).filter(lambda span: span[0] != span[1])
schedules = st.builds(
    Schedule,
    starts_ms=st.none() | st.integers(min_value=NOON - 10**8, max_value=NOON + 10**8),
    ends_ms=st.none() | st.integers(min_value=NOON - 10**8, max_value=NOON + 10**8),
    weekdays=st.frozensets(st.integers(min_value=0, max_value=6), max_size=3),
    quiet=st.lists(spans, max_size=2).map(tuple),
    utc_offset_minutes=st.sampled_from([-720, -210, 0, 60, 345, 840]),
)


@given(
    schedules,
    st.lists(
        st.integers(min_value=NOON - 3 * 10**8, max_value=NOON + 3 * 10**8), min_size=1, max_size=8
    ),
)
def test_answers_do_not_depend_on_the_moments_asked_before(
    schedule: Schedule, moments: list[int]
) -> None:
    coupon = replace(SAVE_5, schedule=schedule)
    catalogue = Catalogue.of([replace(CAMPAIGN, coupons=(coupon,))])
    basket = Basket(goods_minor=50_00, shipping_minor=4_00)
    for now_ms in moments:
        moment = Moment(now_ms=now_ms, user_id="u1")
        candidates, blocked = eligible(catalogue, basket, Traits(), moment, Open())
        reasons = [one.reason for one in blocked]
        assert [*candidates, *reasons] == [verdict(coupon, now_ms=now_ms)]
