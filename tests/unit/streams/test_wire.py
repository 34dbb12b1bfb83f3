"""What a message becomes, and what records become on their way out."""

import json
import pickle
from base64 import b32encode
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.actions import Action
from features.events import FAMILY_OF, Basics, Event, EventType, Item
from online_models.outcomes import Outcome
from streams import wire
from streams.decisions import (
    Contribution,
    Decision,
    Experiment,
    ModelRef,
    Offer,
    PolicyRef,
    Reason,
    ScoredCandidate,
    decision_id,
    rfc3339,
)
from streams.native import EARLIEST_MS, NEEDS, event_time_ms
from streams.refusals import MalformedEvent

NOW_MS = 1_795_313_400_000
VIEW = {
    "event_id": "e-1",
    "event_type": "product.viewed",
    "user_id": "u",
    "occurred_at": "2026-11-22T02:09:00.250Z",
    "product_id": "p-1",
    "price_minor": 250,
}


def _decode(body: dict[str, object], **changed: object) -> Event:
    value = json.dumps({**body, **changed}).encode()
    return wire.decode("browse", b"u", value, [], NOW_MS)


def test_c01_native_event_becomes_a_record_with_its_product_as_an_item() -> None:
    event = _decode(VIEW)
    item = Item(product_id="p-1", price_minor=250)
    expected = Event(
        event_id="e-1",
        event_type="product.viewed",
        user_id="u",
        ts_ms=NOW_MS - 59_750,
        payload_digest=event.payload_digest,
        items=(item,),
    )
    assert event == expected
    assert hash(event) == hash(expected)
    assert repr(event) == repr(expected)


def test_quickly_built_event_is_an_event_in_every_respect() -> None:
    event = _decode(VIEW)
    assert type(event) is Event
    assert type(event.items[0]) is Item
    assert replace(event, query="tea").query == "tea"
    assert pickle.loads(pickle.dumps(event)) == event
    with pytest.raises(AttributeError):
        event.user_id = "v"  # type: ignore[misc]
    assert set(asdict(event)) == set(Event.__dataclass_fields__)


def test_unknown_fields_are_ignored() -> None:
    assert _decode(VIEW, unheard={"of": [1]}).event_id == "e-1"


def test_null_is_the_same_as_absent() -> None:
    told = _decode(VIEW, brand=None, session_id=None)
    assert replace(told, payload_digest="") == replace(_decode(VIEW), payload_digest="")


def test_event_without_time_happened_when_the_broker_got_it() -> None:
    body = {name: value for name, value in VIEW.items() if name != "occurred_at"}
    assert _decode(body).ts_ms == NOW_MS


def test_event_without_id_gets_one_that_a_repeated_send_gets_too() -> None:
    body = {name: value for name, value in VIEW.items() if name != "event_id"}
    first, again, other = _decode(body), _decode(body), _decode(body, product_id="p-2")
    assert first.event_id == again.event_id != other.event_id
    assert first.event_id.startswith("derived:")


def test_payload_digest_is_48_bits_of_sha256() -> None:
    value = json.dumps(VIEW).encode()
    digest = wire.decode("browse", b"u", value, [], NOW_MS).payload_digest
    assert len(digest) == 8
    bits = int.from_bytes(sha256(value).digest()[:6])
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    assert digest == "".join(letters[bits >> shift & 63] for shift in range(42, -1, -6))


def test_texts_are_composed_and_ids_are_not() -> None:
    event = _decode(VIEW, brand="Cafe\u0301", session_id="e\u0301", category="手机")
    assert event.items[0].brand == "Caf\u00e9"
    assert event.items[0].category == "手机"
    assert event.session_id == "e\u0301"


@pytest.mark.parametrize(
    ("stamp", "ms"),
    [
        ("2026-11-22T02:10:00Z", NOW_MS),
        ("2026-11-22T03:10:00+01:00", NOW_MS),
        ("2026-11-22T02:10:00.123456Z", NOW_MS + 123),
        ("2026-11-22T02:09:59.999999Z", NOW_MS - 1),
    ],
)
def test_event_time_is_read_to_the_millisecond(stamp: str, ms: int) -> None:
    assert event_time_ms(stamp, NOW_MS) == ms


@given(st.integers(EARLIEST_MS, 253_402_300_799_999))
def test_written_time_reads_back(ts_ms: int) -> None:
    assert event_time_ms(rfc3339(ts_ms), ts_ms) == ts_ms


def test_heartbeat_needs_neither_key_nor_user() -> None:
    value = b'{"event_type":"heartbeat","occurred_at":"2026-11-22T02:10:00Z"}'
    event = wire.decode("heartbeats", None, value, [], NOW_MS)
    assert (event.user_id, event.ts_ms) == ("", NOW_MS)


def test_message_without_a_key_is_refused() -> None:
    with pytest.raises(MalformedEvent, match="key_mismatch"):
        wire.decode("browse", None, json.dumps(VIEW).encode(), [], NOW_MS)


@pytest.mark.parametrize("event_type", sorted(NEEDS))
def test_event_without_what_its_type_needs_is_refused(event_type: EventType) -> None:
    value = json.dumps({"event_id": "e", "event_type": event_type, "user_id": "u"}).encode()
    with pytest.raises(MalformedEvent, match="missing_field"):
        wire.decode(FAMILY_OF[event_type], b"u", value, [], NOW_MS)


def test_an_order_that_a_coupon_paid_whole_tells_its_total_by_0() -> None:
    order = {"event_id": "e", "event_type": "order.completed", "user_id": "u", "order_id": "o"}
    value = json.dumps({**order, "total_minor": 0}).encode()
    assert wire.decode("purchase", b"u", value, [], NOW_MS).total_minor == 0


_ids = st.text(st.characters(exclude_categories=["C"]), min_size=1, max_size=20)
_money = st.none() | st.integers(0, 10**9)
_items = st.builds(
    Item,
    product_id=_ids,
    price_minor=_money,
    quantity=st.integers(1, 999),
    category=st.none() | st.sampled_from(["a/b", "手机"]),
    brand=st.none() | st.just("acme"),
)
_events = st.builds(
    Event,
    event_id=_ids,
    event_type=st.just("order.completed"),
    user_id=_ids,
    ts_ms=st.integers(EARLIEST_MS, NOW_MS),
    session_id=st.none() | _ids,
    currency=st.none() | st.sampled_from(["EUR", "JPY"]),
    items=st.lists(_items, min_size=1, max_size=4).map(tuple),
    order_id=_ids,
    total_minor=_money,
    discount_minor=_money,
    basics=st.none() | st.builds(Basics, birth_month=st.integers(1, 12), consent=st.booleans()),
)


@given(_events)
def test_encoded_event_decodes_to_itself(event: Event) -> None:
    value = wire.encode_event(event)
    again = wire.decode(event.family, event.user_id.encode(), value, [], NOW_MS)
    assert replace(again, payload_digest="") == event
    assert wire.decode_line(value, "native") == again


# -- decisions, outcomes, dead letters, rows -----------------------------------------------------


def _decision(candidates: int = 10, features: int = 0) -> Decision:
    identity = decision_id("coupon-engine-v1", "user-7", "event-1", "main")
    names = [f"campaign-coupon-{number}" for number in range(candidates)]
    return Decision(
        decision_id=identity,
        user_id="user-7",
        trigger_event_id="event-1",
        trigger_event_type="cart.added",
        decided_at=rfc3339(NOW_MS),
        expires_at=rfc3339(NOW_MS + 86_400_000),
        action="offer",
        offer=Offer(
            offer_id=f"{names[0]}:{identity}",
            template_id=names[0],
            campaign_id="campaign",
            kind="percent_off",
            currency="EUR",
            value_bp=1_000,
        ),
        propensity=0.991,
        candidates=tuple(
            ScoredCandidate(action=name, score=12.5, p_buy=0.123456, propensity=0.001)
            for name in names
        ),
        experiment=Experiment(id="e", variant="policy", bucket=4_711),
        model=ModelRef(id="response-v1", version="17", learned_count=9),
        policy=PolicyRef(name="policy", version="1"),
        catalogue_version="0123abcd",
        reasons=(Reason(code="best_value"),),
        contributions=(Contribution(feature="cart_count_1h", log_odds=0.123456),),
        why_not={name: "lower_value" for name in names[1:]},
        features={f"feature_number_{number}": 0.5 for number in range(features)},
    )


def test_decision_is_a_binary_cloud_event_keyed_by_its_user() -> None:
    decision = _decision()
    key, value, headers = wire.encode_decision(decision)
    found = dict(headers)
    assert key == b"user-7"
    assert found["ce_specversion"] == b"1.0"
    assert found["ce_id"] == decision.decision_id.encode()
    assert found["ce_type"] == b"coupon.decision.v1"
    assert found["ce_time"] == decision.decided_at.encode()
    assert found["content-type"] == b"application/json"
    assert value is not None
    assert wire.decode_decision(value) == decision


def test_decision_of_a_later_version_is_read_without_what_it_added() -> None:
    value = wire.encode_decision(_decision())[1] or b""
    assert wire.decode_decision(value[:-1] + b',"added_later":{"x":1}}') == _decision()


def test_decision_with_ten_candidates_stays_below_its_size() -> None:
    assert len(wire.encode_decision(_decision())[1] or b"") <= 2_500


def test_decision_id_depends_on_every_part_and_on_nothing_else() -> None:
    first = decision_id("app", "user", "event", "main")
    assert first == decision_id("app", "user", "event", "main")
    assert len(first) == 26
    others = {
        decision_id("app2", "user", "event", "main"),
        decision_id("app", "user2", "event", "main"),
        decision_id("app", "user", "event2", "main"),
        decision_id("app", "user", "event", "main2"),
    }
    assert len(others | {first}) == 5


@given(st.text(max_size=20))
def test_decision_id_is_the_base_32_of_a_digest(event_id: str) -> None:
    digest = sha256(f"v1|app|user|{event_id}|main".encode()).digest()
    expected = b32encode(digest).decode().lower()[:26]
    assert decision_id("app", "user", event_id, "main") == expected


@given(st.integers(-62_135_596_800_000, 253_402_300_799_999))
def test_written_time_is_what_the_standard_library_writes(ts_ms: int) -> None:
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ts_ms)
    assert rfc3339(ts_ms) == moment.isoformat(timespec="milliseconds")[:-6] + "Z"


def test_outcome_keeps_every_bit_of_its_floats() -> None:
    outcome = Outcome(
        decision_id="d",
        user_id="user-7",
        arm="policy",
        state="settled",
        decided_ms=NOW_MS,
        x={"a": 0.1 + 0.2, "b": 1e-300, "c": -0.0},
        action=Action(action_id="c-1", kind="gift"),
        propensity=1 / 3,
        p_buy=2 / 3,
    )
    key, value, _ = wire.encode_outcome(outcome)
    assert key == b"user-7"
    assert wire.decode_outcome(value or b"") == outcome


_plain = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text() | st.floats(-1e9, 1e9),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@given(st.dictionaries(st.text(), _plain, max_size=5))
def test_row_equals_its_round_trip_and_equal_rows_are_equal_bytes(row: dict[str, object]) -> None:
    assert wire.decode_row(wire.encode_row(row)) == row
    turned = dict(reversed(row.items()))
    assert wire.encode_canonical(turned) == wire.encode_canonical(row)
    assert wire.decode_state(wire.encode_state(row)) == row


def test_p07_dead_letter_keeps_the_message_and_tells_its_story() -> None:
    headers: list[tuple[str, bytes | None]] = [("traceparent", b"00-1"), ("empty", None)]
    key, value, found = wire.dead_letter(
        topic="shop.cart.v1",
        partition=3,
        offset=17,
        timestamp_ms=NOW_MS,
        key=b"\xff",
        value=b"\x00\xff{",
        headers=headers,
        reason="not_utf8",
        detail="the value is not UTF-8",
        group="coupon-engine-v1",
        worker_version="0.1.0",
    )
    assert (key, value) == (b"\xff", b"\x00\xff{")
    assert found[:2] == [("traceparent", b"00-1"), ("empty", b"")]
    assert dict(found[2:]) == {
        "dlq.reason": b"not_utf8",
        "dlq.detail": b"the value is not UTF-8",
        "dlq.original.topic": b"shop.cart.v1",
        "dlq.original.partition": b"3",
        "dlq.original.offset": b"17",
        "dlq.original.timestamp": str(NOW_MS).encode(),
        "dlq.consumer.group": b"coupon-engine-v1",
        "dlq.schema.version": b"1",
        "dlq.worker.version": b"0.1.0",
        "dlq.failed_at": b"2026-11-22T02:10:00.000Z",
    }
