"""Draws that anybody can repeat: numbers and buckets out of SHA-256, no generator, no state."""

from functools import lru_cache
from hashlib import sha256

BUCKETS = 10_000
REMEMBERED_USERS = 1 << 14


def unit_draw(text: str) -> float:
    """Draw a number in [0, 1) that belongs to `text` for ever.

    uint64(first 8 bytes of SHA-256, big endian) / 2^64, cut to its upper 53 bits: those are what
    a float can hold, and rounding the rest up could give 1.0.

    Examples
    --------
    >>> round(unit_draw("d1|explore|v1"), 6)
    0.40215
    >>> unit_draw("d1|explore|v1") == unit_draw("d1|explore|v1")
    True
    """
    return (int.from_bytes(sha256(text.encode()).digest()[:8], "big") >> 11) / 9_007_199_254_740_992


@lru_cache(maxsize=REMEMBERED_USERS)  # a customer's events come in flocks
def bucket(user_id: str, salt: str) -> int:
    """Put a user into one of 10,000 buckets, 0..9999.

    uint64(first 8 bytes of SHA-256 of "salt|user_id", big endian) mod 10,000. Another salt deals
    all users anew; the excess of the low buckets (10^4 / 2^64) is beyond measuring.

    Examples
    --------
    >>> bucket("u1", "arms-v1")
    4363
    """
    digest = sha256(f"{salt}|{user_id}".encode()).digest()
    return int.from_bytes(digest[:8], "big") % BUCKETS
