"""Which events of a user were applied lately, by id: one string of fixed-width marks in the row."""

from binascii import b2a_base64
from hashlib import blake2b
from typing import Literal

Recall = Literal["new", "duplicate", "conflict"]

KEPT_COUNT = 64
_ID = 8
_SHORT = 4
_WIDTH = _ID + _SHORT
_URL_SAFE = bytes.maketrans(b"+/", b"-_")


def _mark(event_id: str) -> str:
    # 48 bits: among 64 ids a chance meeting has odds of 1 in 4 * 10^12.
    digest = blake2b(event_id.encode(), digest_size=6).digest()
    return b2a_base64(digest, newline=False).translate(_URL_SAFE).decode()


def meet(seen: str, event_id: str, digest: str) -> tuple[Recall, str]:
    """Tell whether an event is new, was applied before, or reuses an id with other content.

    Gives also the marks as they are to be kept: with this event's added if it is new. Beyond 64 the
    oldest goes; older repeats are the transport's to skip, by offset.

    Parameters
    ----------
    seen
        Marks of at most 64 events, newest last; empty at first.
    digest
        The payload's digest in base64url; its first four characters (24 bits) are compared.

    Examples
    --------
    >>> recall, seen = meet("", "e1", "AAAAbbbb")
    >>> recall, meet(seen, "e1", "AAAAbbbb")[0], meet(seen, "e1", "CCCCbbbb")[0]
    ('new', 'duplicate', 'conflict')
    """
    mark, short = _mark(event_id), digest[:_SHORT].ljust(_SHORT, "_")
    at = _find(seen, mark)
    if at < 0:
        return "new", seen[-(KEPT_COUNT - 1) * _WIDTH :] + mark + short
    return ("duplicate" if seen[at + _ID : at + _WIDTH] == short else "conflict"), seen


def _find(seen: str, mark: str) -> int:
    at = seen.find(mark)
    while at >= 0 and at % _WIDTH:
        at = seen.find(mark, at + 1)
    return at
