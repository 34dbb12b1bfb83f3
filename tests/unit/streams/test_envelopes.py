"""Foreign envelopes become native fields, traps included."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.events import FAMILY_OF, Event, EventType, Family
from streams import aliases, envelopes, wire
from streams.money import to_minor
from streams.refusals import MalformedEvent, Reason

NOW_MS = 1_795_313_400_000
NOW = "2026-11-22T02:10:00.000Z"
ENOUGH = {
    "rating": 4,
    "product_id": "p-1",
    "order_id": "o-1",
    "total": 1.0,
    "promotion_id": "offer-1",
    "coupon_id": "c-1",
}


def _decode(family: Family, body: object, *headers: tuple[str, bytes]) -> Event:
    value = json.dumps(body).encode()
    return wire.decode(family, b"u", value, list(headers), NOW_MS)


def _reason(family: Family, body: object, *headers: tuple[str, bytes]) -> Reason:
    with pytest.raises(MalformedEvent) as caught:
        _decode(family, body, *headers)
    return caught.value.reason


def _segment(event: str, **properties: object) -> dict[str, Any]:
    return {
        "type": "track",
        "event": event,
        "messageId": "m-1",
        "userId": "u",
        "timestamp": NOW,
        "properties": properties,
    }


def _ga4(event: str, **params: object) -> dict[str, Any]:
    return {"event_name": event, "user_id": "u", "params": params}


@pytest.mark.parametrize(("name", "event_type"), sorted(aliases.SEGMENT_EVENTS.items()))
def test_every_segment_name_is_read(name: str, event_type: EventType) -> None:
    event = _decode(FAMILY_OF[event_type], _segment(name.title(), **ENOUGH))
    assert event.event_type == event_type


@pytest.mark.parametrize(("name", "event_type"), sorted(aliases.GA4_EVENTS.items()))
def test_every_ga4_name_is_read(name: str, event_type: EventType) -> None:
    body = _ga4(name, transaction_id="o-1", value=1, promotion_id="offer-1")
    event = _decode(FAMILY_OF[event_type], body | {"items": [{"item_id": "p-1"}]})
    assert event.event_type == event_type


@pytest.mark.parametrize(("name", "event_type"), sorted(aliases.SNOWPLOW_EVENTS.items()))
def test_every_snowplow_name_is_read_in_its_flat_form(name: str, event_type: EventType) -> None:
    body = {
        "event_name": "snowplow_ecommerce_action",
        "type": name,
        "user_id": "u",
        "products": [{"id": "p-1"}],
        "transaction": {"transaction_id": "o-1", "revenue": 1},
        "promotion": {"id": "offer-1"},
    }
    assert _decode(FAMILY_OF[event_type], body).event_type == event_type


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({"type": "page", "userId": "u"}, "unknown_envelope"),
        ({"event_name": "purchase", "user_id": "u"}, "unknown_envelope"),
        ({"specversion": "1.0", "data": "text"}, "unknown_envelope"),
        ({"specversion": "1.0", "data": {"specversion": "1.0", "data": {}}}, "unknown_envelope"),
        (_segment("Email Opened"), "unknown_event_type"),
        ({"type": "track", "event": 5}, "unknown_event_type"),
        (_ga4("first_visit"), "unknown_event_type"),
        ({"event_name": "snowplow_ecommerce_action", "type": "trns_error"}, "unknown_event_type"),
    ],
)
def test_what_nobody_knows_is_refused_by_name(body: object, reason: Reason) -> None:
    assert _reason("browse", body) == reason


def test_event_of_another_family_is_refused_as_wrong_topic() -> None:
    assert _reason("browse", _segment("Order Completed", **ENOUGH)) == "wrong_topic"
    assert _reason("purchase", _ga4("view_item")) == "missing_field"


# -- the traps -----------------------------------------------------------------------------------


def test_coupon_denied_is_read_with_either_spelling_of_its_coupon() -> None:
    for name in ("coupon", "coupon_id"):
        event = _decode("coupon", _segment("Coupon Denied", **{name: "MAY", "reason": "expired"}))
        assert (event.coupon_code, event.reason) == ("MAY", "expired")


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("blue roses", "blue roses"),
        ({"text": "blue roses", "page": 2}, "blue roses"),
        ({"colour": "blue", "what": "roses"}, "blue roses"),
        ({}, None),
    ],
)
def test_segments_query_may_be_a_text_or_an_object(query: object, text: str | None) -> None:
    assert _decode("search", _segment("Products Searched", query=query)).query == text


@pytest.mark.parametrize(
    ("money", "total_minor"),
    [
        ({"total": 27.5, "revenue": 25, "subtotal": 22.5, "tax": 2, "shipping": 3}, 2_750),
        ({"subtotal": 22.5, "revenue": 25, "tax": 2, "shipping": 3}, 2_750),
        ({"revenue": 25, "tax": 2}, 2_700),
        ({"revenue": "25.10"}, 2_510),
    ],
)
def test_total_is_what_the_customer_paid(money: dict[str, object], total_minor: int) -> None:
    body = _segment("Order Completed", order_id="o-1", currency="EUR", **money)
    assert _decode("purchase", body).total_minor == total_minor


def test_ga4_value_is_without_tax_and_shipping_and_only_an_order_has_a_total() -> None:
    body = _ga4("purchase", transaction_id="T", value=10, tax=1.5, shipping=2, currency="EUR")
    assert _decode("purchase", body).total_minor == 1_350
    assert _decode("cart", _ga4("view_cart", value=10)).total_minor is None


def test_anonymous_visitors_go_by_their_anonymous_id() -> None:
    body = _segment("Cart Viewed") | {"userId": None, "anonymousId": "u"}
    event = _decode("cart", body)
    assert (event.user_id, event.anonymous_id) == ("u", "u")


def test_numbers_for_ids_become_texts() -> None:
    event = _decode("browse", _segment("Product Viewed", product_id=507) | {"messageId": 12})
    assert (event.event_id, event.items[0].product_id) == ("12", "507")


def test_ga4_reads_params_as_bigquery_exports_them() -> None:
    body = {
        "event_name": "search",
        "user_id": "u",
        "event_timestamp": "1795313400000000",
        "event_params": [
            {"key": "search_term", "value": {"string_value": "tea", "int_value": None}},
            {"key": "ga_session_id", "value": {"int_value": 7}},
        ],
    }
    event = _decode("search", body)
    assert (event.query, event.session_id, event.ts_ms) == ("tea", "7", NOW_MS)


@pytest.mark.parametrize("stamp", [1_795_313_400, 1_795_313_400_000, -1, "soon", 2**62, True])
def test_p09_ga4_time_in_other_units_is_refused(stamp: object) -> None:
    assert _reason("cart", _ga4("view_cart") | {"event_timestamp": stamp}) == "bad_timestamp"


def test_snowplow_time_without_a_zone_is_utc() -> None:
    body = {
        "event_name": "snowplow_ecommerce_action",
        "type": "list_view",
        "user_id": "u",
        "collector_tstamp": "2026-11-22 02:10:00.000",
    }
    assert _decode("browse", body).ts_ms == NOW_MS
    assert _decode("browse", body | {"true_tstamp": "1795313399000"}).ts_ms == NOW_MS - 1_000


# -- CloudEvents ---------------------------------------------------------------------------------

BINARY = (
    ("ce_specversion", b"1.0"),
    ("ce_id", b"ce-1"),
    ("ce_time", NOW.encode()),
    ("ce_subject", b"u"),
)


def test_cloudevent_attributes_win_and_the_subject_only_fills_in() -> None:
    body = {"event_type": "cart.viewed", "event_id": "e-1", "occurred_at": "2026-01-01T00:00:00Z"}
    event = _decode("cart", body, *BINARY)
    assert (event.event_id, event.ts_ms, event.user_id) == ("ce-1", NOW_MS, "u")
    with pytest.raises(MalformedEvent, match="key_mismatch"):
        _decode("cart", body | {"user_id": "somebody"}, *BINARY)


def test_cloudevent_may_carry_a_segment_event_in_both_modes() -> None:
    inner = _segment("Cart Viewed")
    binary = _decode("cart", inner, *BINARY)
    outer = {"specversion": "1.0", "id": "ce-1", "time": NOW, "type": "x", "data": inner}
    header = ("content-type", b"application/cloudevents+json")
    structured = _decode("cart", outer, header)
    assert binary.event_id == structured.event_id == _decode("cart", outer).event_id == "ce-1"


def test_cloudevents_control_characters_in_headers_are_refused() -> None:
    header = ("ce_subject", b"u\n")
    assert _reason("cart", {"event_type": "cart.viewed"}, *BINARY[:3], header) == "bad_text"


def test_cloudevents_batches_are_refused() -> None:
    header = ("content-type", b"application/cloudevents-batch+json")
    assert _reason("cart", {"event_type": "cart.viewed"}, header) == "unknown_envelope"


def test_other_headers_do_not_change_the_envelope() -> None:
    name, fields = envelopes.read({"event_type": "heartbeat"}, [("traceparent", b"00")])
    assert (name, fields) == ("native", {"event_type": "heartbeat"})


# -- money ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("amount", "currency", "minor"),
    [
        (35.79, "EUR", 3_579),
        (0.29, "EUR", 29),
        (1.005, "EUR", 101),
        (1_200, "JPY", 1_200),
        (1_200.5, "JPY", 1_201),
        ("1.234", "KWD", 1_234),
        (0, "EUR", 0),
        (10_000_000, None, 1_000_000_000),
    ],
)
def test_money_becomes_minor_units_by_the_currencys_exponent(
    amount: object, currency: str | None, minor: int
) -> None:
    assert to_minor(amount, currency, "price") == minor


@pytest.mark.parametrize(
    ("amount", "reason"),
    [
        (-0.01, "out_of_range"),
        (10_000_000.01, "out_of_range"),
        (1e300, "out_of_range"),
        ("9" * 40, "out_of_range"),
        ("nan", "not_finite"),
        ("-Infinity", "not_finite"),
        ("12,50", "wrong_type"),
        (True, "wrong_type"),
        ([1], "wrong_type"),
    ],
)
def test_money_that_is_none_is_refused(amount: object, reason: Reason) -> None:
    with pytest.raises(MalformedEvent) as caught:
        to_minor(amount, "EUR", "price")
    assert caught.value.reason == reason


@given(st.integers(0, 10**9))
def test_every_amount_of_cents_survives_its_way_through_a_float(minor: int) -> None:
    assert to_minor(minor / 100, "EUR", "price") == minor
