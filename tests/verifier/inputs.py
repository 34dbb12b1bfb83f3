"""Reads inbound records with a JSON reader of its own, as far as a verdict needs it.

What is certainly no event must be a dead letter. What might be one is left to the worker, which
has to make one thing of it and not two. Foreign envelopes are not read: their repeats and their
names are the worker's word.
"""

import json
from dataclasses import dataclass, field
from typing import Any, Literal, NoReturn

from tests.verifier.ids import derived_event_id, digest, key_of, to_ms
from tests.verifier.log import FAMILY_OF, Record

MAX_VALUE_BYTES = 65_536
MAX_HEADERS_BYTES = 16_384
MAX_DEPTH = 8
MAX_ID_LENGTH = 128
EARLIEST_MS = 946_684_800_000
MAX_AHEAD_MS = 300_000
_TELLING = ("purchase", "coupon")
_TOLD = "request_id decision_id order_id reason discount_minor items".split()

# Reasons that this reader would have found itself: it must not see a sound event refused for them.
DECIDABLE = frozenset(
    "empty too_large not_utf8 bad_json duplicate_key too_deep not_finite"
    " unknown_event_type key_mismatch wrong_topic too_far_in_future forbidden_header".split()
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """An inbound record as far as it could be read.

    Attributes
    ----------
    state
        `native`: might be an event of the native envelope. `foreign`: might be one of another.
        `bad`: is certainly none, for the reason `problem`.
    content, payload
        Digests of key, value and headers, and of the value alone.
    told
        Of what is said of orders and coupons, the fields that tell which and how.
    device, address, person
        Where the customer was, "" where the event does not tell.
    """

    topic: str
    partition: int
    offset: int
    timestamp_ms: int
    family: str
    content: bytes
    payload: bytes
    state: Literal["native", "foreign", "bad"]
    problem: str = ""
    key: bytes = b""
    user_id: str = ""
    event_id: str = ""
    event_type: str = ""
    ts_ms: int = 0
    told: dict[str, Any] = field(default_factory=dict)
    device: str = ""
    address: str = ""
    person: str = ""

    @property
    def place(self) -> str:
        """Where it lies, for people."""
        return f"{self.topic}[{self.partition}]@{self.offset}"


class _NoEventError(Exception):
    """A record is certainly no event."""


def read_sent(record: Record, family: str) -> Sent:
    """Read one inbound record."""
    known: dict[str, Any] = {}
    try:
        body = _read_object(record)
        foreign = _is_foreign(body, record)
        state: Literal["native", "foreign", "bad"] = "foreign" if foreign else "native"
        if not foreign:
            known = _read_native(body, record, family)
    except _NoEventError as found:
        state, known = "bad", {"problem": str(found)}
    return Sent(
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        timestamp_ms=record.timestamp_ms,
        family=family,
        content=content_of(record.key, record.value, record.headers),
        payload=digest(record.value or b""),
        state=state,
        key=record.key or b"",
        **known,
    )


def content_of(
    key: bytes | None, value: bytes | None, headers: tuple[tuple[str, bytes | None], ...]
) -> bytes:
    """Shorten all that a dead letter must keep; an empty header and one without value are equal."""
    parts = [b"none" if part is None else b"some" + part for part in (key, value)]
    for name, content in headers:
        parts += [name.encode(), content or b""]
    return digest(*parts)


def _no_event(problem: str) -> NoReturn:
    raise _NoEventError(problem)


def _read_object(record: Record) -> dict[str, Any]:
    if any(name.lower().startswith("faust-") for name, _ in record.headers):
        _no_event("forbidden_header")
    if not record.value:
        _no_event("empty")
    headers_bytes = sum(len(name) + len(content or b"") for name, content in record.headers)
    if len(record.value) > MAX_VALUE_BYTES or headers_bytes > MAX_HEADERS_BYTES:
        _no_event("too_large")
    try:
        text = record.value.decode("utf-8")
    except UnicodeDecodeError:
        _no_event("not_utf8")
    try:
        body = _strict(text)
    except RecursionError:
        _no_event("too_deep")
    except ValueError:
        _no_event("bad_json")
    if not isinstance(body, dict):
        _no_event("wrong_type")
    if _nests_beyond(body, MAX_DEPTH):
        _no_event("too_deep")
    return body


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        _no_event("duplicate_key")
    return found


def _finite(digits: str) -> float:
    number = float(digits)
    if abs(number) == float("inf"):
        _no_event("not_finite")
    return number


def _constant(_: str) -> NoReturn:
    _no_event("not_finite")


_strict = json.JSONDecoder(
    object_pairs_hook=_unique, parse_float=_finite, parse_constant=_constant
).decode


def _nests_beyond(node: object, depth: int) -> bool:
    if not isinstance(node, dict | list):
        return False
    inner = node.values() if isinstance(node, dict) else node
    return depth == 0 or any(_nests_beyond(child, depth - 1) for child in inner)


def _is_foreign(body: dict[str, Any], record: Record) -> bool:
    names = {name.lower(): content or b"" for name, content in record.headers}
    if names.get("content-type", b"").lower().startswith(b"application/cloudevents"):
        return True
    if "ce_specversion" in names or "event_type" not in body:
        return True
    return "specversion" in body or "type" in body


def _read_native(body: dict[str, Any], record: Record, family: str) -> dict[str, Any]:
    event_type = body["event_type"]
    if not isinstance(event_type, str) or event_type not in FAMILY_OF:
        _no_event("unknown_event_type" if isinstance(event_type, str) else "wrong_type")
    user_id = body.get("user_id")
    if event_type != "heartbeat" or user_id is not None:
        _check_user(user_id, record.key)
    if FAMILY_OF[event_type] != family:
        _no_event("wrong_topic")
    ts_ms = _event_time_ms(body.get("occurred_at"), record.timestamp_ms)
    event_id = body.get("event_id")
    if event_id is None:
        event_id = derived_event_id(family, record.key or b"", ts_ms, record.value or b"")
    elif not isinstance(event_id, str) or not 1 <= len(event_id) <= MAX_ID_LENGTH:
        _no_event("event_id")
    return {
        "user_id": user_id or "",
        "event_id": event_id,
        "event_type": event_type,
        "ts_ms": ts_ms,
        "device": str(body.get("anonymous_id") or ""),
        "address": str(body.get("address_id") or ""),
        "person": str(body.get("person_id") or ""),
        "told": {name: body[name] for name in _TOLD if name in body} if family in _TELLING else {},
    }


def _check_user(user_id: object, key: bytes | None) -> None:
    if not isinstance(user_id, str):
        _no_event("missing_field" if user_id is None else "wrong_type")
    if key_of(user_id) != key:
        _no_event("key_mismatch")


def _event_time_ms(occurred_at: object, timestamp_ms: int) -> int:
    ts_ms = timestamp_ms
    if occurred_at is not None:
        try:
            ts_ms = to_ms(occurred_at) if isinstance(occurred_at, str) else -1
        except (ValueError, OverflowError):
            _no_event("bad_timestamp")
    if ts_ms < EARLIEST_MS:
        _no_event("bad_timestamp")
    if ts_ms > timestamp_ms + MAX_AHEAD_MS:
        _no_event("too_far_in_future")
    return ts_ms
