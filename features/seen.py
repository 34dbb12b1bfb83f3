"""Which events of a user were applied lately, by id: one string of fixed-width marks in the row."""

from binascii import b2a_base64
from functools import lru_cache
from hashlib import blake2b
from typing import Literal

Recall = Literal["new", "duplicate", "conflict"]

KEPT_COUNT = 64
_ID = 8
_WIDTH = 12


@lru_cache(maxsize=16)  # whoever asks whether an event is known remembers it right after
def _mark(event_id: str) -> str:
    # 48 bits: among 64 ids a chance meeting has odds of 1 in 4 * 10^12.
    digest = blake2b(event_id.encode(), digest_size=6).digest()
    return b2a_base64(digest, newline=False).decode().replace("+", "-").replace("/", "_")


def recall(seen: str, event_id: str, digest: str) -> Recall:
    """Tell whether an event is new, was applied before, or reuses an id with other content.

    Parameters
    ----------
    seen
        Marks of at most 64 events, newest last; empty at first.
    digest
        The payload's digest in base64url; its first four characters (24 bits) are compared.

    Examples
    --------
    >>> seen = remember("", "e1", "AAAAbbbb")
    >>> recall(seen, "e1", "AAAAbbbb"), recall(seen, "e1", "CCCCbbbb"), recall(seen, "e2", "")
    ('duplicate', 'conflict', 'new')
    """
    at = _find(seen, _mark(event_id))
    if at < 0:
        return "new"
    return "duplicate" if seen[at + _ID : at + _WIDTH] == _short(digest) else "conflict"


def remember(seen: str, event_id: str, digest: str) -> str:
    """Give the marks with this event's added; an id already there keeps its first mark.

    Beyond 64 the oldest goes; older repeats are the transport's to skip, by offset.
    """
    mark = _mark(event_id)
    if _find(seen, mark) >= 0:
        return seen
    return seen[-(KEPT_COUNT - 1) * _WIDTH :] + mark + _short(digest)


def _find(seen: str, mark: str) -> int:
    at = seen.find(mark)
    while at >= 0 and at % _WIDTH:
        at = seen.find(mark, at + 1)
    return at


def _short(digest: str) -> str:
    return digest[:4].ljust(4, "_")
