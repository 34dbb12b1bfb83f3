"""Names, places and times as the contract defines them, computed anew."""

from base64 import b32encode
from datetime import UTC, datetime, timedelta
from hashlib import blake2b, sha256

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_MASK = 0xFFFFFFFF


def partition_of(key: bytes, partitions_count: int) -> int:
    """Return the partition of a key as Kafka's Java producer counts it.

    Examples
    --------
    >>> partition_of(b"21", 12), partition_of(b"user-7", 12)
    (0, 8)
    """
    return (murmur2(key) & 0x7FFFFFFF) % partitions_count


def murmur2(key: bytes) -> int:
    """Hash bytes as `org.apache.kafka.common.utils.Utils.murmur2` does; gives 32 bits, unsigned.

    Examples
    --------
    >>> murmur2(b"abc") == 479470107, murmur2(b"21") == -973932308 & 0xFFFFFFFF
    (True, True)
    """
    factor = 0x5BD1E995
    found = (0x9747B28C ^ len(key)) & _MASK
    whole = len(key) & ~3
    for at in range(0, whole, 4):
        word = int.from_bytes(key[at : at + 4], "little") * factor & _MASK
        word = (word ^ (word >> 24)) * factor & _MASK
        found = (found * factor & _MASK) ^ word
    if whole < len(key):
        found ^= int.from_bytes(key[whole:], "little")
        found = found * factor & _MASK
    found = (found ^ (found >> 13)) * factor & _MASK
    return found ^ (found >> 15)


def key_of(user_id: str) -> bytes:
    """Give the key of a user's records; a lone surrogate, which no user has, does no harm."""
    return user_id.encode("utf-8", "surrogatepass")


def decision_id(app_id: str, user_id: str, event_id: str) -> str:
    """Name the decision that answers an event.

    Examples
    --------
    >>> decision_id("coupon-stream", "user-7", "event-1")
    'ifbx3z23f7xyjieepngortxzyr'
    """
    text = f"v1|{app_id}|{user_id}|{event_id}|main"
    return b32encode(sha256(key_of(text)).digest())[:26].decode().lower()


def derived_event_id(family: str, key: bytes, ts_ms: int, value: bytes) -> str:
    """Name an event whose producer gave it no id."""
    whole = b"|".join([family.encode(), key, b"%d" % ts_ms, value])
    return "derived:" + sha256(whole).hexdigest()[:32]


def digest(*parts: bytes) -> bytes:
    """Shorten bytes to 128 bits, so that millions of records can be compared in memory.

    Examples
    --------
    >>> digest(b"ab", b"c") == digest(b"a", b"bc")
    False
    """
    whole = blake2b(digest_size=16)
    for part in parts:
        whole.update(b"%d:" % len(part))
        whole.update(part)
    return whole.digest()


def to_text(ts_ms: int) -> str:
    """Write a moment as RFC 3339 with milliseconds.

    Examples
    --------
    >>> to_text(1_700_000_000_123)
    '2023-11-14T22:13:20.123Z'
    """
    moment = _EPOCH + timedelta(milliseconds=ts_ms)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{ts_ms % 1000:03d}Z"


def to_ms(text: str) -> int:
    """Read a moment with its zone.

    Raises
    ------
    ValueError
        It is none, or has no zone.

    Examples
    --------
    >>> to_ms("2023-11-14T23:13:20.123+01:00")
    1700000000123
    """
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        message = "a moment must have a zone, had none"
        raise ValueError(message)
    return (moment - _EPOCH) // _MILLISECOND
