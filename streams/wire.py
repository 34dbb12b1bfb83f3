"""Bytes to records and back: the only file that knows JSON.

Decoding is strict where leniency would let two readers see two things (duplicate keys, NaN, depth,
control characters) and tolerant where it would only cost compatibility (unknown fields).
"""

import json
import re
from binascii import b2a_base64
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any, NoReturn

import msgspec
import orjson

from coupons.claims import Claim, Permit
from coupons.leases import Ask, Grant
from coupons.lent import BookState
from coupons.orders import Order
from coupons.permits import PotState, require_pots
from features.events import FAMILY_OF, Event, Family
from features.session_record import Session
from online_models.outcomes import Outcome
from streams import envelopes, native
from streams.dead_letters import Outbound
from streams.dead_letters import dead_letter as dead_letter
from streams.decisions import Decision
from streams.drafts import to_event, to_fields
from streams.envelopes import EnvelopeName
from streams.proposal import Proposal
from streams.refusals import refuse
from streams.replies import Reply

MAX_VALUE_BYTES = 65_536
MAX_HEADERS_BYTES = 16_384
MAX_DEPTH = 8
_SPEC_VERSION = ("ce_specversion", b"1.0")
_TYPE = ("ce_type", b"coupon.decision.v1")
_REPLY_TYPE = ("ce_type", b"coupon.reply.v1")
_SOURCE = ("ce_source", b"/coupon-stream")
_SCHEMA = ("ce_dataschema", b"coupon.decision.v1.schema.json")
_REPLY_SCHEMA = ("ce_dataschema", b"coupon.reply.v1.schema.json")
_CONTENT_TYPE = ("content-type", b"application/json")

# Bytes are searched for a number much quicker than for another bytes object.
_CURLY, _SQUARE, _COLON, _BACKSLASH, _DELETE = b"{[:\\\x7f"
_C1_LEAD = 0xC2  # begins the UTF-8 of the control characters U+0080 to U+009F
_URL_SAFE = bytes.maketrans(b"+/", b"-_")
_ESCAPED_COLON = b"\\u003"  # and A, or a
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"?', re.DOTALL)
_BRACKET = re.compile(r"[{}\[\]]")

_to_native = msgspec.json.Decoder(native.NativeEvent)
_to_decision = msgspec.json.Decoder(Decision)
_to_reply = msgspec.json.Decoder(Reply)
_to_outcome = msgspec.json.Decoder(Outcome)
_to_session = msgspec.json.Decoder(Session)
_to_grant = msgspec.json.Decoder(Grant)
_to_ask = msgspec.json.Decoder(Ask)
_to_claim = msgspec.json.Decoder(Claim)
_to_permit = msgspec.json.Decoder(Permit)
_to_order = msgspec.json.Decoder(Order)
_to_proposal = msgspec.json.Decoder(Proposal)
_to_pot = msgspec.json.Decoder(PotState)
_to_book = msgspec.json.Decoder(BookState)
_encoder = msgspec.json.Encoder()
# What they begin with: a name inside, of a user or a campaign, could be any text.
_CLAIM, _PERMIT = b'{"claim":', b'{"permit":'


# -- events in -----------------------------------------------------------------------------------


def decode(
    topic_family: Family,
    key: bytes | None,
    value: bytes | None,
    headers: Sequence[tuple[str, bytes | None]],
    timestamp_ms: int,
) -> Event:
    """Turn a message into an event, whatever known envelope it came in.

    Parameters
    ----------
    topic_family
        The concern of the topic that it came on.
    timestamp_ms
        When the broker appended it, epoch milliseconds; the event time where the event tells none.

    Raises
    ------
    MalformedEvent
        With one of the reasons of `streams.refusals`; nothing else is ever raised.

    Examples
    --------
    >>> body = b'{"event_type":"cart.viewed","user_id":"u","event_id":"e"}'
    >>> decode("cart", b"u", body, [], 1_800_000_000_000).event_type
    'cart.viewed'
    """
    if value is None and topic_family == "profiles" and key:
        return _erasure(key, headers, timestamp_ms)
    if not value:
        refuse("empty")
    event = None
    if headers:
        _check_headers(headers)
    else:
        event = _read_plain(value)
    if event is None:
        event = _read_any(value, headers)
    family = FAMILY_OF[event.event_type]
    if family != topic_family:
        refuse("wrong_topic", f"a {event.event_type} must not come on {topic_family}")
    user_id = _owner(event, key)
    ts_ms = native.event_time_ms(event.occurred_at, timestamp_ms)
    event_id = event.event_id or _derive_id(family, key, ts_ms, value)
    return to_event(event, event_id, user_id, ts_ms, _digest(value))


def _erasure(key: bytes, headers: Sequence[tuple[str, bytes | None]], timestamp_ms: int) -> Event:
    """Read a tombstone among the profiles: the user is to be forgotten as of now."""
    _check_headers(headers)
    try:
        user_id = key.decode()
    except UnicodeDecodeError:
        refuse("not_utf8")
    fields = {"event_type": "profile.erased", "user_id": user_id}
    event = native.validate(fields, plain=False)
    event_id = _derive_id("profiles", key, timestamp_ms, b"")
    return to_event(event, event_id, user_id, timestamp_ms, _digest(b""))


def _read_plain(value: bytes) -> native.NativeEvent | None:
    """Read what is surely a native event at less than half the cost; None where that is not sure.

    An event written again holds no key twice and nothing that was passed over. Whatever the
    message held besides had a colon, so with as many colons as the message it is all of it. Escapes
    could hide a colon, and control characters need a closer look.
    """
    if _BACKSLASH in value or _DELETE in value or _C1_LEAD in value:
        return None
    if len(value) > MAX_VALUE_BYTES:
        return None
    try:
        event = _to_native.decode(value)
    except (ValueError, RecursionError):
        return None  # the strict way tells why
    if _encoder.encode(event).count(_COLON) != value.count(_COLON):
        return None
    native.require_needs(event)
    return event


def _read_any(value: bytes, headers: Sequence[tuple[str, bytes | None]]) -> native.NativeEvent:
    body, plain = parse(value)
    envelope, fields = envelopes.read(body, headers)
    # A CloudEvent's fields may come from its headers, which `parse` has not seen.
    return native.validate(fields, plain and envelope != "cloudevents")


def decode_line(value: bytes, envelope: EnvelopeName) -> Event:
    """Turn a line of a file into an event: there is no key, no topic, and its own time is the time.

    Raises
    ------
    MalformedEvent
        As `decode`, and `unknown_envelope` for a line of another envelope.
    """
    if not value.strip():
        refuse("empty")
    body, plain = parse(value)
    found, fields = envelopes.read(body, ())
    if found != envelope:
        refuse("unknown_envelope", f"must be {envelope}, was {found}")
    event = native.validate(fields, plain)
    if event.occurred_at is None:
        refuse("bad_timestamp", "occurred_at must be given in a file")
    user_id = _owner(event, None if event.user_id is None else event.user_id.encode())
    ts_ms = native.event_time_ms(event.occurred_at, native.LATEST_MS)
    family = FAMILY_OF[event.event_type]
    event_id = event.event_id or _derive_id(family, user_id.encode(), ts_ms, value)
    return to_event(event, event_id, user_id, ts_ms, _digest(value))


def _owner(event: native.NativeEvent, key: bytes | None) -> str:
    if event.user_id is None:
        if event.event_type == "heartbeat":
            return ""
        refuse("missing_field", "user_id must be given")
    if key is None or event.user_id.encode() != key:
        refuse("key_mismatch")
    return event.user_id


def _check_headers(headers: Sequence[tuple[str, bytes | None]]) -> None:
    length = 0
    for name, value in headers:
        length += len(name) + len(value or b"")
        if name.lower().startswith("faust-"):
            # Faust answers to whatever topic the sender names in Faust-Ag-ReplyTo.
            refuse("forbidden_header", "headers must not begin with Faust-")
    if length > MAX_HEADERS_BYTES:
        refuse("too_large", f"headers must be <= {MAX_HEADERS_BYTES}, was {length}")


def _derive_id(family: Family, key: bytes | None, ts_ms: int, value: bytes) -> str:
    """Name an event whose producer did not; a repeated send gets the same name."""
    digest = sha256(b"|".join((family.encode(), key or b"", str(ts_ms).encode(), value)))
    return f"derived:{digest.hexdigest()[:32]}"


def _digest(value: bytes) -> str:
    digest = b2a_base64(sha256(value).digest()[:6], newline=False)
    return digest.translate(_URL_SAFE).decode()


# -- strict JSON ---------------------------------------------------------------------------------


def parse(value: bytes) -> tuple[dict[str, Any], bool]:
    """Parse a JSON object strictly; tell also whether it surely holds no control characters.

    Raises
    ------
    MalformedEvent
        For size, encoding, syntax, depth, numbers beyond a double, duplicate keys, non-objects.

    Examples
    --------
    >>> parse(b'{"a":1}')
    ({'a': 1}, True)
    >>> parse(b'{"a":1,"a":2}')
    Traceback (most recent call last):
    streams.refusals.MalformedEvent: duplicate_key: an object names a key twice
    """
    if len(value) > MAX_VALUE_BYTES:
        detail = f"the value must be <= {MAX_VALUE_BYTES} bytes, was {len(value)}"
        refuse("too_large", detail)
    try:
        body = orjson.loads(value)
    except orjson.JSONDecodeError:
        _explain(value)
    if not isinstance(body, dict):
        refuse("wrong_type", "must be an object")
    if value.count(_CURLY) + value.count(_SQUARE) > MAX_DEPTH and _depth(body) > MAX_DEPTH:
        refuse("too_deep", f"must nest at most {MAX_DEPTH} deep")
    # Each key had a colon: as many when written again means that none was there twice.
    escaped = _BACKSLASH in value
    hidden = escaped and _ESCAPED_COLON in value
    if hidden or orjson.dumps(body).count(_COLON) != value.count(_COLON):
        json.loads(value, object_pairs_hook=_unique, parse_int=_skip, parse_float=_skip)
    return body, not escaped and _DELETE not in value and _C1_LEAD not in value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        refuse("duplicate_key")
    return found


def _skip(_: str) -> int:
    return 0


def _depth(body: dict[str, Any]) -> int:
    depth = 0
    level: list[Any] = [body]
    while level:
        depth += 1
        level = [
            child
            for node in level
            for child in (node.values() if isinstance(node, dict) else node)
            if isinstance(child, dict | list)
        ]
    return depth


def _explain(value: bytes) -> NoReturn:
    """Find the reason for what orjson refused; slow, for the few that are refused."""
    try:
        text = value.decode()
    except UnicodeDecodeError:
        refuse("not_utf8")
    if _is_too_deep(text):
        refuse("too_deep", f"must nest at most {MAX_DEPTH} deep")
    try:
        json.loads(
            text,
            parse_constant=_refuse_constant,
            parse_float=_refuse_infinite,
            parse_int=_refuse_infinite,
        )
    except ValueError:
        refuse("bad_json")
    # Only lone surrogates are JSON to the standard library and not to orjson.
    refuse("bad_text", "must not hold lone surrogates")


def _is_too_deep(text: str) -> bool:
    """Tell how brackets nest outside strings, in text that need not be JSON."""
    depth = 0
    for bracket in _BRACKET.finditer(_STRING.sub("", text)):
        depth += 1 if bracket.group() in "{[" else -1
        if depth > MAX_DEPTH:
            return True
    return False


def _refuse_constant(_: str) -> NoReturn:
    refuse("not_finite")


def _refuse_infinite(digits: str) -> float:
    number = float(digits)
    if number in (float("inf"), float("-inf")):
        refuse("not_finite")
    return number


# -- records out, and back -----------------------------------------------------------------------


def encode_event(event: Event) -> bytes:
    """Write an event in the native envelope; `decode` gives it back, save the payload's digest."""
    return orjson.dumps(to_fields(event))


def encode_decision(decision: Decision) -> Outbound:
    """Write a decision as a binary CloudEvent; the same decision gives the same bytes."""
    key = decision.user_id.encode()
    headers = [
        _SPEC_VERSION,
        ("ce_id", decision.decision_id.encode()),
        _TYPE,
        _SOURCE,
        ("ce_subject", key),
        ("ce_time", decision.decided_at.encode()),
        _SCHEMA,
        _CONTENT_TYPE,
    ]
    return key, _encoder.encode(decision), headers


def decode_decision(value: bytes) -> Decision:
    """Read a decision back; fields added by later versions are ignored."""
    return _to_decision.decode(value)


def encode_reply(reply: Reply) -> Outbound:
    """Write a reply as a binary CloudEvent; the same request gets the same bytes."""
    key = reply.user_id.encode()
    headers = [
        _SPEC_VERSION,
        ("ce_id", reply.request_id.encode()),
        _REPLY_TYPE,
        _SOURCE,
        ("ce_subject", key),
        ("ce_time", reply.answered_at.encode()),
        _REPLY_SCHEMA,
        _CONTENT_TYPE,
    ]
    return key, _encoder.encode(reply), headers


def decode_reply(value: bytes) -> Reply:
    """Read a reply back; fields added by later versions are ignored."""
    return _to_reply.decode(value)


def encode_outcome(outcome: Outcome) -> Outbound:
    """Write an outcome, keyed by its user; floats keep every bit."""
    headers = [_CONTENT_TYPE]
    return outcome.user_id.encode(), _encoder.encode(outcome), headers


def decode_outcome(value: bytes) -> Outcome:
    """Read an outcome back."""
    return _to_outcome.decode(value)


def encode_session(session: Session) -> Outbound:
    """Write the record of a session that is over, keyed by its user."""
    headers = [_CONTENT_TYPE]
    return session.user_id.encode(), _encoder.encode(session), headers


def decode_session(value: bytes) -> Session:
    """Read the record of a session back."""
    return _to_session.decode(value)


def encode_ask(ask: Ask) -> Outbound:
    """Write what a partition asks, keyed by the campaign."""
    return ask.campaign_id.encode(), _encoder.encode(ask), [_CONTENT_TYPE]


def encode_claim(claim: Claim) -> Outbound:
    """Write what a partition claims, keyed by the first pot."""
    return claim.pots[0].encode(), _encoder.encode(claim), [_CONTENT_TYPE]


def encode_order(order: Order) -> Outbound:
    """Write what people order of a campaign's ledger, keyed by the campaign."""
    return order.campaign_id.encode(), _encoder.encode(order), [_CONTENT_TYPE]


def decode_ask(value: bytes) -> Ask | Claim:
    """Read what a partition asks, or claims, back."""
    return (_to_claim if value.startswith(_CLAIM) else _to_ask).decode(value)


def decode_told(value: bytes) -> Ask | Claim | Order:
    """Read what the ledger is told: of partitions or of people.

    Raises
    ------
    ValueError
        It is none of these.
    """
    is_order = b'"order_id"' in value and not value.startswith(_CLAIM)
    return _to_order.decode(value) if is_order else decode_ask(value)


def encode_proposal(proposal: Proposal) -> Outbound:
    """Write what somebody proposes, keyed by its id."""
    return proposal.proposal_id.encode(), _encoder.encode(proposal), [_CONTENT_TYPE]


def decode_proposal(value: bytes) -> Proposal:
    """Read what somebody proposes back.

    Raises
    ------
    ValueError
        It is no proposal.
    """
    return _to_proposal.decode(value)


def encode_grant(grant: Grant | Permit) -> Outbound:
    """Write what the ledger tells a partition, keyed by the partition."""
    return str(grant.partition).encode(), _encoder.encode(grant), [_CONTENT_TYPE]


def decode_grant(value: bytes | None, partition: int) -> Grant | Permit:
    """Read what the ledger tells a partition back.

    Raises
    ------
    MalformedEvent
        It is none, or another partition's.
    """
    told = value or b""
    try:
        grant = (_to_permit if told.startswith(_PERMIT) else _to_grant).decode(told)
        if isinstance(grant, Permit):
            require_pots(grant.pots, grant.short)
    except (ValueError, RecursionError):
        refuse("unknown_envelope", "must be a grant of the ledger")
    if grant.partition != partition:
        refuse("wrong_topic", f"a grant to {grant.partition} must not come to {partition}")
    return grant


def decode_book(value: bytes) -> BookState:
    """Read the state of a campaign's ledger back."""
    return _to_book.decode(value)


def decode_pot(value: bytes) -> PotState:
    """Read the state of a pot of permits back."""
    return _to_pot.decode(value)


def encode_row(row: Mapping[str, Any]) -> bytes:
    """Write a user's row, or any plain JSON, keeping the order of its keys.

    Rows are kept: what orjson gives still holds the buffer that it was written in, 8 KB of memory
    for a row of 1 KB; a copy holds its own bytes alone, and takes half a microsecond.
    """
    return bytes(memoryview(orjson.dumps(row)))


def decode_row(value: bytes) -> dict[str, Any]:
    """Read a row back."""
    row: dict[str, Any] = orjson.loads(value)
    return row


def encode_canonical(record: object) -> bytes:
    """Write plain JSON with sorted keys, so that equal records are equal bytes.

    Examples
    --------
    >>> encode_canonical({"b": 1, "a": [2.5]})
    b'{"a":[2.5],"b":1}'
    """
    return orjson.dumps(record, option=orjson.OPT_SORT_KEYS)


def encode_state_line(partition: int, key: bytes, row: bytes) -> bytes:
    """Write a row, canonical already, with its place, as a line of a state file.

    Examples
    --------
    >>> encode_state_line(0, b"u", b'{"v":1}')
    b'{"partition":0,"key":"u","row":{"v":1}}'
    """
    place = {"partition": partition, "key": key.decode(), "row": orjson.Fragment(row)}
    return orjson.dumps(place)


encode_state = encode_canonical
decode_state = decode_row


def to_json(record: object, pretty: bool = False) -> str:
    """Write plain JSON for people or for files.

    Examples
    --------
    >>> to_json({"a": 1})
    '{"a":1}'
    """
    return orjson.dumps(record, option=orjson.OPT_INDENT_2 if pretty else 0).decode()
