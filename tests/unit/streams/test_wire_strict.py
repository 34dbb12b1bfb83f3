"""The decoder against people who mean harm: only declared refusals, and the right ones."""

import json
from collections import Counter
from collections.abc import Sequence
from itertools import islice

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from features.events import Event, Family
from streams import wire
from streams.refusals import MAX_DETAIL_LENGTH, REASONS, MalformedEvent, Reason
from tests.hostile import KINDS, NOW_MS, good, hostile

BODY = {
    "event_id": "e-1",
    "event_type": "product.viewed",
    "user_id": "user-1",
    "product_id": "p-1",
}


def _refusal(
    family: Family,
    key: bytes | None,
    value: bytes | None,
    headers: Sequence[tuple[str, bytes | None]],
    timestamp_ms: int,
) -> MalformedEvent | None:
    try:
        wire.decode(family, key, value, headers, timestamp_ms)
    except MalformedEvent as refusal:
        return refusal
    return None


def _reason(value: bytes | None, *headers: tuple[str, bytes | None]) -> Reason | None:
    refusal = _refusal("browse", b"user-1", value, headers, NOW_MS)
    return None if refusal is None else refusal.reason


def _parsed(value: bytes) -> dict[str, object] | Reason:
    try:
        return wire.parse(value)[0]
    except MalformedEvent as refusal:
        return refusal.reason


def test_p06_hundred_thousand_hostile_messages_are_refused_for_the_right_reason() -> None:
    wrong: Counter[tuple[str, str]] = Counter()
    good_events = good(11, 20_000)
    for number, (family, key, value, headers, timestamp_ms, reason) in enumerate(
        hostile(7, 100_000)
    ):
        try:
            wire.decode(family, key, value, headers, timestamp_ms)
            wrong[reason, "accepted"] += 1
        except MalformedEvent as refusal:
            if refusal.reason != reason:
                wrong[reason, refusal.reason] += 1
        if number % 5 == 0:
            wire.decode(*next(good_events))
    assert not wrong


def test_hostile_messages_cover_every_reason_that_a_decoder_can_give() -> None:
    met = {reason for *_, reason in hostile(1, 20 * len(KINDS))}
    assert met == set(REASONS) - {"id_conflict", "bad_signature"}


def test_p21_detail_never_quotes_the_payload() -> None:
    canary = b"canary-4111111111111111"
    for *_, value, headers, timestamp_ms, _ in hostile(2, 3_000):
        spoiled = (value or b"").replace(b"p-", canary).replace(b"user-1", canary)
        refusal = _refusal("browse", b"user-1", spoiled, headers, timestamp_ms)
        assert refusal is not None
        assert "canary" not in refusal.detail
        assert len(refusal.detail) <= MAX_DETAIL_LENGTH
        assert refusal.__cause__ is None
        assert refusal.__suppress_context__


@given(st.binary(max_size=300))
@example(b'{"a":' * 300 + b"1" + b"}" * 300)
@example(b'{"a":"' + b'\\"' * 3_000)
@example(b"[" * 100_000)
def test_random_bytes_never_escape_the_declared_refusals(value: bytes) -> None:
    assert _reason(value) in REASONS


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner),
    max_leaves=12,
)
_names = st.sampled_from(
    "type event event_type event_name params items properties data schema specversion user_id"
    " event_id occurred_at price_minor products context messageId timestamp event_timestamp".split()
)


@given(st.dictionaries(_names, _json, max_size=8), st.sampled_from(["track", "identify", None]))
def test_random_json_in_any_envelope_never_escapes(body: dict[str, object], kind: object) -> None:
    if kind is not None:
        body["type"] = kind
    value = json.dumps(body, ensure_ascii=True).encode()
    assert _reason(value) in {None, *REASONS}
    header = ("content-type", b"application/cloudevents+json")
    assert _reason(value, header) in {None, *REASONS}
    assert _reason(value, ("ce_specversion", b"1.0"), ("ce_id", b"\xff")) in {None, *REASONS}


_texts = st.text(alphabet=st.sampled_from('ab":{},[] \\\n:é'), max_size=6)
_flat = st.recursive(
    st.integers(0, 9) | _texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_texts, inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(_texts, _flat, max_size=5), st.sampled_from([None, 2, "\t"]), st.booleans())
def test_no_object_without_duplicate_keys_is_taken_for_one_with(
    body: dict[str, object], indent: int | str | None, ascii_only: bool
) -> None:
    text = json.dumps(body, indent=indent, ensure_ascii=ascii_only)
    assert _parsed(text.encode()) in (body, "too_deep")


@given(
    st.lists(st.tuples(_texts, st.integers(0, 9)), min_size=2, max_size=6),
    st.sampled_from(["%s:%s", "%s :%s", "%s\n:%s", "%s: %s", "%s\t: %s"]),
)
def test_every_object_with_duplicate_keys_is_refused(
    pairs: list[tuple[str, int]], style: str
) -> None:
    written = ",".join(style % (json.dumps(key), value) for key, value in pairs)
    nested = f'{{"x":[{{{written}}}]}}'.encode()
    repeated = len({key for key, _ in pairs}) < len(pairs)
    assert (_parsed(nested) == "duplicate_key") == repeated


@pytest.mark.parametrize(
    "written",
    [
        rb'{"a":1,"a":"\u003a"}',
        rb'{"a":1,"a":"\u003A"}',
        rb'{"a":1,"\u0061":2}',
        b'{"a":1,"b":{"c":":","c":""}}',
    ],
)
def test_no_colon_hides_a_duplicate_key(written: bytes) -> None:
    assert _parsed(written) == "duplicate_key"


_members = st.lists(
    st.sampled_from(
        [
            b'"brand":"acme"',
            b'"brand":":"',
            b'"brand":"a\x7f"',
            b'"brand":"a\x01"',
            b'"brand":"\xff"',
            b'"brand" : "\xc2\x9b"',
            rb'"brand":"\u003a"',
            rb'"br\u0061nd":"b"',
            '"category":"手机"'.encode(),
            '"category":"Cafe\u0301"'.encode(),
            b'"quantity":1',
            b'"quantity":2',
            b'"quantity":null',
            b'"price_minor":-0',
            b'"price_minor":1e2',
            b'"price_minor":1.0',
            b'"price_minor":1e999',
            b'"price_minor":99999999999999999999',
            b'"items":[]',
            b'"items":[{"product_id":"b"}]',
            b'"items":[{"product_id":"b","quantity":1,"x":[]}]',
            b'"items":[{"product_id":"b","product_id":"c"}]',
            b'"basics":{"member":true}',
            b'"session_id":""',
            b'"specversion":"1.0"',
            b'"type":"track"',
            b'"x":[[[[[[[[1]]]]]]]]',
            b'"x":' + b"[" * 5_000,
            b'"event_type":"cart.viewed"',
            b'"event_type":"unheard"',
            b"",
        ]
    ),
    max_size=3,
)


@given(_members, st.sampled_from([b",", b" ,\n", b"\t, "]), st.sampled_from([b"", b" ", b"\x00"]))
def test_shortcut_for_plain_messages_tells_what_the_strict_way_tells(
    members: list[bytes], comma: bytes, end: bytes
) -> None:
    # A message with headers never takes the shortcut, and a header of this name means nothing.
    value = b"{" + comma.join([json.dumps(BODY).encode()[1:-1], *members]) + b"}" + end
    assert _told(value) == _told(value, ("traceparent", b"00-1"))


def _told(value: bytes, *headers: tuple[str, bytes]) -> Event | str:
    try:
        return wire.decode("browse", b"user-1", value, headers, NOW_MS)
    except MalformedEvent as refusal:
        return str(refusal)


@pytest.mark.parametrize(
    ("depth", "reason"), [(wire.MAX_DEPTH - 1, None), (wire.MAX_DEPTH, "too_deep")]
)
def test_depth_is_allowed_up_to_its_limit(depth: int, reason: Reason | None) -> None:
    opened = json.dumps(BODY)[:-1] + ',"x":' + "[" * depth + "]" * depth + "}"
    assert _reason(opened.encode()) == reason


def test_size_is_allowed_up_to_its_limit() -> None:
    empty = json.dumps(BODY | {"x": ""}).encode()
    filler = wire.MAX_VALUE_BYTES - len(empty)
    assert _reason(json.dumps(BODY | {"x": "y" * filler}).encode()) is None
    assert _reason(json.dumps(BODY | {"x": "y" * (filler + 1)}).encode()) == "too_large"


def test_brackets_inside_texts_do_not_count_as_depth() -> None:
    assert _reason(json.dumps(BODY | {"brand": "[{" * 20}).encode()) is None
    broken = json.dumps(BODY | {"brand": "[{" * 20})[:-1]
    assert _reason(broken.encode()) == "bad_json"


def test_headers_may_not_be_larger_than_their_limit() -> None:
    value = json.dumps(BODY).encode()
    assert _reason(value, ("traceparent", b"00-1"), ("empty", None)) is None
    assert _reason(value, ("x", b"y" * wire.MAX_HEADERS_BYTES)) == "too_large"


def test_p09_future_is_allowed_up_to_five_minutes() -> None:
    for ahead, reason in (("02:15:00.000", None), ("02:15:00.001", "too_far_in_future")):
        body = BODY | {"occurred_at": f"2026-11-22T{ahead}Z"}
        assert _reason(json.dumps(body).encode()) == reason


def test_good_messages_are_of_all_families_but_heartbeats() -> None:
    families = {family for family, *_ in islice(good(1, 200), 200)}
    assert families == {"browse", "search", "cart", "purchase", "coupon", "profiles"}
