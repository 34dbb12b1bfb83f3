"""What customers made of offers before shows in the vector."""

from features.events import Event, EventType
from tests.unit.features.stories import DAY, MINUTE, START, event, features_of, item

SEARCH = event("search.performed", START + 9 * DAY, query="jeans")


def looked(
    count: int, clicks: int, total_minor: int | None = None, discount_minor: int | None = None
) -> list[Event]:
    def one(kind: EventType, ts_ms: int) -> Event:
        return event(kind, ts_ms, total_minor=total_minor, discount_minor=discount_minor)

    seen = [one("coupon.viewed", START + day * DAY) for day in range(count)]
    clicked = [one("coupon.clicked", START + day * DAY + MINUTE) for day in range(clicks)]
    return [*seen, *clicked, SEARCH]


def test_each_click_raises_the_odds_and_each_look_without_one_lowers_them() -> None:
    def odds(looks: int, clicks: int) -> float:
        return features_of(looked(looks, clicks))["coupon_click_odds_lifetime"]

    assert odds(4, 3) > odds(4, 2) > odds(4, 1) > odds(6, 1)
    assert odds(0, 0) == -0.6931  # log(0.5 / 2) / 2: the habit of customers without a history


def test_an_order_with_a_coupon_counts_as_used_and_not_as_full_price() -> None:
    def after(code: str | None, off_minor: int) -> dict[str, float]:
        return features_of(
            [
                *looked(1, 0)[:-1],
                event("cart.added", START + DAY, item()),
                event(
                    "order.completed",
                    START + 2 * DAY,
                    item(),
                    total_minor=900,
                    coupon_code=code,
                    discount_minor=off_minor,
                ),
                SEARCH,
            ]
        )

    plain, saved = after(None, 0), after("ten", 100)
    assert saved["coupon_use_odds_lifetime"] > plain["coupon_use_odds_lifetime"]
    assert saved["order_full_price_odds_lifetime"] < plain["order_full_price_odds_lifetime"]
    assert saved["coupon_redeem_rate_lifetime"] > plain["coupon_redeem_rate_lifetime"]
    assert saved["coupon_used_depth_lifetime"] == round((100 + 240) / 3 / 100, 4)


def test_depths_are_told_apart_by_what_the_customer_made_of_them() -> None:
    deep = features_of(looked(3, 3, total_minor=1_000, discount_minor=200))
    idle = features_of(looked(3, 0, total_minor=1_000, discount_minor=200))
    assert deep["coupon_clicked_depth_lifetime"] > 1.2 == deep["coupon_ignored_depth_lifetime"]
    assert idle["coupon_ignored_depth_lifetime"] > 1.2 == idle["coupon_clicked_depth_lifetime"]


def test_codes_tried_and_the_time_since_the_last_offer_are_known() -> None:
    never = features_of([SEARCH])
    tried = features_of(
        [
            event("cart.added", START, item()),
            event("coupon.entered", START + MINUTE, coupon_code="WELCOME"),
            *looked(1, 0),
        ]
    )
    assert tried["coupon_enter_odds_lifetime"] > never["coupon_enter_odds_lifetime"]
    assert tried["coupon_seen_gap_now"] < never["coupon_seen_gap_now"] == 4.0
