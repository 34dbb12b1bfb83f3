"""Messages that must be refused, each with the reason it must be refused for, and good ones.

Seeded, so that a failure names its input; other suites interleave both streams.
"""

import json
from collections.abc import Callable, Iterator
from random import Random

from features.events import Family
from streams.refusals import Reason

Header = tuple[str, bytes | None]
Message = tuple[Family, bytes | None, bytes | None, list[Header], int]
HostileMessage = tuple[Family, bytes | None, bytes | None, list[Header], int, Reason]

NOW_MS = 1_795_313_400_000  # 2026-11-22T02:10:00Z
LATER = "2026-11-22T02:15:00.001Z"
_Fields = dict[str, object]
_Damage = Callable[[Random], tuple[bytes | None, list[Header], Reason]]


def _view(draw: Random, **changed: object) -> _Fields:
    fields: _Fields = {
        "event_id": f"bad-{draw.getrandbits(48):x}",
        "event_type": "product.viewed",
        "user_id": "user-1",
        "occurred_at": "2026-11-22T02:10:00.000Z",
        "product_id": f"p-{draw.randrange(500)}",
        "price_minor": draw.randrange(100_000),
        "currency": "EUR",
    }
    fields.update(changed)
    return {name: value for name, value in fields.items() if value is not ...}


_compact = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def _bytes(fields: object) -> bytes:
    return _compact(fields).encode()


def _fields(reason: Reason, **choices: tuple[object, ...]) -> _Damage:
    """Replace one of the named fields by one of its hostile values."""

    def damage(draw: Random) -> tuple[bytes, list[Header], Reason]:
        name = draw.choice(sorted(choices))
        return _bytes(_view(draw, **{name: draw.choice(choices[name])})), [], reason

    return damage


def _raw(reason: Reason, *spliced: bytes) -> _Damage:
    """Splice one more member, written by hand, into a good event."""

    def damage(draw: Random) -> tuple[bytes, list[Header], Reason]:
        return _bytes(_view(draw))[:-1] + b"," + draw.choice(spliced) + b"}", [], reason

    return damage


def _whole(reason: Reason, *values: bytes | None) -> _Damage:
    return lambda draw: (draw.choice(values), [], reason)


def _truncated(draw: Random) -> tuple[bytes, list[Header], Reason]:
    value = _bytes(_view(draw))
    return value[: draw.randrange(1, len(value))], [], "bad_json"


def _deep(draw: Random) -> tuple[bytes, list[Header], Reason]:
    depth = draw.choice((8, 9, 50, 500, 1_500))
    opening, closing = draw.choice(((b"[", b"]"), (b'{"a":', b"}")))
    nested = opening * depth + b"1" + closing * depth
    return _bytes(_view(draw))[:-1] + b',"x":' + nested + b"}", [], "too_deep"


def _huge(draw: Random) -> tuple[bytes, list[Header], Reason]:
    filler = b"x" * draw.randrange(65_536, 70_000)
    return _bytes(_view(draw))[:-1] + b',"filler":"' + filler + b'"}', [], "too_large"


_CROWD = _bytes([{"product_id": str(number)} for number in range(201)])


def _crowded(draw: Random) -> tuple[bytes, list[Header], Reason]:
    return _bytes(_view(draw))[:-1] + b',"items":' + _CROWD + b"}", [], "out_of_range"


def _answered(draw: Random) -> tuple[bytes, list[Header], Reason]:
    name = draw.choice(("Faust-Ag-ReplyTo", "faust-ag-replyto", "Faust-Ag-CorrelationId"))
    return _bytes(_view(draw)), [(name, b"elsewhere")], "forbidden_header"


def _batched(draw: Random) -> tuple[bytes, list[Header], Reason]:
    header: Header = ("content-type", b"application/cloudevents-batch+json")
    return _bytes(_view(draw)), [header], "unknown_envelope"


KINDS: dict[str, _Damage] = {
    "tombstone": _whole("empty", None, b""),
    "truncated": _truncated,
    "bad json": _whole(
        "bad_json", b"{", b"}", b"nul", b"{'a':1}", b"\xef\xbb\xbf{}", b"{}{}", b"\0"
    ),
    "comment": _raw(
        "bad_json", b"//x\n", b"", b'"a"', b'"a":01', b'"a":+1', b'"a":.5', b'"a":"\n"'
    ),
    "not utf-8": _raw("not_utf8", b'"query":"\xff\xfe"', b'"a":"\xc0\xaf"', b'"a":"\xed\xa0\x80"'),
    "surrogate": _raw("bad_text", b'"query":"\\ud800"', b'"a":"\\udfff\\ud800"', b'"a":"\\ud83d"'),
    "control": _fields("bad_text", brand=("a\x00b", "\x1b[2J", "a\nb"), category=("\x7f", "\x85")),
    "not finite": _raw(
        "not_finite", b'"a":NaN', b'"price_minor":Infinity', b'"a":-Infinity', b'"a":1e999'
    ),
    "duplicate": _raw(
        "duplicate_key",
        b'"price_minor":-5',
        b'"price_minor" : 7',
        b'"pr\\u0069ce_minor":7',
        b'"a":{"b":1,"b":2}',
        b'"a":[{"b":1,"b":1}]',
        b'"z" :1,"user_id":"somebody"',
    ),
    "deep": _deep,
    "huge": _huge,
    "not an object": _whole("wrong_type", b"[]", b"1", b'"text"', b"null", b"true", b"[{}]"),
    "unknown envelope": _whole(
        "unknown_envelope", b"{}", b'{"type":"page"}', b'{"event_name":"purchase"}', b'{"event":1}'
    ),
    "batch": _batched,
    "unknown event": _fields(
        "unknown_event_type", event_type=("", "product.bought", "PRODUCT.VIEWED", "coupon.issued")
    ),
    "missing": _fields("missing_field", user_id=(...,), product_id=(...,), event_type=(None,)),
    "wrong type": _fields(
        "wrong_type",
        user_id=(7, ["user-1"], {"id": "user-1"}, True),
        price_minor=(12.5, "100", True, [1], 1e300, 2**70),
        quantity=("1", 1.5, None, {}),
        items=({}, "x", ["p-1"], 3),
        event_id=(1, [], {}),
        event_type=(1, [], {}, True),
        query=(1, ["a"]),
    ),
    "out of range": _fields(
        "out_of_range",
        price_minor=(-1, -(10**9), 10**9 + 1, 2**63, -(2**63)),
        quantity=(0, -1, 1_000, 2**31),
        event_id=("", "x" * 129),
        product_id=("", "x" * 129),
        brand=("x" * 257,),
        currency=("eur", "EURO", "", "€€€"),
        items=([{"product_id": "a", "quantity": 0}], [{"product_id": "a", "price_minor": -1}]),
    ),
    "crowded": _crowded,
    "other key": _fields("key_mismatch", user_id=("user-2", "user-1 ", "USER-1", "üser-1")),
    "wrong topic": lambda draw: (
        _bytes(_view(draw, event_type="order.completed", order_id="o-1")),
        [],
        "wrong_topic",
    ),
    "future": _fields("too_far_in_future", occurred_at=(LATER, "2036-01-01T00:00:00Z")),
    "bad time": _fields(
        "bad_timestamp",
        occurred_at=(
            "1970-01-21T15:11:53Z",  # seconds taken for milliseconds
            "1969-12-31T23:59:59Z",
            "-271821-04-20T00:00:00Z",
            "2026-11-22T02:10:00",
            "2026-11-22",
            "2026-02-30T00:00:00Z",
            "yesterday",
            "",
            1_795_313_400,
            -1,
            2**63,
            "9" * 65,
        ),
    ),
    "reply": _answered,
}


def hostile(seed: int, count: int) -> Iterator[HostileMessage]:
    """Give messages that must be refused, every kind in turn, with the reason due to each."""
    draw = Random(seed)
    names = sorted(KINDS)
    for number in range(count):
        value, headers, reason = KINDS[names[number % len(names)]](draw)
        yield "browse", b"user-1", value, headers, NOW_MS, reason


def good(seed: int, count: int, users: int = 50) -> Iterator[Message]:
    """Give native events of all families but heartbeats, a second apart, that must be accepted."""
    draw = Random(seed)
    for number in range(count):
        user_id = f"user-{draw.randrange(users)}"
        family, fields = _good_fields(draw, number)
        timestamp_ms = NOW_MS + number * 1_000
        fields.update(event_id=f"good-{seed}-{number}", user_id=user_id)
        yield family, user_id.encode(), _bytes(fields), [], timestamp_ms


def _good_fields(draw: Random, number: int) -> tuple[Family, _Fields]:
    product: _Fields = {
        "product_id": f"p-{draw.randrange(500)}",
        "category": draw.choice(("shoes/sport", "手机/配件", "tea")),
        "brand": draw.choice(("acme", "Blumen & Söhne", "小米")),
        "price_minor": draw.randrange(0, 50_000),
        "currency": "EUR",
    }
    line = {name: product[name] for name in ("product_id", "price_minor")}
    order: _Fields = {"order_id": f"o-{number}", "items": [line], "currency": "EUR"}
    choices: tuple[tuple[Family, _Fields], ...] = (
        ("browse", {"event_type": "product.viewed", "dwell_ms": 900, **product}),
        ("browse", {"event_type": "list.viewed", "category": "tea", "unheard": [1, {"a": 2}]}),
        ("search", {"event_type": "search.performed", "query": 'red "tea" 红茶'}),
        ("cart", {"event_type": "cart.added", "quantity": draw.randrange(1, 4), **product}),
        ("cart", {"event_type": "checkout.started", "items": [line]}),
        ("purchase", {"event_type": "order.completed", "total_minor": 900, **order}),
        ("coupon", {"event_type": "coupon.viewed", "offer_id": "offer-1"}),
        ("profiles", {"event_type": "profile.updated", "basics": {"birth_month": 5}}),
    )
    return draw.choice(choices)
