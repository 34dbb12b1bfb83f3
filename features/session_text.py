"""What an event leaves in the log of a session: products, words, bounded and without quotes."""

from functools import lru_cache
from hashlib import blake2b

from features.events import Event
from features.keywords import keywords
from features.session_record import LINE, OF

LINES_BYTES = 240  # of one order or cart, so that it always fits into the log
NAME_BYTES = 40
MAX_LINES = 20
_TAIL_CHARS = 11  # a tilde and a hash
_SEPARATORS = str.maketrans({LINE: " ", OF: " ", '"': "'", "\\": "/"})


@lru_cache(maxsize=16_384)
def short(name: str) -> str:
    """Bound a name to 40 bytes; of a longer one a hash takes the end, so that it stays its own.

    Examples
    --------
    >>> short("shoes"), len(short("x" * 100))
    ('shoes', 40)
    """
    plain = name
    if not name.isalnum():
        plain = name.translate(_SEPARATORS)
        if not plain.isprintable():
            plain = "".join([letter if letter.isprintable() else " " for letter in plain])
    coded = plain.encode()
    if len(coded) <= NAME_BYTES:
        return plain
    tail = blake2b(name.encode(), digest_size=5).hexdigest()
    return coded[: NAME_BYTES - _TAIL_CHARS].decode(errors="ignore") + "~" + tail


def is_cut(name: str) -> bool:
    """Tell whether `short` cut a name, so that nobody else knows it by this.

    Examples
    --------
    >>> is_cut(short("x" * 100)), is_cut("shoes")
    (True, False)
    """
    return (
        len(name) > _TAIL_CHARS
        and name[-_TAIL_CHARS] == "~"
        and len(name.encode()) > NAME_BYTES - 4
    )


def told(code: str, event: Event) -> tuple[str, str]:
    """Give the category of one product, and the products or words that an event tells of."""
    if event.query and event.event_type == "search.performed":
        return "", LINE.join([short(word) for word in keywords(event.query)])
    items = event.items
    if not items:
        return "", ""
    if len(items) == 1 or event.event_type == "product.viewed":
        return short(items[0].category or ""), short(items[0].product_id)
    lines: dict[str, None] = {}
    room = LINES_BYTES
    for item in items[:MAX_LINES]:
        line = short(item.product_id) + (OF + short(item.category) if item.category else "")
        room -= text_bytes(line) + 2
        if room < 0:
            break
        lines[line] = None
    return "", LINE.join(lines)


def text_bytes(text: str) -> int:
    """Give the bytes of a text of names as JSON, without its quotes.

    Examples
    --------
    >>> text_bytes("a\\nb")
    4
    """
    # Names hold neither quotes nor backslashes; each separator takes two bytes as JSON.
    return len(text.encode()) + text.count(LINE) + text.count(OF)


def hashed(text: str | None, key: bytes) -> str:
    """Name a device or an address without telling it: 48 bits of BLAKE2b, keyed; "" for none.

    Examples
    --------
    >>> len(hashed("d-17", b"key")), hashed("d-17", b"key") == hashed("d-17", b"other")
    (12, False)
    """
    return blake2b(text.encode(), key=key, digest_size=6).hexdigest() if text else ""
