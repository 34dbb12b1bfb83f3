"""Locks what dead letters hold: a message that could not be read may say anything of anybody.

AES-256-GCM. The nonce is a keyed hash of the content and its place, so that a run repeated gives
the same bytes, and the place is authenticated: no letter can pass for another.
"""

import hmac
from collections.abc import Mapping, Sequence
from hashlib import sha256

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from streams.key_rings import keys_of
from streams.settings import Settings

NONCE_BYTES = 12
Content = tuple[bytes | None, bytes | None, Sequence[tuple[str, bytes]]]
"""Key, value and headers of the message."""

_decoder = msgspec.msgpack.Decoder(tuple[bytes | None, bytes | None, list[tuple[str, bytes]]])


class SafeError(Exception):
    """What was locked was altered, or is not what its place says."""


class Safe:
    """Locks with the first of its keys, and opens what any of them locked.

    Examples
    --------
    >>> safe = Safe({"k1": bytes(32)})
    >>> locked = safe.lock((b"ann", b"{", []), "shop.cart.v1:0:7")
    >>> safe.open("k1", locked, "shop.cart.v1:0:7")
    (b'ann', b'{', [])
    >>> safe.lock((b"ann", b"{", []), "shop.cart.v1:0:7") == locked
    True
    """

    def __init__(self, keys: Mapping[str, bytes]) -> None:
        self._keys = dict(keys)
        self.name = next(iter(keys))

    def knows(self, name: str) -> bool:
        """Tell whether it has the key of this name."""
        return name in self._keys

    def lock(self, content: Content, place: str) -> bytes:
        """Give the content as only a holder of the key can read it."""
        key = self._keys[self.name]
        text = msgspec.msgpack.encode(content)
        about = place.encode()
        own = hmac.new(key, b"nonce", sha256).digest()
        nonce = hmac.new(own, about + b"\x00" + text, sha256).digest()[:NONCE_BYTES]
        return nonce + AESGCM(key).encrypt(nonce, text, about)

    def open(self, name: str, locked: bytes, place: str) -> Content:
        """Give the content back.

        Raises
        ------
        SafeError
            It was altered, or moved here from another place.
        """
        nonce, text = locked[:NONCE_BYTES], locked[NONCE_BYTES:]
        try:
            return _decoder.decode(AESGCM(self._keys[name]).decrypt(nonce, text, place.encode()))
        except (InvalidTag, ValueError) as error:
            message = f"the dead letter of {place} must be as key {name} locked it, was altered"
            raise SafeError(message) from error


def safe_of(settings: Settings) -> Safe | None:
    """Give the safe that the settings name, None where dead letters are kept as they came."""
    secret = settings.dead_letter_key
    return None if secret is None else Safe(keys_of(secret, "dead_letter_key"))
